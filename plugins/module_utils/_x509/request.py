# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate signing requests (PKCS#10, RFC 2986)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, template
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509 import subject as subjects
from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import (
    ExtendedKeyUsageOID,
    UnsupportedAlgorithm,
    ec,
    hashes,
    rsa,
    serialization,
    x509,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509.template import Template

MAX_LENGTH = 32767


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
        signed = csr.is_signature_valid
        public_key = keys.encode_public_key(csr.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"the CSR of {option} cannot be read: it is not a PKCS#10 request in PEM or base64",
            hint="Check it with 'openssl req -noout -verify -in FILE'.",
        ) from error
    if not signed:
        raise OptionError(
            f"the CSR of {option} has a wrong signature: it was changed after it was made", hint="Make the CSR anew."
        )
    return CertificateRequest(csr.public_bytes(serialization.Encoding.PEM).decode("ascii"), public_key)


def _parse(data: bytes) -> x509.CertificateSigningRequest:
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_csr(data)
    try:
        return x509.load_der_x509_csr(base64.b64decode(b"".join(data.split()), validate=True))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Plan:
    """What a request says beside its key: the mailbox, the subject by attribute names, the Microsoft certificate template."""

    email: str
    subject: Mapping[str, str | list[str]] | None = None
    template: Template | None = None


def check_plan(plan: Plan) -> None:
    """Raise OptionError for what cannot be put into a request."""
    _draw_up(plan)


def build(key: keys.PrivateKey, plan: Plan) -> CertificateRequest:
    """Return a signed request with rfc822Name, key usage and emailProtection. Raises OptionError."""
    builder = _draw_up(plan).add_extension(_build_key_usage(key.key), critical=True)
    try:
        csr = builder.sign(key.key, _choose_digest(key.key))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(f"this private key cannot sign a request: {error}", hint="Use an RSA or ECC key.") from error
    return CertificateRequest(csr.public_bytes(serialization.Encoding.PEM).decode("ascii"), key.public_key)


def _draw_up(plan: Plan) -> x509.CertificateSigningRequestBuilder:
    """Return all of the request that does not depend on the key."""
    try:
        mailbox = x509.RFC822Name(_encode_mailbox(plan.email))
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(_build_subject(plan))
            .add_extension(x509.SubjectAlternativeName([mailbox]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        )
        if plan.template is not None:
            builder = builder.add_extension(template.build_extension(plan.template), critical=False)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"no request can be made: {error}", hint="Correct email, subject or ms_template, or give a CSR."
        ) from error
    return builder


def _build_subject(plan: Plan) -> x509.Name:
    if plan.subject is not None:
        return subjects.build(plan.subject)
    # A common name has 64 characters at most (RFC 5280, appendix A.1, ub-common-name); a longer address is in the SAN alone.
    email = _encode_mailbox(plan.email)
    return subjects.build({"CN": email} if len(email) <= 64 else {})


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
