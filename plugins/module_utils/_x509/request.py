# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made for a new certificate: a private key, and the certificate signing request (PKCS#10, RFC 2986)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, der
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import (
    HAS_CRYPTOGRAPHY,
    ExtendedKeyUsageOID,
    InvalidSignature,
    UnsupportedAlgorithm,
    ec,
    hashes,
    rsa,
    serialization,
    verify_signature,
    x509,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import ATTRIBUTES

MAX_LENGTH = 32767
ENROLL_CERTTYPE = "1.3.6.1.4.1.311.20.2"
CERTIFICATE_TEMPLATE = "1.3.6.1.4.1.311.21.7"
_OIDS = {name.lower(): oid for short, long, oid in ATTRIBUTES for name in (short, long)}
MAX_PASSPHRASE = 1023  # what OpenSSL takes
CURVES: dict[str, Any] = (
    {"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1} if HAS_CRYPTOGRAPHY else {}
)


def create_key(spec: keys.KeySpec) -> bytes:
    """Return a new private key as PKCS#8 in PEM."""
    if spec.kind == "RSA":
        key: Any = rsa.generate_private_key(65537, spec.size)
    else:
        key = ec.generate_private_key(CURVES[spec.curve]())
    encryption = (
        serialization.BestAvailableEncryption(spec.passphrase.encode())
        if spec.passphrase
        else serialization.NoEncryption()
    )
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return pem


def check_passphrase(passphrase: str | None) -> None:
    """Raise OptionError if no key can be encrypted with ``passphrase``."""
    try:
        if passphrase is not None and not 0 < len(passphrase.encode()) <= MAX_PASSPHRASE:
            raise OptionError(
                f"privatekey_passphrase must have 1 to {MAX_PASSPHRASE} octets", hint="Give another passphrase."
            )
    except UnicodeEncodeError as error:
        raise OptionError("privatekey_passphrase is not text", hint="Give another passphrase.") from error


@dataclass(frozen=True)
class CertificateRequest:
    """A CSR: PEM text, and the SubjectPublicKeyInfo (DER) that it asks a certificate for."""

    pem: str
    public_key: bytes


def load(data: bytes, option: str) -> CertificateRequest:
    """Return the CSR in ``data``: PEM, or its base64 without BEGIN and END.

    Raises OptionError if it is none or its signature is wrong.
    """
    if len(data) > MAX_LENGTH:
        raise OptionError(
            f"the CSR of {option} has {len(data)} characters; the CA takes {MAX_LENGTH} at most",
            hint="Check that it is a CSR.",
        )
    try:
        csr = _parse(data)
        public_key = keys.encode_public_key(csr.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"the CSR of {option} cannot be read: it is not a PKCS#10 request in PEM or base64",
            hint="Check it with 'openssl req -noout -verify -in FILE'.",
        ) from error
    _check_signature(csr, option)
    return CertificateRequest(csr.public_bytes(serialization.Encoding.PEM).decode("ascii"), public_key)


def _check_signature(csr: x509.CertificateSigningRequest, option: str) -> None:
    try:
        # Releases that know no old digests any more say "wrong" of each signature with one. What the CA takes, it says itself.
        if not csr.is_signature_valid:
            verify_signature(csr, csr.tbs_certrequest_bytes, csr.public_key())
    except UnsupportedAlgorithm as error:
        raise OptionError(
            f"the CSR of {option} has a signature that cryptography cannot check on this host: {error}",
            hint="Make the CSR anew with SHA-256.",
        ) from error
    except InvalidSignature as error:
        raise OptionError(
            f"the CSR of {option} has a wrong signature: it was changed after it was made", hint="Make the CSR anew."
        ) from error


def _parse(data: bytes) -> x509.CertificateSigningRequest:
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_csr(data)
    try:
        return x509.load_der_x509_csr(base64.b64decode(b"".join(data.split()), validate=True))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Template:
    """Either ``name`` (version 1), or ``oid`` with an optional ``major`` and then an optional ``minor`` (version 2)."""

    name: str | None = None
    oid: str | None = None
    major: int | None = None
    minor: int | None = None


@dataclass(frozen=True)
class RequestSpec:
    """What a request says beside its key: the mailbox, the subject by attribute names, the Microsoft certificate template."""

    email: str
    subject: Mapping[str, str | list[str]] | None = None
    template: Template | None = None


def check(spec: RequestSpec) -> None:
    """Raise OptionError for what cannot be put into a request."""
    _draw_up(spec)


def build(key: keys.PrivateKey, spec: RequestSpec) -> CertificateRequest:
    """Return a signed request with rfc822Name, key usage and emailProtection. Raises OptionError."""
    builder = _draw_up(spec).add_extension(_build_key_usage(key.key), critical=True)
    try:
        csr = builder.sign(key.key, _choose_digest(key.key))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(f"this private key cannot sign a request: {error}", hint="Use an RSA or ECC key.") from error
    return CertificateRequest(csr.public_bytes(serialization.Encoding.PEM).decode("ascii"), key.public_key)


def _draw_up(spec: RequestSpec) -> x509.CertificateSigningRequestBuilder:
    """Return all of the request that does not depend on the key."""
    try:
        mailbox = x509.RFC822Name(_encode_mailbox(spec.email))
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(_build_subject(spec))
            .add_extension(x509.SubjectAlternativeName([mailbox]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        )
        if spec.template is not None:
            builder = builder.add_extension(_build_template(spec.template), critical=False)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"no request can be made: {error}", hint="Correct email, subject or ms_template, or give a CSR."
        ) from error
    return builder


def _build_subject(spec: RequestSpec) -> x509.Name:
    if spec.subject is not None:
        return build_subject(spec.subject)
    # A common name has 64 characters at most (RFC 5280, appendix A.1, ub-common-name); a longer address is in the SAN alone.
    email = _encode_mailbox(spec.email)
    return build_subject({"CN": email} if len(email) <= 64 else {})


def _encode_mailbox(email: str) -> str:
    """Return the mailbox as an rfc822Name has it (RFC 5280, 4.2.1.6): ASCII, the domain as A-labels."""
    local, _at, domain = email.rpartition("@")
    if not local.isascii():
        raise ValueError(f"the local part of {email} has characters beyond ASCII, which an rfc822Name cannot hold")
    return f"{local}@{address.encode_domain(domain)}"


def _build_key_usage(key: object) -> x509.KeyUsage:
    """Return digitalSignature and what the key's type can do to decrypt (S/MIME Baseline Requirements, 7.1.2.3 e)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        data_encipherment=False,
        key_agreement=isinstance(key, ec.EllipticCurvePrivateKey),
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _choose_digest(key: object) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.key_size == 384:
            return hashes.SHA384()
        return hashes.SHA512() if key.key_size == 521 else hashes.SHA256()
    # The Edwards curves bring their own.
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None


def build_subject(subject: Mapping[str, str | list[str]]) -> x509.Name:
    """Return the name with the attributes of ``subject``: short or long names or OIDs, each with one value or several.

    Raises ValueError for an unknown name or a value that its attribute cannot hold.
    """
    attributes: list[Any] = []
    for name, values in subject.items():
        oid = _OIDS.get(name.lower(), name)
        try:
            encoded = x509.ObjectIdentifier(oid)
        except ValueError as error:
            raise ValueError(f"{name} is not the name of a subject's attribute") from error
        several = values if isinstance(values, list) else [values]
        attributes += [_build_attribute(name, encoded, value) for value in several]
    return x509.Name(attributes)


def _build_attribute(name: str, oid: x509.ObjectIdentifier, value: object) -> Any:
    if isinstance(value, (int, float)):
        # No guess: by the time that it gets here, 01067 is 567, and a certificate cannot be corrected.
        raise ValueError(f"{name} must be text, and YAML reads {value} as a number or truth value: put it in quotes")
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text that is not empty")
    try:
        return x509.NameAttribute(oid, value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from error


def _build_template(template: Template) -> x509.UnrecognizedExtension:
    """Return the extension, which is never critical. Raises ValueError if the template makes no sense."""
    if (template.name is None) == (template.oid is None):
        raise ValueError("give either name, or oid")
    if template.name == "":
        raise ValueError("the name of the template is empty")
    if template.name is not None:
        if template.major is not None or template.minor is not None:
            raise ValueError("major and minor go with oid")
        value = der.encode_bmp_string(template.name)
        return x509.UnrecognizedExtension(x509.ObjectIdentifier(ENROLL_CERTTYPE), value)
    if template.minor is not None and template.major is None:
        raise ValueError("minor needs major")
    versions = [number for number in (template.major, template.minor) if number is not None]
    if any(number < 0 for number in versions):
        raise ValueError("major and minor are 0 or more")
    numbers = [der.encode_integer(number) for number in versions]
    value = der.encode(der.SEQUENCE, der.encode_oid(template.oid or ""), *numbers)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(CERTIFICATE_TEMPLATE), value)
