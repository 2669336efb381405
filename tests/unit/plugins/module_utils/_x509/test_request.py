# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSRs: read in the page's forms, and refused by name before they could be sent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509 import request
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    encode_key,
    encode_public_key,
    make_csr,
    make_csr_pem,
    make_ed25519_key,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import openssl, unwrap
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host
from cryptography import x509
from cryptography.hazmat.primitives import serialization

KEYS: dict[str, Any] = {"RSA": make_rsa_key(), "ECC": make_key(), "Ed25519": make_ed25519_key()}


def encode_bare(key: Any) -> bytes:
    return base64.b64encode(make_csr(key).public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize("kind", KEYS)
def test_a_request_is_read_for_its_key_and_not_with_a_broken_signature(kind: str) -> None:
    pem = make_csr_pem(KEYS[kind])
    loaded = request.load(pem.encode(), "csr_path")
    assert (loaded.public_key, loaded.pem) == (encode_public_key(KEYS[kind]), pem)
    damaged = bytearray(base64.b64decode(encode_bare(KEYS[kind])))
    damaged[-1] ^= 1
    with pytest.raises(OptionError, match="signature") as caught:
        request.load(base64.b64encode(bytes(damaged)), "csr_path")
    assert "csr_path" in caught.value.message


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_request_is_read_under_both_labels_after_other_text_and_bare_in_lines_of_any_length(newline: str) -> None:
    pem = make_csr_pem(KEYS["ECC"])
    bare = encode_bare(KEYS["ECC"]).decode()
    written = [
        *("\n".join(bare[start : start + width] for start in range(0, len(bare), width)) for width in (1, 64, 76, 10_000)),
        *(before + pem.replace(" CERTIFICATE", label) for before in ("", "Certificate Request:\n    Data:\n") for label in (
            " CERTIFICATE", " NEW CERTIFICATE"
        )),
    ]  # fmt: skip
    for text in written:
        data = f"{text}\n".replace("\n", newline).encode()
        assert request.load(data, "csr_content").public_key == encode_public_key(KEYS["ECC"])


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_an_old_digest_is_left_to_the_ca_or_refused_by_its_name(digest: str, tmp_path: Path) -> None:
    """No release says of an appliance's request, which nobody changed, that it was."""
    key = tmp_path / "key.pem"
    key.write_bytes(encode_key(KEYS["RSA"]))
    pem = openssl("req", "-new", f"-{digest}", "-key", str(key), "-subj", "/CN=x", data=b"")
    try:
        assert request.load(pem, "csr_path").public_key == encode_public_key(KEYS["RSA"])
    except OptionError as error:
        assert "SHA-256" in error.hint
    damaged = bytearray(unwrap(pem))
    damaged[-1] ^= 1
    with pytest.raises(OptionError, match="signature"):
        request.load(base64.b64encode(bytes(damaged)), "csr_path")


JUNK = {
    "nothing": b"",
    "blank": b" \n",
    "words": b"this is no request",
    "base64 of something else": b"QUJD",
    "a cut request": encode_bare(KEYS["RSA"])[:400],
    "not ascii": "\u00e4\u00f6".encode(),
    "an empty block": b"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
    "a private key": b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("data", JUNK.values(), ids=JUNK)
def test_junk_is_refused_by_the_options_name(data: bytes) -> None:
    with pytest.raises(OptionError, match="csr_content"):
        request.load(data, "csr_content")


def test_a_request_longer_than_the_page_allows_is_refused_by_its_length() -> None:
    data = make_csr_pem(KEYS["ECC"]).encode()
    request.load(data + b"\n" * (32767 - len(data)), "csr_path")
    with pytest.raises(OptionError, match="32767"):
        request.load(data + b"\n" * (32768 - len(data)), "csr_path")


def test_several_values_of_an_attribute_keep_their_order() -> None:
    built = request.build_subject({"C": "DE", "OU": ["Post", "Office"], "postalCode": "01067"})
    assert [item.value for item in built] == ["DE", "Post", "Office", "01067"]


@pytest.mark.parametrize(("kind", "usage"), [("RSA", "Key Encipherment"), ("ECC", "Key Agreement")])
def test_openssl_finds_in_a_request_what_the_options_say(host: Host, kind: str, usage: str) -> None:
    host.write("key.pem", encode_key(KEYS[kind]))
    subject = {"C": "DE", "O": "Example GmbH", "OU": ["Post", "Office"], "commonName": "\u00c4lice"}
    options: dict[str, Any] = {
        "subject": subject,
        "ms_template": {"name": "User"},
        "email": "alice@b\u00fccher.example",
    }
    (form,) = host.run(PENDING, csr_path=None, **options).forms
    written = ("req", "-noout", "-verify", "-text", "-nameopt", "oneline,utf8,-esc_msb")
    told = openssl(*written, data=form["csr"].encode()).decode()
    assert "Subject: C = DE, O = Example GmbH, OU = Post, OU = Office, CN = \u00c4lice" in told
    assert "email:alice@xn--bcher-kva.example" in told
    assert f"Digital Signature, {usage}" in told
    assert "E-mail Protection" in told
    assert (
        "Subject: CN = alice@example.test"
        in openssl(*written, data=host.run(PENDING, csr_path=None).forms[0]["csr"].encode()).decode()
    )


@pytest.mark.parametrize("value", [12345, 567, 1.5, True, ["01067", 12345], "", None, {"a": "b"}, [["a"]]])
def test_what_is_no_text_is_refused_and_a_number_of_yaml_s_with_the_way_to_write_it(value: Any) -> None:
    is_number = isinstance(value, (int, float)) or value == ["01067", 12345]
    with pytest.raises(ValueError, match=r"postalCode must be text.* quotes" if is_number else "postalCode"):
        request.build_subject({"postalCode": value})


@pytest.mark.parametrize(
    ("template", "extension"),
    [
        (request.Template(name="Usér"), "06092b0601040182371402 040a 1e08 00550073 00e90072"),
        (
            request.Template(oid="1.2.840", major=100, minor=200),
            "06092b0601040182371507 040e 300c 06032a8648 020164 020200c8",
        ),
    ],
    ids=["name", "oid"],
)
def test_a_template_of_microsoft_goes_in_by_name_or_by_oid_with_its_version(
    template: request.Template, extension: str
) -> None:
    """In DER, OID and value of an extension that is not critical follow each other."""
    key = keys.load(encode_key(KEYS["ECC"]), None, "")
    built = request.build(key, request.RequestSpec("alice@example.test", template=template))
    data = x509.load_pem_x509_csr(built.pem.encode()).public_bytes(serialization.Encoding.DER)
    assert bytes.fromhex(extension) in data


def test_a_name_that_a_template_cannot_have_is_refused() -> None:
    with pytest.raises(OptionError, match="Basic Multilingual Plane"):
        request.check(request.RequestSpec("alice@example.test", template=request.Template(name="\U0001f4e7")))
