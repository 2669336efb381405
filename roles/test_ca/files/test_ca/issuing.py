# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read certificate signing requests, and issue certificates: right ones and, when a test asks for them, wrong ones."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from test_ca.arguments import Code, Refusal
from test_ca.authority import (
    Authority,
    Hierarchy,
    Issuer,
    authority_key_identifier,
    cross_sign,
    key_usage,
    make_key,
    midnight,
)

SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
MAILBOX_VALIDATED_MULTIPURPOSE = "2.23.140.1.5.1.2"
UTF8_STRING = 0x0C
ARMOUR = re.compile(r"\s*-----BEGIN [^-]+-----(?P<data>.*?)-----END [^-]+-----\s*", re.DOTALL)
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
RSA_BITS = range(2048, 8192 + 1)
TEMPLATE_OIDS = (
    x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2"),
    x509.ObjectIdentifier("1.3.6.1.4.1.311.21.7"),
)
# What cryptography raises for a request that cannot be read or verified.
UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm, InvalidSignature)


def read_request(text: str) -> x509.CertificateSigningRequest:
    """Load a request, with or without header and footer, and check its signature and its key."""
    armoured = ARMOUR.fullmatch(text)
    packed = re.sub(r"\s+", "", armoured["data"] if armoured else text)
    try:
        request = x509.load_der_x509_csr(base64.b64decode(packed, validate=True))
    except (binascii.Error, *UNREADABLE) as error:
        raise Refusal(Code.CSR_REJECTED) from error
    check_key(read_key(request))
    check_contents(request)
    return request


def read_key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    """Load the public key; a curve that the library does not know is an unsupported key."""
    try:
        return request.public_key()
    except UnsupportedAlgorithm as error:
        raise Refusal(Code.UNSUPPORTED_KEY_SIZE) from error
    except ValueError as error:
        raise Refusal(Code.CSR_REJECTED) from error


def check_key(key: CertificatePublicKeyTypes) -> None:
    """Accept the keys that an S/MIME certificate may hold."""
    if isinstance(key, rsa.RSAPublicKey):
        supported = key.key_size in RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        supported = isinstance(key.curve, CURVES)
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        supported = True
    else:
        raise Refusal(Code.CSR_REJECTED)
    if not supported:
        raise Refusal(Code.UNSUPPORTED_KEY_SIZE)


def check_contents(request: x509.CertificateSigningRequest) -> None:
    """Verify the proof of possession, and that the extensions can be read."""
    try:
        valid = request.is_signature_valid and request.extensions is not None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, *UNREADABLE) as error:
        raise Refusal(Code.CSR_REJECTED) from error
    if not valid:
        raise Refusal(Code.CSR_REJECTED)


def template_extensions(request: x509.CertificateSigningRequest) -> list[x509.Extension[x509.ExtensionType]]:
    """Find the Microsoft certificate template, old form or new."""
    return [extension for extension in request.extensions if extension.oid in TEMPLATE_OIDS]


@dataclass(frozen=True)
class Profile:
    """What an order wants in its certificate."""

    email: str
    common_name: str = ""
    organization: str = ""
    policy: str = MAILBOX_VALIDATED_MULTIPURPOSE
    client_auth: bool = False
    validity_days: int = 365
    not_before_days: int = 0
    crl_urls: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Chain:
    """An issued certificate with what stands above it, its issuer first and the root last."""

    end_entity: x509.Certificate
    above: tuple[x509.Certificate, ...]
    doubled: bool = False


