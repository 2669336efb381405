# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the binary structures that carry certificates (responseType 1, 2 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from test_ca.dialects import Dialect

SEQUENCE, SET, INTEGER, OCTET_STRING, OID, UTF8_STRING = 0x30, 0x31, 0x02, 0x04, 0x06, 0x0C
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

NETSCAPE_CERTIFICATE_SEQUENCE = bytes.fromhex("60 86 48 01 86 F8 42 02 05")  # 2.16.840.1.113730.2.5
PKCS7_DATA = bytes.fromhex("2A 86 48 86 F7 0D 01 07 01")  # 1.2.840.113549.1.7.1
PKCS7_SIGNED_DATA = bytes.fromhex("2A 86 48 86 F7 0D 01 07 02")  # 1.2.840.113549.1.7.2


def tlv(tag: int, *contents: bytes) -> bytes:
    """Wrap contents in a tag and a DER length (X.690, 8.1.3)."""
    value = b"".join(contents)
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def netscape_sequence(certificates: Sequence[bytes]) -> bytes:
    """Write a Netscape Certificate Sequence."""
    return tlv(
        SEQUENCE,
        tlv(OID, NETSCAPE_CERTIFICATE_SEQUENCE),
        tlv(CONTEXT_0, tlv(SEQUENCE, *certificates)),
    )


def pkcs7(certificates: Sequence[bytes]) -> bytes:
    """Write a certs-only SignedData (RFC 2315, 9.1), in the order given: authorities seldom sort the set."""
    signed_data = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\x01"),
        tlv(SET),
        tlv(SEQUENCE, tlv(OID, PKCS7_DATA)),
        tlv(CONTEXT_0, *certificates),
        tlv(SET),
    )
    return tlv(SEQUENCE, tlv(OID, PKCS7_SIGNED_DATA), tlv(CONTEXT_0, signed_data))


def cmmf(end_entity: bytes, authorities: Sequence[bytes], dialect: Dialect) -> bytes:
    """Write a CertRepContent of the CMMF draft with one response, in one of the taggings that are about."""
    response = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\x01"),
        tlv(SEQUENCE, tlv(INTEGER, b"\x00"), cmmf_status_text(dialect)),
        tlv(SEQUENCE, cmmf_certificate(end_entity, dialect)),
        tlv(OCTET_STRING, b"mailops") if dialect.cmmf_trailing else b"",
    )
    return tlv(SEQUENCE, cmmf_authorities(authorities, dialect), tlv(SEQUENCE, response))


def cmmf_status_text(dialect: Dialect) -> bytes:
    """Write the optional statusString."""
    text = tlv(UTF8_STRING, b"granted")
    return {"none": b"", "string": text, "sequence": tlv(SEQUENCE, text)}[dialect.cmmf_status_string]


def cmmf_certificate(certificate: bytes, dialect: Dialect) -> bytes:
    """Write the certificate bare, or under [0]."""
    if dialect.cmmf_certificate == "implicit":
        return bytes([CONTEXT_0]) + certificate[1:]  # the tag replaces that of the SEQUENCE
    return tlv(CONTEXT_0, certificate) if dialect.cmmf_certificate == "explicit" else certificate


def cmmf_authorities(authorities: Sequence[bytes], dialect: Dialect) -> bytes:
    """Write caPubs, with or without an inner SEQUENCE; it is left out when there is nothing to say."""
    if not authorities:
        return b""
    return tlv(CONTEXT_1, tlv(SEQUENCE, *authorities) if dialect.cmmf_ca_pubs == "sequence" else b"".join(authorities))


PEM_LABELS = MappingProxyType({1: "CERTIFICATE", 2: "PKCS7", 4: "CMMF"})
