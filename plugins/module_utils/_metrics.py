# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics in Prometheus' text format, for node_exporter's textfile collector.

Names and labels of certificates are those of x509-certificate-exporter, so that its dashboards and alert rules work. All times
are absolute, in seconds since 1970.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._monitoring import Standing

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
