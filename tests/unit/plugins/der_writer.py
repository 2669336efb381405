# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few lines that write DER, for data that no tool writes. They share nothing with the reader under test."""

from __future__ import annotations

SEQUENCE = 0x30
UTF8_STRING = 0x0C
NETSCAPE_OID = bytes.fromhex("06096086480186f8420205")
SIGNED_DATA_OID = bytes.fromhex("06092a864886f70d010702")


def encode(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*contents: bytes) -> bytes:
    return encode(SEQUENCE, *contents)


def integer(value: int) -> bytes:
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def nest(size: int, tag: int = SEQUENCE) -> bytes:
    """Return elements one inside the other, of ``size`` octets or a few more: written from the inside out without copying."""
    headers: list[bytes] = []
    length = 0
    while length < size:
        octets = b"" if length < 0x80 else length.to_bytes((length.bit_length() + 7) // 8, "big")
        headers.append(bytes([tag, 0x80 | len(octets)]) + octets if octets else bytes([tag, length]))
        length += len(headers[-1])
    return b"".join(reversed(headers))
