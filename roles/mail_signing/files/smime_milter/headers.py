# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Header fields as they stand on the wire (RFC 5322, 2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

# Encodings under which a body is what it looks like (RFC 2045, 6.2).
IDENTITY = ("7bit", "8bit", "binary")


@dataclass(frozen=True)
class Field:
    """A field, byte for byte, with its folding and without the last line break. What is no field at all has no name."""

    raw: bytes

    @classmethod
    def make(cls, name: str, value: str) -> Field:
        """Return a new field; the value is in ASCII."""
        return cls(f"{name}: {value}".encode("ascii"))

    @property
    def key(self) -> str:
        """Return the name for comparisons, in lower case."""
        name, colon, _value = self.raw.partition(b":")
        return name.decode("utf-8", "surrogateescape").strip().lower() if colon else ""

    def text(self) -> str:
        """Return the value unfolded; bytes that are no text stay what they are."""
        value = self.raw.partition(b":")[2].decode("utf-8", "surrogateescape")
        return value.replace("\r", "").replace("\n", "").strip()

    def lines(self) -> bytes:
        """Return the field as it goes over the wire."""
        return b"\r\n".join(part.rstrip(b"\r") for part in self.raw.split(b"\n")) + b"\r\n"


def parse_fields(lines: Iterable[bytes]) -> tuple[Field, ...]:
    """Return the fields of a header block. Nothing is lost: a line that is no field belongs to the one before it."""
    fields: list[Field] = []
    for line in lines:
        text = line.rstrip(b"\r\n")
        if fields and (text[:1] in (b" ", b"\t") or b":" not in text):
            fields[-1] = Field(fields[-1].raw + b"\n" + text)
        else:
            fields.append(Field(text))
    return tuple(fields)


def find(fields: Iterable[Field], name: str) -> Field | None:
    """Return the first field of that name."""
    return next((field for field in fields if field.key == name.lower()), None)


@dataclass(frozen=True)
class Nature:
    """What a part is: its type such as ``text/plain``, its encoding, and its boundary if it has parts."""

    content_type: str
    encoding: str
    boundary: bytes | None


def read_nature(fields: Iterable[Field], default_type: str = "text/plain") -> Nature:
    """Return what the Content- fields say; without any, a part is plain text (RFC 2045, 5.2) unless its place says otherwise."""
    fields = tuple(fields)
    message = Message()
    message.set_default_type(default_type)
    for name in ("Content-Type", "Content-Transfer-Encoding"):
        field = find(fields, name)
        if field is not None:
            message[name] = field.text()
    boundary = message.get_boundary()
    encoding = str(message.get("Content-Transfer-Encoding", "7bit")).partition(";")[0].strip().lower()
    known = boundary.encode("utf-8", "surrogateescape") if boundary else None
    return Nature(message.get_content_type(), encoding, known)


def read_addresses(fields: Iterable[Field], name: str) -> tuple[str, ...]:
    """Return the addresses in all fields of that name."""
    values = [field.text() for field in fields if field.key == name.lower()]
    return tuple(address for _display, address in getaddresses(values) if address)
