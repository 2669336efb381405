# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revocation lists (RFC 5280, section 5): whether one counts for a certificate (6.3.3), and what it says of it.

Only whole lists of the certificate's own issuer count: no delta lists, and none of another issuer (indirect ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import x509
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import (
    Certificate,
    ComparableName,
    format_time,
    prepare_name,
)

GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
_REASON_CODE, _DELTA, _DISTRIBUTION = "2.5.29.21", "2.5.29.27", "2.5.29.28"
# A list can be signed while it is fetched, by a clock that is a little ahead of ours.
_SKEW = timedelta(minutes=5)
# The encoded TRUE of an extension's critical.
_TRUE = b"\x01\x01\xff"


@dataclass(frozen=True)
class Revocation:
    """What is known: ``good``, ``revoked`` with time (UTC) and reason (RFC 5280, 5.3.1), or ``unknown``, which ``why`` explains."""

    status: str
    time: datetime | None = None
    reason: str | None = None
    why: str = ""


def describe(said: Revocation) -> dict[str, Any]:
    """Return what a result tells of it beside the certificate's facts: the time as ASN.1 GeneralizedTime."""
    return {
        "revocation": said.status,
        "revocation_time": format_time(said.time) if said.time is not None else None,
        "revocation_reason": said.reason,
    }


@dataclass(frozen=True, eq=False)
class RevocationList:
    """A list as it was read. ``next_update`` is None if it does not say until when it counts. Times are in UTC."""

    parsed: Any
    issuer_name: ComparableName
    this_update: datetime
    next_update: datetime | None
    serial_numbers: frozenset[int]
    extensions: dict[str, Any]
    unknown_critical: frozenset[str]


def load(data: bytes) -> RevocationList:
    """Return the list in ``data``, DER or PEM. Raises ValueError if it cannot be read."""
    with _compat.reading("a revocation list"):
        pem = b"-----BEGIN X509 CRL-----" in data
        parsed = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        extensions = {item.oid.dotted_string: item for item in parsed.extensions}
        critical = {oid for oid, item in extensions.items() if item.critical}
        entries = list(parsed)
        # Reading each entry's extensions takes far longer than seeing that nothing in the list is critical but what we know of.
        if parsed.tbs_certlist_bytes.count(_TRUE) > len(critical):
            critical |= {item.oid.dotted_string for entry in entries for item in entry.extensions if item.critical}
        return RevocationList(
            parsed,
            prepare_name(parsed.issuer),
            _compat.to_utc(parsed, "last_update"),
            _compat.to_utc(parsed, "next_update"),
            frozenset(entry.serial_number for entry in entries),
            {oid: item.value for oid, item in extensions.items()},
            frozenset(critical - {_DISTRIBUTION}),
        )


def look_up(
    revocation_list: RevocationList, certificate: Certificate, issuer: Certificate, now: datetime
) -> Revocation:
    """Return what the list says of ``certificate`` at ``now`` (aware, UTC), which ``issuer`` issued."""
    fault = find_fault(revocation_list, certificate, issuer, now)
    if fault:
        return Revocation(UNKNOWN, why=fault)
    if certificate.serial_number not in revocation_list.serial_numbers:
        return Revocation(GOOD)
    with _compat.reading("a revocation list"):
        # The library's own look-up takes no number below 0.
        entry = next(item for item in revocation_list.parsed if item.serial_number == certificate.serial_number)
        said = [item.value.reason.value for item in entry.extensions if item.oid.dotted_string == _REASON_CODE]
        return Revocation(REVOKED, _compat.to_utc(entry, "revocation_date"), said[0] if said else "unspecified")


def find_fault(revocation_list: RevocationList, certificate: Certificate, issuer: Certificate, now: datetime) -> str:
    """Return why the list does not count for ``certificate``, which ``issuer`` issued; or an empty string."""
    if not revocation_list.issuer_name == certificate.issuer_name == issuer.subject_name:
        return "it is of another issuer"
    return (
        _find_signature_fault(revocation_list, issuer)
        or _find_date_fault(revocation_list, now)
        or _find_extension_fault(revocation_list, certificate)
    )


def _find_signature_fault(revocation_list: RevocationList, issuer: Certificate) -> str:
    # 6.3.3 f and g.
    if issuer.key_usages is not None and "crl_sign" not in issuer.key_usages:
        return "its issuer may not sign lists: the key usage does not hold cRLSign"
    try:
        with _compat.reading("a signature"):
            parsed = revocation_list.parsed
            _compat.verify_signature(parsed, parsed.tbs_certlist_bytes, issuer.parsed.public_key())
    except ValueError:
        return "its signature is not the issuer's"
    return ""


def _find_date_fault(revocation_list: RevocationList, now: datetime) -> str:
    if now + _SKEW < revocation_list.this_update:
        return f"it is of {revocation_list.this_update:%Y-%m-%d %H:%M:%S} UTC, which is not yet"
    if revocation_list.next_update is None:
        return "it does not say until when it counts"
    if now >= revocation_list.next_update:
        return f"it was to be followed by another one on {revocation_list.next_update:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def _find_extension_fault(revocation_list: RevocationList, certificate: Certificate) -> str:
    if _DELTA in revocation_list.extensions:
        return "it is a delta list"
    if revocation_list.unknown_critical:
        return f"its critical extension {', '.join(sorted(revocation_list.unknown_critical))} is unknown"
    scope = revocation_list.extensions.get(_DISTRIBUTION)
    return _find_scope_fault(scope, certificate) if scope is not None else ""


def _find_scope_fault(scope: Any, certificate: Certificate) -> str:
    """Judge an issuingDistributionPoint (5.2.5; 6.3.3 b 2)."""
    if scope.indirect_crl:
        return "it is an indirect list"
    if scope.only_contains_attribute_certs or scope.only_some_reasons or scope.relative_name:
        return "it is not about all certificates and all reasons"
    if scope.only_contains_ca_certs if not certificate.is_ca else scope.only_contains_user_certs:
        return "it is about another kind of certificates"
    places = {item.value for item in scope.full_name or () if isinstance(item, x509.UniformResourceIdentifier)}
    if scope.full_name and not places & set(certificate.crl_urls):
        return "it is about another part of the issuer's certificates"
    return ""
