# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small CA for the tests: every certificate that they need, made on the spot, with dates that no calendar changes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Sequence

from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, sequence
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
FIRST_SECOND = datetime(2026, 1, 1, tzinfo=timezone.utc)
LAST_SECOND = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)
FAR_AHEAD = datetime(2099, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
ALICE = "alice@example.test"
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))

_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Issued:
    """A certificate with the private key to it."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def public_key(self) -> bytes:
        return encode_public_key(self.key)

    @property
    def key_pem(self) -> bytes:
        return encode_key(self.key)


@dataclass(frozen=True)
class Authority:
    """A root and the intermediate that issues."""

    root: Issued
    intermediate: Issued

    def issue(self, **options: Any) -> Issued:
        """Return an end entity for ALICE, unless the options say otherwise."""
        return issue(options.pop("name", ALICE), **{"issuer": self.intermediate, "emails": (ALICE,), **options})


def make_authority(name: str = "Example") -> Authority:
    root = issue_ca(f"{name} Root")
    return Authority(root, issue_ca(f"{name} Issuing CA", issuer=root))


def make_key(curve: Any = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


@lru_cache(maxsize=None)
def make_rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, size)


@lru_cache(maxsize=None)
def make_rsa_authority() -> Authority:
    """Return an authority as make_authority does, all of whose keys are RSA."""
    root = issue_ca("RSA Root", key=make_rsa_key(2064))
    return Authority(root, issue_ca("RSA Issuing CA", issuer=root, key=make_rsa_key(2056)))


def make_ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def encode_public_key(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def encode_key(key: Any, passphrase: str | None = None, *, traditional: bool = False) -> bytes:
    encryption = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase.encode())
    )
    form = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    encoded: bytes = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return encoded


def make_name(name: str | x509.Name) -> x509.Name:
    """Return the name with this common name; a whole name is what it is."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if isinstance(name, str) else name


def make_csr(key: Any, common_name: str = ALICE) -> x509.CertificateSigningRequest:
    return x509.CertificateSigningRequestBuilder().subject_name(make_name(common_name)).sign(key, _digest_for(key))


def make_csr_pem(key: Any) -> str:
    return make_csr(key).public_bytes(serialization.Encoding.PEM).decode()


def issue_ca(name: str | x509.Name, **options: Any) -> Issued:
    return issue(
        name,
        **{
            "ca": True, "usages": None, "key_usages": ("key_cert_sign", "crl_sign"),
            "not_before": datetime(2020, 1, 1, tzinfo=timezone.utc),
            "not_after": datetime(2040, 12, 31, 23, 59, 59, tzinfo=timezone.utc), **options,
        },
    )  # fmt: skip


def issue(
    name: str | x509.Name,
    *,
    issuer: Issued | None = None,
    key: Any = None,
    ca: bool = False,
    emails: Sequence[str] = (),
    utf8_mailboxes: Sequence[bytes] = (),
    usages: Sequence[str] | None = (EMAIL_PROTECTION,),
    key_usages: Sequence[str] | None = ("digital_signature",),
    policies: Sequence[str] = (),
    not_before: datetime = FIRST_SECOND,
    not_after: datetime = LAST_SECOND,
    extra: Sequence[x509.ExtensionType] = (),
    critical: Sequence[x509.ExtensionType] = (),
    path_length: int | None = None,
    issuer_name: x509.Name | None = None,
    sign_with: Any = None,
) -> Issued:
    """Return a certificate; without ``issuer`` it is self-signed, ``sign_with`` is the key of a signature that does not hold.

    ``issuer_name`` stands for the issuer's own way to write its name.
    """
    key = key or make_key()
    signer = sign_with or (issuer.key if issuer is not None else key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(make_name(name))
        .issuer_name(issuer_name or (issuer.certificate.subject if issuer is not None else make_name(name)))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    wanted: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=ca, path_length=path_length), True)]
    names: list[x509.GeneralName] = [x509.RFC822Name(email) for email in emails]
    names += [x509.OtherName(x509.ObjectIdentifier(SMTP_UTF8_MAILBOX), value) for value in utf8_mailboxes]
    if names:
        wanted.append((x509.SubjectAlternativeName(names), False))
    if usages is not None:
        wanted.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages]), False))
    if key_usages is not None:
        wanted.append((x509.KeyUsage(**{usage: usage in key_usages for usage in _USAGES}), True))
    if policies:
        numbers = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in policies]
        wanted.append((x509.CertificatePolicies(numbers), False))
    wanted += [*((item, False) for item in extra), *((item, True) for item in critical)]
    for extension, is_critical in wanted:
        builder = builder.add_extension(extension, is_critical)
    return Issued(builder.sign(signer, _digest_for(signer)), key)


