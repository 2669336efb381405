# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walking through a body line by line, part by part (RFC 2046, 5.1): whatever its size, only a piece of it is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Union

from smime_milter.headers import IDENTITY, Field, Nature, parse_fields, read_nature

# Deeper than any mail that people send; what lies below is left as it is.
DEEPEST = 50
# Lines that are longer come in pieces.
PIECE = 65536
# A signature inside must stay good: nothing in such a part may be touched.
SEALED = ("multipart/signed", "multipart/encrypted")


@dataclass(frozen=True)
class PartStart:
    """A part begins. ``leaf`` if what follows are its contents, rather than parts or a message of its own.

    ``encodable`` if these may be written in another encoding. ``composite`` if the type says that they are parts or a message.
    ``nested`` if the part ends before a boundary.
    """

    fields: tuple[Field, ...]
    nature: Nature
    leaf: bool
    encodable: bool
    composite: bool
    nested: bool


@dataclass(frozen=True)
class ContentLine:
    """A line of the part that began last, without its end, and its end. A piece that has none goes on with the next one."""

    text: bytes
    end: bytes


@dataclass(frozen=True)
class OtherLine:
    """A line that belongs to no part: a boundary, or what stands before the first and behind the last."""

    line: bytes


Event = Union[PartStart, ContentLine, OtherLine]


def read_lines(body: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a body with their ends, very long ones in pieces. No piece parts a carriage return from its line feed."""
    while line := body.readline(PIECE):
        while line.endswith(b"\r") and (more := body.read(1)):
            line += more
        yield line


def walk(fields: tuple[Field, ...], body: Iterable[bytes]) -> Iterator[Event]:
    """Yield what a body consists of, in its order; ``fields`` are the Content- fields that stand above it."""
    walker = _Walker()
    yield walker.start(fields)
    for line in body:
        yield from walker.feed(line)
    yield from walker.finish()


class _Walker:
    """Where the walk has come to. ``_header`` collects a header block while one is read."""

    def __init__(self) -> None:
        self._open: list[Nature] = []
        self._header: list[bytes] | None = None
        self._in_leaf = False
        # Whether the line before was a piece, which this one goes on with.
        self._broken = False

    def start(self, fields: tuple[Field, ...]) -> PartStart:
        """Begin a part whose header is complete."""
        digest = bool(self._open) and self._open[-1].content_type == "multipart/digest"
        nature = read_nature(fields, "message/rfc822" if digest else "text/plain")
        nested = bool(self._open)
        plain = nature.encoding in IDENTITY
        deep = len(self._open) >= DEEPEST
        composite = nature.content_type.startswith(("multipart/", "message/"))
        self._in_leaf = not (plain and not deep and self._descend(nature))
        encodable = self._in_leaf and plain and not composite
        return PartStart(fields, nature, self._in_leaf, encodable, composite, nested)

    def feed(self, line: bytes) -> Iterator[Event]:
        """Take a line."""
        text = line[:-2] if line.endswith(b"\r\n") else line.rstrip(b"\n")
        begins, self._broken = not self._broken, text == line
        if begins and text.startswith(b"--") and self._close_at(text):
            if self._header is not None:
                yield from self._end_header()
            self._in_leaf = False
            self._header = None if self._ended(text) else []
            yield OtherLine(line)
        elif self._header and not begins:
            self._header[-1] += line
        elif self._header is not None and text:
            self._header.append(line)
        elif self._header is not None:
            yield from self._end_header()
        elif self._in_leaf:
            yield ContentLine(text, line[len(text) :])
        else:
            yield OtherLine(line)

    def finish(self) -> Iterator[Event]:
        """Come to the end, which may be in the middle of a header."""
        if self._header is not None:
            yield from self._end_header()

    def _descend(self, nature: Nature) -> bool:
        """Go into a part that consists of parts, or is a message of its own, and tell whether it is one."""
        if nature.content_type == "message/rfc822":
            self._header = []
            return True
        if nature.content_type.startswith("multipart/") and nature.content_type not in SEALED and nature.boundary:
            self._open.append(nature)
            return True
        return False

    def _end_header(self) -> Iterator[Event]:
        fields = parse_fields(self._header or [])
        self._header = None
        yield self.start(fields)

    def _close_at(self, text: bytes) -> bool:
        """Tell whether a line is the boundary of a part that is open, and close those inside of it."""
        for depth in range(len(self._open), 0, -1):
            boundary = self._open[depth - 1].boundary or b""
            if text[2:].startswith(boundary) and text[2 + len(boundary) :].strip() in (b"", b"--"):
                del self._open[depth:]
                return True
        return False

    def _ended(self, text: bytes) -> bool:
        """Tell whether a boundary is the last one of its kind; then it counts no more."""
        if text[2 + len(self._open[-1].boundary or b"") :].strip() != b"--":
            return False
        self._open.pop()
        return True
