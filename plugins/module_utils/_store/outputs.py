# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate is written as: one row an output. Bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import releases
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import PrivateKey


@dataclass(frozen=True)
class Recipe:
    """What outputs take beside certificates: the private key, and the options of PKCS#12."""

    key: PrivateKey | None = None
    pkcs12_passphrase: str | None = None
    pkcs12_friendly_name: str | None = None
    pkcs12_encryption: str = "modern"

    def __repr__(self) -> str:
        return "Recipe(...)"


@dataclass(frozen=True)
class Material:
    """The certificates that outputs are made of: ``intermediates`` with the end entity's issuer first, ``root`` if it is known."""

    end_entity: Certificate
    intermediates: tuple[Certificate, ...] = ()
    root: Certificate | None = None

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Return the end entity and the intermediates."""
        return (self.end_entity, *self.intermediates)


Encode = Callable[[Material, Recipe], bytes]
IsCurrent = Callable[[bytes, Material, Recipe], bool]
ReadCertificates = Callable[[bytes, Recipe], List[Certificate]]


@dataclass(frozen=True, eq=False)
class Output:
    """One kind of file: its option, how it is made, compared and read, and what it needs.

    ``is_current`` compares contents, not bytes. It and ``read_certificates`` raise ValueError for a file that cannot be read.
    """

    kind: str
    option: str
    encode: Encode
    is_current: IsCurrent
    read_certificates: ReadCertificates
    needs_chain: bool = False
    needs_root: bool = False
    private: bool = False


def _read_pem(data: bytes, _recipe: Recipe) -> list[Certificate]:
    return certificates.load_pem(data)


def _pem(
    kind: str, option: str, select: Callable[[Material], tuple[Certificate, ...]], *, root: bool = False
) -> Output:
    """Return the row of a PEM file of the certificates that ``select`` takes."""

    def encode(material: Material, _recipe: Recipe) -> bytes:
        return b"".join(item.to_pem() for item in select(material))

    def is_current(data: bytes, material: Material, _recipe: Recipe) -> bool:
        return certificates.load_pem(data) == list(select(material))

    return Output(kind, option, encode, is_current, _read_pem, needs_chain=not root, needs_root=root)


def _is_current_certificate(data: bytes, material: Material, _recipe: Recipe) -> bool:
    # Software that reads a certificate takes the first of its file, and so does this.
    return certificates.load_pem(data)[:1] == [material.end_entity]


def _is_current_pkcs7(data: bytes, material: Material, _recipe: Recipe) -> bool:
    # A SET: the order says nothing.
    return set(certificates.load_pkcs7(data)) == set(material.chain)


def _encode_combined(material: Material, recipe: Recipe) -> bytes:
    return _require_key(recipe).pem.rstrip(b"\n") + b"\n" + material.end_entity.to_pem()


def _is_current_combined(data: bytes, material: Material, recipe: Recipe) -> bool:
    if recipe.key is None:
        return False
    key = recipe.key.pem.rstrip(b"\n") + b"\n"
    return data.startswith(key) and certificates.load_pem(data[len(key) :]) == [material.end_entity]


def _encode_pkcs12(material: Material, recipe: Recipe) -> bytes:
    from ansible_collections.mailops.smime.plugins.module_utils._store import pkcs12

    encryption = pkcs12.choose_encryption(recipe.pkcs12_passphrase, recipe.pkcs12_encryption)
    return pkcs12.seal(_require_key(recipe).key, material.chain, _choose_friendly_name(material, recipe), encryption)


def _is_current_pkcs12(data: bytes, material: Material, recipe: Recipe) -> bool:
    from ansible_collections.mailops.smime.plugins.module_utils._store import pkcs12

    encryption = recipe.pkcs12_encryption if recipe.pkcs12_passphrase else None
    if recipe.key is None or pkcs12.find_encryption(data) != encryption:
        return False
    opened = pkcs12.unseal(data, recipe.pkcs12_passphrase)
    if pkcs12.read_public_key(opened) != recipe.key.public_key:
        return False
    if opened.friendly_name not in (None, _choose_friendly_name(material, recipe).encode()):
        return False
    found = pkcs12.read_certificates(opened)
    return found[:1] == [material.end_entity] and set(found) == set(material.chain)


def _choose_friendly_name(material: Material, recipe: Recipe) -> str:
    return recipe.pkcs12_friendly_name or next(iter(material.end_entity.emails), "")


def _read_pkcs12(data: bytes, recipe: Recipe) -> list[Certificate]:
    from ansible_collections.mailops.smime.plugins.module_utils._store import pkcs12

    return pkcs12.read_certificates(pkcs12.unseal(data, recipe.pkcs12_passphrase))


def _require_key(recipe: Recipe) -> PrivateKey:
    if recipe.key is None:
        raise OptionError(
            "an output holds the private key, and there is none", hint="Give privatekey_path or privatekey_content."
        )
    return recipe.key


CERTIFICATE = Output(
    "certificate",
    "path",
    lambda material, _recipe: material.end_entity.to_pem(),
    _is_current_certificate,
    _read_pem,
)
COMBINED = Output("combined", "combined_path", _encode_combined, _is_current_combined, _read_pem, private=True)
PKCS12 = Output(
    "pkcs12", "pkcs12_path", _encode_pkcs12, _is_current_pkcs12, _read_pkcs12, needs_chain=True, private=True
)

# In the order in which they are written: the certificate comes last, so that a run that dies on the way is finished by the next one.
OUTPUTS = (
    _pem("root", "root_path", lambda material: (material.root,) if material.root is not None else (), root=True),
    _pem("chain", "chain_path", lambda material: material.intermediates),
    _pem("fullchain", "fullchain_path", lambda material: material.chain),
    Output(
        "der",
        "der_path",
        lambda material, _recipe: material.end_entity.der,
        lambda data, material, _recipe: data == material.end_entity.der,
        lambda data, _recipe: [certificates.load_der(data)],
    ),
    Output(
        "pkcs7",
        "pkcs7_path",
        lambda material, _recipe: releases.build_pkcs7([item.parsed for item in material.chain]),
        _is_current_pkcs7,
        lambda data, _recipe: certificates.load_pkcs7(data),
        needs_chain=True,
    ),
    PKCS12,
    COMBINED,
    CERTIFICATE,
)
