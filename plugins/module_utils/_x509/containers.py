# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that hold several certificates: PKCS#7 (RFC 2315), and PKCS#12 (RFC 7292) with the key, as mail clients import it.

What differs between releases of ``cryptography`` about these forms stands here, and not in _compat: few runs need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import (
    UnsupportedAlgorithm,
    hashes,
    serialization,
    x509,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

# The algorithm's OID stands in clear beside what it encrypts: PBES2, or pbeWithSHAAnd3-KeyTripleDES-CBC.
_ENCRYPTIONS = {"modern": "1.2.840.113549.1.5.13", "legacy": "1.2.840.113549.1.12.1.3"}
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_PKCS7_DATA = "1.2.840.113549.1.7.1"
_PKCS7_SIGNED_DATA = "1.2.840.113549.1.7.2"


def load_pkcs7(data: bytes) -> list[Certificate]:
    """Return the certificates of a certs-only PKCS#7, in their order. Raises ValueError."""
    return [certificates.load_der(item) for item in split_pkcs7(data)]


def split_pkcs7(data: bytes) -> list[bytes]:
    """Return the DER of the certificates of a certs-only PKCS#7 (RFC 2315, sections 7 and 9.1), in their order. Raises ValueError."""
    # Not with the library: before release 45 it hands damaged input to OpenSSL, which can end the process.
    whole = der.read_whole(data)
    outer = whole.children() if whole.tag == der.SEQUENCE else []
    if len(outer) != 2 or outer[0].tag != der.OID or outer[0].value != _SIGNED_DATA or outer[1].tag != der.context(0):
        raise ValueError("not a PKCS#7 structure of signed data")
    content = outer[1].children()
    fields = content[0].children() if len(content) == 1 and content[0].tag == der.SEQUENCE else []
    # version, digestAlgorithms and contentInfo come first, then the certificates as [0] IMPLICIT SET.
    certificates = [field for field in fields[3:] if field.tag == der.context(0)]
    if len(fields) < 4 or len(certificates) != 1:
        raise ValueError("a PKCS#7 structure without certificates")
    return [element.encoded for element in certificates[0].children() if element.tag == der.SEQUENCE]


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


def build_pkcs7(certificates: list[x509.Certificate]) -> bytes:
    """Return a certs-only PKCS#7 in DER (RFC 2315, section 9)."""
    from cryptography.hazmat.primitives.serialization import pkcs7

    if hasattr(pkcs7, "serialize_certificates"):
        return pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)
    # Before 37 the library could only read this form.
    encoded = sorted(item.public_bytes(serialization.Encoding.DER) for item in certificates)
    signed_data = der.encode(
        der.SEQUENCE,
        der.encode_integer(1),
        der.encode(der.SET),
        der.encode(der.SEQUENCE, der.encode_oid(_PKCS7_DATA)),
        der.encode(der.CONTEXT_0, *encoded),
        der.encode(der.SET),
    )
    content = der.encode(der.CONTEXT_0, signed_data)
    return der.encode(der.SEQUENCE, der.encode_oid(_PKCS7_SIGNED_DATA), content)


def choose_pkcs12_encryption(passphrase: bytes | None, *, legacy: bool) -> serialization.KeySerializationEncryption:
    """Return the encryption of a PKCS#12: AES-256 and SHA-256, or 3DES and SHA-1 if ``legacy``. Raises UnsupportedAlgorithm."""
    if passphrase is None:
        return serialization.NoEncryption()
    if not hasattr(serialization.PrivateFormat, "PKCS12"):
        # Before 38 the library knew 3DES only.
        if legacy:
            return serialization.BestAvailableEncryption(passphrase)
        raise UnsupportedAlgorithm("pkcs12_encryption modern needs cryptography 38 or newer on this host")
    from cryptography.hazmat.primitives.serialization import pkcs12

    algorithm = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC if legacy else pkcs12.PBES.PBESv2SHA256AndAES256CBC
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(algorithm)
    return builder.hmac_hash(hashes.SHA1() if legacy else hashes.SHA256()).build(passphrase)


@dataclass(frozen=True)
class OpenPkcs12:
    """What a PKCS#12 holds: its key, its end entity with a friendly name, and the other certificates."""

    key: Any
    end_entity: x509.Certificate | None
    friendly_name: bytes | None
    others: list[x509.Certificate]


def open_pkcs12(data: bytes, passphrase: bytes | None) -> OpenPkcs12:
    """Return the contents of a PKCS#12. Raises ValueError, TypeError or UnsupportedAlgorithm."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    if hasattr(pkcs12, "load_pkcs12"):
        opened = pkcs12.load_pkcs12(data, passphrase)
        own = opened.cert
        others = [item.certificate for item in opened.additional_certs]
        return OpenPkcs12(opened.key, own.certificate if own else None, own.friendly_name if own else None, others)
    # Before 36 the library did not tell the friendly name.
    key, end_entity, others = pkcs12.load_key_and_certificates(data, passphrase)
    return OpenPkcs12(key, end_entity, None, others)
