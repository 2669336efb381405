# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The author of a mail is who From names, however it is written; where that is not sure, it is said."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smime_milter.author import UnclearError, read_address, read_authors
from smime_milter.fields import Field

ALICE = "alice@example.test"


def read(*values: str) -> set[str]:
    return set(read_authors([Field(b"From: " + value.encode("utf-8", "surrogateescape")) for value in values]))


# As mail programs write them: most are not valid by RFC 5322.
ALICE_ALONE = r"""
alice@example.test
<alice@example.test>
ALICE@Example.Test
Alice <alice@example.test>
alice@example.test <alice@example.test>
alice@corp.test <alice@example.test>
Alice @ Example <alice@example.test>
Smith, Alice <alice@example.test>
Smith, Alice, Dr. <alice@example.test>
Alice; Accounting <alice@example.test>
Alice :-) <alice@example.test>
Alice (x <alice@example.test>
Alice "Al Smith <alice@example.test>
'alice@example.test' <alice@example.test>
'alice@example.test'
Alice [Accounting] <alice@example.test>
"Smith, Alice" <alice@example.test>
"bob@example.test" <alice@example.test>
"A \"x\" <b@c.test>" <alice@example.test>
=?utf-8?Q?Smith=2C_Alice?= <alice@example.test>
Al (bob@example.test (x)) <alice@example.test>
alice(c)@example.test
alice@example.test (Alice)
Alice alice@example.test
<alice@example.test
Alice <<alice@example.test>>
Team: alice@example.test;
Team:Alice <alice@example.test>;
<@relay.test:alice@example.test>
<mailto:alice@example.test>
< alice @ example.test >
Alice <alice@example.test>,
alice@example.test, Alice <alice@example.test>
[alice@example.test]
"alice"@example.test
<"alice"@example.test>
alice@example.test.
""".strip().splitlines()


@pytest.mark.parametrize("value", [*ALICE_ALONE, "J\u00f6rg <alice@example.test>", "J\udcf6rg <alice@example.test>"])
def test_one_address_counts_however_it_is_written(value: str) -> None:
    assert read(value) == {ALICE}


@pytest.mark.parametrize(
    ("value", "authors"),
    [
        ("Alice <alice@example.test>, Bob <bob@example.test>", {ALICE, "bob@example.test"}),
        ("bob@example.test, Smith, Alice <alice@example.test>", {ALICE, "bob@example.test"}),
        ("Alice <alice@example.test> bob@example.test", {ALICE, "bob@example.test"}),
        ("Alice <alice@example.test> <bob@example.test>", {ALICE, "bob@example.test"}),
        ("Team: alice@example.test, bob@example.test;", {ALICE, "bob@example.test"}),
        ("alice@example.test; bob@example.test", {ALICE, "bob@example.test"}),
        ('"alice@example.test" <bob@example.test>', {"bob@example.test"}),
        ("(<alice@example.test>) bob@example.test", {"bob@example.test"}),
        ("alice@example.test@evil.test", {"alice@example.test@evil.test"}),
        ("alice@[IPv6:2001:db8::1]", {"alice@[IPv6:2001:db8::1]"}),
        ("alice@b\u00fccher.test", {"alice@xn--bcher-kva.test"}),
        ("jos\u00e9@example.test", {"jos\u00e9@example.test"}),
        ('Al <"a b"@example.test>', {'"a b"@example.test'}),
        ("undisclosed:;", set()),
        ("", set()),
        ("<>", set()),
    ],
)
def test_nobody_else_is_taken_for_the_author(value: str, authors: set[str]) -> None:
    assert read(value) == authors


def test_all_fields_count() -> None:
    assert read("alice@example.test", "bob@example.test") == {ALICE, "bob@example.test"}


@pytest.mark.parametrize(
    "value",
    [
        *("Alice", "=?utf-8?Q?alice=40example.test?=", "@", "alice@", "alice @ example.test"),
        'Alice "Al <alice@example.test>, "Bob" <bob@example.test>',
        "a" * 100_000,
    ],
)
def test_what_is_not_sure_is_said(value: str) -> None:
    with pytest.raises(UnclearError):
        read(value)


@pytest.mark.parametrize("piece", ["(", '"', "<", '"\\', '<"', "a@b.test,", "(<", "[", ":", "<>", "<(", "@", "\\"])
def test_no_author_takes_long(piece: str) -> None:
    before = time.process_time()
    with contextlib.suppress(UnclearError):
        read(piece * (32_000 // len(piece)))
    assert time.process_time() - before < 5


@given(
    st.lists(
        st.one_of(
            st.sampled_from(['"', "(", ")", "<", ">", "\\", ",", ";", ":", "@", "[", "alice@example.test", " "]),
            st.text(max_size=3),
        )
    )
)
def test_nothing_but_an_address_or_doubt_comes_of_anything(pieces: list[str]) -> None:
    with contextlib.suppress(UnclearError):
        assert all("@" in address for address in read("".join(pieces)))


@pytest.mark.parametrize("value", ["alice", "@example.test", "alice@", "a b@example.test", "al\nice@example.test", ""])
def test_what_is_no_address_is_none(value: str) -> None:
    assert read_address(value) is None
