# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing pairs of key and certificate to where mail is signed with them, after every check, and not before."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from smime_milter.author import read_address
from smime_milter.live import (
    SUFFIX,
    InputError,
    LiveFolder,
    Pair,
    Place,
    UnusableError,
    make_pair,
    name_mailbox,
    read_file,
    remove_file,
    split_blocks,
    write_file,
)

LIVE = "live"
ABSENT = "absent"
REFUSED = "refused"
_TRIAL = b"Content-Type: text/plain\r\n\r\nA trial, which nobody receives.\r\n"
# Seconds that openssl may take for a check.
PATIENCE = 60
_SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
_DAY = 86400


class RefusedError(Exception):
    """A pair that must not go live, and why."""


@dataclass(frozen=True)
class Source:
    """Where the files of a mailbox are."""

    email: str
    key: str
    certificate: str
    chain: str | None


@dataclass
class Told:
    """What came of a mailbox. ``serial_number`` and ``last`` (seconds) are those of the pair that it has now."""

    email: str
    status: str = ABSENT
    changed: bool = False
    reason: str | None = None
    serial_number: str | None = None
    last: float | None = None


def read_sources(given: Any) -> list[Source]:
    """Return the mailboxes in what was read from JSON: ``mailboxes``, entries with paths of their own, and ``layout``, templates for
    all others, with ``{email}`` for the address. Raises InputError.
    """
    if not isinstance(given, dict) or not isinstance(given.get("mailboxes"), list):
        raise InputError("what to publish must be a list of mailboxes")
    layout = given.get("layout") or {}
    sources = []
    for item in given["mailboxes"]:
        told = item.get("email") if isinstance(item, dict) else item
        email = name_mailbox(str(told))
        if email is None or not isinstance(item, dict):
            raise InputError(f"not an address that can name a file: {told!r}")
        paths = {name: item.get(name, layout.get(name)) for name in ("privatekey_path", "path", "chain_path")}
        key, certificate, chain = (
            path.replace("{email}", str(told)) if isinstance(path, str) else None for path in paths.values()
        )
        if key is None or certificate is None:
            raise InputError(f"{email}: path and privatekey_path must be paths")
        sources.append(Source(email, key, certificate, chain))
    emails = [source.email for source in sources]
    if len(set(emails)) != len(emails):
        raise InputError("a mailbox stands in the list twice")
    return sources


def publish(sources: Sequence[Source], place: Place, *, prune: bool = False, owners: Any = None) -> dict[str, Any]:
    """Check and publish, mailbox by mailbox, and return what came of it. Raises OSError if the folder cannot be written."""
    told = [_publish_one(source, place) for source in sources]
    listed = {source.email for source in sources}
    unlisted = [address for address in list_live(place.folder) if address not in listed]
    if prune and not place.check:
        for address in unlisted:
            remove_file(os.path.join(place.folder, address + SUFFIX))
    changed = any(item.changed for item in told) or (prune and bool(unlisted))
    what = "signs no longer" if prune else "signs still"
    more = [f"{address}: {what}: it is not in smime_mailboxes" for address in unlisted]
    return {
        "changed": changed,
        "mailboxes": [vars(item) for item in told],
        "unlisted": unlisted,
        "attention": [line for _urgency, line in sorted(_list_attention(told, place, owners))] + more,
    }


