# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports ``cryptography``, and all that differs between its releases, from 3.4.8 (Ubuntu 22.04) on.

Each branch names the release that allows its removal.
"""

from __future__ import annotations

import traceback
from datetime import datetime, timezone

from ansible_collections.mailops.smime.plugins.module_utils._errors import MissingLibraryError

CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

__all__ = (
    "InvalidSignature",
    "UnsupportedAlgorithm",
    "ec",
    "ed448",
    "ed25519",
    "hashes",
    "is_signed_by",
    "load_private_key",
    "not_after",
    "not_before",
    "padding",
    "require_cryptography",
    "rsa",
    "serialization",
    "x509",
)


def require_cryptography() -> None:
    """Raise MissingLibraryError if this host has no ``cryptography``."""
    if CRYPTOGRAPHY_IMPORT_ERROR is not None:
        raise MissingLibraryError("cryptography", CRYPTOGRAPHY_IMPORT_ERROR)


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


def not_before(certificate: x509.Certificate) -> datetime:
    """Return the first second of a certificate's validity, in UTC."""
    if hasattr(certificate, "not_valid_before_utc"):
        return certificate.not_valid_before_utc
    # Before 42 the dates were without a time zone.
    return certificate.not_valid_before.replace(tzinfo=timezone.utc)


def not_after(certificate: x509.Certificate) -> datetime:
    """Return the last second of a certificate's validity, in UTC."""
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    # Before 42 the dates were without a time zone.
    return certificate.not_valid_after.replace(tzinfo=timezone.utc)


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether ``issuer`` is named as the issuer of ``certificate`` and its key made the signature (RFC 5280, 6.1.3 a)."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        if hasattr(certificate, "verify_directly_issued_by"):
            certificate.verify_directly_issued_by(issuer)
        else:
            # Before 40 the library left the choice of the signature's scheme to its users.
            _verify_signature(certificate, issuer.public_key())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _verify_signature(certificate: x509.Certificate, key: object) -> None:
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    digest = certificate.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        key.verify(signature, signed)
    else:
        raise InvalidSignature
