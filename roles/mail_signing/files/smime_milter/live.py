# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pairs that mail is signed with now: a whole file a mailbox, looked at for each mail, so that a renewal needs no restart."""

from __future__ import annotations

import binascii
import contextlib
import grp
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from smime_milter.author import read_address
from smime_milter.rewriting import Buffer

SUFFIX = ".pem"
# Whoever signs may read it; nobody may write it, and root needs no permission to replace it.
MODE = 0o440
# In bytes: file systems take 255 for a name, and this leaves room for what files are called beside it.
_LONGEST = 240
# Pairs that are kept as objects. One takes some kilobytes.
_KEPT = 5000
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----", re.DOTALL)
# As SubjectPublicKeyInfo and PKCS#8 name a key that signs by RSASSA-PSS alone (RFC 4055, 3.1), and as DER has it.
_PSS = bytes.fromhex("06092a864886f70d01010a")
# A signature is no stronger than its digest: the one that goes with a curve of at most so many bits (RFC 5480, 4).
_DIGESTS: tuple[tuple[int, str, type[hashes.HashAlgorithm]], ...] = (
    (256, "sha-256", hashes.SHA256),
    (384, "sha-384", hashes.SHA384),
    (1024, "sha-512", hashes.SHA512),
)
PrivateKey = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey]


class UnusableError(Exception):
    """A mailbox is to sign, and cannot."""


class ExpiredError(UnusableError):
    """The certificate has expired."""


def name_mailbox(address: str) -> str | None:
    """Return an address as the names of live files have it, or None for what can be none of them."""
    bare = read_address(address)
    if bare is None or "/" in bare or bare.startswith(".") or len(bare.encode("utf-8", "replace")) > _LONGEST:
        return None
    return bare


def split_blocks(pem: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the private keys and the certificates among the blocks of ``pem``."""
    blocks = [(found[1], found[0] + b"\n") for found in _BLOCK.finditer(pem)]
    keys = [text for label, text in blocks if label.endswith(b"PRIVATE KEY")]
    return keys, [text for label, text in blocks if label == b"CERTIFICATE"]


@dataclass(frozen=True)
class Pair:
    """Key, end entity and intermediates of a mailbox. ``first`` and ``last`` are the moments of its validity, in seconds."""

    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    first: float
    last: float

    @property
    def micalg(self) -> str:
        """Return the name of the digest (RFC 8551, 3.5.3.2)."""
        return self._digest[1]

    @property
    def _digest(self) -> tuple[int, str, type[hashes.HashAlgorithm]]:
        size = self.key.curve.key_size if isinstance(self.key, ec.EllipticCurvePrivateKey) else 0
        return next(digest for digest in _DIGESTS if size <= digest[0])

    def sign(self, entity: Buffer) -> bytes:
        """Return the detached signature in DER."""
        # A map of a file is as good as bytes: neither is copied.
        builder = pkcs7.PKCS7SignatureBuilder().set_data(memoryview(entity))
        builder = builder.add_signer(self.certificate, self.key, self._digest[2]())  # type: ignore[arg-type]
        for certificate in self.chain:
            builder = builder.add_certificate(certificate)
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
        return builder.sign(serialization.Encoding.DER, options)

    def check_validity(self, now: float) -> None:
        """Raise ExpiredError, or UnusableError if the certificate is not valid yet."""
        if now > self.last:
            raise ExpiredError(
                f"the certificate expired at {datetime.fromtimestamp(self.last, timezone.utc):%Y-%m-%d %H:%M} UTC"
            )
        if now < self.first:
            raise UnusableError("the certificate is not valid yet")


def read_pair(pem: bytes) -> Pair:
    """Return the pair in the contents of a live file: key, end entity, intermediates. Raises UnusableError."""
    keys, certificates = split_blocks(pem)
    if len(keys) != 1 or not certificates:
        raise UnusableError("the file does not hold one private key and its certificate")
    return make_pair(keys[0], certificates)


def make_pair(key: bytes, certificates: Iterable[bytes]) -> Pair:
    """Return a pair of blocks in PEM, with each certificate once. Raises UnusableError."""
    try:
        parsed = [x509.load_pem_x509_certificate(block) for block in certificates]
        end_entity, *others = dict.fromkeys(parsed)
        first, last = _read_time(end_entity, "not_valid_before"), _read_time(end_entity, "not_valid_after")
    except ValueError as error:
        raise UnusableError(f"a certificate cannot be read: {error}") from error
    return Pair(_read_key(key), end_entity, tuple(others), first, last)


def _read_key(pem: bytes) -> PrivateKey:
    try:
        key: Any = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise UnusableError("the private key has a passphrase, and nobody is there to give it") from error
    except Exception as error:  # a library of another release raises others for a key that it does not know
        raise UnusableError(f"the private key cannot be read: {type(error).__name__}") from error
    if isinstance(key, rsa.RSAPrivateKey) and _is_pss(pem):
        raise UnusableError(
            "the private key is for RSASSA-PSS alone, with which few mail programs can do anything: take RSA or ECC"
        )
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        kind = type(key).__name__.strip("_").replace("PrivateKey", "")
        raise UnusableError(f"a key of type {kind} cannot sign mail: take RSA or ECC")
    return key


def _is_pss(pem: bytes) -> bool:
    body = re.sub(rb"-----.*?-----|\s", b"", pem)
    try:
        return _PSS in binascii.a2b_base64(body[:128])
    except ValueError:
        return False


def _read_time(certificate: x509.Certificate, name: str) -> float:
    """Return a moment; older releases have it without a time zone, newer ones warn of that."""
    moment = getattr(certificate, f"{name}_utc", None) or getattr(certificate, name).replace(tzinfo=timezone.utc)
    return float(moment.timestamp())


class LiveFolder:
    """The live files. What was read of a file holds until another one takes its place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pairs: dict[str, tuple[tuple[int, ...], Pair]] = {}

    def place(self, address: str) -> str:
        """Return where the file of a mailbox is, or would be."""
        return os.path.join(self._path, address + SUFFIX)

    def has(self, address: str) -> bool:
        """Tell whether mail of a mailbox is to be signed. What cannot be seen is no reason to send it unsigned."""
        try:
            os.lstat(self.place(address))
        except FileNotFoundError:
            # Only an empty place in a folder that is there means: nothing to sign with.
            os.stat(os.path.join(self._path, "."))
            return False
        return True

    def load(self, address: str) -> Pair:
        """Return the pair of a mailbox, which may have expired. Raises UnusableError."""
        try:
            with open(self.place(address), "rb") as file:
                there = os.fstat(file.fileno())
                mark = (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)
                if not stat.S_ISREG(there.st_mode):
                    raise UnusableError("its file is none")
                kept = self._pairs.get(address)
                if kept is not None and kept[0] == mark:
                    return kept[1]
                pair = read_pair(file.read())
        except OSError as error:
            raise UnusableError(str(error)) from error
        if len(self._pairs) >= _KEPT:
            self._pairs.clear()
        self._pairs[address] = (mark, pair)
        return pair


class InputError(Exception):
    """What was asked for makes no sense."""


@dataclass(frozen=True)
class Place:
    """Where and how pairs go live. ``roots`` is the file of trusted root certificates, if there is one."""

    folder: str
    group: str
    roots: str | None = None
    check: bool = False
    openssl: str = "/usr/bin/openssl"
    remaining_days: int = 30


def read_file(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def write_file(path: str, data: bytes, place: Place) -> bool:
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
        remove_file(temporary)
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
    return right and read_file(path) == data


def remove_file(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
