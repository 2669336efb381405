# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate is written as: one row an output. Bytes in, bytes out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, List

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import PrivateKey
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet


@dataclass(frozen=True)
class OutputOptions:
    """What outputs take beside certificates: the private key, and the options of PKCS#12."""

    key: PrivateKey | None = None
    pkcs12_passphrase: str | None = None
    pkcs12_friendly_name: str | None = None
    pkcs12_encryption: str = "modern"
    # Public keys of private ones that are kept elsewhere, so that they may be replaced.
    archived_keys: tuple[bytes, ...] = ()

    @property
    def safe_keys(self) -> tuple[bytes, ...]:
        """Return the public keys of what a file with a key may hold before it is replaced, the new key's first."""
        return (*((self.key.public_key,) if self.key is not None else ()), *self.archived_keys)

    @property
    def passphrases(self) -> tuple[str, ...]:
        """Return what may open a file that is to be replaced."""
        return (self.pkcs12_passphrase,) if self.pkcs12_passphrase else ()

    def __repr__(self) -> str:
        return "OutputOptions(...)"


# The kinds of PEM files that hold the chain.
_TEXTS = ("chain", "fullchain")

Encode = Callable[[CertificateSet, OutputOptions], bytes]
IsCurrent = Callable[[bytes, CertificateSet, OutputOptions], bool]
ReadCertificates = Callable[[bytes, OutputOptions], List[Certificate]]


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

    def holds_end_entity(self, known: CertificateSet | None) -> bool:
        """Tell whether another end entity makes another file; ``known`` is the chain as it is now, if it is."""
        if self.kind == "chain":
            # What says that there are no intermediates says for whom.
            return known is not None and not known.intermediates
        return self.kind != "root"


def _read_pem(data: bytes, _options: OutputOptions) -> list[Certificate]:
    return certificates.load_pem(data)


def _note(issued: CertificateSet) -> bytes:
    """Return what stands in place of intermediates where there are none, so that an empty file is not taken for them.

    Text outside of the blocks is no part of PEM (RFC 7468, section 2).
    """
    fingerprint = hashlib.sha256(issued.end_entity.der).hexdigest()
    return f"# Issued by the root itself, without intermediates: SHA-256 {fingerprint}\n".encode("ascii")


def needs_no_intermediates(
    end_entity: Certificate, found: Iterable[tuple[Output, bytes]], options: OutputOptions
) -> bool:
    """Tell whether the files with the chain of ``end_entity`` say that there is none between it and its root.

    ``found`` has the contents of those that are there. Raises ValueError if one cannot be read.
    """
    chains = [(output, data) for output, data in found if output.needs_chain]
    noted = [_note(CertificateSet(end_entity)) in data for output, data in chains if output.kind in _TEXTS]
    # A structure is whole, or cannot be read; a text may have been cut.
    return any(noted) if noted else any(row.read_certificates(data, options) == [end_entity] for row, data in chains)


def _pem(
    kind: str, option: str, select: Callable[[CertificateSet], tuple[Certificate, ...]], *, root: bool = False
) -> Output:
    """Return the row of a PEM file of the certificates that ``select`` takes."""

    def is_noted(issued: CertificateSet) -> bool:
        return not root and not issued.intermediates

    def encode(issued: CertificateSet, _options: OutputOptions) -> bytes:
        return b"".join(item.to_pem() for item in select(issued)) + (_note(issued) if is_noted(issued) else b"")

    def is_current(data: bytes, issued: CertificateSet, _options: OutputOptions) -> bool:
        return certificates.load_pem(data) == list(select(issued)) and not (
            is_noted(issued) and _note(issued) not in data
        )

    return Output(kind, option, encode, is_current, _read_pem, needs_chain=not root, needs_root=root)


def _is_current_certificate(data: bytes, issued: CertificateSet, _options: OutputOptions) -> bool:
    # Software that reads a certificate takes the first of its file, and so does this.
    return certificates.load_pem(data)[:1] == [issued.end_entity]


