# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No private key is overwritten, in whatever form it is on disk, unless the file is to hold this very key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.existing_keys import find_key_block
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import encode_public_key
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import encode_key, make_key, make_rsa_key
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import open_files
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

KEY, OTHER, RSA = make_key(), make_key(), make_rsa_key()
P256 = bytes.fromhex("06082a8648ce3d030107")
SECRET = BestAvailableEncryption(b"passphrase")


def write_key(key: Any, form: str) -> bytes:
    """Return a private key in the form of this name."""
    encryption = SECRET if "encrypted" in form else NoEncryption()
    if "pkcs12" in form:
        return pkcs12.serialize_key_and_certificates(b"name", key, None, None, encryption)
    if "openssh" in form:
        return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    layout = PrivateFormat.TraditionalOpenSSL if "traditional" in form else PrivateFormat.PKCS8
    data: bytes = key.private_bytes(Encoding.DER if "der" in form else Encoding.PEM, layout, encryption)
    return b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" + data if "after" in form else data


FORMS = (
    "pkcs8", "traditional", "encrypted pkcs8", "encrypted traditional", "der pkcs8", "der traditional",
    "der encrypted pkcs8", "pkcs12", "encrypted pkcs12", "openssh", "pkcs8 after a certificate",
)  # fmt: skip
SPKI = encode_public_key(KEY.public_key())


def replace(path: Path, *, private: bool, keys: tuple[bytes, ...] = (), passphrases: tuple[str, ...] = ()) -> None:
    open_files(path.parent).replace([Replacement("output", str(path), b"new", private, keys, passphrases)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["certificate", "another key", "this key"])
def test_a_file_with_a_private_key_is_replaced_by_nothing_but_one_with_this_key(
    tmp_path: Path, form: str, kind: str
) -> None:
    path = tmp_path / "file"
    key = OTHER if kind == "another key" else KEY
    before = write_key(key, form)
    path.write_bytes(before)
    keys = () if kind == "certificate" else (SPKI,)
    if kind == "this key" and form != "openssh":
        replace(path, private=True, keys=keys, passphrases=("passphrase",))
        assert path.read_bytes() == b"new"
        return
    refused = r"file holds a private key.* would be overwritten"
    with pytest.raises(FileError, match=refused):
        replace(path, private=bool(keys), keys=keys, passphrases=("passphrase",))
    with pytest.raises(FileError, match=refused):
        open_files(tmp_path).protect(str(path), keys, ("passphrase",))
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["file"])


# Keys that the library does not open: the passphrase is another one, or it does not know the kind.
CLOSED = {
    **{form: write_key(KEY, form) for form in FORMS if "encrypted" in form},
    "an EC key without its leading zero": sequence(integer(1), encode(0x04, b"k" * 31), encode(0xA0, P256)),
    "an algorithm that nobody knows": sequence(
        integer(0), sequence(encode(0x06, b"\x2a\x03\x04")), encode(0x04, b"k" * 32)
    ),
    "an encryption that nobody knows": sequence(sequence(encode(0x06, b"\x2a\x03\x04")), encode(0x04, b"k" * 32)),
    "DSA": sequence(*map(integer, (0, 1, 2, 3, 4, 5))),
    "BER": b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80",
    "UTF-16": write_key(KEY, "pkcs8").decode().encode("utf-16"),
    "RFC 4716": b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
    "OpenPGP": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n",
    "PuTTY": b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n",
    "JKS": b"\xfe\xed\xfe\xed\x00\x00\x00\x02",
}


@pytest.mark.parametrize("data", CLOSED.values(), ids=CLOSED)
def test_a_key_that_cannot_be_opened_is_not_replaced(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    for before in (data, data + b"\n"):
        path.write_bytes(before)
        with pytest.raises(FileError, match="a private key that the task does not know"):
            replace(path, private=True, keys=(SPKI,), passphrases=("wrong",))
        with pytest.raises(FileError, match="a private key"):
            open_files(tmp_path).protect(str(path), ())


def test_a_file_that_a_passphrase_hides_may_be_replaced_if_it_is_noted_which_key_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "cert.p12"
    first, second = (write_key(KEY, "encrypted pkcs12") for _number in range(2))
    write = open_files(tmp_path).replace
    try:
        os.setxattr(tmp_path, "user.test", b"")
    except OSError:
        pytest.skip("this file system keeps no notes")
    write([Replacement("pkcs12", str(path), first, private=True, keys=(SPKI,))])
    write([Replacement("pkcs12", str(path), second, private=True, keys=(SPKI,), passphrases=("another",))])
    # Copied over in place, it has the note and another key.
    path.write_bytes(write_key(OTHER, "encrypted pkcs12"))
    with pytest.raises(FileError, match="would be overwritten"):
        write([Replacement("pkcs12", str(path), second, private=True, keys=(SPKI,), passphrases=("another",))])


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x03\x02\x01\x03", b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY"]
)
def test_what_is_no_key_is_replaced(tmp_path: Path, data: bytes, host: Host) -> None:
    for contents in (data, host.issue().der, host.issue().pem):
        (tmp_path / "file").write_bytes(contents)
        replace(tmp_path / "file", private=False)


@pytest.mark.parametrize("option", ["path", "chain_path", "fullchain_path", "root_path", "der_path", "combined_path"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_output_that_names_a_file_with_a_key_ends_the_run_before_anything_is_sent(
    host: Host, option: str, check_mode: bool
) -> None:
    host.write("other.pem", encode_key(OTHER))
    before = host.snapshot()
    options: dict[str, Any] = {option: host.path("other.pem")}
    outcome = host.run(check_mode=check_mode, **options)
    assert (outcome.error, outcome.result["api_calls"], outcome.result["changed"]) == ("file_error", 0, False)
    assert f"{host.path('other.pem')} holds a private key" in outcome.result["msg"]
    assert host.snapshot() == before


@pytest.mark.parametrize("around", [b"%s", b"Bag Attributes\n  friendlyName: x\n%s\n-----BEGIN CERTIFICATE-----\n"])
@pytest.mark.parametrize("key", [KEY, RSA])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_the_block_of_a_key_is_taken_as_it_stands(around: bytes, key: Any, end: bytes) -> None:
    block = encode_key(key, traditional=True).strip().replace(b"\n", end or b"\n")
    assert find_key_block(around % (block + end)) == block


def test_combined_is_the_keys_block_alone_and_the_new_certificate(host: Host) -> None:
    stale, issued = host.issue(), host.issue()
    key = host.read("key.pem")
    host.write("key.pem", stale.pem + key + stale.pem)
    combined = host.path("combined.pem")
    assert not host.run(host.reply(issued), combined_path=combined).failed
    assert host.read("combined.pem") == key + issued.pem
    assert not host.run(combined_path=combined).result["changed"]
