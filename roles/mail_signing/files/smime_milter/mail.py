# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mail, from its header to its signature (RFC 8551, 3.5.3): what the milter decides, free of the milter's library."""

from __future__ import annotations

import base64
import contextlib
import mmap
import secrets
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from smime_milter.author import UnclearError, read_authors
from smime_milter.entity import inspect, moves_inside, write_entity
from smime_milter.fields import Field, UnfitError, read_nature
from smime_milter.live import ExpiredError, LiveFolder, Pair
from smime_milter.policy import UNSIGNED, Policy
from smime_milter.rewriting import Buffer

# So much of a mail stays in memory; the rest goes to a file without a name.
IN_MEMORY = 256 * 1024
_CHUNK = 1 << 18
_LINE = 48


class PassError(Exception):
    """A mail is not to be signed, and why. ``warn`` if somebody should know: it should have been."""

    def __init__(self, reason: str, *, warn: bool = False) -> None:
        super().__init__(reason)
        self.warn = warn


class DeferredError(Exception):
    """A mail cannot be signed now, and is to be tried again."""


class Spool:
    """What is too large for memory, in a file without a name, which nobody else can open."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._data = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Append something."""
        if self._file is None and len(self._data) + len(data) > IN_MEMORY:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            self._file.write(self._data)
            self._data.clear()
        if self._file is None:
            self._data += data
        else:
            self._file.write(data)

    @contextlib.contextmanager
    def view(self) -> Iterator[Buffer]:
        """Give what was written, as bytes or as a map of the file."""
        view: Buffer = bytes(self._data)
        if self._file is not None:
            self._file.flush()
            view = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            yield view
        finally:
            if isinstance(view, mmap.mmap):
                view.close()

    def close(self) -> None:
        """Forget all."""
        self._data.clear()
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class Mail:
    """A mail on its way in. ``sender`` is the mailbox of the envelope sender, which has a pair, and whose client may use it."""

    sender: str
    live: LiveFolder
    policy: Policy
    temporary: str | None = None
    fields: list[Field] = field(default_factory=list)
    pair: Pair | None = None

    def __post_init__(self) -> None:
        self.body = Spool(self.temporary)

    def decide(self) -> Pair:
        """Return the pair to sign with, once the header is complete. Raises PassError, DeferredError, UnusableError."""
        try:
            authors = read_authors(self.fields)
        except UnclearError:
            told = "its From cannot be understood"
            if self.policy.on_unclear_author == UNSIGNED:
                raise PassError(told, warn=True) from None
            raise DeferredError(told) from None
        if authors != {self.sender}:
            raise PassError(f"its From is not {self.sender} alone")
        if read_nature(self.fields).protected:
            raise PassError("it is signed or encrypted already")
        pair = self.live.load(self.sender)
        try:
            pair.check_validity(time.time())
        except ExpiredError as error:
            if self.policy.on_expired == UNSIGNED:
                raise PassError(str(error), warn=True) from error
            raise
        return pair

    @contextlib.contextmanager
    def sign(self, pair: Pair) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give the new Content-Type and the body of the signed mail, piece by piece. Raises PassError, OSError."""
        entity = Spool(self.temporary)
        try:
            with self.body.view() as body:
                try:
                    write_entity(self.fields, body, entity.write)
                except UnfitError as error:
                    raise PassError(str(error), warn=True) from error
            with entity.view() as view:
                found = inspect(view, 0, len(view))
                if found.eight_bit or found.long or found.binary:
                    raise PassError("it cannot be written in 7-bit and in short lines", warn=True)
                boundary = f"smime-{secrets.token_hex(16)}"
                yield describe_type(pair.micalg, boundary), _write_body(view, pair.sign(view), boundary.encode())
        finally:
            entity.close()

    def wrap_fields(self, content_type: str) -> list[Field]:
        """Return the fields of the signed mail: those that do not move inside, and its own."""
        kept = [field for field in self.fields if not moves_inside(field) and field.key != "mime-version"]
        return [*kept, Field(b"MIME-Version: 1.0"), Field(b"Content-Type: " + content_type.encode())]


def describe_type(micalg: str, boundary: str) -> str:
    """Return the value of the outer Content-Type; the boundary is one that no body holds but by design."""
    return f'multipart/signed; protocol="application/pkcs7-signature";\n\tmicalg="{micalg}"; boundary="{boundary}"'


def _write_body(entity: Buffer, signature: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the body of the signed mail. ``signature`` is CMS SignedData in DER, without content."""
    yield b"This is a message signed with S/MIME.\r\n\r\n--" + boundary + b"\r\n"
    for start in range(0, len(entity), _CHUNK):
        yield entity[start : start + _CHUNK]
    lines = [base64.b64encode(signature[start : start + _LINE]) for start in range(0, len(signature), _LINE)]
    yield (
        b"\r\n--" + boundary + b"\r\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
        + b"\r\n".join(lines)
        + b"\r\n\r\n--"
        + boundary
        + b"--\r\n"
    )
