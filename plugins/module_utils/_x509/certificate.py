# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates (RFC 5280): loading, and the facts that are asked of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509 import name as names
from ansible_collections.mailops.smime.plugins.module_utils._x509 import pkcs7, releases
from ansible_collections.mailops.smime.plugins.module_utils._x509.facts import KEY_USAGES, Facts
from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import (
    not_after,
    not_before,
    serialization,
    x509,
)

SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
_UTF8_STRING = 0x0C
_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]{1,1000000}-----END CERTIFICATE-----")


class Certificate(Facts):
    """A certificate, with what the checks ask of it read once.

    ``parsed`` is the library's. ``is_self_issued`` tells whether subject and issuer are the same name, as of a root.
    """

    def __init__(self, *, parsed: Any, is_self_issued: bool, **facts: Any) -> None:
        super().__init__(**facts)
        self.parsed = parsed
        self.is_self_issued = is_self_issued

    def to_pem(self) -> bytes:
        """Return the certificate as one PEM block."""
        pem: bytes = self.parsed.public_bytes(serialization.Encoding.PEM)
        return pem


# Kept, since each reply of the CA brings the same intermediate and root.
@lru_cache(maxsize=64)
def load_der(der: bytes) -> Certificate:
    """Return the certificate in ``der``. Raises ValueError if it is none, or if a part that matters cannot be read."""
    with releases.reading("a certificate"):
        return _read(x509.load_der_x509_certificate(der), der)


def load_all(encoded: Iterable[bytes]) -> list[Certificate]:
    """Return the certificates in ``encoded``, each in DER. Raises ValueError."""
    return [load_der(der) for der in encoded]


def load_pem(pem: bytes) -> list[Certificate]:
    """Return the certificates in ``pem``, in their order; none is an empty list. Raises ValueError if one is damaged."""
    return list(_load_pem(pem))


@lru_cache(maxsize=256)
def _load_pem(pem: bytes) -> tuple[Certificate, ...]:
    # Kept, since the same few files are looked at for several reasons, and mailboxes share their intermediates.
    with releases.reading("a certificate"):
        parsed = [x509.load_pem_x509_certificate(block) for block in _PEM_BLOCK.findall(pem)]
        return tuple(_read(item, item.public_bytes(serialization.Encoding.DER)) for item in parsed)


def load_pkcs7(der: bytes) -> list[Certificate]:
    """Return the certificates of a certs-only PKCS#7, in their order. Raises ValueError."""
    return load_all(pkcs7.split(der))


def _read(parsed: x509.Certificate, der: bytes) -> Certificate:
    public_key = parsed.public_key()
    key_type, key_size = keys.describe_public_key(public_key)
    extensions = {extension.oid.dotted_string: extension.value for extension in parsed.extensions}
    usages = extensions.get("2.5.29.37")
    constraints = extensions.get("2.5.29.19")
    return Certificate(
        der=der,
        public_key=keys.encode_public_key(public_key),
        key_type=key_type,
        key_size=key_size,
        serial_number=parsed.serial_number,
        not_before=not_before(parsed),
        not_after=not_after(parsed),
        emails=_read_emails(extensions.get("2.5.29.17")),
        extended_key_usages=None if usages is None else tuple(oid.dotted_string for oid in usages),
        key_usages=_read_key_usages(extensions.get("2.5.29.15")),
        policies=tuple(item.policy_identifier.dotted_string for item in extensions.get("2.5.29.32", ())),
        is_ca=bool(constraints is not None and constraints.ca),
        subject=names.describe(parsed.subject),
        issuer=names.describe(parsed.issuer),
        parsed=parsed,
        is_self_issued=parsed.subject == parsed.issuer,
    )


def _read_emails(alternatives: Any) -> tuple[str, ...]:
    """Return the rfc822Names, and the SmtpUTF8Mailbox names (RFC 9598, section 3), of a subjectAltName."""
    if alternatives is None:
        return ()
    emails = list(alternatives.get_values_for_type(x509.RFC822Name))
    others = alternatives.get_values_for_type(x509.OtherName)
    emails += [_read_utf8_string(item.value) for item in others if item.type_id.dotted_string == SMTP_UTF8_MAILBOX]
    return tuple(emails)


def _read_utf8_string(der: bytes) -> str:
    # A mailbox has 254 characters at most, so that its length takes the short form or one more octet.
    header = 3 if der[1:2] == b"\x81" else 2
    if len(der) < header or der[0] != _UTF8_STRING or der[header - 1] != len(der) - header:
        raise ValueError("a SmtpUTF8Mailbox is not a UTF8String")
    return der[header:].decode("utf-8")


def _read_key_usages(usage: Any) -> frozenset[str] | None:
    return None if usage is None else frozenset(name for name in KEY_USAGES if getattr(usage, name))
