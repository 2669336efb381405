# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' way into Ansible and out of it. Of what runs on targets, only this file uses names that Ansible calls private.

Each of them that a release of Ansible lacks only makes the modules say less, or refuse to work.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._errors import make_defect
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, describe_failure

MASK = "********"
# From this many v on, Ansible shows what a task was given and where it failed.
_SHOWN_FROM = 3


class SmimeModule(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that takes what an action plugin hands over, and logs for whom it runs, and nothing else.

    It takes long lists of ``certificates``: an option that none of the entries gives is missing in them, where Ansible would
    have looked at each in each, and filled in None.
    """

    params: dict[str, Any]
    argument_spec: dict[str, Any]
    no_log_values: set[Any]
    relay: Mapping[str, Any] | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # A secret that is too short is refused; masking it would only destroy the message.
        self.no_log_values = {item for item in self.no_log_values if len(str(item)) >= options.SHORTEST_SECRET}
        if "certificates" in self.argument_spec:
            self._require_entries()

    def _require_entries(self) -> None:
        # Ansible is content with an option that is there and null.
        entries = self.params["certificates"]
        if entries is None:
            self.fail_json(msg="missing required arguments: certificates")
        if any(entry["email"] is None for entry in entries):
            self.fail_json(msg="missing required arguments: email found in certificates")

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Leave with a failure. Ansible gathers no more secrets once an entry is no dictionary, and then shows the rest of them."""
        self.no_log_values |= set(_find_secrets(self.params, self.argument_spec))
        super().fail_json(msg, **result)
        raise AssertionError("fail_json leaves the process")

    def _load_params(self) -> None:
        super()._load_params()
        self.relay = self.params.pop(options.RELAY, None)
        self.argument_spec = _narrow(self.argument_spec, self.params.get("certificates"))

    def log(self, msg: str, log_args: object = None) -> None:  # noqa: ARG002 - as Ansible calls it
        """Name the mailboxes in the host's log.

        Ansible would write all options, a list as Python does, and look for its secrets as they were given: one with a line
        break or a quote in it stands there in another form, and would stay.
        """
        entries = self.params.get("certificates")
        listed = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else [self.params]
        named = [str(entry.get("email") or entry.get("path") or entry.get("paths") or "an order") for entry in listed]
        super().log(f"Invoked for {', '.join(map(repr, named))}")

    def carry_out(self, work: Callable[[], Outcome], blank: Mapping[str, Any]) -> None:
        """Do the module's work and leave with its result. What nobody foresaw gives a ``blank`` one, with what failed."""
        try:
            with _closed_stderr():
                outcome = work()
        except BaseException as error:  # noqa: BLE001 - no traceback reaches the output, and the result has its keys
            defect = make_defect(error)
            outcome = Outcome({**blank, **describe_failure(defect, "mailops.smime")})
        for warning in outcome.warnings:
            # Ansible masks no secret in a warning.
            self.warn(remove_values(warning, self.no_log_values))
        result = dict(outcome.result)
        if not self._diff:
            result.pop("diff", None)
        self._shorten(result)
        if "msg" in result:
            self.fail_json(**result)
        self.exit_json(**result)

    def _shorten(self, result: dict[str, Any]) -> None:
        """Leave out what is shown from -vvv on only, and keep the cost of the rest in proportion to the number of entries."""
        shown = self._verbosity >= _SHOWN_FROM
        listed = result.get("certificates") or []
        for item in (result, *(listed if isinstance(listed, list) else ())):
            traceback = item.pop("traceback", None)
            if shown and traceback:
                item["traceback"] = _mask(traceback, map(str, self.no_log_values)).splitlines()
        if "certificates" in self.argument_spec:
            # Ansible repeats all options, most of them empty here, and looks for each secret in each text: with a code
            # for each mailbox, that is a square. Most texts are the same in all entries.
            result["invocation"] = {"module_args": _strip(self.params, self.argument_spec, shown=shown)}
            told = "\n".join(_collect_texts(result, set()))
            self.no_log_values = {secret for secret in self.no_log_values if str(secret) in told}


@contextlib.contextmanager
def _closed_stderr() -> Iterator[None]:
    """Keep what extension modules write to the standard error to themselves: when one panics, that can be what it was given."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        # It is closed already.
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _narrow(spec: dict[str, Any], entries: object) -> dict[str, Any]:
    """Return ``spec`` with only those of the entries' options that one of ``entries`` has: Ansible looks at each in each entry."""
    if (
        "certificates" not in spec
        or not isinstance(entries, list)
        or not all(isinstance(item, dict) for item in entries)
    ):
        return spec
    whole = spec["certificates"]["options"]
    given = {name for entry in entries for name in entry}
    if not given <= whole.keys():
        # Ansible's message names all that there are.
        return spec
    narrow = {name: option for name, option in whole.items() if name in given or option.get("required")}
    return {**spec, "certificates": {**spec["certificates"], "options": narrow}}


def _find_secrets(given: object, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among options, those of entries included, as far as they are texts of a length that is masked."""
    for name, value in given.items() if isinstance(given, dict) else ():
        rules = spec.get(name, {})
        if rules.get("no_log") and isinstance(value, str) and len(value) >= options.SHORTEST_SECRET:
            yield value
        for entry in value if isinstance(value, list) else [value]:
            yield from _find_secrets(entry, rules.get("options") or {})


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


def _mask(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without ``secrets``, as they are and as Python writes texts and bytes."""
    # The longest first: a short one can be a part of it.
    for secret in sorted(secrets, key=len, reverse=True):
        octets = secret.encode(errors="surrogatepass")
        numbers = ", ".join(map(str, octets))
        for form in (secret, repr(secret)[1:-1], ascii(secret)[1:-1], repr(octets)[2:-1], numbers):
            text = text.replace(form, MASK)
    return text
