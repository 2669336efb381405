# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which secrets a module was given, and what its result shows: of long lists, and of failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._options import SHORTEST_SECRET

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

MASK = "********"


def narrow(spec: dict[str, Any], entries: object) -> dict[str, Any]:
    """Return ``spec`` with only those of the entries' options that one of ``entries`` has: Ansible looks at each in each entry."""
    if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        return spec
    whole = spec["certificates"]["options"]
    given = {name for entry in entries for name in entry}
    if not given <= whole.keys():
        # Ansible's message names all that there are.
        return spec
    kept = {name: option for name, option in whole.items() if name in given or option.get("required")}
    return {**spec, "certificates": {**spec["certificates"], "options": kept}}


def find_secrets(given: object, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among options, those of entries included, as far as they are texts of a length that is masked."""
    for name, value in given.items() if isinstance(given, dict) else ():
        rules = spec.get(name, {})
        if rules.get("no_log") and isinstance(value, str) and len(value) >= SHORTEST_SECRET:
            yield value
        for entry in value if isinstance(value, list) else [value]:
            yield from find_secrets(entry, rules.get("options") or {})


def shorten(module: AnsibleModule, result: dict[str, Any], *, shown: bool) -> set[Any]:
    """Leave out of ``result`` what is ``shown`` from -vvv on only, and keep the cost of the rest in proportion to its entries.

    Return the secrets that Ansible is to look for in it.
    """
    secrets: set[Any] = module.no_log_values
    listed = result.get("certificates") or []
    for item in (result, *(listed if isinstance(listed, list) else ())):
        traceback = item.pop("traceback", None)
        if shown and traceback:
            item["traceback"] = mask(traceback, map(str, secrets)).splitlines()
    if "certificates" not in module.argument_spec:
        return secrets
    # Ansible repeats all options, most of them empty here, and looks for each secret in each text: with a code
    # for each mailbox, that is a square. Most texts are the same in all entries.
    result["invocation"] = {"module_args": _strip(module.params, module.argument_spec, shown=shown)}
    told = "\n".join(_collect_texts(result, set()))
    return {secret for secret in secrets if str(secret) in told}


def _strip(given: Mapping[str, Any], spec: Mapping[str, Any], *, shown: bool) -> dict[str, Any]:
    """Return what was given without its secrets, and the list only if it is ``shown``."""
    stripped: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or (name == "certificates" and not shown):
            continue
        if name == "certificates":
            stripped[name] = [_strip(item, spec[name]["options"], shown=shown) for item in value]
        else:
            stripped[name] = MASK if spec.get(name, {}).get("no_log") else value
    return stripped


def _collect_texts(value: Any, found: set[str]) -> set[str]:
    if isinstance(value, dict):
        found.update(map(str, value))
        for inner in value.values():
            _collect_texts(inner, found)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _collect_texts(inner, found)
    else:
        found.add(str(value))
    return found


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without ``secrets``, as they are and as Python writes texts and bytes."""
    # The longest first: a short one can be a part of it.
    for secret in sorted(secrets, key=len, reverse=True):
        octets = secret.encode(errors="surrogatepass")
        numbers = ", ".join(map(str, octets))
        for form in (secret, repr(secret)[1:-1], ascii(secret)[1:-1], repr(octets)[2:-1], numbers):
            text = text.replace(form, MASK)
    return text
