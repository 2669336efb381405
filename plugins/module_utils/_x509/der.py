# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walking DER (X.690, definite lengths only), as far as formats need it that no library on a target host reads safely."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError

INTEGER = 0x02
BIT_STRING = 0x03
OID = 0x06
SEQUENCE = 0x30

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

    @property
    def is_minimal(self) -> bool:
        """Tell whether the length takes no more octets than it must, which is what makes BER DER (X.690, 10.1)."""
        length = self.end - self.content
        octets = (length.bit_length() + 7) // 8 if length & ~0x7F else 0
        return self.content - self.start == 2 + octets

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
