# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys: loading, and the public half by which everything else is matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import (
    UnsupportedAlgorithm,
    ec,
    ed448,
    ed25519,
    load_private_key,
    rsa,
    serialization,
)


@dataclass(frozen=True)
class KeySpec:
    """A private key that is to be created: ``RSA`` of ``size`` bits or ``ECC`` on ``curve``, encrypted with ``passphrase``."""

    kind: str
    size: int
    curve: str
    passphrase: str | None

    def __repr__(self) -> str:
        return f"KeySpec({self.kind})"


class PrivateKey:
    """A private key: the library's object and the PEM as it was given, which no message prints.

    ``public_key`` is SubjectPublicKeyInfo in DER, ``encrypted`` says whether the PEM is.
    """

    def __init__(self, public_key: bytes, key: Any, pem: bytes, encrypted: bool) -> None:
        self.public_key = public_key
        self.key = key
        self.pem = pem
        self.encrypted = encrypted

    def __repr__(self) -> str:
        return "PrivateKey(...)"


def load(pem: bytes, passphrase: str | None, option: str) -> PrivateKey:
    """Return the key in ``pem``, which ``option`` gave. Raises OptionError that says what is wrong, never what the key is."""
    encrypted = b"-----BEGIN ENCRYPTED" in pem or b"Proc-Type: 4,ENCRYPTED" in pem
    if encrypted and passphrase is None:
        raise OptionError(f"the private key of {option} is encrypted", hint="Give privatekey_passphrase.")
    try:
        key = load_private_key(pem, passphrase.encode() if encrypted and passphrase is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = (
            "privatekey_passphrase does not open it, or it is damaged"
            if encrypted
            else "it is not a PEM private key, or damaged"
        )
        raise OptionError(
            f"the private key of {option} cannot be read: {what}",
            # Some tools leave out the zeros that the number of an EC key begins with: OpenSSL reads that, cryptography does not.
            hint="Check it with 'openssl pkey -noout -in FILE'. If that reports no fault, write the same key anew, "
            "as PKCS#8: 'openssl pkcs8 -topk8 -in FILE -out NEW' (with -nocrypt, if it has no passphrase).",
        ) from error
    return PrivateKey(encode_public_key(key.public_key()), key, pem, encrypted)  # type: ignore[attr-defined]


def encode_public_key(public_key: Any) -> bytes:
    """Return a public key as SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7): two keys are the same if these are."""
    encoded: bytes = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def describe_public_key(public_key: Any) -> tuple[str, int, str | None]:
    """Return a public key's type (``RSA``, ``ECC``, ``Ed25519``, ``Ed448``, ``other``), its size in bits, and an EC key's curve."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return "RSA", public_key.key_size, None
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return "ECC", public_key.key_size, public_key.curve.name
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256, None
    return ("Ed448", 456, None) if isinstance(public_key, ed448.Ed448PublicKey) else ("other", 0, None)
