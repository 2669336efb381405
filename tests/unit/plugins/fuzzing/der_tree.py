# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage that leaves every length right, so that it gets further in than damaged octets do: DER as a tree, altered and written anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode
from hypothesis import strategies as st

_BIT_STRING, _OCTET_STRING = 0x03, 0x04
TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31, 0x80, 0x81, 0x82,
        0x86, 0xA0, 0xA1, 0xA3)  # fmt: skip
# What certificates hold elsewhere, and what they may not hold: numbers, bits, times, texts, object identifiers.
# What certificates hold elsewhere, and what they may not hold, each a tag and a content.
_SHARDS = {
    0x01: ("", "00", "01", "ff"),
    0x02: ("", "00", "ff", "0001", "01", "7f", "01" + "00" * 16, "00ff" + "00" * 19, "7f" + "00" * 19, "7f" + "00" * 20),
    0x03: ("00", "0780", "070080", "0640", "0001", "0106", "0780ff"),
    0x04: ("", "3000"),
    0x05: ("", "00"),
    0x06: ("", "550403", "550406", "55048303", "805504", "78", "2b" + "ff" * 8 + "7f", "2b" + "ff" * 18 + "7f", "88b7ffff7f"),
    0x0C: ("", "00", "c3a4", "ff", "6140622e63"),
    0x13: ("", "00", "40", "4445"),
    0x14: ("e4",),
    0x16: ("", "6b", "ff"),
    0x17: tuple(
        time.encode().hex()
        for time in ("260101000000Z", "2601010000Z", "261301000000Z", "260101000060Z", "260101000000+0100", "490101000000Z",
                     "500101000000Z", "991231235959Z")
    ),
    0x18: tuple(
        time.encode().hex()
        for time in ("20260101000000Z", "20500101000000Z", "99991231235959Z", "20500130000000.0Z", "20500230000000Z",
                     "00000101000000Z", "20500101000060Z")
    ),
    0x1E: ("00410042", "ff"),
    0x30: ("", "06092a864886f70d01010b0500", "06092a864886f70d0101050500", "06092a864886f70d01010b", "0101ff020100", "010100"),
    0x31: ("",),
    0x81: ("", "61", "ff", "6140622e63", "0a"),
    0x82: ("61",),
    0x86: ("", "61", "e4"),
    0x87: ("7f000001",),
    0xA0: ("", "810161", "0603550403"),
}  # fmt: skip
SHARDS = tuple((tag, bytes.fromhex(content)) for tag, contents in _SHARDS.items() for content in contents)


@dataclass
class Node:
    """An element: its octets, or what stands inside behind ``before``."""

    tag: int
    content: bytes = b""
    children: list[Node] = field(default_factory=list)
    before: bytes = b""

    @property
    def inside(self) -> bytes:
        return b"".join((self.before, *(child.write() for child in self.children), self.content))

    def write(self) -> bytes:
        return encode(self.tag, self.inside)


def read(data: bytes) -> Node:
    return _read(der.read_whole(data))


def _read(element: der.Element) -> Node:
    value = element.value
    if element.tag & 0x20:
        return Node(element.tag, children=[_read(child) for child in element.children()])
    skipped = 1 if element.tag == _BIT_STRING else 0
    if element.tag in (_BIT_STRING, _OCTET_STRING) and len(value) > skipped:
        try:
            return Node(element.tag, children=[_read(der.read_whole(value[skipped:]))], before=value[:skipped])
        except DerError:
            # No element is wrapped in this one.
            return Node(element.tag, value)
    return Node(element.tag, value)


def _places(node: Node) -> Iterator[tuple[Node, int]]:
    for number, child in enumerate(node.children):
        yield node, number
        yield from _places(child)


@st.composite
def altered(draw: Any, good: st.SearchStrategy[bytes], least: int = 1) -> bytes:
    """Return DER of which a few elements were dropped, doubled, moved, tagged otherwise, or replaced."""
    whole = read(draw(good))
    for _accident in range(draw(st.integers(least, 2))):
        places = list(_places(whole))
        if not places:
            break
        parent, number = draw(st.sampled_from(places))
        _alter(draw, parent, number, [node.children[index] for node, index in places])
    return whole.write()


def _alter(draw: Any, parent: Node, number: int, others: list[Node]) -> None:
    node = parent.children[number]
    kind = draw(st.sampled_from(["drop", "double", "swap", "tag", "octet", "octet", "shard", "shard", "graft", "wrap"]))
    if kind == "drop":
        del parent.children[number]
    elif kind == "double":
        parent.children.insert(number, Node(node.tag, node.inside))
    elif kind == "swap":
        parent.children.reverse()
    elif kind == "tag":
        parent.children[number] = Node(draw(st.sampled_from(TAGS)), node.content, node.children, node.before)
    elif kind == "octet":
        parent.children[number] = Node(node.tag, draw(_octets(node.content)), node.children, node.before)
    elif kind == "wrap":
        parent.children[number] = Node(draw(st.sampled_from(TAGS)), children=[node])
    else:
        own = [(other.tag, other.inside) for other in others]
        parent.children[number] = Node(*draw(st.sampled_from(SHARDS if kind == "shard" else own)))


@st.composite
def _octets(draw: Any, content: bytes) -> bytes:
    place: int = draw(st.integers(0, len(content)))
    new: bytes = draw(st.sampled_from([b"", b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"a", b"0", b"Z"]))
    skipped: int = draw(st.integers(0, 1))
    return content[:place] + new + content[place + skipped :]
