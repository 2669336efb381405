# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many certificates in one task: defaults beside the list, one client, one call after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import (
    _argspec,
    _context,
    _lifecycle,
)
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._context import Context
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._report import (
    Outcome,
    Report,
    describe_failure,
)
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Shared
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import OUTPUTS
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import read_file
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule

PLACEHOLDER = "{email}"
STATUSES = ("valid", "issued", "pending", "failed", "not_attempted")

_OUTPUT_OPTIONS = tuple(output.option for output in OUTPUTS)
_INPUT_OPTIONS = ("privatekey_path", "csr_path", "trusted_roots_path")
_PATH_OPTIONS = (*_OUTPUT_OPTIONS, *_INPUT_OPTIONS, "archive_path")
_DIRECTORY_OPTIONS = ("directory_mode", "directory_owner", "directory_group")
# The files beside the certificates, which tell how all of them stand.
_WATCHED = ("metrics_path", "report_path")
# Of these, an entry's choice displaces the default of the other.
_ALTERNATIVES = (("privatekey_path", "privatekey_content"), ("csr_path", "csr_content"))


@dataclass(frozen=True)
class Entry:
    """One mailbox: its number in the list, the single module's parameters, and the paths whose directories may be created."""

    index: int
    email: str
    params: Mapping[str, Any]
    templated: frozenset[str]


def read_entries(params: Mapping[str, Any]) -> list[Entry]:
    """Return the entries with their defaults filled in.

    Raises OptionError if two entries are for one mailbox or would write one file: then no entry can be trusted.
    """
    defaults = {name: params.get(name) for name in (*_argspec.certificate_options(), *_context.FILE_OPTIONS)}
    entries = [_read_entry(params, index, defaults) for index in range(len(params["certificates"]))]
    _refuse_repeated("email", [_normalize(entry.email) for entry in entries])
    _refuse_shared_files(entries, params)
    return entries


def manage(module: SmimeModule, context: Context) -> Outcome:
    """Bring all entries of the module's parameters to what is wanted, and return what is to be told."""
    try:
        all_entries = read_entries(module.params)
        entries = _select(all_entries, module)
    except SmimeError as error:
        return Outcome({**summarize([]), "msg": f"{error.message}. {error.hint}", "error": error.describe()})
    reports = carry_out(module, entries, context)
    now = context.clock.now()
    told = list(zip(entries, reports))
    result = summarize([{"status": "failed", **report.to_result(now), "email": entry.email} for entry, report in told])
    result["diff"] = [
        report.to_diff(entry.params["path"], now)
        for entry, report in told
        # A question is half of the way; the second run shows the whole of it.
        if report.changed and report.question is None
    ]
    # What they share, a bundle of roots, say, gives one warning.
    warnings = list(dict.fromkeys(warning for report in reports for warning in report.warnings))
    if any(report.question is not None for report in reports):
        # The second run of two says how all stand.
        return Outcome(result, warnings)
    return Outcome({**result, **_publish(module, all_entries, result["certificates"], now)}, warnings)


