# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains: found by names and signatures, wherever the certificates stand, and in bounded time."""

from __future__ import annotations

import itertools
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet, build
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    EMAIL_PROTECTION,
    NOW,
    SERVER_AUTH,
    Authority,
    Issued,
    issue,
    issue_ca,
    make_ed25519_key,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import openssl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.name import _ASN1Type


def load(*issued: Issued) -> tuple[certificates.Certificate, ...]:
    return tuple(certificates.load_der(item.der) for item in issued)


def climb(
    end_entity: Issued, *pool: Issued, trusted: tuple[Issued, ...] | None = None, now: Any = NOW
) -> CertificateSet:
    (own,) = load(end_entity)
    return build(own, load(*pool), load(*trusted) if trusted is not None else None, now)


def fail(end_entity: Issued, *pool: Issued, **options: Any) -> CheckError:
    with pytest.raises(CheckError) as caught:
        climb(end_entity, *pool, **options)
    return caught.value


def assert_chain(
    chain: CertificateSet, end_entity: Issued, intermediates: tuple[Issued, ...], root: Issued | None
) -> None:
    assert chain.end_entity.der == end_entity.der
    assert [item.der for item in chain.intermediates] == [item.der for item in intermediates]
    assert (chain.root.der if chain.root is not None else None) == (root.der if root is not None else None)


def test_the_order_of_the_pool_does_not_matter(authority: Authority, alice: Issued) -> None:
    second = issue_ca("Second", issuer=authority.intermediate)
    leaf = issue("leaf", issuer=second)
    pool = (authority.root, authority.intermediate, second, leaf)
    for order in itertools.permutations(pool):
        assert_chain(climb(leaf, *order), leaf, (second, authority.intermediate), authority.root)


def test_duplicates_and_strangers_do_not_matter(authority: Authority, alice: Issued) -> None:
    pool = (authority.intermediate, issue_ca("Stranger"), authority.root, authority.intermediate, alice, alice)
    assert_chain(climb(alice, *pool), alice, (authority.intermediate,), authority.root)


@pytest.mark.parametrize("key", [make_rsa_key(), make_key(), make_ed25519_key()])
def test_signatures_of_every_key_type_are_checked(key: Any) -> None:
    root = issue_ca("Root", key=key)
    leaf = issue("leaf", issuer=root)
    assert_chain(climb(leaf, root), leaf, (), root)
    assert fail(issue("leaf", issuer=root, sign_with=make_key()), root).name == "chain_invalid"


def test_a_chain_may_end_without_a_root_and_not_without_an_intermediate(authority: Authority, alice: Issued) -> None:
    assert_chain(climb(alice, authority.intermediate), alice, (authority.intermediate,), None)
    assert "Example Issuing CA" in fail(alice, authority.root).message
    assert fail(alice).name == "chain_invalid"


def test_an_intermediate_of_the_same_name_with_another_key_breaks_the_chain(
    authority: Authority, alice: Issued
) -> None:
    impostor = issue_ca("Example Issuing CA", issuer=authority.root)
    assert fail(alice, impostor, authority.root).name == "chain_invalid"


def test_a_trusted_root_is_found_without_being_sent(authority: Authority, alice: Issued) -> None:
    chain = climb(alice, authority.intermediate, trusted=(issue_ca("Other"), authority.root))
    assert_chain(chain, alice, (authority.intermediate,), authority.root)


@pytest.mark.parametrize("name", ["Other", "Example Root"])
def test_a_root_that_is_not_trusted_is_named_and_a_broken_chain_is_broken(
    authority: Authority, alice: Issued, name: str
) -> None:
    """A name alone earns no trust."""
    error = fail(alice, authority.intermediate, authority.root, trusted=(issue_ca(name),))
    assert error.name == "untrusted_root"
    assert "Example Root" in error.message
    assert fail(alice, authority.root, trusted=(authority.root,)).name == "chain_invalid"


def cross_sign(authority: Authority) -> tuple[Issued, Issued]:
    """Return another root, and the authority's root as an intermediate below it."""
    elder = issue_ca("Elder Root")
    return elder, issue_ca("Example Root", issuer=elder, key=authority.root.key)


def test_of_two_ways_up_the_shorter_is_taken_the_trusted_one_and_no_expired_one(
    authority: Authority, alice: Issued
) -> None:
    elder, crossed = cross_sign(authority)
    for pool in itertools.permutations((authority.intermediate, authority.root, crossed)):
        assert_chain(climb(alice, *pool, elder), alice, (authority.intermediate,), authority.root)
        assert_chain(climb(alice, *pool, trusted=(elder,)), alice, (authority.intermediate, crossed), elder)
    expired = issue_ca("Example Root", issuer=elder, key=authority.root.key, not_after=NOW - timedelta(days=1))
    chain = climb(alice, expired, elder, authority.intermediate, authority.root)
    assert_chain(chain, alice, (authority.intermediate,), authority.root)


