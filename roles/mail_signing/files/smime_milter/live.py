# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pairs that mail is signed with now: one file a mailbox, looked at for each mail, so that a renewal needs no restart."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field

from smime_milter import openssl

SUFFIX = ".pem"
# In bytes: file systems take 255 for a name, and this leaves room for what files are called beside it.
LONGEST = 240
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----", re.DOTALL)


class UnusableError(Exception):
    """A mailbox is to sign, and cannot."""


def normalize(address: str) -> str | None:
    """Return an address as the names of live files have it, its domain as A-labels, or None for what can be none of them."""
    local, at, domain = address.strip().lstrip("<").rstrip(">").lower().rpartition("@")
    bare = f"{local}@{_encode_domain(domain)}"
    if (
        not at
        or not domain
        or "/" in bare
        or bare.startswith(".")
        or not bare.isprintable()
        or len(bare.encode()) > LONGEST
    ):
        return None
    return bare


def _encode_domain(domain: str) -> str:
    """Return the A-labels of a domain. One that these do not lead back to is left as it is: another one may have them."""
    if domain.isascii():
        return domain
    try:
        encoded = domain.encode("idna")
        return encoded.decode("ascii") if encoded.decode("idna") == domain else domain
    except UnicodeError:
        return domain


def split_blocks(pem: bytes) -> list[tuple[str, bytes]]:
    """Return the label and the text of each PEM block."""
    return [(found.group(1).decode(), found.group(0) + b"\n") for found in _BLOCK.finditer(pem)]


@dataclass(frozen=True)
class Pair:
    """Key, end entity and intermediates of a mailbox, in PEM."""

    key: bytes = field(repr=False)
    certificate: bytes
    chain: tuple[bytes, ...]

    def join(self) -> bytes:
        """Return the contents of a live file."""
        return b"".join([self.key, self.certificate, *self.chain])

    def sign(self, entity: object, digest: str) -> bytes:
        """Return the detached signature in DER. Raises OpensslError."""
        return openssl.sign(self.key + self.certificate, b"".join(self.chain), entity, digest)  # type: ignore[arg-type]


def read_pair(pem: bytes) -> Pair:
    """Return the pair in the contents of a live file. Raises UnusableError."""
    keys, certificates = sort_blocks(pem)
    if len(keys) != 1 or not certificates:
        raise UnusableError("the file does not hold one private key and its certificate")
    return Pair(keys[0], certificates[0], tuple(certificates[1:]))


def sort_blocks(pem: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the private keys and the certificates among the blocks of ``pem``."""
    blocks = split_blocks(pem)
    keys = [text for label, text in blocks if label.endswith("PRIVATE KEY")]
    return keys, [text for label, text in blocks if label == "CERTIFICATE"]


class LiveFolder:
    """The live files. What is known of a file holds until the file changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._validity: dict[bytes, tuple[int, int]] = {}

    def place(self, address: str) -> str:
        """Return where the file of a normalized address is, or would be."""
        return os.path.join(self._path, address + SUFFIX)

    def has(self, address: str) -> bool:
        """Tell whether mail of a normalized address is to be signed. What cannot be seen is no reason to send it unsigned."""
        try:
            os.lstat(self.place(address))
        except FileNotFoundError:
            # Only an empty place in a folder that is there means: nothing to sign with.
            os.listdir(self._path)
            return False
        return True

    def load(self, address: str, now: float) -> Pair:
        """Return the pair of a normalized address. Raises UnusableError."""
        try:
            with open(self.place(address), "rb") as file:
                pair = read_pair(file.read())
            first, last = self._read_validity(pair.certificate)
        except (OSError, openssl.OpensslError) as error:
            raise UnusableError(str(error)) from error
        if not first <= now <= last:
            raise UnusableError("the certificate has expired" if now > last else "the certificate is not valid yet")
        return pair

    def _read_validity(self, certificate: bytes) -> tuple[int, int]:
        if certificate not in self._validity:
            first, last = openssl.read_validity(certificate)
            if len(self._validity) > 10_000:
                self._validity.clear()
            self._validity[certificate] = (ssl.cert_time_to_seconds(first), ssl.cert_time_to_seconds(last))
        return self._validity[certificate]
