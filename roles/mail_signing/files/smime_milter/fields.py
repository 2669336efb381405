# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Header fields as they stand on the wire (RFC 5322, 2.2; RFC 2045), and in the form in which every mail server passes them on."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

# RFC 5322, 2.1.1, in bytes and without the line break; and how long a line becomes that has to be written anew.
LONGEST = 998
_WIDTH = 76
# Postfix cuts a field off that is larger than its header_size_limit, 102400 unless told otherwise.
_LARGEST = 65536
# So much of a parameter or of an encoded word in one piece.
_PIECE = 54
# Encodings in which a body is something else than what it looks like (RFC 2045, 6.7 and 6.8).
ENCODED = ("quoted-printable", "base64")
# Signed or encrypted already, and not to be touched (RFC 8551, 3.2 and 3.9; RFC 3156).
_PROTECTED = (
    "multipart/signed",
    "multipart/encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_PROTECTED_NAMES = (".p7m", ".p7s", ".p7c", ".p7z")
FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(rb'[ \t]+|[^ \t"<>(),;:]+|.', re.DOTALL)


class UnfitError(Exception):
    """What cannot be written so that every mail server passes it on unchanged, and why."""


@dataclass(frozen=True)
class Field:
    """A field, byte for byte, with its folding and without the last line break."""

    raw: bytes

    @functools.cached_property
    def key(self) -> str:
        """Return the name for comparisons, in lower case."""
        name, colon, _value = self.raw.partition(b":")
        return name.decode("utf-8", "surrogateescape").strip().lower() if colon else ""

    def value(self) -> bytes:
        """Return the value unfolded."""
        return self.raw.partition(b":")[2].replace(b"\r", b"").replace(b"\n", b"").strip()

    def text(self) -> str:
        """Return the value unfolded; bytes that are no text stay what they are."""
        return self.value().decode("utf-8", "surrogateescape")

    def lines(self) -> bytes:
        """Return the field as it goes over the wire, in 7-bit lines that are short enough. Raises UnfitError."""
        lines = [line.rstrip(b"\r") for line in self.raw.split(b"\n")]
        if not _are_fit(lines):
            lines = _write_anew(self)
        written = b"\r\n".join(lines) + b"\r\n"
        if len(written) > _LARGEST:
            raise UnfitError("a field of its header is too large")
        return written


def find(fields: Iterable[Field], name: str) -> Field | None:
    """Return the first field of that name."""
    return next((field for field in fields if field.key == name.lower()), None)


def replace(fields: Iterable[Field], name: str, value: str) -> list[Field]:
    """Return the fields with one field of that name, which comes last."""
    kept = [field for field in fields if field.key != name.lower()]
    return [*kept, Field(f"{name}: {value}".encode("ascii"))]


@dataclass(frozen=True)
class Nature:
    """What a part is: its type such as ``text/plain``, its encoding in lower case ('' without one), its boundary, and its file name."""

    content_type: str
    encoding: str
    boundary: bytes | None
    filename: str

    @property
    def protected(self) -> bool:
        """Tell whether it is signed or encrypted as it is."""
        named = self.content_type == "application/octet-stream" and self.filename.lower().endswith(_PROTECTED_NAMES)
        return self.content_type in _PROTECTED or named


def read_nature(fields: Iterable[Field], default_type: str = "text/plain") -> Nature:
    """Return what the Content- fields say; without any, a part is plain text (RFC 2045, 5.2) unless its place says otherwise."""
    first = {field.key: field for field in reversed(tuple(fields))}
    content_type, parameters = _read_parameters(first.get("content-type"))
    _disposition, more = _read_parameters(first.get("content-disposition"))
    encoding = first.get("content-transfer-encoding")
    words = _drop_comments(encoding.text()).split() if encoding is not None else []
    if not re.fullmatch(r"[^\s/]+/[^\s/]+", content_type):
        content_type = default_type if "content-type" not in first else "text/plain"
    filename = more.get("filename") or parameters.get("name") or b""
    return Nature(
        content_type,
        words[0].strip('";').lower() if words else "",
        parameters.get("boundary") or None,
        filename.decode("utf-8", "replace"),
    )


def _drop_comments(text: str) -> str:
    """Return a short value without its comments. What is longer than any that makes sense stays as it is."""
    while len(text) < LONGEST and _COMMENT.search(text):
        text = _COMMENT.sub(" ", text)
    return text


def _read_parameters(field: Field | None) -> tuple[str, dict[str, bytes]]:
    """Return the value before the first semicolon in lower case, and the parameters (RFC 2045, 5.1; RFC 2231, 3 and 4)."""
    if field is None:
        return "", {}
    first, *rest = _split_at_semicolons(field.value())
    pieces: dict[str, list[tuple[int, bytes]]] = {}
    for segment in rest:
        name, _equals, value = segment.partition(b"=")
        found = re.fullmatch(r"([^\s*]+)(?:\*(\d{1,4}))?(\*?)", name.decode("latin-1").strip().lower())
        if found:
            number = int(found[2] or 0)
            pieces.setdefault(found[1], []).append((number, _read_value(value, number, extended=bool(found[3]))))
    joined = {name: b"".join(piece for _number, piece in sorted(found)) for name, found in pieces.items()}
    return _drop_comments(first.decode("latin-1")).strip().lower(), joined


def _read_value(value: bytes, number: int, *, extended: bool) -> bytes:
    value = value.strip()
    if value.startswith(b'"'):
        found = _QUOTED.match(value)
        return re.sub(rb"\\(.)", rb"\1", found[0][1:-1] if found else value[1:], flags=re.DOTALL)
    value = re.split(rb"[ \t(]", value, maxsplit=1)[0]
    if not extended:
        return value
    return unquote_to_bytes(value.split(b"'", 2)[-1] if number == 0 else value)


def _split_at_semicolons(value: bytes) -> list[bytes]:
    """Return what stands between the semicolons outside of quotes."""
    segments, start, quoted = [], 0, False
    for found in re.finditer(rb'\\.|["();]', value, re.DOTALL):
        if found[0] == b'"':
            quoted = not quoted
        elif found[0] == b";" and not quoted:
            segments.append(value[start : found.start()])
            start = found.end()
    return [*segments, value[start:]]


def _are_fit(lines: Iterable[bytes]) -> bool:
    return all(len(line) <= LONGEST and line.isascii() and b"\r" not in line and b"\0" not in line for line in lines)


def _write_anew(field: Field) -> list[bytes]:
    """Return the lines of a field that says the same in 7-bit and in short lines. Raises UnfitError."""
    name = field.raw.partition(b":")[0].strip()
    value = field.value().replace(b"\0", b" ")
    if field.key in ("content-type", "content-disposition"):
        first, *rest = _split_at_semicolons(value)
        main = first.strip().decode("ascii", "replace").replace("\ufffd", "?").encode()
        segments = [written for segment in rest if segment.strip() for written in _write_parameter(segment.strip())]
        lines = [name + b": " + main, *(b"\t" + segment for segment in segments)]
        lines = [line + b";" for line in lines[:-1]] + lines[-1:]
    else:
        lines = list(_fold(name + b": " + b"".join(_write_words(value))))
    if not _are_fit(lines):
        raise UnfitError(f"its field {name[:40].decode('ascii', 'replace')} cannot be folded")
    return lines


def write_boundary(field: Field, boundary: bytes) -> Field:
    """Return a Content-Type with another boundary."""
    first, *rest = _split_at_semicolons(field.value())
    kept = [segment for segment in rest if not re.match(rb"(?i)\s*boundary[\s*=]", segment) and segment.strip()]
    return Field(
        b"Content-Type: " + b";\n\t".join(part.strip() for part in [first, *kept, b'boundary="' + boundary + b'"'])
    )


def _write_parameter(segment: bytes) -> Iterator[bytes]:
    """Yield a parameter as it stands, or in pieces and with its charset (RFC 2231, 3 and 4)."""
    name, equals, value = segment.partition(b"=")
    if segment.isascii() and len(segment) < LONGEST - 100:
        yield segment
        return
    name = name.strip()
    if not equals or not re.fullmatch(rb"[!-)+-~]+\*?", name):
        raise UnfitError("a parameter of its Content-Type or Content-Disposition cannot be folded")
    if name.endswith(b"*"):
        name, text = name[:-1], value.strip()
    elif segment.isascii():
        text = _read_value(value, 0, extended=False).replace(b"\\", rb"\\").replace(b'"', rb"\"")
        for number, piece in enumerate(re.findall(rb"(?:\\.|[^\\]){1,%d}" % _PIECE, text, re.DOTALL)):
            yield name + b'*%d="%s"' % (number, piece)
        return
    else:
        data = _read_value(value, 0, extended=False)
        text = _name_charset(data).encode() + b"''" + quote_from_bytes(data, safe="").encode()
    pieces = re.findall(rb"(?:%%..|[^%%]|%%){1,%d}" % _PIECE, text, re.DOTALL)
    if len(pieces) == 1:
        yield name + b"*=" + text
        return
    for number, piece in enumerate(pieces):
        yield name + b"*%d*=%s" % (number, piece)


def _name_charset(data: bytes) -> str:
    """Return the charset of 8-bit text that names none: UTF-8 if it can be that, or the one in which any bytes make sense."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


def _write_words(value: bytes) -> Iterator[bytes]:
    """Yield a value word by word; those that are 8-bit or too long become encoded words (RFC 2047)."""
    space, encoded = b"", False
    for word in _split_words(value):
        if word.isspace():
            space = word
            continue
        if word.isascii() and len(word) <= LONGEST - 100:
            yield space + word
            encoded = False
        else:
            bare = re.sub(rb"\\(.)", rb"\1", word[1:-1], flags=re.DOTALL) if word.startswith(b'"') else word
            # Space between two encoded words does not count: what there was goes into the second one.
            yield b" " + b" ".join(_encode_word(space + bare if encoded else bare))
            encoded = True
        space = b""


def _split_words(value: bytes) -> Iterator[bytes]:
    at, quotes = 0, True
    while at < len(value):
        found = _QUOTED.match(value, at) if quotes and value[at] == 0x22 else None
        if found is None and value[at] == 0x22:
            # A quote that is not closed is looked for once.
            quotes = False
        found = found or _WORD.match(value, at)
        if found is None:
            return
        yield found[0]
        at = found.end()


def _encode_word(data: bytes) -> Iterator[bytes]:
    charset = _name_charset(data)
    text = data.decode(charset)
    step = _PIECE // 4
    for start in range(0, len(text), step):
        encoded = base64.b64encode(text[start : start + step].encode(charset))
        yield b"=?" + charset.encode() + b"?b?" + encoded + b"?="


def _fold(text: bytes) -> Iterator[bytes]:
    line = b""
    for word in re.findall(rb"[ \t]*[^ \t]+", text):
        if line and len(line) + len(word) > _WIDTH and word[:1] in (b" ", b"\t"):
            yield line
            line = b" " + word.lstrip()
        else:
            line += word
    yield line
