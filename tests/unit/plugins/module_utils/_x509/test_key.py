# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: every kind is loaded, and a key that cannot be is named by its option and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    encode_key,
    encode_public_key,
    make_ed25519_key,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour, openssl
from cryptography.hazmat.primitives.asymmetric import ec, x448

KEYS: dict[str, Any] = {
    "RSA": make_rsa_key(), "P-256": make_key(), "P-384": make_key(ec.SECP384R1), "P-521": make_key(ec.SECP521R1),
    "Ed25519": make_ed25519_key(),
}  # fmt: skip
TYPES = {
    "RSA": ("RSA", 2048), "P-256": ("ECC", 256), "P-384": ("ECC", 384), "P-521": ("ECC", 521), "Ed25519": ("Ed25519", 256),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("passphrase", [None, "correct horse \u00e4"])
def test_a_key_is_known_by_its_public_half(kind: str, passphrase: str | None) -> None:
    pem = encode_key(KEYS[kind], passphrase)
    # A passphrase for a key without one does no harm.
    loaded = keys.load(pem, passphrase or "hunter2", "privatekey_path")
    assert loaded.public_key == encode_public_key(KEYS[kind])
    assert not any(line.decode() in repr(loaded) for line in pem.splitlines())


@pytest.mark.parametrize("kind", ["RSA", "P-256"])
@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_the_traditional_form_is_read_too(kind: str, passphrase: str | None) -> None:
    pem = encode_key(KEYS[kind], passphrase, traditional=True)
    assert keys.load(pem, passphrase, "privatekey_path").public_key == encode_public_key(KEYS[kind])


@pytest.mark.parametrize("kind", KEYS)
def test_a_keys_type_and_size_are_told(kind: str) -> None:
    assert keys.describe_public_key(KEYS[kind].public_key()) == TYPES[kind]


@pytest.mark.parametrize("kind", ["RSA", "P-256"])
@pytest.mark.parametrize("traditional", [False, True])
@pytest.mark.parametrize("passphrase", ["wrong", "", "x" * 2000, None])
def test_a_wrong_or_missing_passphrase_is_named_and_not_repeated(
    kind: str, traditional: bool, passphrase: str | None
) -> None:
    pem = encode_key(KEYS[kind], "correct horse", traditional=traditional)
    with pytest.raises(OptionError, match="privatekey_path") as caught:
        keys.load(pem, passphrase, "privatekey_path")
    assert "privatekey_passphrase" in caught.value.message + caught.value.hint
    assert ("is encrypted" in caught.value.message) or passphrase is not None
    assert not passphrase or passphrase not in caught.value.message + caught.value.hint


JUNK = {
    "nothing": b"",
    "blank": b"\n\n",
    "words": b"this is no key",
    "nul": b"\x00" * 100,
    "not utf-8": b"\xff\xfe",
    "a cut key": encode_key(KEYS["RSA"])[:200],
    "no base64": b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
    "no DER": b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n",
    "an empty block": b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    "a junk encrypted block": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "a DEK-Info of nothing": b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\n"
    b"QUJD\n-----END RSA PRIVATE KEY-----\n",
    "an openssh key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----\n",
    "a public key": b"-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----\n",
}


@pytest.mark.parametrize("passphrase", [None, "hunter2"])
@pytest.mark.parametrize("pem", JUNK.values(), ids=JUNK)
def test_junk_is_refused_by_the_options_name(pem: bytes, passphrase: str | None) -> None:
    with pytest.raises(OptionError, match="privatekey_path") as caught:
        keys.load(pem, passphrase, "privatekey_path")
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_key_without_its_leading_zero_is_read_or_its_owner_is_told_the_way() -> None:
    """One in 256 EC keys of some tools: OpenSSL says that it is valid, and newer releases of the library refuse it."""
    number = 0x1234567890
    curve = encode(0xA0, bytes.fromhex("06082a8648ce3d030107"))
    body = sequence(integer(1), encode(0x04, number.to_bytes(31, "big")), curve)
    expected = encode_public_key(ec.derive_private_key(number, ec.SECP256R1()))
    pem = armour(body, "EC PRIVATE KEY").encode()
    try:
        assert keys.load(pem, None, "privatekey_path").public_key == expected
    except OptionError as error:
        assert "openssl pkcs8 -topk8" in error.hint
    mended = openssl("pkcs8", "-topk8", "-nocrypt", data=pem)
    assert keys.load(mended, None, "privatekey_path").public_key == expected


def test_an_error_shows_nothing_of_the_key() -> None:
    pem = encode_key(KEYS["P-256"])
    lines = pem.splitlines(keepends=True)
    damaged = b"".join([*lines[:2], *lines[3:]])
    with pytest.raises(OptionError) as caught:
        keys.load(damaged, None, "privatekey_content")
    told = repr(caught.value) + caught.value.message + caught.value.hint
    assert not any(line.decode() in told for line in pem.splitlines()[1:-1])


def test_a_key_of_another_kind_gives_no_traceback() -> None:
    pem = encode_key(x448.X448PrivateKey.generate())
    try:
        assert keys.load(pem, None, "privatekey_path").public_key
    except OptionError as error:
        assert "privatekey_path" in error.message