def test_a_self_signed_end_entity_is_refused(authority: Authority) -> None:
    own = issue("self")
    assert fail(own).name == "chain_invalid"
    assert fail(own, own).name == "chain_invalid"
    assert fail(own, authority.intermediate, authority.root).name == "chain_invalid"


def test_many_certificates_of_one_name_and_key_come_to_an_end_and_no_pair_is_checked_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[int] = []
    real = _compat.verify_signature

    def count(*given: Any) -> None:
        checked.append(1)
        real(*given)

    monkeypatch.setattr(_compat, "verify_signature", count)
    key = make_key()
    top = issue_ca("Top", key=key)
    below = issue_ca("Below", key=key, issuer=top)
    # Each signs each other: 20 certificates make more ways up than could ever be walked.
    pool = [issue_ca("Top", key=key, issuer=below) for _number in range(10)]
    pool += [issue_ca("Below", key=key, issuer=top) for _number in range(10)]
    leaf = issue("leaf", issuer=below)
    assert climb(leaf, *pool, top).root is not None
    for ring in (pool, pool[9:11]):
        assert fail(leaf, *ring, trusted=(issue_ca("Other"),)).name in ("chain_invalid", "untrusted_root")
    # Some 120 pairs are there: without what is kept, each would be checked twice.
    assert 0 < len(checked) < 180


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
SERVER_ONLY = (SERVER_AUTH,)
ELSEWHERE = x509.NameConstraints([x509.RFC822Name("elsewhere.test")], None)
# What a CA certificate may not have where it issues, each with the words of the message; the signatures all hold.
BROKEN_RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no CA": ({"ca": False}, "not a CA certificate"),
    "no keyCertSign": ({"key_usages": ("crl_sign",)}, "keyCertSign"),
    "unknown critical extension": ({"critical": (UNKNOWN,)}, "1.3.6.1.4.1.99999.7 is unknown"),
    "another mailbox's domain": ({"critical": (ELSEWHERE,)}, "do not allow alice@example.test"),
    "expired": ({"not_after": NOW - timedelta(days=1)}, "expired on"),
    "not valid yet": ({"not_before": NOW + timedelta(days=1)}, "not valid before"),
    "for servers only": ({"usages": SERVER_ONLY}, "emailProtection"),
}


def is_accepted_by_openssl(folder: Path, root: Issued, middle: Issued, leaf: Issued) -> bool:
    files = [str(folder / name) for name in ("root", "middle", "leaf")]
    for name, issued in zip(files, (root, middle, leaf)):
        Path(name).write_bytes(issued.pem)
    command = (
        f"verify -purpose smimesign -attime {NOW.timestamp():.0f} -CAfile {files[0]} -untrusted {files[1]} {files[2]}"
    )
    try:
        return openssl(*command.split(), data=b"").endswith(b"OK\n")
    except subprocess.CalledProcessError:
        return False


@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_an_intermediate_that_a_rule_forbids_breaks_the_chain_for_openssl_too(
    authority: Authority, tmp_path: Path, rule: str
) -> None:
    options, words = BROKEN_RULES[rule]
    middle = issue_ca("Middle", issuer=authority.root, **options)
    leaf = issue("leaf", issuer=middle, emails=(ALICE,))
    for pool in ((middle,), (middle, authority.root)):
        error = fail(leaf, *pool)
        assert (error.name, words in error.message) == ("chain_invalid", True), error.message
    assert fail(leaf, middle, trusted=(authority.root,)).name == "chain_invalid"
    assert not is_accepted_by_openssl(tmp_path, authority.root, middle, leaf)


@pytest.mark.parametrize("trusts", [True, False])
@pytest.mark.parametrize("rule", [name for name in BROKEN_RULES if name != "for servers only"])
def test_a_root_that_a_rule_forbids_is_none(rule: str, trusts: bool) -> None:
    root = issue_ca("Root", **BROKEN_RULES[rule][0])
    leaf = issue("leaf", issuer=root, emails=(ALICE,))
    assert fail(leaf, root, **({"trusted": (root,)} if trusts else {})).name == "chain_invalid"


@pytest.mark.parametrize("usages", [None, (EMAIL_PROTECTION,), ("2.5.29.37.0",), (SERVER_AUTH, EMAIL_PROTECTION)])
def test_an_intermediate_for_mail_or_for_all_issues(authority: Authority, tmp_path: Path, usages: Any) -> None:
    middle = issue_ca("Middle", issuer=authority.root, usages=usages)
    leaf = issue("leaf", issuer=middle, emails=(ALICE,))
    assert_chain(climb(leaf, middle, trusted=(authority.root,)), leaf, (middle,), authority.root)
    # OpenSSL does not take "any usage" for one of an issuer.
    assert usages == ("2.5.29.37.0",) or is_accepted_by_openssl(tmp_path, authority.root, middle, leaf)


