# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates (RFC 5280): loading, and the facts that are asked of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, FrozenSet, Tuple, Union

from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import (
    serialization,
    x509,
)

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

# The bits of a key usage that count here, in the order of RFC 5280, 4.2.1.3.
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)

_URI = "UniformResourceIdentifier"
SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
_UTF8_STRING = 0x0C
_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]{1,1000000}-----END CERTIFICATE-----")


# A name as it is compared: its relative names from the top down, each a set of pairs of OID and prepared value.
ComparableName = Tuple[FrozenSet[Tuple[str, Union[str, bytes]]], ...]


class Certificate:
    """A certificate, with what the checks ask of it read once.

    ``public_key`` is SubjectPublicKeyInfo in DER, the times are in UTC, usages and policies are dotted OIDs.
    ``key_curve`` is the name of an EC key's curve.
    ``extended_key_usages`` and ``key_usages`` are None where the extension is absent. ``subject`` and ``issuer`` are by long
    attribute names, ``subject_name`` and ``issuer_name`` as they are compared (RFC 5280, 7.1). ``critical`` are the OIDs of the
    critical extensions, ``path_length`` and ``constraints`` what a CA limits, ``alternatives`` the library's names of the
    subjectAltName, ``crl_urls`` where the issuer's whole list of revoked certificates is, over HTTP(S). ``parsed`` is the library's.
    ``is_self_issued`` tells whether subject and issuer are the same name, as of a root.
    """

    def __init__(self, parsed: x509.Certificate, data: bytes) -> None:
        public_key = parsed.public_key()
        found = {item.oid.dotted_string: item for item in parsed.extensions}
        extensions = {oid: item.value for oid, item in found.items()}
        usages: Any = extensions.get("2.5.29.37")
        basic: Any = extensions.get("2.5.29.19")
        policies: Any = extensions.get("2.5.29.32", ())
        self.parsed: Any = parsed
        self.der = data
        self.public_key = keys.encode_public_key(public_key)
        self.key_type, self.key_size, self.key_curve = keys.describe_public_key(public_key)
        self.serial_number = parsed.serial_number
        self.not_before: datetime = _compat.to_utc(parsed, "not_valid_before")
        self.not_after: datetime = _compat.to_utc(parsed, "not_valid_after")
        self.alternatives: tuple[Any, ...] = tuple(extensions.get("2.5.29.17", ()))
        self.emails = _read_emails(self.alternatives)
        self.extended_key_usages = None if usages is None else tuple(oid.dotted_string for oid in usages)
        self.key_usages = _read_key_usages(extensions.get("2.5.29.15"))
        self.policies = tuple(item.policy_identifier.dotted_string for item in policies)
        self.is_ca = bool(basic is not None and basic.ca)
        self.path_length: int | None = None if basic is None else basic.path_length
        self.constraints: Any = extensions.get("2.5.29.30")
        self.critical = frozenset(oid for oid, item in found.items() if item.critical)
        self.crl_urls = _read_crl_urls(extensions.get("2.5.29.31", ()))
        subject, issuer = parsed.subject, parsed.issuer
        self.subject, self.issuer = _describe_name(subject), _describe_name(issuer)
        self.subject_name, self.issuer_name = prepare_name(subject), prepare_name(issuer)
        self.is_self_issued = self.subject_name == self.issuer_name

    def __hash__(self) -> int:
        return hash(self.der)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __repr__(self) -> str:
        return f"{type(self).__name__}(serial_number={self.serial_number})"

    def to_pem(self) -> bytes:
        """Return the certificate as one PEM block."""
        pem: bytes = self.parsed.public_bytes(serialization.Encoding.PEM)
        return pem


# Kept, since each reply of the CA brings the same intermediate and root.
@lru_cache(maxsize=64)
def load_der(data: bytes) -> Certificate:
    """Return the certificate in ``data``. Raises ValueError if it is none, or if a part that matters cannot be read."""
    with _compat.reading("a certificate"):
        return Certificate(x509.load_der_x509_certificate(data), data)


def load_readable(encoded: Iterable[bytes]) -> tuple[tuple[Certificate, ...], str]:
    """Return the certificates in ``encoded``, each in DER, that can be read, and what is to be told of the others."""
    return _pass_over(load_der, list(encoded))


@lru_cache(maxsize=16)
def load_readable_pem(pem: bytes) -> tuple[tuple[Certificate, ...], str]:
    """Return the certificates in ``pem`` that can be read, and what is to be told of the others."""
    return _pass_over(_load_block, _PEM_BLOCK.findall(pem))


def _pass_over(load: Callable[[bytes], Certificate], encoded: list[bytes]) -> tuple[tuple[Certificate, ...], str]:
    """Load what can be loaded: a bundle of roots has some that are not needed, and that one release or another cannot read."""
    found, numbers = [], []
    for number, item in enumerate(encoded, 1):
        try:
            found.append(load(item))
        except ValueError:
            numbers.append(str(number))
    if not numbers:
        return tuple(found), ""
    which = f"number {', '.join(numbers[:10])}{' and so on' if len(numbers) > 10 else ''}"
    return tuple(found), f"{len(numbers)} of {len(encoded)} certificates cannot be read and are passed over ({which})"


