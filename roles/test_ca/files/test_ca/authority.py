# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S/MIME authority: its keys and certificates, and the list of what it revoked (RFC 5280, section 5), right or wrong.

Keys and certificates are made once, kept in the state directory, and used again after a restart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from test_ca.arguments import FieldError, choice, update
from test_ca.listeners import Delivery, say
from test_ca.state import write_private

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
CRL_PATH = "/crl/issuer.crl"
CRL_TYPE = "application/pkix-crl"
FETCHES_KEPT = 10_000
LARGE = 32 * 1024 * 1024
SILENCE_SECONDS = 600.0
LONGEST_SECONDS = 10 * 365 * 86400
# "removeFromCRL" is for delta CRLs alone.
REASONS = tuple(reason.value for reason in x509.ReasonFlags if reason is not x509.ReasonFlags.remove_from_crl)
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
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
class Revocation:
    """A revoked certificate, as the control API takes and tells it."""

    serial_number: str = ""
    reason: str = choice("unspecified", *(reason for reason in REASONS if reason != "unspecified"))
    days_ago: int = 0

    def entry(self, now: datetime) -> x509.RevokedCertificate:
        """Give the list's entry; the reason is left out where there is none to say (section 5.3.1)."""
        builder = x509.RevokedCertificateBuilder().serial_number(int(self.serial_number))
        builder = builder.revocation_date(now - timedelta(days=self.days_ago))
        if self.reason != "unspecified":
            builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(self.reason)), critical=False)
        return builder.build()


@dataclass(frozen=True)
class Draft:
    """What a list is made of."""

    issuer: Issuer
    revocations: tuple[Revocation, ...]
    number: int
    begins: datetime
    ends: datetime
    extension: x509.ExtensionType | None = None
    encoding: serialization.Encoding = DER
    signer: Issuer | None = None  # none: the issuer

    def sign(self) -> bytes:
        """Write the list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuer.certificate.subject)
            .last_update(self.begins)
            .next_update(self.ends)
            .add_extension(x509.CRLNumber(self.number), critical=False)
            .add_extension(authority_key_identifier(self.issuer), critical=False)
        )
        for revocation in self.revocations:
            builder = builder.add_revoked_certificate(revocation.entry(self.begins))
        if self.extension is not None:
            builder = builder.add_extension(self.extension, critical=True)
        return builder.sign((self.signer or self.issuer).key, hashes.SHA256()).public_bytes(self.encoding)

    def shift(self, days: int) -> Draft:
        """Move its time."""
        return replace(self, begins=self.begins + timedelta(days=days), ends=self.ends + timedelta(days=days))


def send_list(draft: Draft) -> Delivery:
    """Send the list as it should be."""
    return say(200, draft.sign(), CRL_TYPE)


def send_half_list(draft: Draft) -> Delivery:
    """Send the first half, as if that were all."""
    whole = draft.sign()
    return say(200, whole[: len(whole) // 2], CRL_TYPE)


def send_changed(change: Callable[[Authority, Draft], Draft]) -> Callable[[Authority, Draft], Delivery]:
    """Give a trouble that sends a changed list."""
    return lambda authority, draft: send_list(change(authority, draft))


def expire(_authority: Authority, draft: Draft) -> Draft:
    """Let its time be over, however long it is."""
    return draft.shift(-(draft.ends - draft.begins).days - 2)


# What is wrong with the list, or with how it is served.
CRL_TROUBLES: Mapping[str, Callable[[Authority, Draft], Delivery]] = MappingProxyType(
    {
        "none": lambda _authority, draft: send_list(draft),
        "expired": send_changed(expire),
        "not_yet_valid": send_changed(lambda _authority, draft: draft.shift(7)),
        "wrong_signature": send_changed(
            lambda authority, draft: replace(draft, signer=authority.stranger.intermediate)
        ),
        "wrong_issuer": send_changed(lambda authority, draft: replace(draft, issuer=authority.stranger.intermediate)),
        "delta": send_changed(lambda _authority, draft: replace(draft, extension=x509.DeltaCRLIndicator(draft.number))),
        "unknown_extension": send_changed(lambda _authority, draft: replace(draft, extension=UNKNOWN_EXTENSION)),
        "pem": send_changed(lambda _authority, draft: replace(draft, encoding=PEM)),
        "truncated": lambda _authority, draft: send_half_list(draft),
        "garbage": lambda _authority, _draft: say(200, b"<html>no list</html>", "text/html"),
        "empty": lambda _authority, _draft: say(200, b"", CRL_TYPE),
        "too_large": lambda _authority, draft: say(200, draft.sign() + bytes(LARGE), CRL_TYPE),
        "redirect": lambda _authority, _draft: say(302, b"", "text/html", ("Location", "http://127.0.0.1:9/crl")),
        "not_found": lambda _authority, _draft: say(404, b"not found\n", "text/plain"),
        "unavailable": lambda _authority, _draft: say(503, b"try again later\n", "text/plain"),
        "cut": lambda _authority, _draft: Delivery(None, cut=True),
        "silent": lambda _authority, draft: replace(send_list(draft), seconds=SILENCE_SECONDS),
    }
)


@dataclass
class RevocationList:
    """What is revoked, and how often the list was asked for. `urls` says where it is served, by scheme."""

    authority: Authority
    urls: dict[str, str] = field(default_factory=dict)
    revoked: dict[str, Revocation] = field(default_factory=dict)
    fetches: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=FETCHES_KEPT))
    number: int = 0

    def revoke(self, wanted: object) -> None:
        """Revoke a certificate by its serial number, or change why and when it was."""
        revocation = update(Revocation(), wanted)
        if not revocation.serial_number.isascii() or not revocation.serial_number.isdecimal():
            raise FieldError("'serial_number' must be a decimal number, as text")
        if not 0 <= revocation.days_ago <= 3650:
            raise FieldError("'days_ago' must be 0 to 3650")
        self.revoked[revocation.serial_number] = revocation

    def deliver(self, scheme: str, trouble: str, seconds: int) -> Delivery:
        """Answer somebody who asks for the list; it is good for so many seconds."""
        self.fetches.append({"scheme": scheme, "trouble": trouble})
        self.number += 1
        now = datetime.now(UTC).replace(microsecond=0)
        draft = Draft(
            issuer=self.authority.hierarchy.intermediate,
            revocations=tuple(self.revoked.values()),
            number=self.number,
            begins=now,
            ends=now + timedelta(seconds=seconds),
        )
        return CRL_TROUBLES[trouble](self.authority, draft)

    def describe(self) -> dict[str, object]:
        """Tell what is revoked, where that is told, and who asked."""
        revoked = [vars(revocation) for revocation in self.revoked.values()]
        return {"urls": self.urls, "revoked": revoked, "fetches": list(self.fetches)}
