# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: their facts, and a ValueError for each that cannot be read."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    EMAIL_PROTECTION,
    LAST_SECOND,
    NOW,
    Authority,
    Issued,
    issue,
    issue_odd_roots,
    make_ed25519_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import UTF8_STRING, encode, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from cryptography import x509

LONG_ADDRESS = "j\u00f6rg" + "x" * 150 + "@example.test"


def utf8(text: str) -> bytes:
    return encode(UTF8_STRING, text.encode())


def unknown(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def test_the_facts_are_those_of_the_certificate(alice: Issued) -> None:
    loaded = certificates.load_der(alice.der)
    assert loaded.der == alice.der
    assert loaded.public_key == alice.public_key
    assert (loaded.key_type, loaded.key_size) == ("ECC", 256)
    assert loaded.emails == (ALICE,)
    assert loaded.extended_key_usages == (EMAIL_PROTECTION,)
    assert loaded.key_usages == frozenset({"digital_signature"})
    assert (loaded.is_ca, loaded.is_self_issued) == (False, False)
    assert loaded.not_after == LAST_SECOND
    assert loaded.not_before.tzinfo is not None
    # What is absent is told from what is empty.
    bare = certificates.load_der(issue("bare", usages=None, key_usages=None).der)
    assert (bare.emails, bare.extended_key_usages, bare.key_usages, bare.policies) == ((), None, None, ())


@pytest.mark.parametrize(("key", "facts"), [(make_rsa_key(), ("RSA", 2048)), (make_ed25519_key(), ("Ed25519", 256))])
def test_other_key_types_are_told(key: Any, facts: tuple[str, int], authority: Authority) -> None:
    loaded = certificates.load_der(authority.issue(key=key).der)
    assert (loaded.key_type, loaded.key_size) == facts


@pytest.mark.parametrize("mailbox", ["j\u00f6rg@example.test", LONG_ADDRESS])
def test_a_smtp_utf8_mailbox_is_a_mailbox(mailbox: str) -> None:
    loaded = certificates.load_der(issue("x", emails=(ALICE,), utf8_mailboxes=(utf8(mailbox),)).der)
    assert loaded.emails == (ALICE, mailbox)


def damage(issued: Issued, old: bytes, new: bytes) -> bytes:
    assert old in issued.der
    assert len(old) == len(new)
    return issued.der.replace(old, new, 1)


TWO = issue("two", extra=(unknown("1.3.6.1.4.1.99999.1", b"\x05\x00"), unknown("1.3.6.1.4.1.99999.2", b"\x05\x00")))
WHOLE = issue("mailbox-of-bob", issuer=issue("issuing-authority", ca=True))
EXTENSIONS = {
    "subjectAltName": unknown("2.5.29.17", b"\x30\x05\x81\x01"),
    "subjectAltName of another type": unknown("2.5.29.17", b"\x05\x00"),
    "subjectAltName with an x400Address": unknown("2.5.29.17", sequence(encode(0xA3, encode(0x30)))),
    "subjectAltName with an octet that is no ASCII": unknown("2.5.29.17", sequence(encode(0x81, b"a\xff@b.test"))),
    "certificatePolicies": unknown("2.5.29.32", b"\x30\x01"),
    "an address that is none": unknown("2.5.29.17", sequence(encode(0x87, b"\x01\x02\x03"))),
}
UNREADABLE = {
    **{name: issue("broken", extra=(extension,)).der for name, extension in EXTENSIONS.items()},
    **{
        f"SmtpUTF8Mailbox {value!r}": issue("x", utf8_mailboxes=(value,)).der
        for value in (b"\x0c\x02\xff\xfe", b"\x04\x01a", b"\x05\x00", b"\x02\x01\x05")
    },
    "the same extension twice": damage(TWO, b"\x86\x8d\x1f\x02", b"\x86\x8d\x1f\x01"),
    "a subject that is no text": damage(WHOLE, b"mailbox-of-bob", b"mailbox\xff\xfe\xfd-bob"),
    "an issuer that is no text": damage(WHOLE, b"issuing-authority", b"issuing\xffauthority"),
    **{f"junk {junk[:6]!r}": junk for junk in (b"", b"\x30\x00", b"junk", b"\x00" * 500, b"\x30\x82\xff\xff")},
    **{f"cut at {size}": WHOLE.der[:size] for size in range(0, len(WHOLE.der), 37)},
}


@pytest.mark.parametrize("der", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_certificate_or_a_damaged_one_is_unreadable(alice: Issued, der: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        certificates.load_der(der)
    with pytest.raises(ValueError, match="certificate"):
        certificates.load_pem(alice.pem + armour(der).encode())


def test_a_pem_file_is_read_in_its_order(authority: Authority, alice: Issued) -> None:
    pem = b"# a comment\n" + alice.pem + b"\nsubject=x\n" + authority.intermediate.pem.replace(b"\n", b"\r\n")
    assert [item.der for item in certificates.load_pem(pem)] == [alice.der, authority.intermediate.der]
    assert certificates.load_pem(alice.pem)[0].to_pem() == alice.pem
    for text in (b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"):
        assert certificates.load_pem(text) == []


def test_what_cannot_be_read_is_passed_over_and_told(authority: Authority, alice: Issued) -> None:
    junk, good = sequence(b""), (alice.der, authority.root.der)
    found, told = certificates.load_readable([junk, good[0], junk, good[1]])
    assert [item.der for item in found] == list(good)
    assert told == "2 of 4 certificates cannot be read and are passed over (number 1, 3)"
    pem = "".join(map(armour, (good[0], junk, good[1]))).encode()
    assert certificates.load_readable_pem(pem)[0] == found
    assert certificates.load_readable_pem(alice.pem) == (found[:1], "")
    assert certificates.load_first(pem) == certificates.load_first(alice.der) == found[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", issue_odd_roots())
def test_an_odd_root_spoils_no_bundle_and_warns_nobody_but_the_task(authority: Authority, kind: str) -> None:
    pem = "".join(map(armour, (issue_odd_roots()[kind], authority.root.der))).encode()
    found, told = certificates.load_readable_pem(pem)
    assert found[-1].der == authority.root.der
    assert (len(found), "number 1" in told) in [(1, True), (2, False)]


def test_the_result_describes_the_certificate(authority: Authority) -> None:
    issued = authority.issue(policies=("2.23.140.1.5.1.2", "1.3.6.1.4.1.99999.1"))
    digest = hashlib.sha256(issued.der).hexdigest()
    assert certificates.describe(certificates.load_der(issued.der), NOW) == {
        "subject": {"commonName": ALICE}, "issuer": {"commonName": "Example Issuing CA"}, "emails": [ALICE],
        "serial_number": issued.certificate.serial_number, "not_before": "20260101000000Z", "not_after": "20261231235959Z",
        "days_remaining": 213, "fingerprint_sha256": ":".join(digest[place : place + 2] for place in range(0, 64, 2)),
        "key_type": "ECC", "key_size": 256, "policy": "2.23.140.1.5.1.2", "crl_urls": [],
    }  # fmt: skip


def test_the_days_that_remain_are_whole_and_negative_afterwards(alice: Issued) -> None:
    loaded, second, day = certificates.load_der(alice.der), timedelta(seconds=1), timedelta(days=1)
    for moment, days in ((-day, 1), (second - day, 0), (0 * day, 0), (second, -1), (9 * day, -9)):
        assert certificates.describe(loaded, LAST_SECOND + moment)["days_remaining"] == days
