# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: the same mailbox is the same in every spelling, and another one is another."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address

SAME = [
    ("alice@example.test", "alice@example.test"), ("Alice@Example.TEST", "aLICE@eXAMPLE.test"),
    ("alice@b\u00fccher.test", "alice@xn--bcher-kva.test"), ("alice@B\u00dcCHER.test", "alice@XN--BCHER-KVA.TEST"),
    ("j\u00f6rg@example.test", "j\u00f6rg@EXAMPLE.test"), ("J\u00f6rg@b\u00fccher.test", "j\u00f6rg@xn--bcher-kva.test"),
    ("alice@stra\u00dfe.test", "alice@xn--strae-oqa.test"), ("alice+tag@example.test", "ALICE+TAG@example.test"),
    ('"a@b"@example.test', '"A@B"@example.test'), ('"alice"@example.test', "alice@example.test"),
    ('"al\\ice"@example.test', "alice@example.test"), ("o'neill@example.test", "O'Neill@example.test"),
    ("!#$%&'*+-/=?^_`{|}~@example.test", "!#$%&'*+-/=?^_`{|}~@Example.test"), ("a.b.c@localhost", "A.B.C@LOCALHOST"),
    ("a" * 64 + "@example.test", "A" * 64 + "@example.test"), ("alice@" + "a" * 63 + ".test", "alice@" + "A" * 63 + ".test"),
]  # fmt: skip
DIFFERENT = [
    ("alice@example.test", "bob@example.test"),
    ("alice@example.test", "alice@example.com"),
    ("alice@example.test", "alice@sub.example.test"),
    ("j\u00f6rg@example.test", "J\u00d6RG@example.test"),
    ("alice@b\u00fccher.test", "alice@bucher.test"),
    ("alice@example.test", "alice@example.test.evil.test"),
    ("alice@stra\u00dfe.test", "alice@strasse.test"),
    ("\u212aarl@example.test", "karl@example.test"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_mailbox_in_two_spellings_is_the_same(one: str, other: str) -> None:
    assert address.normalize(one) == address.normalize(other)
    assert address.is_one_of(one, (other,))
    assert address.is_one_of(other, (one,))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_mailboxes_are_different(one: str, other: str) -> None:
    assert not address.is_one_of(one, (other,))
    assert not address.is_one_of(other, (one,))


JUNK = """
    @|alice|alice@|@example.test|al ice@example.test|alice@exam ple.test|<alice@example.test>|Alice <alice@example.test>
    mailto:alice@example.test|al,ice@example.test|alice@example.test, bob@example.test|alice;bob@example.test
    alice@bob@example.test|alice(comment)@example.test|al\\ice@example.test|"alice@example.test|"al"ice"@example.test
    ""alice@example.test|.alice@example.test|alice.@example.test|al..ice@example.test|alice@example..test
    alice@.example.test|alice@example.test.|alice@-example.test|alice@example-.test|alice@exam_ple.test
    alice@[192.0.2.1]|alice@example.test:25|alice@\u00e4..test|alice@-\u00e4-.test|alice@\ufffd\u00e4.test
"""
SHORT_LABELS = ".".join(["a" * 60] * 3)
INVISIBLE = ("alice@example.test\n", "alice@example.test\x00", "al\u00a0ice@example.test", "alice\u202e@example.test")
LONG = ("a" * 65 + "@example.test", "\u00e4" * 33 + "@example.test", "alice@" + "a" * 64 + ".test")
LONGER = ("a" * 64 + "@" + SHORT_LABELS + ".testtest", "alice@\u00e4" + "\u00e4" * 80 + ".test")


@pytest.mark.parametrize(
    "junk",
    ["", *(text for line in JUNK.strip().splitlines() for text in line.strip().split("|")), *INVISIBLE, *LONG, *LONGER],
)
def test_junk_is_no_address(junk: str) -> None:
    with pytest.raises(ValueError, match=r"is not a|needs"):
        address.normalize(junk)


def test_junk_in_a_certificate_is_passed_over_and_without_addresses_nothing_matches() -> None:
    assert address.is_one_of("alice@example.test", ("", "no address", "a@\u00e4..test", "Alice@Example.test"))
    assert not address.is_one_of("alice@example.test", ("", "alice", "@example.test"))
    assert not address.is_one_of("alice@example.test", ())


@pytest.mark.parametrize("has_idna", [True, False])
def test_domains_are_read_with_and_without_the_library(has_idna: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_idna:
        monkeypatch.setitem(sys.modules, "idna", None)
    assert address.encode_domain("B\u00dcCHER.Test") == "xn--bcher-kva.test"


@pytest.mark.parametrize("domain", ["stra\u00dfe.test", "\u03b2\u03cc\u03bb\u03bf\u03c2.test"])
def test_without_the_library_no_domain_becomes_another_one(domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(ValueError, match="A-label"):
        address.encode_domain(domain)
