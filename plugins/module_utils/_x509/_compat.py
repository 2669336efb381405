# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is imported of ``cryptography``, and what differs between its releases, from 3.4.8 (Ubuntu 22.04) on.

Of PKCS#7 and PKCS#12, containers.py says it. Each branch names the release that allows its removal.
"""

from __future__ import annotations

import contextlib
import traceback
import warnings
from collections.abc import Iterator
from datetime import timezone
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import MissingLibraryError

CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
try:
    # What it thinks of the Python at hand does not concern whoever runs a task.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
        from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()
    # Whoever imports these can be imported; require_cryptography() says what is missing before they are used.
    InvalidSignature = ArithmeticError  # type: ignore[assignment,misc]
    UnsupportedAlgorithm = NotImplementedError  # type: ignore[assignment,misc]
    ExtendedKeyUsageOID = x509 = hashes = serialization = None  # type: ignore[assignment,misc]
    ec = ed448 = ed25519 = padding = rsa = None  # type: ignore[assignment]

HAS_CRYPTOGRAPHY = CRYPTOGRAPHY_IMPORT_ERROR is None

_RSASSA_PSS = "1.2.840.113549.1.1.10"

__all__ = (
    "HAS_CRYPTOGRAPHY",
    "ExtendedKeyUsageOID",
    "InvalidSignature",
    "UnsupportedAlgorithm",
    "ec",
    "ed448",
    "ed25519",
    "hashes",
    "load_private_key",
    "padding",
    "reading",
    "require_cryptography",
    "rsa",
    "serialization",
    "to_utc",
    "verify_signature",
    "x509",
)


def require_cryptography() -> None:
    """Raise MissingLibraryError if this host has no ``cryptography``."""
    if CRYPTOGRAPHY_IMPORT_ERROR is not None:
        raise MissingLibraryError("cryptography", CRYPTOGRAPHY_IMPORT_ERROR)


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn all that the library raises for input that it cannot read into ValueError, which says that it is not ``what``.

    What it warns of it reads all the same, and nobody at the other end can do anything about it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # The library's Rust panics as BaseException.
        raise ValueError(f"not {what} that can be read") from error


def load_private_key(pem: bytes, passphrase: bytes | None) -> serialization.PrivateFormat:
    """Return the private key object of ``pem``. Raises ValueError, TypeError or UnsupportedAlgorithm."""
    try:
        # Checking an RSA key's numbers takes tens of milliseconds, and OpenSSL does it again when it signs.
        return serialization.load_pem_private_key(pem, passphrase, unsafe_skip_rsa_key_validation=True)  # type: ignore[return-value]
    except TypeError as error:
        # Before 39 there was no way to skip it.
        if "unsafe_skip_rsa_key_validation" not in str(error):
            raise
        return serialization.load_pem_private_key(pem, passphrase)  # type: ignore[return-value]


def to_utc(item: Any, name: str) -> Any:
    """Return the time that ``item`` has by ``name``, in UTC; None if it has none."""
    # Before 42 the dates were without a time zone, and those without one may go.
    if hasattr(item, f"{name}_utc"):
        return getattr(item, f"{name}_utc")
    found = getattr(item, name)
    return None if found is None else found.replace(tzinfo=timezone.utc)


def verify_signature(item: Any, signed: bytes, key: Any) -> None:
    """Verify that ``key``, a public one, made the signature of ``item`` (a certificate, list or request) over ``signed``.

    Raises InvalidSignature or UnsupportedAlgorithm. The library's own ways differ from release to release: some compare names
    octet by octet, some take an old digest for a wrong signature.
    """
    signature, digest = item.signature, item.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(signature, signed, _find_padding(item), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        key.verify(signature, signed)
    else:
        raise InvalidSignature


def _find_padding(item: Any) -> Any:
    if item.signature_algorithm_oid.dotted_string != _RSASSA_PSS:
        return padding.PKCS1v15()
    # Before 41 the library does not read the parameters of PSS.
    found = getattr(item, "signature_algorithm_parameters", None)
    if found is None:
        raise UnsupportedAlgorithm("this release of cryptography does not read signatures with RSASSA-PSS")
    return found