def issue(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Issue what was ordered."""
    return issue_under(authority.hierarchy, profile, request)


def issue_under(hierarchy: Hierarchy, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Issue for the request's key below a given hierarchy."""
    certificate = sign(hierarchy.intermediate, start(profile, request.public_key(), hierarchy, request))
    return Chain(certificate, (hierarchy.intermediate.certificate, hierarchy.root.certificate))


def start(
    profile: Profile,
    key: CertificatePublicKeyTypes,
    hierarchy: Hierarchy,
    request: x509.CertificateSigningRequest,
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
) -> x509.CertificateBuilder:
    """Put an end-entity certificate together."""
    begins = midnight() + timedelta(days=profile.not_before_days)
    if profile.client_auth:
        usages = (*usages, ExtendedKeyUsageOID.CLIENT_AUTH)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_of(profile))
        .issuer_name(hierarchy.intermediate.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        # "a 'not after' time of 23:59:59 GMT" (section Response)
        .not_valid_after(begins + timedelta(days=profile.validity_days, seconds=-1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage_of(key), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName([mailbox_name(profile.email)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority_key_identifier(hierarchy.intermediate), critical=False)
    )
    if profile.policy:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(profile.policy), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    if profile.crl_urls:
        names = [x509.UniformResourceIdentifier(url) for url in profile.crl_urls]
        points = [x509.DistributionPoint(names, None, None, None)]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
    for extension in template_extensions(request):
        builder = builder.add_extension(extension.value, critical=False)
    return builder


def sign(issuer: Issuer, builder: x509.CertificateBuilder) -> x509.Certificate:
    """Sign with an issuer's key."""
    return builder.sign(issuer.key, hashes.SHA256())


def subject_of(profile: Profile) -> x509.Name:
    """Name the mailbox. emailAddress is an IA5String, so it is left out for an address that needs more."""
    parts = [(NameOID.COMMON_NAME, (profile.common_name or profile.email)[:64])]
    if profile.organization:
        parts.insert(0, (NameOID.ORGANIZATION_NAME, profile.organization[:64]))
    if profile.email.isascii():
        parts.append((NameOID.EMAIL_ADDRESS, profile.email))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def mailbox_name(email: str) -> x509.GeneralName:
    """Write a mailbox as rfc822Name, or as SmtpUTF8Mailbox (RFC 9598) where ASCII does not do."""
    local, _at, domain = email.rpartition("@")
    domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    if local.isascii():
        return x509.RFC822Name(f"{local}@{domain}")
    utf8 = f"{local}@{domain}".encode()
    return x509.OtherName(SMTP_UTF8_MAILBOX, tlv(UTF8_STRING, utf8))


def tlv(tag: int, *contents: bytes) -> bytes:
    """Wrap contents in a tag and a DER length (X.690, 8.1.3)."""
    value = b"".join(contents)
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def usage_of(key: CertificatePublicKeyTypes) -> x509.KeyUsage:
    """Grant what a key of this type can do (S/MIME Baseline Requirements, 7.1.2.3 e)."""
    if isinstance(key, rsa.RSAPublicKey):
        return key_usage("digital_signature", "key_encipherment")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key_usage("digital_signature", "key_agreement")
    return key_usage("digital_signature")


def with_other_key(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Certify a key that nobody asked for."""
    builder = start(profile, make_key().public_key(), authority.hierarchy, request)
    return replace(issue(authority, profile, request), end_entity=sign(authority.hierarchy.intermediate, builder))


def with_server_usage(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Certify for TLS servers only."""
    usages = (ExtendedKeyUsageOID.SERVER_AUTH,)
    plain = replace(profile, client_auth=False)
    builder = start(plain, request.public_key(), authority.hierarchy, request, usages)
    return replace(issue(authority, profile, request), end_entity=sign(authority.hierarchy.intermediate, builder))


def with_broken_chain(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Sign with a key that is not the named issuer's."""
    builder = start(profile, request.public_key(), authority.hierarchy, request)
    return replace(issue(authority, profile, request), end_entity=sign(authority.stranger.intermediate, builder))


def without(chain: Chain, missing: Issuer) -> Chain:
    """Leave one certificate of a chain out."""
    return replace(chain, above=tuple(item for item in chain.above if item != missing.certificate))


def with_cross_signed_chain(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Send two ways up: a stranger's root signed the intermediate and the root as well, and stands in between."""
    chain = issue(authority, profile, request)
    own, stranger = authority.hierarchy, authority.stranger.root
    crossed = tuple(cross_sign(stranger, issuer) for issuer in (own.intermediate, own.root))
    return replace(chain, above=(*crossed, stranger.certificate, *chain.above))


def with_expired_issuer(authority: Authority, profile: Profile, request: x509.CertificateSigningRequest) -> Chain:
    """Issue below an intermediate that has expired."""
    hierarchy = authority.hierarchy
    expired = Issuer(cross_sign(hierarchy.root, hierarchy.intermediate, days=-1), hierarchy.intermediate.key)
    return issue_under(replace(hierarchy, intermediate=expired), profile, request)


def with_unrelated_certificates(
    authority: Authority, profile: Profile, request: x509.CertificateSigningRequest
) -> Chain:
    """Send a stranger's certificates along, one for another mailbox among them."""
    chain = issue(authority, profile, request)
    builder = start(
        replace(profile, email="mallory@elsewhere.test"), make_key().public_key(), authority.stranger, request
    )
    stray = sign(authority.stranger.intermediate, builder)
    strangers = (authority.stranger.intermediate.certificate, authority.stranger.root.certificate)
    return replace(chain, above=(stray, *strangers, *chain.above))


Variant = Callable[[Authority, Profile, x509.CertificateSigningRequest], Chain]
VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "other_key": with_other_key,
        "other_email": lambda ca, profile, csr: issue(ca, replace(profile, email="mallory@elsewhere.test"), csr),
        "not_smime": with_server_usage,
        "expired": lambda ca, profile, csr: issue(ca, replace(profile, not_before_days=-400, validity_days=365), csr),
        "not_yet_valid": lambda ca, profile, csr: issue(ca, replace(profile, not_before_days=7), csr),
        "missing_chain": lambda ca, profile, csr: replace(issue(ca, profile, csr), above=()),
        "missing_intermediate": lambda ca, profile, csr: without(issue(ca, profile, csr), ca.hierarchy.intermediate),
        "missing_root": lambda ca, profile, csr: without(issue(ca, profile, csr), ca.hierarchy.root),
        "expired_issuer": with_expired_issuer,
        "broken_chain": with_broken_chain,
        "other_root": lambda ca, profile, csr: issue_under(ca.stranger, profile, csr),
        "cross_signed": with_cross_signed_chain,
        "unrelated": with_unrelated_certificates,
        "duplicates": lambda ca, profile, csr: replace(issue(ca, profile, csr), doubled=True),
    }
)
