# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a body so that every mail server on the way passes it on unchanged (RFC 8551, 3.1.2 and 3.1.3; RFC 1847, 2.1).

What has 8-bit characters, lines that are too long, or lines that mbox files would change is encoded. What is encoded already and
has such lines is wrapped anew. All else stays as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Union

from smime_milter.headers import Field
from smime_milter.structure import ContentLine, OtherLine, PartStart, walk

# RFC 5322, 2.1.1, in bytes and without the line break.
LONGEST = 998
_ENCODING = "Content-Transfer-Encoding"
# The longest line of base64 and of quoted-printable, which 57 bytes make in base64.
_WIDTH = 76
_STEP = 57
# A line break that is none in what is decoded.
_SOFT = b"=\r\n"
_FROM = re.compile(rb"^From ", re.MULTILINE)


@dataclass
class Finding:
    """What a part holds that does not survive every way."""

    encodable: bool = False
    text: bool = False
    encoded: bool = False
    eight_bit: bool = False
    fragile: bool = False
    binary: bool = False

    @property
    def encoding(self) -> str | None:
        """Return the encoding that the part needs, or None."""
        if not self.encodable or not (self.eight_bit or self.fragile or self.binary):
            return None
        return "quoted-printable" if self.text and not self.binary else "base64"

    @property
    def wrapped(self) -> bool:
        """Tell whether the part, which came encoded, needs other lines."""
        return self.encoded and self.fragile


@dataclass(frozen=True)
class Survey:
    """The findings, part by part, and whether all will be 7-bit once it is encoded."""

    findings: tuple[Finding, ...]
    clean: bool


def survey(fields: tuple[Field, ...], body: Iterable[bytes]) -> Survey:
    """Look through a body for what has to be encoded."""
    findings: list[Finding] = []
    clean = True
    for event in walk(fields, body):
        if isinstance(event, PartStart):
            text = event.leaf and event.nature.content_type.startswith("text/")
            encoded = event.leaf and not event.composite and event.nature.encoding in ("base64", "quoted-printable")
            findings.append(Finding(event.encodable, text, encoded))
            clean = clean and not any(_has_eight_bit(field.raw) for field in event.fields)
        elif isinstance(event, ContentLine):
            _note(findings[-1], event)
        else:
            clean = clean and not _has_eight_bit(event.line)
    clean = clean and not any(finding.eight_bit and not finding.encodable for finding in findings)
    return Survey(tuple(findings), clean)


def write(fields: tuple[Field, ...], body: Iterable[bytes], found: Survey, output: BinaryIO) -> None:
    """Write header and body of a part, as ``found`` says that it has to be."""
    writer: _Writer | None = None
    findings = iter(found.findings)
    for event in walk(fields, body):
        if isinstance(event, PartStart):
            _finish(writer, output)
            finding = next(findings)
            writer = _choose_writer(event, finding)
            for field in _label(event, finding, found.clean):
                output.write(field.lines())
            output.write(b"\r\n")
        elif isinstance(event, OtherLine):
            _finish(writer, output)
            writer = None
            output.write(event.line)
        elif writer is not None:
            writer.feed(event, output)
        else:
            output.write(event.text + event.end)
    _finish(writer, output)


def _note(finding: Finding, line: ContentLine) -> None:
    text = line.text
    finding.eight_bit = finding.eight_bit or _has_eight_bit(text)
    finding.fragile = finding.fragile or len(text) > LONGEST or text.startswith(b"From ")
    finding.binary = finding.binary or b"\0" in text or b"\r" in text or line.end == b"\n"


def _has_eight_bit(data: bytes) -> bool:
    return not data.isascii()


def _label(part: PartStart, finding: Finding, clean: bool) -> list[Field]:
    """Return the fields of a part with the encoding that it gets."""
    encoding = finding.encoding
    if (
        encoding is None
        and part.nature.encoding in ("8bit", "binary")
        and (clean if not part.leaf else not finding.eight_bit)
    ):
        encoding = "7bit"
    if encoding is None:
        return list(part.fields)
    kept = [field for field in part.fields if field.key != _ENCODING.lower()]
    return [*kept, Field.make(_ENCODING, encoding)]


class _Encoder:
    """Writes the lines of one part in base64. The line break before a boundary belongs to the boundary."""

    def __init__(self, *, nested: bool) -> None:
        self._nested = nested
        self._rest = b""
        self._end = b""

    def feed(self, line: ContentLine, output: BinaryIO) -> None:
        """Write a line."""
        self._rest += self._end + line.text
        self._end = line.end
        whole = len(self._rest) - len(self._rest) % _STEP
        self._write(self._rest[:whole], output)
        self._rest = self._rest[whole:]

    def finish(self, output: BinaryIO) -> None:
        """Write what is left."""
        self._write(self._rest + (b"" if self._nested else self._end), output)

    @staticmethod
    def _write(data: bytes, output: BinaryIO) -> None:
        for start in range(0, len(data), _STEP):
            output.write(base64.b64encode(data[start : start + _STEP]) + b"\r\n")


class _Quoter:
    """Writes the lines of one part in quoted-printable."""

    def __init__(self) -> None:
        self._broken = False

    def feed(self, line: ContentLine, output: BinaryIO) -> None:
        """Write a line, or a piece of one."""
        output.write((_SOFT if self._broken else b"") + quote(line.text) + line.end)
        self._broken = not line.end

    def finish(self, output: BinaryIO) -> None:
        """Write what is left, which is nothing."""


class _Wrapper:
    """Writes the lines of one part that is encoded already, short."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._rest = b""

    def feed(self, line: ContentLine, output: BinaryIO) -> None:
        """Write a line, or a piece of one."""
        data, start = self._rest + line.text, 0
        while len(data) - start > _WIDTH:
            end = self._find_cut(data, start)
            self._write(data[start:end] + (_SOFT if self._quoted else b"\r\n"), output)
            start = end
        self._rest = data[start:]
        if line.end:
            self._write(self._rest + line.end, output)
            self._rest = b""

    def finish(self, output: BinaryIO) -> None:
        """Write what is left."""
        self._write(self._rest, output)

    def _find_cut(self, data: bytes, start: int) -> int:
        """Return where a line ends at the latest. A character such as =20 stays in one line."""
        if not self._quoted:
            return start + _WIDTH
        end = start + _WIDTH - len(b"=")
        sign = data.rfind(b"=", end - 2, end)
        return end if sign < 0 else sign

    def _write(self, data: bytes, output: BinaryIO) -> None:
        output.write(_hide_from(data) if self._quoted else data)


def quote(text: bytes) -> bytes:
    """Return a line as quoted-printable (RFC 2045, 6.7), without its end."""
    return _hide_from(binascii.b2a_qp(text).replace(b"\n", b"\r\n"))


def _hide_from(quoted: bytes) -> bytes:
    """Write what mbox files would change in another way."""
    return _FROM.sub(b"=46" + _SOFT + b"rom ", quoted)


_Writer = Union[_Encoder, _Quoter, _Wrapper]


def _choose_writer(part: PartStart, finding: Finding) -> _Writer | None:
    """Return what writes the lines of a part, or None if they stay as they are."""
    if finding.encoding is not None:
        return _Quoter() if finding.encoding == "quoted-printable" else _Encoder(nested=part.nested)
    return _Wrapper(quoted=part.nature.encoding == "quoted-printable") if finding.wrapped else None


def _finish(writer: _Writer | None, output: BinaryIO) -> None:
    if writer is not None:
        writer.finish(output)
