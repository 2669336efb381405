# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters for DNS and LDAP directories. Their options are documented in smimea_record.yml and so on."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, der
from ansible_collections.mailops.smime.plugins.plugin_utils._filter_input import (
    check_mailbox,
    choose_number,
    read_addresses,
    read_certificates,
    read_one,
    split_certificate,
)

_DATA = der.encode_oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.encode_oid("1.2.840.113549.1.7.2")
_HASHES: dict[int, Callable[[bytes], bytes]] = {
    0: lambda data: data,
    1: lambda data: hashlib.sha256(data).digest(),
    2: lambda data: hashlib.sha512(data).digest(),
}


class FilterModule:
    """The filters of this collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by their names."""
        return {
            "smimea_record": smimea_record,
            "certificate_der": certificate_der,
            "certificate_pkcs7": certificate_pkcs7,
        }


def smimea_record(
    pem: Any, email: Any = None, *, usage: Any = 3, selector: Any = 0, matching_type: Any = 0
) -> dict[str, str]:
    """Return owner, type and value of a certificate's SMIMEA record (RFC 8162; the numbers are those of RFC 6698, 2.1)."""
    name = "smimea_record"
    numbers = [
        choose_number(name, "usage", usage, 0, 3),
        choose_number(name, "selector", selector, 0, 1),
        choose_number(name, "matching_type", matching_type, 0, 2),
    ]
    data = read_one(name, pem)
    try:
        parts = split_certificate(data)
        known = list(dict.fromkeys(read_addresses(parts)))
        associated = parts[5].encoded if numbers[1] else data
    except (ValueError, IndexError) as error:
        raise AnsibleFilterError(f"{name}: this is not a certificate: {error}") from error
    # An authority's certificate (usages 0 and 2) is published for mailboxes that it does not name.
    mailbox = _choose_mailbox(name, email, known, strict=numbers[0] in (1, 3))
    local, _at, domain = mailbox.rpartition("@")
    label = hashlib.sha256(_canonicalize(local).encode("utf-8")).digest()[:28].hex()
    return {
        "owner": f"{label}._smimecert.{address.encode_domain(domain)}.",
        "type": "SMIMEA",
        "value": f"{numbers[0]} {numbers[1]} {numbers[2]} {_HASHES[numbers[2]](associated).hex()}",
    }


def certificate_der(pem: Any) -> str:
    """Return the DER of a certificate in base64, as LDAP's userCertificate;binary takes it."""
    return base64.b64encode(read_one("certificate_der", pem)).decode("ascii")


def certificate_pkcs7(pem: Any) -> str:
    """Return a PKCS#7 of one or more certificates and nothing else (RFC 5652, 5.1) in base64, for LDAP's userSMIMECertificate."""
    certificates = sorted(set(read_certificates("certificate_pkcs7", pem)))
    signed_data = der.encode(
        der.SEQUENCE,
        der.encode_integer(1),
        der.encode(der.SET),
        der.encode(der.SEQUENCE, _DATA),
        der.encode(der.context(0), *certificates),
        der.encode(der.SET),
    )
    content = der.encode(der.SEQUENCE, _SIGNED_DATA, der.encode(der.context(0), signed_data))
    return base64.b64encode(content).decode("ascii")


def _choose_mailbox(name: str, email: Any, known: list[str], *, strict: bool) -> str:
    if email is not None:
        mailbox = check_mailbox(name, email)
        if strict and not address.is_one_of(mailbox, tuple(known)):
            raise AnsibleFilterError(
                f"{name}: the certificate is for {', '.join(known) or 'no mailbox'}, not for {mailbox}"
            )
        return mailbox
    if len(known) != 1:
        raise AnsibleFilterError(f"{name}: the certificate is for {len(known)} mailboxes; say which with email")
    return check_mailbox(name, known[0])


def _canonicalize(local: str) -> str:
    """Return the local part as it is hashed: without quotes, and composed (RFC 8162, 3)."""
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return unicodedata.normalize("NFC", local)
