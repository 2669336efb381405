# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12 (RFC 7292): key, end entity and chain in one file, as mail clients import it."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import (
    OpenPkcs12,
    UnsupportedAlgorithm,
    choose_pkcs12_encryption,
    open_pkcs12,
    serialization,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

# The algorithm's OID stands in clear beside what it encrypts: PBES2, or pbeWithSHAAnd3-KeyTripleDES-CBC.
_ENCRYPTIONS = {"modern": "1.2.840.113549.1.5.13", "legacy": "1.2.840.113549.1.12.1.3"}


def seal(
    key: Any, chain: tuple[Certificate, ...], friendly_name: str, encryption: serialization.KeySerializationEncryption
) -> bytes:
    """Return a PKCS#12 of ``key`` and ``chain``, the end entity first."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    others = [item.parsed for item in chain[1:]]
    name = friendly_name.encode(errors="replace")
    try:
        return pkcs12.serialize_key_and_certificates(name, key, chain[0].parsed, others or None, encryption)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"pkcs12_path: this cryptography cannot put this key into PKCS#12: {error}", hint="Use an RSA or ECC key."
        ) from error


def choose_encryption(passphrase: str | None, name: str) -> serialization.KeySerializationEncryption:
    """Return the encryption ``modern`` or ``legacy``; without a passphrase there is none. Raises OptionError."""
    try:
        return choose_pkcs12_encryption(passphrase.encode() if passphrase else None, legacy=name == "legacy")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise OptionError(
            f"pkcs12_passphrase, pkcs12_encryption: {error}",
            hint="Use pkcs12_encryption legacy, or a newer cryptography.",
        ) from error


def find_encryption(data: bytes) -> str | None:
    """Return how a PKCS#12 is encrypted, ``modern`` or ``legacy``, or None if it is not, or in another way."""
    found = [name for name, oid in _ENCRYPTIONS.items() if der.encode_oid(oid) in data]
    return found[0] if len(found) == 1 else None


def unseal(data: bytes, passphrase: str | None) -> OpenPkcs12:
    """Return the contents of a PKCS#12. Raises ValueError if the passphrase does not open it."""
    try:
        return open_pkcs12(data, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error


def read_certificates(opened: OpenPkcs12) -> list[Certificate]:
    """Return the certificates, the end entity first. Raises ValueError if one cannot be read."""
    parsed = [*([opened.end_entity] if opened.end_entity is not None else []), *opened.others]
    return [certificates.load_der(item.public_bytes(serialization.Encoding.DER)) for item in parsed]


def read_public_key(opened: OpenPkcs12) -> bytes | None:
    """Return the public half of the key inside, as SubjectPublicKeyInfo in DER."""
    return keys.encode_public_key(opened.key.public_key()) if opened.key is not None else None
