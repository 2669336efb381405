# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a region of a mail anew, so that it is 7-bit with short lines (RFC 8551, 3.1.3). Each takes a body, its start and its end."""

from __future__ import annotations

import base64
import binascii
import mmap
import re
from collections.abc import Iterator
from typing import Callable, Union

from smime_milter.fields import LONGEST

Buffer = Union[bytes, mmap.mmap]
Rewrite = Callable[[Buffer, int, int], Iterator[bytes]]

_CHUNK = 1 << 20
# Lines that are longer are written in pieces.
_PIECE = 1 << 16
_WIDTH = 76
# What makes 76 characters of base64, and a line break that is none in what is decoded.
_STEP = 57
_SOFT = b"=\r\n"
_FROM = re.compile(rb"^From ", re.MULTILINE)
_UNSAFE = re.compile(rb"[^\t\n\r -~]")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def _lines(body: Buffer, start: int, end: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of a region without their ends, very long ones in pieces, and whether the line ends there."""
    while start < end:
        stop = body.find(b"\r\n", start, min(start + _PIECE, end))
        if stop >= 0:
            yield body[start:stop], True
            start = stop + 2
        else:
            stop = min(start + _PIECE, end)
            stop -= stop < end and body[stop - 1 : stop] == b"\r"
            yield body[start:stop], False
            start = stop


def quote(body: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield a region in quoted-printable (RFC 2045, 6.7)."""
    broken = False
    for text, ends in _lines(body, start, end):
        quoted = binascii.b2a_qp(text).replace(b"\n", b"\r\n")
        yield (_SOFT if broken else b"") + _hide_from(quoted) + (b"\r\n" if ends else b"")
        broken = not ends


def _hide_from(quoted: bytes) -> bytes:
    """Write what mbox files would change in another way."""
    return _FROM.sub(b"=46" + _SOFT + b"rom ", quoted)


def encode(body: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield a region in base64, without a last line break."""
    for at in range(start, end, _STEP * 1024):
        data = body[at : min(at + _STEP * 1024, end)]
        lines = [base64.b64encode(data[place : place + _STEP]) for place in range(0, len(data), _STEP)]
        yield (b"\r\n" if at > start else b"") + b"\r\n".join(lines)


def wrap_quoted(body: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield a region that is quoted-printable already, in 7-bit and in short lines."""
    rest = b""
    for text, ends in _lines(body, start, end):
        data = rest + re.sub(rb"[^\t -~]", lambda found: b"=%02X" % found[0][0], text)
        at = 0
        while len(data) - at > _WIDTH:
            stop = at + _WIDTH - 1
            sign = data.rfind(b"=", stop - 2, stop)
            stop = stop if sign < 0 else sign
            yield _hide_from(data[at:stop]) + _SOFT
            at = stop
        rest = data[at:]
        if ends:
            yield _hide_from(rest) + b"\r\n"
            rest = b""
    yield _hide_from(rest)


def wrap_base64(body: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield a region that is base64 already, in lines of 76; what is not base64 in it means nothing (RFC 2045, 6.8)."""
    rest, separator = b"", b""
    for at in range(start, end, _CHUNK):
        data = rest + _NOT_BASE64.sub(b"", body[at : min(at + _CHUNK, end)])
        whole = len(data) - len(data) % _WIDTH
        for place in range(0, whole, _WIDTH):
            yield separator + data[place : place + _WIDTH]
            separator = b"\r\n"
        rest = data[whole:]
    yield separator + rest if rest else b""
    yield b"\r\n" if body[end - 2 : end] == b"\r\n" else b""


def tidy(body: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield filler in 7-bit and in short lines. What is cut goes on behind a space, so that it becomes no boundary."""
    broken = False
    for text, ends in _lines(body, start, end):
        clean = _UNSAFE.sub(b"?", text).replace(b"\r", b"?").replace(b"\n", b"?")
        pieces = (
            [clean[at : at + _WIDTH] for at in range(0, len(clean), _WIDTH)] if len(clean) > LONGEST // 2 else [clean]
        )
        line = b"\r\n ".join(pieces)
        yield (b"\r\n " if broken else b" " if line.startswith(b"From ") else b"") + line + (b"\r\n" if ends else b"")
        broken = not ends