def load_first(data: bytes) -> Certificate:
    """Return the first certificate of a file in PEM, or the one in DER. Raises ValueError."""
    if b"-----BEGIN" not in data:
        return load_der(data)
    block = _PEM_BLOCK.search(data)
    if block is None:
        raise ValueError("it holds no certificate")
    return _load_block(block.group())


def load_pem(pem: bytes) -> list[Certificate]:
    """Return the certificates in ``pem``, in their order; none is an empty list. Raises ValueError if one is damaged."""
    return [_load_block(block) for block in _PEM_BLOCK.findall(pem)]


# Kept, since the same few files are looked at for several reasons, and mailboxes share their intermediates.
@lru_cache(maxsize=256)
def _load_block(block: bytes) -> Certificate:
    with _compat.reading("a certificate"):
        parsed = x509.load_pem_x509_certificate(block)
        return Certificate(parsed, parsed.public_bytes(serialization.Encoding.DER))


def describe(certificate: Certificate, now: datetime) -> dict[str, Any]:
    """Return the ``certificate`` entry of a result: times as ASN.1 GeneralizedTime."""
    return {
        "subject": dict(certificate.subject),
        "issuer": dict(certificate.issuer),
        "emails": list(certificate.emails),
        "serial_number": certificate.serial_number,
        "not_before": format_time(certificate.not_before),
        "not_after": format_time(certificate.not_after),
        "days_remaining": (certificate.not_after - now).days,
        "fingerprint_sha256": hashlib.sha256(certificate.der).digest().hex(":"),
        "key_type": certificate.key_type,
        "key_size": certificate.key_size,
        "policy": certificate.policies[0] if certificate.policies else None,
        "crl_urls": list(certificate.crl_urls),
    }


def format_time(moment: datetime) -> str:
    """Return a time in UTC as ASN.1 GeneralizedTime, as the modules of community.crypto do."""
    return moment.strftime("%Y%m%d%H%M%SZ")


def prepare_name(name: Any) -> ComparableName:
    """Return an ``x509.Name`` in the form in which two that are the same name are equal (RFC 5280, 7.1; RFC 4518, 2)."""
    return tuple(frozenset((item.oid.dotted_string, _prepare_value(item.value)) for item in rdn) for rdn in name.rdns)


@lru_cache(maxsize=1024)
def _prepare_value(value: str | bytes) -> str | bytes:
    # Case, repeated spaces and the type of the string say nothing; a bit string is compared as it is.
    if not isinstance(value, str):
        return value
    folded = value.lower() if value.isascii() else unicodedata.normalize("NFKC", value.casefold())
    return " ".join(folded.split())


def _read_emails(alternatives: Iterable[Any]) -> tuple[str, ...]:
    """Return the rfc822Names, then the SmtpUTF8Mailbox names (RFC 9598, 3), of a subjectAltName. Raises ValueError."""
    plain = [item.value for item in alternatives if type(item).__name__ == "RFC822Name"]
    return (*plain, *(read_utf8_string(item.value) for item in alternatives if is_utf8_mailbox(item)))


def is_utf8_mailbox(item: Any) -> bool:
    """Tell whether a general name of the library is a SmtpUTF8Mailbox (RFC 9598, 3)."""
    return type(item).__name__ == "OtherName" and item.type_id.dotted_string == SMTP_UTF8_MAILBOX


def read_utf8_string(data: bytes) -> str:
    """Return the text of a UTF8String in DER, as a SmtpUTF8Mailbox has it. Raises ValueError."""
    # A mailbox has 254 characters at most, so that its length takes the short form or one more octet.
    header = 3 if data[1:2] == b"\x81" else 2
    if len(data) < header or data[0] != _UTF8_STRING or data[header - 1] != len(data) - header:
        raise ValueError("a SmtpUTF8Mailbox is not a UTF8String")
    return data[header:].decode("utf-8")


def _read_crl_urls(points: Iterable[Any]) -> tuple[str, ...]:
    """Return the URLs of the points for all reasons at the issuer itself (RFC 5280, 4.2.1.13)."""
    own = [item for item in points if item.reasons is None and item.crl_issuer is None]
    found = [name.value for item in own for name in item.full_name or () if type(name).__name__ == _URI]
    return tuple(dict.fromkeys(url for url in found if url.lower().startswith(("http://", "https://"))))


def _read_key_usages(usage: Any) -> frozenset[str] | None:
    return None if usage is None else frozenset(name for name in KEY_USAGES if getattr(usage, name))


def _describe_name(name: Any) -> dict[str, str]:
    """Return an ``x509.Name`` by long attribute names; an unknown type stands under its OID, the last of several counts."""
    return {_LONG_NAMES.get(item.oid.dotted_string, item.oid.dotted_string): _to_text(item.value) for item in name}


def _to_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()
