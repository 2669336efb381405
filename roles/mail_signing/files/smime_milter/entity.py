# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a body so that every mail server on the way passes it on unchanged (RFC 8551, 3.1.2 and 3.1.3; RFC 1847, 2.1).

What is signed is 7-bit, in lines of at most 998 characters, whatever labels say. What is not so is encoded; what came encoded is
wrapped anew; all else stays as it is. Parts are found in one pass (RFC 2046, 5.1), by their boundaries, without regard to size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from smime_milter.fields import (
    ENCODED,
    FIELD,
    LONGEST,
    Field,
    Nature,
    UnfitError,
    find,
    read_nature,
    replace,
    write_boundary,
)
from smime_milter.rewriting import Buffer, Rewrite, encode, quote, tidy, wrap_base64, wrap_quoted

Write = Callable[[bytes], object]

# Deeper than any mail that people send; and so much of a part's header as no mail program writes.
_DEEPEST = 50
_HEADER = 1 << 20
_CHUNK = 1 << 20
# Lines that are longer are written in pieces.
_PIECE = 1 << 16
# A signature inside must stay good: nothing in such a part may be touched.
_SEALED = ("multipart/signed", "multipart/encrypted")
_ENCODING = "Content-Transfer-Encoding"
# What says that a part is not 7-bit would have it encoded on the way, though it is.
_RELABEL = {"8bit": "7bit", "binary": "7bit"}
_RELABELLED = re.compile(rb"(?im)^content-transfer-encoding:\s*(8bit|binary)")


def write_entity(fields: Iterable[Field], body: Buffer, write: Write) -> None:
    """Write what is signed: the Content- fields of a mail, and its body, fit to be passed on. Raises UnfitError."""
    _Writer(body, write).write([field for field in fields if moves_inside(field)])


def _keep_one_encoding(fields: list[Field]) -> list[Field]:
    """Return the fields of a part with the first label of its encoding alone: Postfix would go by the last one."""
    first = find(fields, _ENCODING)
    return [field for field in fields if field is first or field.key != _ENCODING.lower()]


def moves_inside(field: Field) -> bool:
    """Tell whether a field describes the body, and so belongs to what is signed."""
    return field.key.startswith("content-")


@dataclass
class Finding:
    """What does not survive every way: 8-bit characters, long lines, line breaks that are none, lines that mbox files change."""

    eight_bit: bool = False
    long: bool = False
    binary: bool = False
    mbox: bool = False

    @property
    def any(self) -> bool:
        """Tell whether there is anything."""
        return self.eight_bit or self.long or self.binary or self.mbox


def inspect(body: Buffer, start: int, end: int) -> Finding:
    """Look through a region, a chunk of whole lines at a time."""
    found = Finding()
    while start < end:
        stop = min(start + _CHUNK, end)
        if stop < end:
            cut = body.rfind(b"\n", start, stop)
            stop = cut + 1 if cut >= 0 else stop - (body[stop - 1 : stop] == b"\r")
        chunk = body[start:stop]
        breaks = chunk.count(b"\r\n")
        found.eight_bit = found.eight_bit or not chunk.isascii()
        found.long = found.long or max(map(len, chunk.split(b"\r\n"))) > LONGEST
        found.binary = found.binary or b"\0" in chunk or chunk.count(b"\r") != breaks or chunk.count(b"\n") != breaks
        found.mbox = found.mbox or chunk.startswith(b"From ") or b"\nFrom " in chunk
        start = stop
    return found


@dataclass(frozen=True)
class _Open:
    """A multipart whose end has not come: its boundary, how it is written, and whether its parts are messages unless they say otherwise."""

    boundary: bytes
    written: bytes
    digest: bool


@dataclass(frozen=True)
class _Boundary:
    """A boundary line: where it starts and ends, whose it is (an index), and whether it is the last of its kind."""

    start: int
    end: int
    depth: int
    last: bool


@dataclass(frozen=True)
class _Leaf:
    """A part with contents of its own, whose header is not written yet."""

    fields: list[Field]
    nature: Nature
    deep: bool


