# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate is written as: one row an output. Bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate


@dataclass(frozen=True)
class Material:
    """What the outputs are made of: ``intermediates`` with the end entity's issuer first, ``root`` if it is known."""

    end_entity: Certificate
    intermediates: tuple[Certificate, ...] = ()
    root: Certificate | None = None


@dataclass(frozen=True)
class Output:
    """One kind of file: its option, whether it needs the chain or the root, how it is made, compared and read."""

    kind: str
    option: str
    encode: Callable[[Material], bytes]
    is_current: Callable[[bytes, Material], bool]
    read_certificates: Callable[[bytes], list[Certificate]]
    needs_chain: bool = False
    needs_root: bool = False
    private: bool = False


def _bundle(
    select: Callable[[Material], tuple[Certificate, ...]],
) -> tuple[Callable[[Material], bytes], Callable[[bytes, Material], bool]]:
    """Return how to make and how to compare a PEM file of the certificates that ``select`` takes."""

    def encode(material: Material) -> bytes:
        return b"".join(item.to_pem() for item in select(material))

    def is_current(data: bytes, material: Material) -> bool:
        return certificates.load_pem(data) == list(select(material))

    return encode, is_current


def _select_root(material: Material) -> tuple[Certificate, ...]:
    return (material.root,) if material.root is not None else ()


def _begins_with_end_entity(data: bytes, material: Material) -> bool:
    # Software that reads a certificate takes the first of its file, and so does this.
    return certificates.load_pem(data)[:1] == [material.end_entity]


def _pem(
    kind: str,
    option: str,
    select: Callable[[Material], tuple[Certificate, ...]],
    *,
    needs_chain: bool = False,
    needs_root: bool = False,
) -> Output:
    encode, is_current = _bundle(select)
    return Output(kind, option, encode, is_current, certificates.load_pem, needs_chain, needs_root)


CERTIFICATE = Output(
    "certificate",
    "path",
    lambda material: material.end_entity.to_pem(),
    _begins_with_end_entity,
    certificates.load_pem,
)

# In the order in which they are written: the certificate comes last, so that a run that dies on the way is finished by the next one.
OUTPUTS = (
    _pem("root", "root_path", _select_root, needs_root=True),
    _pem("chain", "chain_path", lambda material: material.intermediates, needs_chain=True),
    _pem(
        "fullchain", "fullchain_path", lambda material: (material.end_entity, *material.intermediates), needs_chain=True
    ),
    CERTIFICATE,
)
