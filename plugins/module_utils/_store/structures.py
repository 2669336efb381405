# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outputs that are more than certificates in PEM: DER, PKCS#7, PKCS#12, and a certificate with its key; one row a kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.existing_keys import find_key_block
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import Output, OutputOptions, note
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import PrivateKey
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet


class Structure(NamedTuple):
    """How an output is made, compared and read, as the methods of Output say."""

    encode: Callable[[CertificateSet, OutputOptions], bytes]
    is_current: Callable[[bytes, CertificateSet, OutputOptions], bool]
    read_certificates: Callable[[bytes, OutputOptions], list[Certificate]]


def _is_current_pkcs7(data: bytes, issued: CertificateSet, _options: OutputOptions) -> bool:
    # A SET: the order says nothing.
    return set(_read_pkcs7(data, _options)) == set(issued.chain)


def _read_pkcs7(data: bytes, _options: OutputOptions) -> list[Certificate]:
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
    return find_key_block(key.pem).rstrip(b"\n") + b"\n"


def _encode_pkcs12(issued: CertificateSet, options: OutputOptions) -> bytes:
    encryption = containers.choose_encryption(options.pkcs12_passphrase, options.pkcs12_encryption)
    return containers.seal(_require_key(options).key, issued.chain, _choose_friendly_name(issued, options), encryption)


def _is_current_pkcs12(data: bytes, issued: CertificateSet, options: OutputOptions) -> bool:
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
    return containers.read_certificates(containers.unseal(data, options.pkcs12_passphrase))


def _require_key(options: OutputOptions) -> PrivateKey:
    if options.key is None:
        raise OptionError(
            "an output holds the private key, and there is none", hint="Give privatekey_path or privatekey_content."
        )
    return options.key


STRUCTURES = {
    "der": Structure(
        lambda issued, _options: issued.end_entity.der,
        lambda data, issued, _options: data == issued.end_entity.der,
        lambda data, _options: [certificates.load_der(data)],
    ),
    "pkcs7": Structure(
        lambda issued, _options: containers.build_pkcs7([item.parsed for item in issued.chain]),
        _is_current_pkcs7,
        _read_pkcs7,
    ),
    "pkcs12": Structure(_encode_pkcs12, _is_current_pkcs12, _read_pkcs12),
    "combined": Structure(_encode_combined, _is_current_combined, lambda data, _options: certificates.load_pem(data)),
}


def needs_no_intermediates(
    end_entity: Certificate, found: Iterable[tuple[Output, bytes]], options: OutputOptions
) -> bool:
    """Tell whether the files with the chain of ``end_entity`` say that there is none between it and its root.

    ``found`` has the contents of those that are there. Raises ValueError if one cannot be read.
    """
    chains = [(output, data) for output, data in found if output.needs_chain]
    noted = [note(CertificateSet(end_entity)) in data for output, data in chains if output.select is not None]
    # A structure is whole, or cannot be read; a text may have been cut.
    return any(noted) if noted else any(row.read_certificates(data, options) == [end_entity] for row, data in chains)
