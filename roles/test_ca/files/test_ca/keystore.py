# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of the authority in its state directory: made once, used again after a restart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issuer:
    """A certificate that signs others, with its key."""

    certificate: x509.Certificate
    key: SigningKey


def make_key() -> ec.EllipticCurvePrivateKey:
    """Make a key; elliptic curves keep issuing quick."""
    return ec.generate_private_key(ec.SECP256R1())


def make_name(common_name: str) -> x509.Name:
    """Name one of the authority's own certificates."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mailops.smime test CA"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def midnight() -> datetime:
    """Give today's 00:00:00 GMT."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def key_usage(*granted: str) -> x509.KeyUsage:
    """Build a key usage extension from the names of its bits."""
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in granted for name in names})


def start_ca(name: x509.Name, key: SigningKey, path_length: int | None) -> x509.CertificateBuilder:
    """Begin a CA certificate. It starts years ago, so that expired certificates nest in its time."""
    today = midnight()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=3650))
        .not_valid_after(today + timedelta(days=7300, seconds=-1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def make_root(common_name: str, key: SigningKey | None = None) -> Issuer:
    """Make a self-signed root, with a new key unless one is given."""
    key, name = key or make_key(), make_name(common_name)
    return Issuer(start_ca(name, key, None).issuer_name(name).sign(key, hashes.SHA256()), key)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    fresh.replace(path)


def key_to_pem(key: SigningKey) -> bytes:
    """Write a key without a passphrase: it is worth nothing outside its directory."""
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def load_or_make(directory: Path, stem: str, make: Callable[[], Issuer]) -> Issuer:
    """Take an issuer from the directory, or make it and leave it there."""
    certificate_path, key_path = directory / f"{stem}.pem", directory / f"{stem}-key.pem"
    if certificate_path.exists() and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if isinstance(key, SigningKey):
            return Issuer(x509.load_pem_x509_certificate(certificate_path.read_bytes()), key)
    issuer = make()
    write_private(key_path, key_to_pem(issuer.key))
    write_private(certificate_path, issuer.certificate.public_bytes(PEM))
    return issuer
