# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: every kind is loaded, and a key that cannot be is named by its option and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509 import request
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


@pytest.mark.parametrize(("kind", "traditional"), [*((kind, False) for kind in KEYS), ("RSA", True), ("P-256", True)])
@pytest.mark.parametrize("passphrase", [None, "correct horse \u00e4"])
def test_a_key_is_known_by_its_public_half(kind: str, traditional: bool, passphrase: str | None) -> None:
    pem = encode_key(KEYS[kind], passphrase, traditional=traditional)
    # A passphrase for a key without one does no harm.
    loaded = keys.load(pem, passphrase or "hunter2", "privatekey_path")
    assert loaded.public_key == encode_public_key(KEYS[kind])
    assert not any(line.decode() in repr(loaded) for line in pem.splitlines() if line)


CREATED = [
    *(("RSA", size, "secp256r1", size) for size in (2048, 3072, 4096)),
    *(("ECC", 2048, f"secp{size}r1", size) for size in (256, 384, 521)),
]


@pytest.mark.parametrize(("kind", "size", "curve", "told"), CREATED)
def test_a_key_is_created_as_wanted(kind: str, size: int, curve: str, told: int) -> None:
    for passphrase in (None, "hunter2") if kind == "ECC" else (None,):
        loaded = keys.load(request.create_key(keys.KeySpec(kind, size, curve, passphrase)), passphrase, "")
        told_curve = curve if kind == "ECC" else None
        assert keys.describe_public_key(loaded.key.public_key()) == (kind, told, told_curve)
        assert loaded.encrypted is (passphrase is not None)


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


def block(label: str, text: str) -> bytes:
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


# What no accident makes of a key: those the tests of fuzzing try.
JUNK = {
    "nothing": b"",
    "words": b"this is no key",
    "not utf-8": b"\xff\xfe",
    "a cut key": encode_key(KEYS["RSA"])[:200],
    "no base64": block("PRIVATE KEY", "!!!!"),
    "no DER": block("PRIVATE KEY", "QUJD"),
    "encrypted, and no DER": block("ENCRYPTED PRIVATE KEY", "QUJD"),
    "a DEK-Info of nothing": block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\nQUJD"),
    "an openssh key": block("OPENSSH PRIVATE KEY", "QUJD"),
    "a public key": block("PUBLIC KEY", "QUJD"),
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


def test_a_key_of_another_kind_gives_no_traceback() -> None:
    pem = encode_key(x448.X448PrivateKey.generate())
    try:
        assert keys.load(pem, None, "privatekey_path").public_key
    except OptionError as error:
        assert "privatekey_path" in error.message
