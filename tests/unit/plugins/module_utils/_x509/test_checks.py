# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule for an S/MIME certificate: passed, and broken."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    EMAIL_PROTECTION,
    FIRST_SECOND,
    LAST_SECOND,
    issue,
    make_ed25519_key,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import UTF8_STRING, encode
from cryptography.hazmat.primitives.asymmetric import ec

RSA, ECC, ED25519 = make_rsa_key(), make_key(), make_ed25519_key()
USAGES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "anyExtendedKeyUsage": "2.5.29.37.0",
}


def load(**options: Any) -> certificates.Certificate:
    return certificates.load_der(issue("x", **{"emails": (ALICE,), **options}).der)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"usages": (EMAIL_PROTECTION, "1.3.6.1.5.5.7.3.2")},
        {"key": RSA, "key_usages": ("digital_signature",)},
        {"key": RSA, "key_usages": ("key_encipherment",)},
        {"key": ECC, "key_usages": ("digital_signature", "content_commitment")},
        {"key": ECC, "key_usages": ("key_agreement",)},
        {"key": make_key(ec.SECP384R1)},
        {"key": make_key(ec.SECP521R1)},
        {"key": ED25519},
        {"key_usages": None},
        {"emails": (), "utf8_mailboxes": (encode(UTF8_STRING, "j\u00f6rg@example.test".encode()),)},
        {"emails": (ALICE, "bob@example.test")},
    ],
)
def test_a_certificate_that_keeps_the_rules_has_no_fault(options: dict[str, Any]) -> None:
    assert checks.find_smime_faults(load(**options)) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"usages": ("1.3.6.1.5.5.7.3.2",)}, ["emailProtection"]),
        ({"usages": None}, ["emailProtection"]),
        *(({"usages": (EMAIL_PROTECTION, oid)}, [name]) for name, oid in USAGES.items()),
        ({"usages": (EMAIL_PROTECTION, *USAGES.values())}, [*USAGES]),
        ({"emails": ()}, ["mailbox"]),
        ({"key": RSA, "key_usages": ("key_agreement",)}, ["key usage"]),
        ({"key": RSA, "key_usages": ("content_commitment",)}, ["key usage"]),
        ({"key": ECC, "key_usages": ("key_encipherment",)}, ["key usage"]),
        ({"key": ED25519, "key_usages": ("key_agreement",)}, ["key usage"]),
        ({"key": make_rsa_key(1024)}, ["1024"]),
        ({"ca": True}, ["CA"]),
        ({"key": make_key(ec.SECP256K1)}, ["secp256k1"]),
    ],
)
def test_a_certificate_that_breaks_a_rule_has_the_fault_of_that_rule(options: dict[str, Any], words: list[str]) -> None:
    (fault,) = checks.find_smime_faults(load(**options))
    assert [word for word in words if word not in fault] == []


@pytest.mark.parametrize(
    ("key_type", "size", "curve", "fits"),
    [
        ("RSA", 2047, None, False), ("RSA", 2048, None, True), ("RSA", 2050, None, False), ("RSA", 2056, None, True),
        ("RSA", 16384, None, True), ("ECC", 224, "secp224r1", False), ("ECC", 256, "secp256r1", True), ("ECC", 256, "secp256k1", False),
        ("ECC", 256, "brainpoolP256r1", False), ("ECC", 384, "secp384r1", True), ("ECC", 384, "brainpoolP384r1", False),
        ("ECC", 521, "secp521r1", True), ("Ed448", 456, None, True), ("other", 0, None, False),
    ],
)  # fmt: skip
def test_the_key_must_be_one_that_smime_knows(key_type: str, size: int, curve: str | None, fits: bool) -> None:
    certificate = copy.copy(load())
    certificate.key_type, certificate.key_size, certificate.key_curve = key_type, size, curve
    assert (checks.find_key_fault(certificate) == "") is fits


@pytest.mark.parametrize(("oid", "fits"), [("1.3.6.1.4.1.99999.7", False), ("2.5.29.31", True), ("2.5.29.36", True)])
def test_no_critical_extension_may_be_unknown(oid: str, fits: bool) -> None:
    certificate = copy.copy(load())
    certificate.critical = frozenset({"2.5.29.19", oid})
    fault = checks.find_critical_fault(certificate)
    assert fault == "" if fits else oid in fault
    assert ("".join(checks.find_smime_faults(certificate)) == "") is fits


def test_several_faults_are_all_told() -> None:
    assert len(checks.find_smime_faults(load(ca=True, emails=(), usages=None))) == 3


def test_the_mailbox_is_found_in_any_spelling_and_place_and_another_is_told_with_those_that_are_there() -> None:
    certificate = load(emails=("bob@example.test", "Alice@EXAMPLE.test"))
    assert checks.find_email_fault(certificate, "alice@example.TEST") == ""
    fault = checks.find_email_fault(load(), "bob@example.test")
    assert (ALICE in fault, "bob@example.test" in fault) == (True, True)
    assert checks.find_email_fault(load(emails=()), ALICE)


def test_the_first_and_the_last_second_are_valid() -> None:
    certificate, second = load(), timedelta(seconds=1)
    assert checks.find_validity_fault(certificate, FIRST_SECOND) == ""
    assert checks.find_validity_fault(certificate, LAST_SECOND) == ""
    assert "2026-01-01" in checks.find_validity_fault(certificate, FIRST_SECOND - second)
    assert "2026-12-31" in checks.find_validity_fault(certificate, LAST_SECOND + second)
