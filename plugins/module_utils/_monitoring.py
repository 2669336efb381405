# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others watch: how each mailbox stands, as metrics in Prometheus' text format, and as a page with its JSON file.

Metrics are for node_exporter's textfile collector. Names and labels of certificates are those of x509-certificate-exporter, so
that its dashboards and alert rules work. All times are absolute, in seconds since 1970.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.smime.plugins.module_utils import _page as page
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import LARGEST, read_output

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


OPTIONS = ("metrics_path", "report_path")
# Most urgent first: what each state of a mailbox is called.
STATES = ("failed", "unreadable", "not_attempted", "expired", "missing", "expiring", "pending", "valid", "issued")


@dataclass(frozen=True)
class Standing:
    """How a mailbox stands: one of STATES, the facts of its certificate, and what the CA or a check said.

    ``pending_since`` is in seconds since 1970.
    """

    email: str
    path: str
    state: str
    facts: Mapping[str, Any] | None = None
    failed: bool = False
    code: int | None = None
    message: str = ""
    pending_since: int | None = None


def read_results(results: Sequence[Mapping[str, Any]], paths: Sequence[str], due_days: int) -> list[Standing]:
    """Return how the mailboxes of a list's ``results`` stand, whose certificates are at ``paths``."""
    return [
        Standing(
            email=result["email"],
            path=path,
            state=_find_state(result["status"], result["certificate"], due_days),
            facts=result["certificate"],
            failed=result["status"] in ("failed", "not_attempted"),
            code=result["status_code"],
            message=result.get("msg", ""),
        )
        for result, path in zip(results, paths)
    ]


def read_files(found: Sequence[Mapping[str, Any]], due_days: int = 30) -> list[Standing]:
    """Return how the certificates stand that smime_certificate_info ``found``."""
    standings = []
    for item in found:
        faults = [check["detail"] for check in item["checks"] if not check["passed"] and check["name"] != "valid_now"]
        state = "unreadable" if item["error"] else _find_state("valid", item, due_days)
        standings.append(
            Standing(
                email=next(iter(item.get("emails", ())), ""),
                path=item["path"],
                state=state,
                facts=None if item["error"] else item,
                failed=bool(item["error"]),
                message=item["error"] or "; ".join(faults),
            )
        )
    return standings


def _find_state(status: str, facts: Mapping[str, Any] | None, due_days: int) -> str:
    """Return the most urgent of what is true of a mailbox."""
    true = [status]
    if facts is None:
        true += ["missing"] if status in ("valid", "issued") else []
    elif facts["days_remaining"] < 0:
        true.append("expired")
    elif facts["days_remaining"] < due_days:
        true.append("expiring")
    return min(true, key=STATES.index)


