# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing pairs of key and certificate to where mail is signed with them, after every check, and not before."""

from __future__ import annotations

import contextlib
import grp
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smime_milter import message, openssl
from smime_milter.live import SUFFIX, Pair, normalize, sort_blocks

LIVE = "live"
ABSENT = "absent"
REFUSED = "refused"
# Whoever signs may read it; nobody may write it, and root needs no permission to replace it.
MODE = 0o440
_TRIAL = b"Content-Type: text/plain\r\n\r\nA trial, which nobody receives.\r\n"


class RefusedError(Exception):
    """A pair that must not go live, and why."""


class InputError(Exception):
    """What was asked for makes no sense."""


@dataclass(frozen=True)
class Source:
    """Where the files of a mailbox are."""

    email: str
    key: str
    certificate: str
    chain: str | None


@dataclass(frozen=True)
class Place:
    """Where and how pairs go live. ``roots`` is the file of trusted root certificates, if there is one."""

    folder: str
    group: str
    roots: str | None
    signing_milter: bool
    check: bool


def read_sources(given: Any) -> list[Source]:
    """Return the mailboxes in what was read from JSON. Raises InputError."""
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise InputError("what to publish must be a list of mailboxes")
    sources = []
    for item in given:
        email = normalize(str(item.get("email", "")))
        if email is None:
            raise InputError(f"not an address that can name a file: {item.get('email')!r}")
        if not isinstance(item.get("key"), str) or not isinstance(item.get("certificate"), str):
            raise InputError(f"{email}: key and certificate must be paths")
        sources.append(Source(email, item["key"], item["certificate"], item.get("chain")))
    emails = [source.email for source in sources]
    if len(set(emails)) != len(emails):
        raise InputError("a mailbox stands in the list twice")
    return sources


def publish(sources: Sequence[Source], place: Place, *, prune: bool = False) -> dict[str, Any]:
    """Check and publish, mailbox by mailbox, and return what came of it. Raises OSError if the folder cannot be written."""
    told = [_publish_one(source, place) for source in sources]
    listed = {source.email for source in sources}
    unlisted = [address for address in list_live(place) if address not in listed]
    if prune and not place.check:
        for address in unlisted:
            for name in _name_files(address, place):
                _remove(os.path.join(place.folder, name))
    changed = any(item["changed"] for item in told) or (prune and bool(unlisted))
    return {"changed": changed, "mailboxes": told, "unlisted": unlisted}


def list_live(place: Place) -> list[str]:
    """Return the addresses that have a pair in the folder."""
    suffix = "-cert+key.pem" if place.signing_milter else SUFFIX
    try:
        names = os.listdir(place.folder)
    except FileNotFoundError:
        return []
    return sorted(name[: -len(suffix)] for name in names if name.endswith(suffix) and not name.startswith("."))


def load_pair(source: Source, roots: str | None) -> Pair | None:
    """Return the pair of a mailbox after every check, or None if there is no certificate yet. Raises RefusedError."""
    certificate = _read(source.certificate)
    if certificate is None:
        return None
    found = sort_blocks(certificate)[1]
    if not found:
        raise RefusedError(f"{source.certificate} holds no certificate")
    keys = sort_blocks(_read(source.key) or b"")[0]
    if len(keys) != 1:
        raise RefusedError(f"{source.key} does not hold one private key")
    chain = sort_blocks((_read(source.chain) or b"") if source.chain else b"")[1]
    pair = Pair(keys[0], found[0], tuple(block for block in [*found[1:], *chain] if block != found[0]))
    _check(pair, source.email, roots)
    return pair


def _check(pair: Pair, email: str, roots: str | None) -> None:
    try:
        key = openssl.read_public_key(pair.key, private=True)
    except openssl.OpensslError as error:
        raise RefusedError(f"the private key cannot be used, as if it had a passphrase: {error}") from error
    try:
        if key != openssl.read_public_key(pair.certificate, private=False):
            raise RefusedError("the private key is not the certificate's")
        emails = openssl.read_emails(pair.certificate)
        if email not in [normalize(found) for found in emails]:
            raise RefusedError(f"the certificate is for {', '.join(emails) or 'no mailbox'}")
        openssl.verify_certificate(pair.certificate, b"".join(pair.chain), roots)
        signature = pair.sign(_TRIAL, message.DIGEST)
        openssl.verify_signature(pair.certificate, _TRIAL, signature)
    except openssl.OpensslError as error:
        raise RefusedError(str(error)) from error


def _publish_one(source: Source, place: Place) -> dict[str, Any]:
    told: dict[str, Any] = {
        "email": source.email,
        "status": ABSENT,
        "changed": False,
        "reason": None,
        "serial_number": None,
    }
    try:
        pair = load_pair(source, place.roots)
    except (RefusedError, OSError) as error:
        return {**told, "status": REFUSED, "reason": str(error)}
    if pair is None:
        return told
    changed = [
        _write(os.path.join(place.folder, name), data, place)
        for name, data in _format(source.email, pair, place).items()
    ]
    return {
        **told,
        "status": LIVE,
        "changed": any(changed),
        "serial_number": openssl.read_serial_number(pair.certificate),
    }


def _format(email: str, pair: Pair, place: Place) -> Mapping[str, bytes]:
    """Return the files of a pair by their names; the one that signatures are made with comes last."""
    if not place.signing_milter:
        return {email + SUFFIX: pair.join()}
    chain_name, pair_name = _name_files(email, place)
    return {chain_name: b"".join(pair.chain), pair_name: pair.key + pair.certificate}


def _name_files(email: str, place: Place) -> tuple[str, ...]:
    return (f"{email}-chain.pem", f"{email}-cert+key.pem") if place.signing_milter else (email + SUFFIX,)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: str, data: bytes, place: Place) -> bool:
    """Put a file into its place, if it is not there already, and tell whether that was to be done."""
    group = _find_group(place)
    if _stands(path, data, group):
        return False
    if place.check:
        return True
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    _sync(folder)
    return True


def _find_group(place: Place) -> int:
    try:
        return grp.getgrnam(place.group).gr_gid
    except KeyError:
        if place.check:
            # Before the first run, which makes the group.
            return -1
        raise InputError(f"there is no group {place.group}") from None


def _stands(path: str, data: bytes, group: int) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    right = stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == MODE and found.st_gid == group
    return right and _read(path) == data


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
