# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name constraints beyond what NIST's tests try: each kind of name, inside and outside of a subtree."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509.constraints import find_constraint_fault, list_names
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import SMTP_UTF8_MAILBOX, make_name
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import UTF8_STRING, encode
from cryptography import x509

NOBODY = x509.Name([])


def mail(value: str) -> x509.GeneralName:
    return x509.RFC822Name(value)


def utf8_mail(value: str) -> x509.GeneralName:
    return other(encode(UTF8_STRING, value.encode()), SMTP_UTF8_MAILBOX)


def other(value: bytes, kind: str = "1.3.6.1.4.1.99999.8") -> x509.GeneralName:
    return x509.OtherName(x509.ObjectIdentifier(kind), value)


def uri(value: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(value)


def find(constraints: x509.NameConstraints, *alternatives: Any, subject: x509.Name = NOBODY) -> str:
    return find_constraint_fault(list_names(subject, alternatives), constraints)


NETWORK = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
# A subtree, a name in it, and one that is not.
SUBTREES = {
    "one mailbox": (mail("alice@example.test"), mail("alice@EXAMPLE.test"), mail("Alice@example.test")),
    "one mailbox of a host": (mail("alice@example.test"), mail("alice@example.test"), mail("alice@mail.example.test")),
    "a host's mailboxes": (mail("example.test"), mail("bob@Example.Test"), mail("bob@mail.example.test")),
    "a domain's mailboxes": (mail(".example.test"), mail("bob@mail.example.test"), mail("bob@example.test")),
    "a host that only ends alike": (mail("example.test"), mail("bob@example.test"), mail("bob@notexample.test")),
    "UTF-8 mailboxes of a host": (mail("example.test"), utf8_mail("jörg@example.test"), utf8_mail("jörg@other.test")),
    "UTF-8 mailboxes of a domain": (
        mail(".xn--mller-kva.test"),
        utf8_mail("jörg@mail.müller.test"),
        utf8_mail("jörg@mail.muller.test"),
    ),
    "a DNS domain": (x509.DNSName("example.test"), x509.DNSName("a.b.example.test"), x509.DNSName("badexample.test")),
    "a URI's domain": (uri(".example.test"), uri("https://a.example.test:1/x"), uri("https://example.test/a.example.test")),
    "addresses": (NETWORK, x509.IPAddress(ipaddress.ip_address("192.0.2.7")), x509.IPAddress(ipaddress.ip_address("::1"))),
    "a directory": (
        x509.DirectoryName(make_name("EXAMPLE  trust")),
        x509.DirectoryName(make_name("Example Trust")),
        x509.DirectoryName(make_name("Example")),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "inside", "outside"), SUBTREES.values(), ids=SUBTREES)
def test_a_name_is_in_a_subtree_or_is_not(base: Any, inside: Any, outside: Any) -> None:
    permitted, excluded = x509.NameConstraints([base], None), x509.NameConstraints(None, [base])
    assert find(permitted, inside) == find(excluded, outside) == ""
    assert "do not allow" in find(permitted, outside)
    assert "do not allow" in find(excluded, inside)
    # One name outside spoils all the others.
    assert find(permitted, inside, outside)


def test_one_of_several_subtrees_is_enough_and_other_kinds_do_not_matter() -> None:
    both = x509.NameConstraints([mail("example.test"), mail("example.org"), NETWORK], None)
    assert find(both, mail("a@example.test"), mail("b@example.org"), x509.DNSName("anywhere.test")) == ""


def test_an_empty_subtree_stands_for_all_names_of_its_kind() -> None:
    nothing = x509.NameConstraints(None, [x509.RFC822Name._init_without_validation(""), x509.DNSName("")])
    assert find(nothing, mail("alice@example.test"))
    assert find(nothing, x509.DNSName("example.test"))
    assert find(nothing, uri("https://example.test/")) == ""


def test_an_address_in_the_subject_is_constrained_too() -> None:
    subject = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.2.840.113549.1.9.1"), "a@other.test")])
    assert "a@other.test" in find(x509.NameConstraints([mail("example.test")], None), subject=subject)
    assert find(x509.NameConstraints([mail("other.test")], None), subject=subject) == ""


@pytest.mark.parametrize("name", [other(b"\x05\x00"), x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))])
def test_a_kind_of_name_without_rules_is_refused_where_it_is_constrained(name: Any) -> None:
    """RFC 5280, 4.2.1.10: either process the constraint or reject the certificate."""
    constraints = x509.NameConstraints([name], None)
    assert "without rules" in find(constraints, name)
    assert find(constraints, mail("alice@example.test")) == ""
    assert find(x509.NameConstraints([mail("example.test")], None), name) == ""


WITHOUT_HOST = (uri("mailto:a@example.test"), uri("https://192.0.2.1/"), uri("https://[/"))


@pytest.mark.parametrize("name", [mail("nobody"), utf8_mail("nobody"), *WITHOUT_HOST])
def test_a_name_that_cannot_be_compared_is_said_to_be(name: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        list_names(NOBODY, [name])


def test_names_are_not_compared_without_end() -> None:
    many = x509.NameConstraints([mail(f"host{number}.test") for number in range(1000)], None)
    assert "more names" in find(many, *[mail(f"a@host{number}.test") for number in range(1000)])