def find_outputs(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that are written if ``params`` ask for them, by the option that does."""
    outputs = {option: params[option] for option in OPTIONS if params[option] is not None}
    if "report_path" in outputs:
        outputs["report_path (JSON)"] = f"{os.path.splitext(outputs['report_path'])[0]}.json"
    return outputs


def publish(module: AnsibleModule, standings: Sequence[Standing], now: datetime) -> None:
    """Write what the module's parameters ask for, each file atomically. Raises FileError."""
    outputs = find_outputs(module.params)
    if not outputs or module.check_mode:
        return
    if len(set(outputs.values())) < len(outputs):
        raise FileError(
            "report_path: the JSON file beside it has the same name", hint="Give a path that ends in .html."
        )
    files = Files(module, Attributes({}))
    for path in outputs.values():
        files.prepare(path)
    told = [replace(item, message=_tell(item.message, module)) for item in standings]
    if "metrics_path" in outputs:
        told = remember(told, read_output(outputs["metrics_path"], most=LARGEST) or b"", int(now.timestamp()))
    texts: dict[str, Callable[[str], str]] = {
        "metrics_path": lambda path: format_metrics(told, int(now.timestamp()), os.path.basename(path)),
        "report_path": lambda _path: page.format_page(_sort(told), STATES, _round(now)),
        "report_path (JSON)": lambda _path: page.format_json(_sort(told), STATES, _round(now)),
    }
    files.replace([Replacement(name, path, texts[name](path).encode()) for name, path in outputs.items()])


def _tell(message: str, module: AnsibleModule) -> str:
    # Ansible masks what a task returns, and no file.
    return str(remove_values(message, module.no_log_values))


def _sort(standings: Sequence[Standing]) -> list[Standing]:
    def rank(item: Standing) -> tuple[int, int, str]:
        return STATES.index(item.state), item.facts["days_remaining"] if item.facts else -1, item.email

    return sorted(standings, key=rank)


def _round(now: datetime) -> datetime:
    return now.astimezone(timezone.utc).replace(microsecond=0)


# The labels that x509-certificate-exporter 4 makes of a name.
_PARTS = {
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "commonName": "CN",
}
_HELP = {
    "x509_cert_not_before": "The certificate's first second",
    "x509_cert_not_after": "The certificate's last second",
    "x509_cert_expired": "Whether the certificate has expired",
    "x509_cert_error": "Whether the certificate could not be read",
    "x509_read_errors": "How many certificates could not be read",
    "mailops_smime_pending_since": "Since when the CA has not issued the certificate",
    "mailops_smime_last_code": "The CA's last status code about the mailbox",
    "mailops_smime_failed": "Whether the last run failed for the mailbox",
    "mailops_smime_last_run": "When the last run was",
}
_REMEMBERED = re.compile(
    rb'^mailops_smime_(pending_since|last_code)\{email="((?:[^"\\]|\\.)*)"[^}]*\} (-?\d+)$', re.MULTILINE
)


def remember(standings: Sequence[Standing], before: bytes, now: int) -> list[Standing]:
    """Return ``standings`` with what the metrics of the run ``before`` know: since when an order is pending, the last code."""
    known = {
        (name.decode(), email.decode("utf-8", "replace")): int(value)
        for name, email, value in _REMEMBERED.findall(before)
    }
    return [
        replace(
            item,
            code=item.code if item.code is not None else known.get(("last_code", _escape(item.email))),
            pending_since=known.get(("pending_since", _escape(item.email)), now) if item.state == "pending" else None,
        )
        for item in standings
    ]


def format_metrics(standings: Sequence[Standing], now: int, name: str) -> str:
    """Return the metrics of a run at ``now``; ``name`` is the textfile's, by which several on one host are told apart."""
    samples: dict[str, list[str]] = {metric: [] for metric in _HELP}
    for item in standings:
        for metric, labels, value in [*_list_certificate(item, now), *_list_mailbox(item)]:
            samples[metric].append(_format(metric, labels, value))
    unreadable = sum(item.state == "unreadable" for item in standings)
    samples["x509_read_errors"].append(_format("x509_read_errors", {"textfile": name}, unreadable))
    samples["mailops_smime_last_run"].append(_format("mailops_smime_last_run", {"textfile": name}, now))
    lines = [
        line
        for metric, told in samples.items()
        if told
        for line in (f"# HELP {metric} {_HELP[metric]}", f"# TYPE {metric} gauge", *dict.fromkeys(told))
    ]
    return "\n".join(lines) + "\n"


def _list_certificate(item: Standing, now: int) -> Iterable[tuple[str, Mapping[str, str], int]]:
    place = {"filename": os.path.basename(item.path), "filepath": item.path}
    if item.state == "unreadable":
        yield "x509_cert_error", place, 1
    if item.facts is None:
        return
    yield "x509_cert_error", place, 0
    first, last = _to_seconds(item.facts["not_before"]), _to_seconds(item.facts["not_after"])
    labels = {
        **place,
        "serial_number": str(item.facts["serial_number"]),
        **_list_parts("issuer", item.facts["issuer"]),
        **_list_parts("subject", item.facts["subject"]),
    }
    yield "x509_cert_not_before", labels, first
    yield "x509_cert_not_after", labels, last
    yield "x509_cert_expired", labels, int(last < now)


def _list_mailbox(item: Standing) -> Iterable[tuple[str, Mapping[str, str], int]]:
    labels = {"email": item.email, "filepath": item.path}
    if item.pending_since is not None:
        yield "mailops_smime_pending_since", labels, item.pending_since
    if item.code is not None:
        yield "mailops_smime_last_code", labels, item.code
    yield "mailops_smime_failed", labels, int(item.failed)


def _list_parts(prefix: str, name: Mapping[str, Any]) -> dict[str, str]:
    return {f"{prefix}_{label}": str(name[part]) for part, label in _PARTS.items() if part in name}


def _to_seconds(moment: str) -> int:
    """Return the seconds since 1970 of an ASN.1 GeneralizedTime."""
    return int(datetime.strptime(moment, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp())


def _format(metric: str, labels: Mapping[str, str], value: int) -> str:
    told = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
    return f"{metric}{{{told}}} {value}"


def _escape(text: str) -> str:
    # What cannot stand in UTF-8 is no reason to lose all metrics of a host.
    safe = text.encode("utf-8", "replace").decode()
    return safe.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