class _Writer:
    """Goes through a body and writes it. ``_at`` is how far it has come, ``_open`` the multiparts around that place."""

    def __init__(self, body: Buffer, write: Write) -> None:
        self._body = body
        self._size = len(body)
        self._write = write
        self._open: list[_Open] = []
        self._at = 0

    def write(self, fields: list[Field]) -> None:
        leaf = self._begin(fields)
        while True:
            found = self._find_boundary()
            stop = self._size if found is None else found.start
            if found is not None and stop > self._at:
                # The line break before a boundary belongs to the boundary.
                stop -= 2 if self._body[stop - 2 : stop] == b"\r\n" and stop - 2 >= self._at else 1
            self._write_region(leaf, self._at, stop)
            if found is None:
                return
            self._write(b"\r\n" if found.start > self._at else b"")
            self._at = found.end
            del self._open[found.depth + 1 :]
            ended = self._body[found.end - 1 : found.end] == b"\n"
            line = b"--" + self._open[-1].written + (b"--" if found.last else b"")
            self._write(line + (b"\r\n" if ended else b""))
            leaf = None
            if found.last:
                self._open.pop()
            else:
                leaf = self._begin(self._read_header(), digest=self._open[-1].digest)

    def _begin(self, fields: list[Field], *, digest: bool = False) -> _Leaf | None:
        """Begin a part: return a leaf, or write the header of what holds other parts and return None."""
        while True:
            fields = _keep_one_encoding(fields)
            nature = read_nature(fields, "message/rfc822" if digest else "text/plain")
            deep = len(self._open) >= _DEEPEST
            if nature.content_type.startswith("multipart/") and self._enter(fields, nature, deep=deep):
                return None
            if nature.content_type != "message/rfc822" or nature.encoding in ENCODED or deep:
                return _Leaf(fields, nature, deep)
            self._write_header(fields, "7bit" if nature.encoding not in ("", "7bit") else None)
            fields, digest = self._read_header(), False

    def _enter(self, fields: list[Field], nature: Nature, *, deep: bool) -> bool:
        """Go into a multipart, and tell whether it is one that can be gone into. Its label may say anything."""
        boundary = (nature.boundary or b"").rstrip()
        if not boundary or deep or nature.content_type in _SEALED:
            return False
        plain = boundary.isascii() and len(boundary) <= 200 and b"\0" not in boundary
        written = boundary if plain else b"part-" + hashlib.sha256(boundary).hexdigest()[:40].encode()
        self._open.append(_Open(boundary, written, nature.content_type == "multipart/digest"))
        if nature.encoding in ENCODED:
            # One that is encoded as a whole, which no standard allows, has no boundary in sight.
            found = self._find_boundary()
            if found is None or found.depth != len(self._open) - 1:
                self._open.pop()
                return False
        if written != boundary:
            field = find(fields, "Content-Type")
            fields = [write_boundary(one, written) if one is field else one for one in fields]
        self._write_header(fields, "7bit" if nature.encoding not in ("", "7bit") else None)
        return True

    def _write_header(self, fields: Iterable[Field], encoding: str | None) -> None:
        if encoding is not None:
            fields = replace(fields, _ENCODING, encoding)
        for field in fields:
            self._write(field.lines())
        self._write(b"\r\n")

    def _read_header(self) -> list[Field]:
        """Read a part's header. A line that is no field ends it, as a boundary does. Raises UnfitError."""
        start = self._at
        found: list[list[bytes]] = []
        while self._at < self._size:
            end = self._body.find(b"\n", self._at) + 1 or self._size
            if end - start > _HEADER:
                raise UnfitError("the header of a part is too large")
            text = self._body[self._at : end].rstrip(b"\r\n")
            if text.startswith(b"--") and self._match(text[2:]) is not None:
                break
            if text[:1] in (b" ", b"\t") and found:
                found[-1].append(text)
            elif FIELD.match(text):
                found.append([text])
            else:
                self._at = end if not text else self._at
                break
            self._at = end
        return [Field(b"\n".join(lines)) for lines in found]

    def _find_boundary(self) -> _Boundary | None:
        """Return the next boundary of a multipart that is open."""
        place = self._at if self._body[self._at : self._at + 2] == b"--" else self._find_hyphens(self._at)
        while self._open and place >= 0:
            end = self._body.find(b"\n", place) + 1 or self._size
            matched = self._match(self._body[place + 2 : min(end, place + _PIECE)].rstrip())
            if matched is not None:
                return _Boundary(place, end, *matched)
            place = self._find_hyphens(end - 1)
        return None

    def _find_hyphens(self, start: int) -> int:
        found = self._body.find(b"\n--", start)
        return found if found < 0 else found + 1

    def _match(self, text: bytes) -> tuple[int, bool] | None:
        """Return which boundary a line is that began with two hyphens, and whether it is the last of its kind."""
        for depth in range(len(self._open) - 1, -1, -1):
            boundary = self._open[depth].boundary
            if text.startswith(boundary) and text[len(boundary) :].rstrip() in (b"", b"--"):
                return depth, text.rstrip() != boundary
        return None

    def _write_region(self, leaf: _Leaf | None, start: int, end: int) -> None:
        found = inspect(self._body, start, end)
        if leaf is None:
            self._write_filler(start, end, found)
        elif leaf.nature.content_type in _SEALED or (
            leaf.deep and leaf.nature.content_type.startswith(("multipart/", "message/"))
        ):
            self._write_sealed(leaf, start, end, found)
        elif leaf.nature.encoding in ENCODED:
            self._write_header(leaf.fields, None)
            writer = wrap_quoted if leaf.nature.encoding == "quoted-printable" else wrap_base64
            self._write_with(writer if found.any else None, start, end)
        else:
            text = leaf.nature.content_type.startswith(("text/", "message/", "multipart/")) and not found.binary
            encoding = ("quoted-printable" if text else "base64") if found.any else None
            self._write_header(leaf.fields, encoding or _RELABEL.get(leaf.nature.encoding))
            self._write_with(None if encoding is None else quote if text else encode, start, end)

    def _write_with(self, writer: Rewrite | None, start: int, end: int) -> None:
        if writer is not None:
            for piece in writer(self._body, start, end):
                self._write(piece)
            return
        for place in range(start, end, _CHUNK):
            self._write(self._body[place : min(place + _CHUNK, end)])

    def _write_filler(self, start: int, end: int, found: Finding) -> None:
        """Write what stands before the first part or behind the last one, which no mail program shows."""
        self._write_with(tidy if found.any else None, start, end)

    def _write_sealed(self, leaf: _Leaf, start: int, end: int, found: Finding) -> None:
        """Write what must not be touched. Raises UnfitError if a mail server would touch it."""
        changed = any(_RELABELLED.search(self._body[at : at + _CHUNK + 99]) for at in range(start, end, _CHUNK))
        if found.eight_bit or found.long or found.binary or changed:
            raise UnfitError(
                "it holds a signed or encrypted part, or parts too deep, that are not 7-bit or have lines too long"
            )
        self._write_header(leaf.fields, _RELABEL.get(leaf.nature.encoding))
        self._write_with(None, start, end)
