# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading certificates of RSA keys without any library, in the form in which CAs write them today.

Importing ``cryptography`` takes longer than all else that a run without anything to do does. What is not exactly of the
expected form raises ValueError, though it may be fine: then ``certificate`` has to read it. What is returned is what
that would have read.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509 import name as names
from ansible_collections.mailops.smime.plugins.module_utils._x509.der import BIT_STRING, INTEGER, OID, SEQUENCE, Element
from ansible_collections.mailops.smime.plugins.module_utils._x509.facts import KEY_USAGES, Facts
from ansible_collections.mailops.smime.plugins.module_utils._x509.rsa import SIGNATURES, is_signature, read_modulus
from ansible_collections.mailops.smime.plugins.module_utils._x509.strict import (
    read_bits,
    read_number,
    read_oid,
    read_pem,
    read_whole,
    split,
    take,
)

_BOOLEAN, _UTC_TIME, _GENERALIZED_TIME = 0x01, 0x17, 0x18
_UTF8_STRING, _PRINTABLE_STRING, _IA5_STRING, _SET = 0x0C, 0x13, 0x16, 0x31
_EXTENSIONS_TAG = der.context(3)
_PRINTABLE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
_CPS = bytes.fromhex("2b06010505070201")
# The extensions that may be there (RFC 5280, 4.2), each with what `_draw` makes of one that is as it should be: one of these
# forms, or a SEQUENCE of one element or more that all have this form. Patterns take longer to compile than all certificates
# to read.
_BASIC_CONSTRAINTS, _KEY_USAGE, _EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
_ALTERNATIVE_NAME, _POLICIES = "2.5.29.17", "2.5.29.32"
_FORMS = {
    _BASIC_CONSTRAINTS: ("30<>", "30<01>", "30<0102>"),
    _KEY_USAGE: ("03",),
    "2.5.29.14": ("04",),
    "2.5.29.35": ("30<80>",),
}
_SEQUENCES = {
    _EXTENDED_KEY_USAGE: "06",
    _ALTERNATIVE_NAME: "81",
    _POLICIES: "30<06>",
    "2.5.29.31": "30<a0<a0<86>>>",
    "1.3.6.1.5.5.7.1.1": "30<0686>",
}
# A policy's OID with one qualifier.
_QUALIFIED = "0630<30<0616>>"


class Glimpse(Facts):
    """A certificate, with what its chain takes: names in DER, the RSA modulus, the signature and what it is over."""

    def __init__(
        self,
        *,
        names: tuple[bytes, bytes],
        modulus: int,
        algorithm: bytes,
        signed: bytes,
        signature: bytes,
        **facts: Any,
    ) -> None:
        super().__init__(**facts)
        self.subject_der, self.issuer_der = names
        self.modulus = modulus
        self.algorithm = algorithm
        self.signed = signed
        self.signature = signature


def read_certificates(pem: bytes) -> list[Glimpse]:
    """Return the certificates of a file that holds nothing else."""
    return [_read_certificate(encoded) for encoded in read_pem(pem, b"CERTIFICATE")]


def is_signed_by(certificate: Glimpse, issuer: Glimpse) -> bool:
    """Tell whether ``issuer`` is named as the issuer of ``certificate`` and its key made the signature (RFC 5280, 6.1.3 a)."""
    made = is_signature(certificate.signature, certificate.signed, certificate.algorithm, issuer.modulus)
    return made and certificate.issuer_der == issuer.subject_der


def _read_certificate(encoded: bytes) -> Glimpse:
    body, algorithm, signature = take(read_whole(encoded), SEQUENCE, SEQUENCE, BIT_STRING)
    outer = (der.context(0), INTEGER, *[SEQUENCE] * 5, _EXTENSIONS_TAG)
    version, serial, inner, issuer, validity, subject, public_key, extensions = take(body, *outer)
    if version.value != b"\2\1\2" or inner.encoded != algorithm.encoded or algorithm.value not in SIGNATURES:
        raise ValueError("not a certificate of version 3 with a usual signature")
    modulus = read_modulus(public_key)
    not_before, not_after = (_read_time(item) for item in split(validity))
    found = _read_extensions(extensions)
    return Glimpse(
        der=encoded,
        public_key=public_key.encoded,
        key_type="RSA",
        key_size=modulus.bit_length(),
        serial_number=_read_serial_number(serial),
        not_before=not_before,
        not_after=not_after,
        emails=tuple(item.value.decode("ascii") for item in _open_found(found, _ALTERNATIVE_NAME)),
        extended_key_usages=tuple(read_oid(item) for item in _open_found(found, _EXTENDED_KEY_USAGE)) or None,
        key_usages=_read_key_usages(found[_KEY_USAGE]) if _KEY_USAGE in found else None,
        policies=tuple(_read_policy(item) for item in _open_found(found, _POLICIES)),
        is_ca=bool(_open_found(found, _BASIC_CONSTRAINTS)),
        subject=_read_name(subject),
        issuer=_read_name(issuer),
        names=(subject.encoded, issuer.encoded),
        modulus=modulus,
        algorithm=algorithm.value,
        signed=body.encoded,
        signature=read_bits(signature),
    )