def test_what_a_root_says_about_its_usage_limits_nothing() -> None:
    """As in OpenSSL, which trusts a root for what it is asked for."""
    root = issue_ca("Root", usages=SERVER_ONLY)
    leaf = issue("leaf", issuer=root)
    assert climb(leaf, trusted=(root,)).root is not None
    assert climb(leaf, root).root is not None


def test_a_forbidden_way_up_does_not_spoil_the_other(authority: Authority) -> None:
    key = make_key()
    good = issue_ca("Middle", issuer=authority.root, key=key)
    leaf = issue("leaf", issuer=good, emails=(ALICE,))
    bad = [issue_ca("Middle", issuer=authority.root, key=key, **options) for options, _words in BROKEN_RULES.values()]
    for pool in ((*bad, good), (good, *bad)):
        assert_chain(climb(leaf, *pool, authority.root), leaf, (good,), authority.root)
        assert_chain(climb(leaf, *pool), leaf, (good,), None)


def test_a_root_with_a_wrong_signature_of_its_own_is_none(authority: Authority, alice: Issued) -> None:
    forged = issue_ca("Example Root", key=authority.root.key, sign_with=make_key())
    assert fail(alice, authority.intermediate, forged).name == "chain_invalid"
    # Unless it is given as the one to trust (6.1.1 d).
    assert climb(alice, authority.intermediate, trusted=(forged,)).root is not None
    # And beside the right one it does no harm.
    chain = climb(alice, forged, authority.intermediate, authority.root, trusted=(authority.root,))
    assert_chain(chain, alice, (authority.intermediate,), authority.root)


def write_name(text: str, kind: Any = None) -> x509.Name:
    """Return the name of "type=value" pairs."""
    types = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3"}
    pairs = [pair.partition("=")[::2] for pair in text.split(",")]
    given = {"_type": kind} if kind else {}
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(types[name]), value, **given) for name, value in pairs])


PLAIN = "C=DE,O=Example Trust,CN=Straße CA"
# How an issuer's name is written elsewhere, and whether it is the same one (RFC 5280, 7.1).
NAMES = {
    "case": (write_name("C=de,O=EXAMPLE trust,CN=STRASSE ca"), True),
    "spaces": (write_name("C=DE,O=  Example   Trust ,CN=Straße CA"), True),
    "string type": (write_name(PLAIN, _ASN1Type.BMPString), True),
    "composed": (write_name("C=DE,O=Example Trust,CN=Straße\u00a0CA"), True),
    "order": (write_name("O=Example Trust,C=DE,CN=Straße CA"), False),
    "less": (write_name("C=DE,CN=Straße CA"), False),
    "inner space": (write_name("C=DE,O=ExampleTrust,CN=Straße CA"), False),
    "other attribute": (write_name("C=DE,OU=Example Trust,CN=Straße CA"), False),
}


@pytest.mark.parametrize(("written", "same"), NAMES.values(), ids=NAMES)
def test_an_issuer_s_name_may_be_written_otherwise(authority: Authority, written: x509.Name, same: bool) -> None:
    middle = issue_ca(write_name(PLAIN), issuer=authority.root)
    leaf = issue("leaf", issuer=middle, issuer_name=written)
    if not same:
        assert fail(leaf, middle, authority.root).name == "chain_invalid"
        return
    assert_chain(climb(leaf, middle, trusted=(authority.root,)), leaf, (middle,), authority.root)
    root = issue_ca(write_name(PLAIN), issuer_name=written)
    assert climb(issue("leaf", issuer=root), root).root is not None


def test_two_algorithms_in_one_certificate_are_no_signature(authority: Authority) -> None:
    """RFC 5280, 4.1.1.2: the algorithm beside the signature is the one in what is signed."""
    root = issue_ca("Root", key=make_rsa_key())
    leaf = issue("leaf", issuer=root)
    sha256, sha384 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d01010c")
    body, rest = leaf.certificate.tbs_certificate_bytes.replace(sha256, sha384), leaf.der
    assert climb(leaf, root).root is not None
    signature = make_rsa_key().sign(body, padding.PKCS1v15(), hashes.SHA256())
    position = rest.rindex(sha256)
    mixed = sequence(body, rest[position - 4 : position + len(sha256) + 2], encode(0x03, b"\0" + signature))
    with pytest.raises(CheckError, match="no valid certificate"):
        build(certificates.load_der(mixed), load(root), None, NOW)
