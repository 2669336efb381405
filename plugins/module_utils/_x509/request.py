# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate signing requests (PKCS#10, RFC 2986)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import (
    UnsupportedAlgorithm,
    serialization,
    x509,
)

MAX_LENGTH = 32767
_BROKEN = (ValueError, TypeError, UnsupportedAlgorithm)


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
    except _BROKEN as error:
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