def _publish(module: SmimeModule, entries: list[Entry], results: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """Write what others watch, if the task asks for it. Return what makes the result that of a failure, nothing for none."""
    if all(module.params[option] is None for option in _WATCHED):
        return {}
    # Imported only now: most tasks do without.
    from ansible_collections.mailops.smime.plugins.module_utils import _monitoring

    known = {result["email"]: result for result in results}
    failed = (module.relay or {}).get("failed") or {}
    all_results = [known.get(entry.email) or _look_again(entry, failed.get(str(entry.index)), now) for entry in entries]
    paths = [entry.params["path"] or "" for entry in entries]
    try:
        standings = _monitoring.read_results(all_results, paths, module.params["remaining_days"])
        _monitoring.publish(module, standings, now)
    except SmimeError as error:
        return describe_failure(error, "the list")
    return {}


def _look_again(entry: Entry, failure: str | None, now: datetime) -> dict[str, Any]:
    """Return the result of an entry that needed no second run, as far as its file tells; ``failure`` is how the first one ended."""
    ended = {"status": "valid"} if failure is None else {"status": "failed", "msg": failure}
    try:
        certificate = certificates.load_first(read_file(entry.params["path"] or "") or b"")
        facts = certificates.describe(certificate, now)
    except (SmimeError, ValueError):
        facts = None
    return {"email": entry.email, "certificate": facts, "status_code": None, **ended}


def _select(entries: list[Entry], module: SmimeModule) -> list[Entry]:
    """Return the entries that this run is about: all, but for the second run of two those that the controller asked for."""
    relay = module.relay
    if module.params["api_from"] == "target" or not relay or "answers" not in relay:
        return entries
    return [entry for entry in entries if str(entry.index) in (relay.get("answers") or {})]


def carry_out(module: SmimeModule, entries: list[Entry], context: Context) -> list[Report]:
    """Bring all entries to what is wanted, and return a report for each, in their order."""
    shared = Shared()
    directories = {name: module.params[name] for name in _DIRECTORY_OPTIONS}
    runs = [
        _lifecycle.open_run(
            module,
            entry.params,
            _context.open_files(module, entry.params, entry.templated, directories, shared),
            context,
            entry.index,
        )
        for entry in entries
    ]
    begun = []
    for entry, run in zip(entries, runs):
        try:
            _check_address(entry)
            if module.params["api_from"] == "controller":
                # What the controller refuses is refused whatever is on disk, as check() does where the target calls.
                run.context.open_access().require_open()
        except SmimeError as error:
            run.report.error = error
        else:
            begun.append(run)
    _lifecycle.carry_out(begun, context.clock)
    return [run.report for run in runs]


def summarize(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the task's result from those of its entries. With a ``msg`` it failed: how many and which, and why the first one did."""
    counted = Counter(result["status"] for result in results)
    whole = {
        "changed": any(result["changed"] for result in results),
        "certificates": results,
        "summary": {status: counted[status] for status in STATUSES},
        "api_calls": sum(result["api_calls"] for result in results),
        "attention": find_attention(results),
    }
    failed = [result for result in results if "error" in result]
    if not failed:
        return whole
    named = ", ".join(f"{result['email']} ({result['error']['name']})" for result in failed)
    skipped = [result["email"] for result in results if result["status"] == "not_attempted"]
    rest = f" Not attempted: {', '.join(skipped)}." if skipped else ""
    message = f"{len(failed)} of {len(results)} certificates failed: {named}.{rest} First: {failed[0]['msg']}"
    return {**whole, "msg": message}


def find_attention(results: list[dict[str, Any]]) -> list[str]:
    """Return a line for each mailbox of a list's ``results`` that needs a person: whose certificate ends first comes first.

    Orders in process come last: most of them need nobody.
    """
    told = [(_rank(result), _describe_need(result)) for result in results]
    return [line for _rank, line in sorted(((rank, line) for rank, line in told if line), key=lambda item: item[0])]


def _rank(result: dict[str, Any]) -> tuple[bool, int]:
    certificate = result["certificate"]
    return result["status"] == "pending", certificate["days_remaining"] if certificate is not None else -1_000_000


def _describe_need(result: dict[str, Any]) -> str:
    email, status = result["email"], result["status"]
    if status == "failed":
        # Without a message it is half of a run, whose question goes to the controller.
        return f"failed: {result['msg']}" if "msg" in result else ""
    if status == "not_attempted":
        return f"not attempted: {email}: the CA had refused the login before. Make sure that the account works, then run the task again."
    if status == "pending":
        return f"pending: {email}: the CA has not issued the certificate yet."
    if status == "valid" and "expiring" in result["reasons"] and result["status_code"] is not None:
        return (
            f"renewal due: {email}: the order holds no newer certificate. Place a new one, and give its number or code."
        )
    return ""


def _read_entry(params: Mapping[str, Any], index: int, defaults: Mapping[str, Any]) -> Entry:
    given = {name: value for name, value in params["certificates"][index].items() if value is not None}
    merged = {**defaults, **given}
    for one, other in _ALTERNATIVES:
        for chosen, displaced in ((one, other), (other, one)):
            if chosen in given and displaced not in given:
                merged[displaced] = None
    if any(name in given for name in options.ROLLOVER_EXCLUDES) and "privatekey_rollover" not in given:
        # Who brings a key or a request of their own renews it.
        merged["privatekey_rollover"] = False
    email = given["email"]
    templated = [name for name in _PATH_OPTIONS if PLACEHOLDER in (merged[name] or "")]
    filled = {name: str(merged[name]).replace(PLACEHOLDER, email) for name in templated}
    endpoint = {name: params[name] for name in _context.ENDPOINT_OPTIONS}
    return Entry(index, email, {**merged, **filled, **endpoint, "email": email}, frozenset(filled.values()))


def _check_address(entry: Entry) -> None:
    """Refuse an address that would lead a path somewhere else, and an entry without ``path``."""
    options.check_email(entry.email)
    options.check_name_in_path(entry.email)
    if entry.params["path"] is None:
        raise OptionError(
            "missing: path", hint=f"Give path for this entry, or beside the list with {PLACEHOLDER} in it."
        )


def _normalize(email: str) -> str:
    try:
        return address.normalize(email)
    except ValueError:
        # Not an address; its own entry says so later.
        return email


def _refuse_repeated(option: str, values: list[str]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise OptionError(
            f"certificates: several entries have the same {option}: {', '.join(repeated)}",
            hint=f"Give each mailbox once, and {PLACEHOLDER} in the paths beside the list.",
        )


def _refuse_shared_files(entries: list[Entry], params: Mapping[str, Any]) -> None:
    """Refuse entries that would write each other's files, or over what another one reads: a private key, say."""
    uses = [
        use
        for entry in entries
        for use in options.list_uses(entry.params, _OUTPUT_OPTIONS, entry.email)
        if "\0" not in use.path
    ]
    if any(params[option] is not None for option in _WATCHED):
        from ansible_collections.mailops.smime.plugins.module_utils import _monitoring

        watched = _monitoring.find_outputs(params).items()
        uses += [options.Use(option, option, path, written=True) for option, path in watched]
    clash = options.find_clash(uses, among_owners=False)
    if clash is None:
        return
    one, other = clash
    if one.written and other.written:
        _refuse_repeated("file to write", [other.path, other.path])
    raise OptionError(
        f"certificates: a file is to be written that another entry needs for something else: {other.path}",
        hint=f"Give each file its own path, with {PLACEHOLDER} in the paths beside the list.",
    )
