# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DER (X.690): walking it, with definite lengths only, and writing it, as far as no library on a target host does so safely."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OID = 0x06
BMP_STRING = 0x1E
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0

MAX_ELEMENTS = 1000


def context(number: int) -> int:
    """Return the identifier octet of the constructed, context-specific tag [``number``]."""
    return 0xA0 | number


class Element:
    """One element: identifier octet, and where it begins, its content begins and both end in ``data``."""

    __slots__ = ("content", "data", "end", "start", "tag")

    def __init__(self, data: bytes, tag: int, start: int, content: int, end: int) -> None:
        self.data = data
        self.tag = tag
        self.start = start
        self.content = content
        self.end = end

    @property
    def encoded(self) -> bytes:
        """Return the whole element with its header."""
        return self.data[self.start : self.end]

    @property
    def value(self) -> bytes:
        """Return the content octets."""
        return self.data[self.content : self.end]

    def children(self) -> list[Element]:
        """Return the elements inside this one. Raises DerError if they do not fill it exactly."""
        return read_all(self.data, self.content, self.end)


def read_element(data: bytes, start: int = 0, end: int | None = None) -> Element:
    """Return the element that begins at ``start`` and ends before ``end``. Raises DerError if there is none."""
    limit = len(data) if end is None else end
    if limit - start < 2:
        raise DerError("the DER ends too early")
    tag, first = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("the DER has a tag that none of the forms uses")
    content = start + 2
    length = first
    if first & 0x80:
        octets = first & 0x7F
        # 0 octets is BER's indefinite length; a reply is 1 MiB at most, so that 4 octets are more than enough.
        if not 1 <= octets <= 4 or limit - content < octets:
            raise DerError("the DER has a length that cannot be")
        length = int.from_bytes(data[content : content + octets], "big")
        content += octets
    if length > limit - content:
        raise DerError("the DER ends too early")
    return Element(data, tag, start, content, content + length)


def read_all(data: bytes, start: int = 0, end: int | None = None) -> list[Element]:
    """Return the elements that stand one after the other. Raises DerError if anything is left over or they are too many."""
    limit = len(data) if end is None else end
    elements: list[Element] = []
    while start < limit:
        if len(elements) == MAX_ELEMENTS:
            raise DerError("the DER has more elements than any chain of certificates")
        element = read_element(data, start, limit)
        elements.append(element)
        start = element.end
    return elements


def read_whole(data: bytes) -> Element:
    """Return the one element that ``data`` consists of. Raises DerError if it is not exactly one."""
    element = read_element(data)
    if element.end != len(data):
        raise DerError("the DER is followed by something else")
    return element


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
