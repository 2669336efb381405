# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters for DNS and LDAP, held against cryptography and against the example of RFC 8162."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smime.plugins.filter.publishing import (
    certificate_der,
    certificate_pkcs7,
    smimea_record,
)
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import Issued, encode_key, issue, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import UTF8_STRING, encode
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

KEY = make_key()
PRIVATE_KEY = encode_key(KEY).decode()
SECRET = PRIVATE_KEY.splitlines()[2][:20]


def make(*emails: str, utf8: str = "", name: str = "Somebody", **options: Any) -> Issued:
    """Return a certificate for these mailboxes, ``utf8`` as a SmtpUTF8Mailbox."""
    mailboxes = (encode(UTF8_STRING, utf8.encode()),) if utf8 else ()
    return issue(name, key=KEY, emails=emails, utf8_mailboxes=mailboxes, **options)


def pem(*issued: Issued) -> str:
    return b"".join(item.pem for item in issued).decode()


HUGH = make("hugh@example.com")
DER = HUGH.der
AUTHORITY = make()
NAMES = x509.RFC822Name("alice@example.test"), x509.DNSName("example.test"), x509.RFC822Name("bob@example.test")
TWO = make(extra=(x509.SubjectAlternativeName(NAMES),))


def owner_of(local: str, domain: str) -> str:
    return f"{hashlib.sha256(local.encode()).hexdigest()[:56]}._smimecert.{domain}."


def test_the_owner_is_that_of_the_rfc() -> None:
    record = smimea_record(pem(HUGH))
    assert record["owner"] == "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com."
    assert record["type"] == "SMIMEA"


@pytest.mark.parametrize(
    ("issued", "email", "owner"),
    [
        (make("Alice@EXAMPLE.test"), None, owner_of("Alice", "example.test")),
        (make("alice@xn--bcher-kva.test"), "Alice@Bücher.test", owner_of("Alice", "xn--bcher-kva.test")),
        (make('"a lice"@example.test'), None, owner_of("a lice", "example.test")),
        (make("alice@example.test"), '"alice"@example.test', owner_of("alice", "example.test")),
        (make(utf8="ünal@example.test"), None, owner_of("ünal", "example.test")),
        (make(utf8="ünal@example.test"), "ünal@example.test", owner_of("ünal", "example.test")),
        (make(utf8="u\u0308nal@example.test"), None, owner_of("ünal", "example.test")),
    ],
)
def test_the_owner_has_the_local_part_as_it_is_written(issued: Issued, email: str | None, owner: str) -> None:
    assert smimea_record(pem(issued), email)["owner"] == owner


def test_the_value_has_what_was_chosen() -> None:
    for selector, data in enumerate((DER, HUGH.public_key)):
        for matching_type, value in enumerate((data, hashlib.sha256(data).digest(), hashlib.sha512(data).digest())):
            told = smimea_record(pem(HUGH), usage="1", selector=selector, matching_type=matching_type)
            assert told["value"] == f"1 {selector} {matching_type} {value.hex()}"


def test_an_authority_is_published_for_a_mailbox_that_it_does_not_name() -> None:
    told = smimea_record(pem(AUTHORITY), "alice@example.test", usage=2)
    assert told["owner"] == owner_of("alice", "example.test")


def test_der_and_pkcs7_are_what_cryptography_writes() -> None:
    chain = [make(name="a" * size) for size in (40, 2, 60)]
    assert base64.b64decode(certificate_der(pem(HUGH))) == DER
    for order in ([HUGH, *chain], [*reversed(chain), HUGH], [HUGH, *chain, HUGH]):
        written = base64.b64decode(certificate_pkcs7(f"some text\n{pem(*order)}"))
        assert written == pkcs7.serialize_certificates([item.certificate for item in (HUGH, *chain)], Encoding.DER)
    assert pkcs7.load_der_pkcs7_certificates(base64.b64decode(certificate_pkcs7(pem(HUGH)))) == [HUGH.certificate]


BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
NO_TEXT = "the certificate must be a text that is not empty"
NO_CERTIFICATE = "this is not a certificate"


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: smimea_record(pem(TWO)), "is for 2 mailboxes; say which with email"),
        (lambda: smimea_record(pem(AUTHORITY)), "is for 0 mailboxes; say which with email"),
        (
            lambda: smimea_record(pem(TWO), "carol@example.test"),
            "is for alice@example.test, bob@example.test, not for carol",
        ),
        (lambda: smimea_record(pem(HUGH), "hugh"), "'hugh' is not a mailbox address"),
        (lambda: smimea_record(pem(HUGH), 7), "email must be a text that is not empty, not of type int"),
        (lambda: smimea_record(pem(HUGH), PRIVATE_KEY), "email must be a mailbox address"),
        (lambda: smimea_record(pem(HUGH), usage=4), "usage must be a number from 0 to 3, not '4'"),
        (lambda: smimea_record(pem(HUGH), usage="9" * 5000), "usage must be a number from 0 to 3"),
        (lambda: smimea_record(pem(HUGH), selector=True), "selector must be a number from 0 to 1"),
        (lambda: smimea_record(pem(HUGH), matching_type="SHA2-256"), "matching_type must be a number from 0 to 2"),
        (lambda: smimea_record(pem(HUGH, AUTHORITY)), "there are 2 certificates"),
        (lambda: certificate_der(None), f"{NO_TEXT}, not of type NoneType"),
        (lambda: certificate_der({"content": PRIVATE_KEY}), f"{NO_TEXT}, not of type dict"),
        (lambda: certificate_der(PRIVATE_KEY.encode()), f"{NO_TEXT}, not of type bytes"),
        (lambda: certificate_der("  \n"), NO_TEXT),
        (lambda: certificate_der(DER.decode("utf-8", "replace")), "a file in DER is not read"),
        (lambda: certificate_der(base64.b64encode(pem(HUGH).encode()).decode()), "needs b64decode first"),
        (lambda: certificate_der(PRIVATE_KEY + pem(HUGH)), "there is a private key in what was given"),
        (lambda: certificate_pkcs7(PRIVATE_KEY), "there is a private key in what was given"),
        (lambda: certificate_pkcs7("nothing"), "there is no certificate in PEM"),
        (lambda: certificate_der(pem(HUGH).replace("MII", "M?I")), NO_CERTIFICATE),
        (lambda: certificate_der(f"{BEGIN}\nMAA=\n{END}"), NO_CERTIFICATE),
        (lambda: certificate_der(f"{BEGIN}\n{END}"), NO_CERTIFICATE),
        (lambda: certificate_pkcs7(f"{pem(HUGH)}{pem(HUGH)[:300]}\n{END}"), NO_CERTIFICATE),
    ],
)
def test_bad_input_is_named(call: Any, complaint: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^(smimea_record|certificate_der|certificate_pkcs7): ") as caught:
        call()
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)


def test_every_damaged_certificate_is_named_and_none_ends_in_another_error() -> None:
    for position in range(len(DER)):
        for octet in (0, 0x30, 0x80, 0xA3, 0xFF):
            damaged = base64.b64encode(DER[:position] + bytes([octet]) + DER[position + 1 :]).decode()
            try:
                smimea_record(f"{BEGIN}\n{damaged}\n{END}")
            except AnsibleFilterError as error:
                assert str(error).startswith("smimea_record: ")
