# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing DER (X.690), as far as ``cryptography`` 3.4.8 does not: pure functions from values to bytes."""

from __future__ import annotations

INTEGER = 0x02
OID = 0x06
BMP_STRING = 0x1E
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0


def encode(tag: int, *contents: bytes) -> bytes:
    """Return one element: identifier octet, length and contents."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def encode_integer(number: int) -> bytes:
    """Return an INTEGER of 0 or more."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encode_oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER. Raises ValueError if ``dotted`` is none."""
    arcs = [int(arc) for arc in dotted.split(".") if arc.isascii() and arc.isdigit()]
    if len(arcs) != dotted.count(".") + 1 or len(arcs) < 2 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"{dotted!r} is not an object identifier")
    return encode(OID, *(_encode_arc(arc) for arc in (40 * arcs[0] + arcs[1], *arcs[2:])))


def encode_bmp_string(text: str) -> bytes:
    """Return a BMPString. Raises ValueError if ``text`` has characters beyond the Basic Multilingual Plane."""
    if any(ord(character) > 0xFFFF for character in text):
        raise ValueError(f"{text!r} has characters beyond the Basic Multilingual Plane")
    return encode(BMP_STRING, text.encode("utf-16-be"))


def _encode_arc(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc > 0x7F:
        arc >>= 7
        octets.append(0x80 | (arc & 0x7F))
    return bytes(reversed(octets))
