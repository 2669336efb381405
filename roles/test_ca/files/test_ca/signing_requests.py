# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a PKCS#10 request in the ways that the page allows, and refuse what an authority must refuse."""

from __future__ import annotations

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from test_ca.codes import Code, Refusal

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
