# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distinguished names: the attribute types with their short and long names, as OpenSSL calls them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Short name, long name, OID: X.520, RFC 4519 and PKCS#9.
ATTRIBUTES = (
    ("CN", "commonName", "2.5.4.3"),
    ("SN", "surname", "2.5.4.4"),
    ("serialNumber", "serialNumber", "2.5.4.5"),
    ("C", "countryName", "2.5.4.6"),
    ("L", "localityName", "2.5.4.7"),
    ("ST", "stateOrProvinceName", "2.5.4.8"),
    ("street", "streetAddress", "2.5.4.9"),
    ("O", "organizationName", "2.5.4.10"),
    ("OU", "organizationalUnitName", "2.5.4.11"),
    ("title", "title", "2.5.4.12"),
    ("postalCode", "postalCode", "2.5.4.17"),
    ("GN", "givenName", "2.5.4.42"),
    ("initials", "initials", "2.5.4.43"),
    ("generationQualifier", "generationQualifier", "2.5.4.44"),
    ("dnQualifier", "dnQualifier", "2.5.4.46"),
    ("pseudonym", "pseudonym", "2.5.4.65"),
    ("organizationIdentifier", "organizationIdentifier", "2.5.4.97"),
    ("UID", "userId", "0.9.2342.19200300.100.1.1"),
    ("DC", "domainComponent", "0.9.2342.19200300.100.1.25"),
    ("emailAddress", "emailAddress", "1.2.840.113549.1.9.1"),
)

_LONG_NAMES = {oid: long for _short, long, oid in ATTRIBUTES}


def describe(name: Any) -> dict[str, str]:
    """Return an ``x509.Name`` as ``describe_pairs`` does."""
    return describe_pairs((item.oid.dotted_string, _to_text(item.value)) for item in name)


def describe_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return pairs of OID and value by long attribute names; an unknown type stands under its OID, the last of several counts."""
    return {_LONG_NAMES.get(oid, oid): value for oid, value in pairs}


def _to_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()
