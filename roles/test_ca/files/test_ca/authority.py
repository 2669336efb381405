# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of the authority: the S/MIME hierarchy, and the separate one that TLS listeners show.

They are made once, kept in the state directory, and used again after a restart.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from test_ca.state import write_private

PEM = serialization.Encoding.PEM
TLS_ROOTS = {"tls-ca": "mailops.smime test CA, TLS root", "tls-stranger": "mailops.smime test CA, another TLS root"}
TLS_ROOT, STRANGER = TLS_ROOTS
LOOPBACK_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)
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


@dataclass(frozen=True)
class Hierarchy:
    """A root and the intermediate that issues for mailboxes."""

    root: Issuer
    intermediate: Issuer


class Authority:
    """What the S/MIME side of the test CA signs with."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy

    @cached_property
    def stranger(self) -> Hierarchy:
        """A second hierarchy that nobody trusts, for the `other_root` fault."""
        return make_hierarchy("stranger")


def load_authority(directory: Path) -> Authority:
    """Take the hierarchy from the state directory, or make one there."""
    root = load_or_make(directory, "root", lambda: make_root("mailops.smime test root"))
    intermediate = load_or_make(directory, "intermediate", lambda: make_intermediate(root, "mailops.smime test issuer"))
    return Authority(Hierarchy(root, intermediate))


def make_hierarchy(label: str) -> Hierarchy:
    """Make a hierarchy that is kept nowhere."""
    root = make_root(f"mailops.smime {label} root")
    return Hierarchy(root, make_intermediate(root, f"mailops.smime {label} issuer"))


def make_intermediate(root: Issuer, common_name: str, key: SigningKey | None = None) -> Issuer:
    """Make the certificate that issues for mailboxes, constrained to their usages; with a new key unless one is given."""
    key = key or make_key()
    usages = [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH]
    any_policy = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
    builder = (
        start_ca(make_name(common_name), key, 0)
        .issuer_name(root.certificate.subject)
        .add_extension(authority_key_identifier(root), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.CertificatePolicies([any_policy]), critical=False)
    )
    return Issuer(builder.sign(root.key, hashes.SHA256()), key)


def cross_sign(signer: Issuer, issuer: Issuer, days: int = 7300) -> x509.Certificate:
    """Certify an issuer's name and key once more, with another signature, until so many days from today."""
    subject = issuer.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.subject)
        .issuer_name(signer.certificate.subject)
        .public_key(issuer.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(subject.not_valid_before_utc)
        .not_valid_after(midnight() + timedelta(days=days, seconds=-1))
        .add_extension(authority_key_identifier(signer), critical=False)
    )
    for extension in subject.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(signer.key, hashes.SHA256())


def authority_key_identifier(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    """Point at an issuer's key."""
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


@dataclass(frozen=True)
class TlsTerms:
    """What a listener's certificate says: its names, and the days from today between which it is valid."""

    names: tuple[x509.GeneralName, ...] = LOOPBACK_NAMES
    first_day: int = -1
    last_day: int = 396


def write_tls(directory: Path, stem: str, terms: TlsTerms, root_stem: str = TLS_ROOT) -> tuple[Path, Path]:
    """Write a fresh certificate for a listener and give its path and its key's path."""
    key, today = make_key(), midnight()
    root = load_or_make(directory, root_stem, lambda: make_root(TLS_ROOTS[root_stem]))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + timedelta(days=terms.first_day))
        .not_valid_after(today + timedelta(days=terms.last_day))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(terms.names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key_identifier(root), critical=False)
    )
    certificate_path, key_path = directory / f"{stem}.pem", directory / f"{stem}-key.pem"
    write_private(key_path, key_to_pem(key))
    write_private(certificate_path, builder.sign(root.key, hashes.SHA256()).public_bytes(PEM))
    return certificate_path, key_path
