# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mail, from its header to its signature (RFC 8551, 3.5.3), and who may have it signed: a login for its own mailboxes, a client
without one for those that its network may send for. The milter's library has no part in this.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import mmap
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Union

from smime_milter.author import UnclearError, read_address, read_authors
from smime_milter.entity import inspect, moves_inside, write_entity
from smime_milter.fields import Field, UnfitError, read_nature
from smime_milter.live import ExpiredError, LiveFolder, Pair
from smime_milter.rewriting import Buffer

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
UNSIGNED = "unsigned"
DEFER = "defer"
# So much of a mail stays in memory; the rest goes to a file without a name.
IN_MEMORY = 256 * 1024
# A header beyond these is a flood: Postfix looks for each field that moves inside from the first one on.
_HEADER, _MOVING = 1 << 20, 200
_CHUNK = 1 << 18
_LINE = 48


class PolicyError(Exception):
    """The file that says who may have mail signed cannot be read."""


@dataclass(frozen=True)
class Client:
    """Who sends, as Postfix says: a login that it has checked or '', an IP address or '', and whether it is sendmail(1) on this machine."""

    login: str = ""
    address: str = ""
    sendmail: bool = False


@dataclass(frozen=True)
class Relay:
    """Networks whose clients may send for some mailboxes without a login."""

    networks: tuple[Network, ...]
    senders: frozenset[str]

    def permits(self, client: Client, sender: str) -> bool:
        """Tell whether a client may send for a mailbox."""
        if sender not in self.senders or not client.address:
            return False
        address = ipaddress.ip_address(client.address)
        return any(address in network for network in self.networks)


@dataclass(frozen=True)
class Policy:
    """Who may have mail signed, and what becomes of mail that cannot be signed as it should."""

    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relays: tuple[Relay, ...] = ()
    sendmail: bool = False
    on_expired: str = UNSIGNED
    on_unclear_author: str = DEFER

    def find_reason_to_pass(self, client: Client, sender: str) -> str | None:
        """Return why a client has no mail signed for a mailbox, or None if it has."""
        if client.sendmail:
            return None if self.sendmail else "mail of sendmail(1) is not signed"
        if client.login:
            owned = client.login.lower() in self.owners.get(sender, ())
            return None if owned else f"the login {client.login} does not own the address"
        if any(relay.permits(client, sender) for relay in self.relays):
            return None
        return f"the client {client.address} has no login, and no relay may send for the address"


def parse(text: str) -> Policy:
    """Return the policy in JSON that the role has written. Raises PolicyError."""
    try:
        found: dict[str, Any] = json.loads(text)
        owners: dict[str, frozenset[str]] = {}
        for address, logins in found["owners"].items():
            mailbox = read_address(address) or address
            owners[mailbox] = owners.get(mailbox, frozenset()) | {login.lower() for login in logins}
        relays = tuple(
            Relay(
                tuple(ipaddress.ip_network(network) for network in relay["networks"]),
                frozenset(read_address(sender) or sender for sender in relay["senders"]),
            )
            for relay in found["relays"]
        )
        return Policy(owners, relays, bool(found["sendmail"]), found["on_expired"], found["on_unclear_author"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PolicyError(f"it is not what the role writes: {type(error).__name__}: {error}") from error


class PolicyFile:
    """The file, which is read again when another one takes its place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], Policy] | None = None

    def current(self) -> Policy:
        """Return what holds now. Raises PolicyError."""
        try:
            there = os.stat(self._path)
            mark = (there.st_ino, there.st_mtime_ns, there.st_size)
            if self._read is None or self._read[0] != mark:
                with open(self._path, encoding="utf-8") as file:
                    self._read = (mark, parse(file.read()))
        except (OSError, PolicyError) as error:
            raise PolicyError(f"{self._path}: {error}") from error
        return self._read[1]


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

    def view(self) -> contextlib.AbstractContextManager[Buffer]:
        """Give what was written, as bytes or as a map of the file."""
        if self._file is None:
            return contextlib.nullcontext(bytes(self._data))
        self._file.flush()
        # Python up to 3.11.4 looks at the byte behind a map. Where whole pages are mapped nothing is there, and it crashes.
        if self._file.tell() % mmap.PAGESIZE == 0:
            self._file.seek(0)
            return contextlib.nullcontext(self._file.read())
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

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
        self._size = 0

    def add_field(self, field: Field) -> None:
        """Take a field of the header. What is beyond its limit is not kept."""
        self._size += len(field.raw) + 2
        if self._size <= _HEADER:
            self.fields.append(field)

    def decide(self) -> Pair:
        """Return the pair to sign with, once the header is complete. Raises PassError, DeferredError, UnusableError."""
        if self._size > _HEADER or sum(map(moves_inside, self.fields)) > _MOVING:
            raise PassError("its header is too large", warn=True)
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
    """Yield the body of the signed mail in few pieces. ``signature`` is CMS SignedData in DER, without content."""
    start = b"This is a message signed with S/MIME.\r\n\r\n--" + boundary + b"\r\n"
    last = len(entity) // _CHUNK * _CHUNK
    for place in range(0, last, _CHUNK):
        yield start + entity[place : place + _CHUNK]
        start = b""
    lines = [base64.b64encode(signature[place : place + _LINE]) for place in range(0, len(signature), _LINE)]
    yield (
        start + entity[last:] + b"\r\n--" + boundary + b"\r\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
        + b"\r\n".join(lines)
        + b"\r\n\r\n--"
        + boundary
        + b"--\r\n"
    )