def list_live(folder: str) -> list[str]:
    """Return the addresses that have a pair in the folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name[: -len(SUFFIX)] for name in names if name.endswith(SUFFIX) and not name.startswith("."))


def _list_attention(told: Sequence[Told], place: Place, owners: Any) -> Iterator[tuple[tuple[int, float], str]]:
    """Yield a line for each mailbox that needs a person, with its urgency: the least is the most urgent."""
    now = time.time()
    owned = (
        None
        if not isinstance(owners, dict)
        else {read_address(address) for address, logins in owners.items() if logins}
    )
    for item in told:
        expired = item.last is not None and item.last < now
        if expired and item.last is not None:
            day = time.strftime("%Y-%m-%d", time.gmtime(item.last))
            yield (
                (0, item.last),
                f"{item.email}: its certificate expired on {day}: its mail leaves unsigned, or not at all",
            )
        if item.status == REFUSED:
            after = (
                "it has no other, and its mail leaves unsigned"
                if item.last is None
                else "what was live before still is"
            )
            yield (1 if item.last is None else 2, 0), f"{item.email}: refused: {item.reason}; {after}"
        elif item.status == ABSENT and item.last is None:
            yield (3, 0), f"{item.email}: has no certificate: its mail leaves unsigned until there is one"
        elif owned is not None and item.email not in owned:
            yield (4, 0), f"{item.email}: no login and no relay may send for it: its mail leaves unsigned"
        if item.last is not None and not expired and item.last - now < place.remaining_days * _DAY:
            days = int((item.last - now) // _DAY)
            yield (5, item.last), f"{item.email}: its certificate expires in {days} days"


def load_pair(source: Source, place: Place) -> tuple[Pair, bytes] | None:
    """Return the pair of a mailbox after every check and its live file, or None without a certificate. Raises RefusedError."""
    certificate = read_file(source.certificate)
    if certificate is None:
        return None
    found = split_blocks(certificate)[1]
    if not found:
        raise RefusedError(f"{source.certificate} holds no certificate")
    keys = split_blocks(read_file(source.key) or b"")[0]
    if len(keys) != 1:
        raise RefusedError(f"{source.key} does not hold one private key")
    chain = split_blocks((read_file(source.chain) or b"") if source.chain else b"")[1]
    try:
        pair = make_pair(keys[0], [*found, *chain])
        if pair.key.public_key() != pair.certificate.public_key() and _spki(pair.key) != _spki(pair.certificate):
            raise RefusedError("the private key is not the certificate's")
        _check(pair, source.email, place)
    except (UnusableError, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise RefusedError(str(error)) from error
    blocks = [certificate.public_bytes(serialization.Encoding.PEM) for certificate in (pair.certificate, *pair.chain)]
    return pair, b"".join([keys[0], *blocks])


def _spki(holder: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(holder.public_key().public_bytes(serialization.Encoding.DER, form))


def _check(pair: Pair, email: str, place: Place) -> None:
    emails = read_emails(pair.certificate)
    if email not in [read_address(found) for found in emails]:
        raise RefusedError(f"the certificate is for {', '.join(emails) or 'no mailbox'}")
    encoding = serialization.Encoding.PEM
    chain = b"".join(certificate.public_bytes(encoding) for certificate in pair.chain)
    if not chain and not place.roots:
        raise RefusedError(
            "there is nothing to check its certificate against: no certificate of an issuer comes with it, and no root is trusted. "
            "Set smime_trusted_roots_path, or have the file at its chain_path hold its issuer's certificate"
        )
    with _lend(pair.certificate.public_bytes(encoding), chain) as (end_entity, others):
        trust = ["-CAfile", place.roots] if place.roots else ["-partial_chain", "-trusted", others]
        untrusted = ["-untrusted", others] if chain else []
        _run(place, "verify", "-purpose", "smimesign", "-no-CApath", *trust, *untrusted, end_entity)
    with _lend(pair.certificate.public_bytes(encoding), pair.sign(_TRIAL), _TRIAL) as (end_entity, signature, content):
        options = ["-certfile", end_entity, "-in", signature, "-content", content, "-binary", "-out", "/dev/null"]
        _run(place, "cms", "-verify", "-inform", "DER", "-noverify", *options)


def read_emails(certificate: x509.Certificate) -> list[str]:
    """Return the mailboxes of a certificate: rfc822Name and SmtpUTF8Mailbox (RFC 9598), or without them those of its subject."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    found = [str(name) for name in names.get_values_for_type(x509.RFC822Name)]
    # A UTF8String, whose length takes one octet, or two from 128 on.
    found += [
        other.value[2 + (other.value[1] == 0x81) :].decode("utf-8", "replace")
        for other in names.get_values_for_type(x509.OtherName)
        if other.type_id == _SMTP_UTF8_MAILBOX and other.value[:1] == b"\x0c"
    ]
    subject = certificate.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
    return found or [str(attribute.value) for attribute in subject]


@contextlib.contextmanager
def _lend(*contents: bytes) -> Iterator[list[str]]:
    """Have contents as files in memory, which only this process and what it starts can open, by these paths."""
    descriptors: list[int] = []
    try:
        for content in contents:
            descriptor = os.memfd_create("smime-milter", 0)
            descriptors.append(descriptor)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content)
        yield [f"/dev/fd/{descriptor}" for descriptor in descriptors]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _run(place: Place, *arguments: str) -> None:
    """Have openssl check something. No private key ever goes to it. Raises RefusedError."""
    command = [place.openssl, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, close_fds=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RefusedError(f"openssl {arguments[0]}: {type(error).__name__}") from error
    if done.returncode:
        raise RefusedError(_explain(done.stderr) or f"openssl {arguments[0]} ended with status {done.returncode}")


def _explain(said: bytes) -> str:
    """Return the line of an error that says most to people."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [
        line for line in lines if line.startswith(("error ", "Error ", "verification error")) or " error" in line
    ]
    return (telling or lines or [""])[0][:200]


def _publish_one(source: Source, place: Place) -> Told:
    told = Told(source.email)
    path = os.path.join(place.folder, source.email + SUFFIX)
    pair: Pair | None = None
    with contextlib.suppress(UnusableError):
        pair = LiveFolder(place.folder).load(source.email)
    try:
        found = load_pair(source, place)
    except (RefusedError, OSError) as error:
        told.status, told.reason = REFUSED, str(error)
        found = None
    if found is not None:
        pair, data = found
        told.status, told.changed = LIVE, write_file(path, data, place)
    if pair is not None:
        told.serial_number, told.last = f"{pair.certificate.serial_number:X}", pair.last
    return told
