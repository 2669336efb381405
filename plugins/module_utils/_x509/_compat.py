# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports ``cryptography``, and all that differs between its releases, from 3.4.8 (Ubuntu 22.04) on.

Each branch names the release that allows its removal.
"""

from __future__ import annotations

import contextlib
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import MissingLibraryError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der

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
_PKCS7_DATA = "1.2.840.113549.1.7.1"
_PKCS7_SIGNED_DATA = "1.2.840.113549.1.7.2"

__all__ = (
    "HAS_CRYPTOGRAPHY",
    "ExtendedKeyUsageOID",
    "InvalidSignature",
    "OpenPkcs12",
    "UnsupportedAlgorithm",
    "build_pkcs7",
    "choose_pkcs12_encryption",
    "ec",
    "ed448",
    "ed25519",
    "hashes",
    "load_private_key",
    "not_after",
    "not_before",
    "open_pkcs12",
    "padding",
    "reading",
    "require_cryptography",
    "rsa",
    "serialization",
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


def not_before(certificate: x509.Certificate) -> datetime:
    """Return the first second of a certificate's validity, in UTC."""
    return _to_utc(certificate, "not_valid_before")


def not_after(certificate: x509.Certificate) -> datetime:
    """Return the last second of a certificate's validity, in UTC."""
    return _to_utc(certificate, "not_valid_after")


def this_update(revocation_list: Any) -> datetime:
    """Return from when a revocation list is, in UTC."""
    return _to_utc(revocation_list, "last_update")


def next_update(revocation_list: Any) -> datetime | None:
    """Return until when a revocation list counts, in UTC, if it says so."""
    utc = hasattr(revocation_list, "next_update_utc")
    found = revocation_list.next_update_utc if utc else revocation_list.next_update
    return None if found is None else found.replace(tzinfo=timezone.utc)


def revocation_date(entry: Any) -> datetime:
    """Return when a certificate was revoked, in UTC."""
    return _to_utc(entry, "revocation_date")


def _to_utc(item: Any, name: str) -> datetime:
    # Before 42 the dates were without a time zone, and those without one may go.
    found: datetime | None = getattr(item, f"{name}_utc", None)
    return found if found is not None else getattr(item, name).replace(tzinfo=timezone.utc)


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


def build_pkcs7(certificates: list[x509.Certificate]) -> bytes:
    """Return a certs-only PKCS#7 in DER (RFC 2315, section 9)."""
    # Imported here, as in each function below: a run that has nothing to do with these forms does not pay for them.
    from cryptography.hazmat.primitives.serialization import pkcs7

    if hasattr(pkcs7, "serialize_certificates"):
        return pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)
    # Before 37 the library could only read this form.
    encoded = sorted(item.public_bytes(serialization.Encoding.DER) for item in certificates)
    signed_data = der.encode(
        der.SEQUENCE,
        der.encode_integer(1),
        der.encode(der.SET),
        der.encode(der.SEQUENCE, der.encode_oid(_PKCS7_DATA)),
        der.encode(der.CONTEXT_0, *encoded),
        der.encode(der.SET),
    )
    content = der.encode(der.CONTEXT_0, signed_data)
    return der.encode(der.SEQUENCE, der.encode_oid(_PKCS7_SIGNED_DATA), content)


def choose_pkcs12_encryption(passphrase: bytes | None, *, legacy: bool) -> serialization.KeySerializationEncryption:
    """Return the encryption of a PKCS#12: AES-256 and SHA-256, or 3DES and SHA-1 if ``legacy``. Raises UnsupportedAlgorithm."""
    if passphrase is None:
        return serialization.NoEncryption()
    if not hasattr(serialization.PrivateFormat, "PKCS12"):
        # Before 38 the library knew 3DES only.
        if legacy:
            return serialization.BestAvailableEncryption(passphrase)
        raise UnsupportedAlgorithm("pkcs12_encryption modern needs cryptography 38 or newer on this host")
    from cryptography.hazmat.primitives.serialization import pkcs12

    algorithm = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC if legacy else pkcs12.PBES.PBESv2SHA256AndAES256CBC
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(algorithm)
    return builder.hmac_hash(hashes.SHA1() if legacy else hashes.SHA256()).build(passphrase)


@dataclass(frozen=True)
class OpenPkcs12:
    """What a PKCS#12 holds: its key, its end entity with a friendly name, and the other certificates."""

    key: Any
    end_entity: x509.Certificate | None
    friendly_name: bytes | None
    others: list[x509.Certificate]


def open_pkcs12(data: bytes, passphrase: bytes | None) -> OpenPkcs12:
    """Return the contents of a PKCS#12. Raises ValueError, TypeError or UnsupportedAlgorithm."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    if hasattr(pkcs12, "load_pkcs12"):
        opened = pkcs12.load_pkcs12(data, passphrase)
        own = opened.cert
        others = [item.certificate for item in opened.additional_certs]
        return OpenPkcs12(opened.key, own.certificate if own else None, own.friendly_name if own else None, others)
    # Before 36 the library did not tell the friendly name.
    key, end_entity, others = pkcs12.load_key_and_certificates(data, passphrase)
    return OpenPkcs12(key, end_entity, None, others)
