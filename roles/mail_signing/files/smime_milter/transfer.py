# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a body so that every mail server on the way passes it on unchanged (RFC 8551, 3.1.2 and 3.1.3; RFC 1847, 2.1).

What has 8-bit characters, lines that are too long, or lines that mbox files would change is encoded. All else stays as it is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from smime_milter.headers import Field
from smime_milter.structure import ContentLine, OtherLine, PartStart, walk

# RFC 5322, 2.1.1, in bytes and without the line break.
LONGEST = 998
_ENCODING = "Content-Transfer-Encoding"
# 57 bytes make a line of 76 characters.
_STEP = 57


@dataclass
class Finding:
    """What a part holds that does not survive every way."""

    encodable: bool = False
    text: bool = False
    eight_bit: bool = False
    fragile: bool = False
    binary: bool = False

    @property
    def encoding(self) -> str | None:
        """Return the encoding that the part needs, or None."""
        if not self.encodable or not (self.eight_bit or self.fragile or self.binary):
            return None
        return "quoted-printable" if self.text and not self.binary else "base64"


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
            findings.append(Finding(event.encodable, text))
            clean = clean and not any(_has_eight_bit(field.raw) for field in event.fields)
        elif isinstance(event, ContentLine):
            _note(findings[-1], event)
        else:
            clean = clean and not _has_eight_bit(event.line)
    clean = clean and not any(finding.eight_bit and not finding.encodable for finding in findings)
    return Survey(tuple(findings), clean)


def write(fields: tuple[Field, ...], body: Iterable[bytes], found: Survey, output: BinaryIO) -> None:
    """Write header and body of a part, as ``found`` says that it has to be."""
    encoder: _Encoder | None = None
    findings = iter(found.findings)
    for event in walk(fields, body):
        if isinstance(event, PartStart):
            _finish(encoder, output)
            finding = next(findings)
            encoder = _Encoder(finding.encoding, event.nested) if finding.encoding else None
            for field in _label(event, finding, found.clean):
                output.write(field.lines())
            output.write(b"\r\n")
        elif isinstance(event, OtherLine):
            _finish(encoder, output)
            encoder = None
            output.write(event.line)
        elif encoder is not None:
            encoder.feed(event, output)
        else:
            output.write(event.text + event.end)
    _finish(encoder, output)


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
    """Encodes the lines of one part. The line break before a boundary belongs to the boundary."""

    def __init__(self, encoding: str, nested: bool) -> None:
        self._quoted = encoding == "quoted-printable"
        self._nested = nested
        self._rest = b""
        self._end = b""

    def feed(self, line: ContentLine, output: BinaryIO) -> None:
        """Write a line."""
        if self._quoted:
            output.write(quote(line.text) + (line.end or b"\r\n"))
            return
        self._rest += self._end + line.text
        self._end = line.end
        whole = len(self._rest) - len(self._rest) % _STEP
        self._write(self._rest[:whole], output)
        self._rest = self._rest[whole:]

    def finish(self, output: BinaryIO) -> None:
        """Write what is left."""
        if not self._quoted:
            self._write(self._rest + (b"" if self._nested else self._end), output)

    @staticmethod
    def _write(data: bytes, output: BinaryIO) -> None:
        for start in range(0, len(data), _STEP):
            output.write(base64.b64encode(data[start : start + _STEP]) + b"\r\n")


def quote(text: bytes) -> bytes:
    """Return a line as quoted-printable (RFC 2045, 6.7), without its end."""
    if text.startswith(b"From "):
        return b"=46=\r\n" + quote(text[1:])
    return binascii.b2a_qp(text).replace(b"\n", b"\r\n")


def _finish(encoder: _Encoder | None, output: BinaryIO) -> None:
    if encoder is not None:
        encoder.finish(output)
