# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains: found by names and signatures, wherever the certificates stand, and in bounded time."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import Chain, build
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    NOW,
    Authority,
    Issued,
    issue,
    issue_ca,
    make_ed25519_key,
    make_key,
    make_rsa_key,
)


def load(*issued: Issued) -> tuple[certificates.Certificate, ...]:
    return tuple(certificates.load_der(item.der) for item in issued)


def climb(end_entity: Issued, *pool: Issued, trusted: tuple[Issued, ...] | None = None, now: Any = NOW) -> Chain:
    (own,) = load(end_entity)
    return build(own, load(*pool), load(*trusted) if trusted is not None else None, now)


def fail(end_entity: Issued, *pool: Issued, **options: Any) -> CheckError:
    with pytest.raises(CheckError) as caught:
        climb(end_entity, *pool, **options)
    return caught.value


def assert_chain(chain: Chain, end_entity: Issued, intermediates: tuple[Issued, ...], root: Issued | None) -> None:
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


def test_a_chain_may_end_without_a_root(authority: Authority, alice: Issued) -> None:
    assert_chain(climb(alice, authority.intermediate), alice, (authority.intermediate,), None)


def test_a_missing_intermediate_breaks_the_chain(authority: Authority, alice: Issued) -> None:
    error = fail(alice, authority.root)
    assert error.name == "chain_invalid"
    assert "Example Issuing CA" in error.message
    assert fail(alice).name == "chain_invalid"


def test_an_intermediate_of_the_same_name_with_another_key_breaks_the_chain(
    authority: Authority, alice: Issued
) -> None:
    impostor = issue_ca("Example Issuing CA", issuer=authority.root)
    assert fail(alice, impostor, authority.root).name == "chain_invalid"


def test_an_intermediate_with_a_wrong_signature_breaks_the_chain(authority: Authority) -> None:
    forged = issue_ca("Forged", issuer=authority.root, sign_with=make_key())
    assert fail(issue("leaf", issuer=forged), forged, authority.root).name == "chain_invalid"


@pytest.mark.parametrize("validity", [{"not_after": NOW - timedelta(days=1)}, {"not_before": NOW + timedelta(days=1)}])
def test_an_intermediate_that_is_not_valid_now_breaks_the_chain(authority: Authority, validity: dict[str, Any]) -> None:
    other = issue_ca("Other", issuer=authority.root, **validity)
    assert fail(issue("leaf", issuer=other), other, authority.root).name == "chain_invalid"


def test_an_expired_root_breaks_the_chain() -> None:
    root = issue_ca("Root", not_after=NOW - timedelta(days=1))
    assert fail(issue("leaf", issuer=root), root).name == "chain_invalid"


def test_an_issuer_that_is_no_ca_breaks_the_chain(authority: Authority, alice: Issued) -> None:
    leaf = issue("leaf", issuer=alice)
    assert fail(leaf, alice, authority.intermediate, authority.root).name == "chain_invalid"


def test_a_trusted_root_is_found_without_being_sent(authority: Authority, alice: Issued) -> None:
    chain = climb(alice, authority.intermediate, trusted=(issue_ca("Other"), authority.root))
    assert_chain(chain, alice, (authority.intermediate,), authority.root)


def test_a_root_that_is_not_trusted_is_named(authority: Authority, alice: Issued) -> None:
    error = fail(alice, authority.intermediate, authority.root, trusted=(issue_ca("Other"),))
    assert error.name == "untrusted_root"
    assert "Example Root" in error.message


def test_a_root_of_a_trusted_name_with_another_key_is_not_trusted(authority: Authority, alice: Issued) -> None:
    error = fail(alice, authority.intermediate, authority.root, trusted=(issue_ca("Example Root"),))
    assert error.name == "untrusted_root"


def test_a_broken_chain_to_a_trusted_root_is_broken_and_not_untrusted(authority: Authority, alice: Issued) -> None:
    assert fail(alice, authority.root, trusted=(authority.root,)).name == "chain_invalid"


def test_an_expired_trusted_root_is_none() -> None:
    root = issue_ca("Root", not_after=NOW - timedelta(days=1))
    assert fail(issue("leaf", issuer=root), trusted=(root,)).name == "chain_invalid"


def cross_sign(authority: Authority) -> tuple[Issued, Issued]:
    """Return another root, and the authority's root as an intermediate below it."""
    elder = issue_ca("Elder Root")
    return elder, issue_ca("Example Root", issuer=elder, key=authority.root.key)


def test_of_two_ways_up_the_shorter_is_taken(authority: Authority, alice: Issued) -> None:
    elder, crossed = cross_sign(authority)
    for pool in itertools.permutations((authority.intermediate, authority.root, crossed, elder)):
        assert_chain(climb(alice, *pool), alice, (authority.intermediate,), authority.root)


def test_of_two_ways_up_the_trusted_one_is_taken(authority: Authority, alice: Issued) -> None:
    elder, crossed = cross_sign(authority)
    for pool in itertools.permutations((authority.intermediate, authority.root, crossed)):
        chain = climb(alice, *pool, trusted=(elder,))
        assert_chain(chain, alice, (authority.intermediate, crossed), elder)


def test_an_expired_way_up_does_not_spoil_the_other(authority: Authority, alice: Issued) -> None:
    elder = issue_ca("Elder Root")
    expired = issue_ca("Example Root", issuer=elder, key=authority.root.key, not_after=NOW - timedelta(days=1))
    chain = climb(alice, expired, elder, authority.intermediate, authority.root)
    assert_chain(chain, alice, (authority.intermediate,), authority.root)


def test_a_self_signed_end_entity_is_refused(authority: Authority) -> None:
    own = issue("self")
    assert fail(own).name == "chain_invalid"
    assert fail(own, own).name == "chain_invalid"
    assert fail(own, authority.intermediate, authority.root).name == "chain_invalid"


def test_certificates_that_sign_each_other_come_to_an_end() -> None:
    one, other = make_key(), make_key()
    first = issue_ca("First", key=one, issuer=issue_ca("Second", key=other))
    second = issue_ca("Second", key=other, issuer=issue_ca("First", key=one))
    leaf = issue("leaf", issuer=first)
    try:
        chain = climb(leaf, first, second)
    except CheckError as error:
        assert error.name == "chain_invalid"
    else:
        assert chain.root is None
    assert fail(leaf, first, second, trusted=(issue_ca("Other"),)).name in ("chain_invalid", "untrusted_root")


def test_many_certificates_of_one_name_and_key_come_to_an_end() -> None:
    key = make_key()
    top = issue_ca("Top", key=key)
    below = issue_ca("Below", key=key, issuer=top)
    # Each signs each other: 20 certificates make more ways up than could ever be walked.
    pool = [issue_ca("Top", key=key, issuer=below) for _number in range(10)]
    pool += [issue_ca("Below", key=key, issuer=top) for _number in range(10)]
    leaf = issue("leaf", issuer=below)
    assert climb(leaf, *pool, top).root is not None
    assert fail(leaf, *pool, trusted=(issue_ca("Other"),)).name in ("chain_invalid", "untrusted_root")


def test_a_name_that_is_no_text_gives_no_traceback(authority: Authority, alice: Issued) -> None:
    strange = issue_ca("strange-authority")
    damaged = strange.der.replace(b"strange-authority", b"strange\xffauthority")
    try:
        (odd,) = [certificates.load_der(damaged)]
    except ValueError:
        return
    (own,) = load(alice)
    assert build(own, (odd, *load(authority.intermediate, authority.root)), None, NOW).root is not None