def make_list(
    issuer: Issued,
    revoked: dict[int, str | None],
    *,
    this_update: datetime = NOW - timedelta(days=1),
    next_update: datetime = NOW + timedelta(days=1),
    revoked_at: datetime = NOW - timedelta(days=2),
    critical: Sequence[x509.ExtensionType] = (),
    extra: Sequence[x509.ExtensionType] = (),
    entry_critical: Sequence[x509.ExtensionType] = (),
    entry_extra: Sequence[x509.ExtensionType] = (),
    sign_with: Any = None,
    encoding: Any = serialization.Encoding.DER,
) -> bytes:
    """Return a revocation list with these serial numbers, each with the name of a reason or none."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(this_update).next_update(next_update)
    for number, reason in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(revoked_at)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags[reason]), critical=False)
        for item, is_critical in [*((item, True) for item in entry_critical), *((item, False) for item in entry_extra)]:
            entry = entry.add_extension(item, is_critical)
        builder = builder.add_revoked_certificate(entry.build())
    for item, is_critical in [*((item, True) for item in critical), *((item, False) for item in extra)]:
        builder = builder.add_extension(item, is_critical)
    signer = sign_with or issuer.key
    return builder.sign(signer, _digest_for(signer)).public_bytes(encoding)


def alter(issued: Issued, signer: Any, old: bytes, new: bytes) -> bytes:
    """Return the DER of a certificate with something else of the same length in it, signed anew with the EC key ``signer``."""
    body = issued.certificate.tbs_certificate_bytes
    assert old in body
    assert len(old) == len(new)
    body = body.replace(old, new)
    algorithm = sequence(bytes.fromhex("06082a8648ce3d040302"))
    return sequence(body, algorithm, encode(0x03, b"\0" + signer.sign(body, ec.ECDSA(hashes.SHA256()))))


@lru_cache(maxsize=None)
def issue_odd_roots() -> dict[str, bytes]:
    """Return roots as bundles have them, in DER, that some releases of the library cannot read, or warn of."""
    odd = issue_ca("odd@root_ca")
    start = b"\xa0\x03\x02\x01\x02"  # the version; the serial number follows
    body = odd.certificate.tbs_certificate_bytes
    serial = body[body.index(start) + len(start) :][:3]
    p256, sm2 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a811ccf5501822d")
    name = b"\x0c\x0bodd@root_ca"
    return {
        "a negative serial number": alter(odd, odd.key, start + serial, start + serial[:2] + b"\x81"),
        "a curve that nobody knows": alter(odd, odd.key, p256, sm2),
        "a name in characters that its type has not": alter(odd, odd.key, name, b"\x13" + name[1:]),
        "no certificate": sequence(b""),
    }


def issue_server(issuer: Issued, address: x509.GeneralName, not_after: datetime = FAR_AHEAD) -> Issued:
    """Return a TLS server's certificate, which the operating system's clock judges: so it is good for a century."""
    return issue(
        "server",
        issuer=issuer,
        usages=(SERVER_AUTH,),
        not_before=LONG_AGO,
        not_after=not_after,
        extra=(
            x509.SubjectAlternativeName([address]),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
        ),
    )


def issue_server_root(name: str = "Server Root") -> Issued:
    key = make_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return issue_ca(name, key=key, not_before=LONG_AGO, not_after=FAR_AHEAD, extra=(identifier,))


def _digest_for(key: Any) -> Any:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