def _read_extensions(outer: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for extension in split(take(outer, SEQUENCE, within=_EXTENSIONS_TAG)[0]):
        parts = split(extension)
        if "".join(_draw(part) for part in parts) not in ("0604", "060104"):
            raise ValueError("not an extension as RFC 5280, 4.1 has it")
        oid, value = read_oid(parts[0]), read_whole(parts[-1].value)
        if oid in found or not _is_usual(oid, _draw(value)):
            raise ValueError(f"the extension {oid} is not as usual")
        found[oid] = value
    return found


def _is_usual(oid: str, drawn: str) -> bool:
    if oid == _POLICIES:
        drawn = drawn.replace(_QUALIFIED, "06")
    item = _SEQUENCES.get(oid)
    if item is None:
        return drawn in _FORMS.get(oid, ())
    return drawn[:3] == "30<" and drawn != "30<>" and not drawn[3:-1].replace(item, "")


def _draw(element: Element) -> str:
    """Return the tags of ``element`` and all that is in it, whose contents are checked on the way."""
    if element.tag & 0x20:
        return f"{element.tag:02x}<{''.join(_draw(child) for child in split(element, element.tag))}>"
    value = element.value
    if element.tag == OID:
        read_oid(element)
    elif (element.tag == _BOOLEAN and value != b"\xff") or (element.tag == INTEGER and read_number(element) > 0x7F):
        raise ValueError("a BOOLEAN that is not true, or an INTEGER that is not small")
    elif element.tag in (0x81, 0x86, _IA5_STRING) and not (value and value.isascii()):
        raise ValueError("not an IA5String")
    return f"{element.tag:02x}"


def _read_key_usages(element: Element) -> frozenset[str]:
    # The two bits beyond KEY_USAGES restrict a key agreement; nobody sets them for RSA.
    unused, bits = element.value
    if not 1 <= unused <= 7 or bits & ((1 << unused) - 1) or not bits >> unused & 1:
        raise ValueError("not the key usage of an RSA key")
    return frozenset(name for bit, name in enumerate(KEY_USAGES) if bits & (0x80 >> bit))


def _read_policy(element: Element) -> str:
    oid, *qualifiers = split(element)
    if any(split(item)[0].value != _CPS for outer in qualifiers for item in split(outer)):
        raise ValueError("a policy with an unusual qualifier")
    return read_oid(oid)


def _read_name(element: Element) -> dict[str, str]:
    pairs = [take(take(relative, SEQUENCE, within=_SET)[0], OID, None) for relative in split(element)]
    return names.describe_pairs([(read_oid(oid), _read_text(value)) for oid, value in pairs])


def _read_text(element: Element) -> str:
    value = element.value
    fits = {_UTF8_STRING: True, _PRINTABLE_STRING: not value.translate(None, _PRINTABLE), _IA5_STRING: value.isascii()}
    if not (value and fits.get(element.tag)):
        raise ValueError("not a text as names have it")
    return value.decode("utf-8")


def _read_time(element: Element) -> datetime:
    text = element.value.decode("ascii")
    if element.tag == _UTC_TIME and len(text) == 13:
        text = ("19" if text >= "5" else "20") + text
    elif element.tag != _GENERALIZED_TIME or text < "2050":
        raise ValueError("not a time as RFC 5280, 4.1.2.5 has it")
    if len(text) != 15 or not text[:14].isdigit() or text[14] != "Z":
        raise ValueError("not a time in UTC")
    month, day, hour, minute, second = (int(text[start : start + 2]) for start in range(4, 14, 2))
    return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=timezone.utc)


def _read_serial_number(element: Element) -> int:
    number = read_number(element)
    if not number or len(element.value) > 20:
        raise ValueError("not a serial number as RFC 5280, 4.1.2.2 has it")
    return number


def _open_found(found: dict[str, Element], oid: str) -> list[Element]:
    return split(found[oid]) if oid in found else []