def _is_current_pkcs7(data: bytes, issued: CertificateSet, _options: OutputOptions) -> bool:
    # A SET: the order says nothing.
    return set(_read_pkcs7(data, _options)) == set(issued.chain)


def _read_pkcs7(data: bytes, _options: OutputOptions) -> list[Certificate]:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

    return containers.load_pkcs7(data)


def _encode_combined(issued: CertificateSet, options: OutputOptions) -> bytes:
    return _isolate_key(_require_key(options)) + issued.end_entity.to_pem()


def _is_current_combined(data: bytes, issued: CertificateSet, options: OutputOptions) -> bool:
    if options.key is None:
        return False
    key = _isolate_key(options.key)
    return data.startswith(key) and certificates.load_pem(data[len(key) :]) == [issued.end_entity]


def _isolate_key(key: PrivateKey) -> bytes:
    """Return the private key as it stands, without what else is in its file."""
    from ansible_collections.mailops.smime.plugins.module_utils._store.existing_keys import find_key_block

    return find_key_block(key.pem).rstrip(b"\n") + b"\n"


def _encode_pkcs12(issued: CertificateSet, options: OutputOptions) -> bytes:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

    encryption = containers.choose_encryption(options.pkcs12_passphrase, options.pkcs12_encryption)
    return containers.seal(_require_key(options).key, issued.chain, _choose_friendly_name(issued, options), encryption)


def _is_current_pkcs12(data: bytes, issued: CertificateSet, options: OutputOptions) -> bool:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

    encryption = options.pkcs12_encryption if options.pkcs12_passphrase else None
    if options.key is None or containers.find_encryption(data) != encryption:
        return False
    opened = containers.unseal(data, options.pkcs12_passphrase)
    if containers.read_public_key(opened) != options.key.public_key:
        return False
    if opened.friendly_name not in (None, _choose_friendly_name(issued, options).encode()):
        return False
    found = containers.read_certificates(opened)
    return found[:1] == [issued.end_entity] and set(found) == set(issued.chain)


def _choose_friendly_name(issued: CertificateSet, options: OutputOptions) -> str:
    return options.pkcs12_friendly_name or next(iter(issued.end_entity.emails), "")


def _read_pkcs12(data: bytes, options: OutputOptions) -> list[Certificate]:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

    return containers.read_certificates(containers.unseal(data, options.pkcs12_passphrase))


def _require_key(options: OutputOptions) -> PrivateKey:
    if options.key is None:
        raise OptionError(
            "an output holds the private key, and there is none", hint="Give privatekey_path or privatekey_content."
        )
    return options.key


CERTIFICATE = Output(
    "certificate",
    "path",
    lambda issued, _options: issued.end_entity.to_pem(),
    _is_current_certificate,
    _read_pem,
)
COMBINED = Output("combined", "combined_path", _encode_combined, _is_current_combined, _read_pem, private=True)
PKCS12 = Output(
    "pkcs12", "pkcs12_path", _encode_pkcs12, _is_current_pkcs12, _read_pkcs12, needs_chain=True, private=True
)

# In the order in which they are written: the certificate comes last, so that a run that dies on the way is finished by the next one.
OUTPUTS = (
    _pem(
        "root",
        "root_path",
        lambda issued: (issued.root,) if issued.root is not None else (),
        root=True,
    ),
    _pem("chain", "chain_path", lambda issued: issued.intermediates),
    _pem("fullchain", "fullchain_path", lambda issued: issued.chain),
    Output(
        "der",
        "der_path",
        lambda issued, _options: issued.end_entity.der,
        lambda data, issued, _options: data == issued.end_entity.der,
        lambda data, _options: [certificates.load_der(data)],
    ),
    Output(
        "pkcs7",
        "pkcs7_path",
        lambda issued, _options: _compat.build_pkcs7([item.parsed for item in issued.chain]),
        _is_current_pkcs7,
        _read_pkcs7,
        needs_chain=True,
    ),
    PKCS12,
    COMBINED,
    CERTIFICATE,
)
