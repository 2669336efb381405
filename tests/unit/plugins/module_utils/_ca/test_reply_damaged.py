# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no reply, or only a part of one, is a ReplyError whatever was asked for."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import (
    NETSCAPE_OID,
    SIGNED_DATA_OID,
    encode,
    integer,
    nest,
    sequence,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    PKCS7,
    QUERIES,
    armour,
    ask,
    fixture_chain,
    read_fixture,
    wrap,
)

HTML = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>-20 is the code</body></html>\n"
BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
JUNK = {
    "nothing": b"",
    "blank": b" \r\n\t\n",
    "html": HTML,
    "html after a blank line": b"\n" + HTML,
    "no code": b"The CSR has been rejected!\n",
    "plus": b"+2\n",
    "fraction": b"2.0\n",
    "words after the code": b"2 certificates\n",
    "hexadecimal": b"0x2\n",
    "two signs": b"--2\n",
    "a sign alone": b"-\n",
    "a number beyond reason": b"-" + b"9" * 5000 + b"\n",
    "nul": b"\x00" * 64,
    "not utf-8": bytes(range(128, 256)),
    "a lone BOM": b"\xef\xbb\xbf",
    "sequence without end": b"\x30\x80\x00\x00",
    "a length of four gigabytes": b"\x30\x84\xff\xff\xff\xff",
    "a length of lengths": b"\x30\xff" + b"\xff" * 200,
    "attached, and nothing is": b"2\n",
    "attached, and an end": b"2\n" + END,
    "attached, and no end": b"2\n" + BEGIN + b"MIIB\n",
    "attached, and two beginnings": b"2\n" + BEGIN + BEGIN + b"MIIB\n" + END,
    "attached, and an empty one": b"2\n" + BEGIN + END,
    "attached, and html": b"2\n" + HTML,
    "attached, and no base64": b"2\n" + BEGIN + b"!!!!\n" + END,
    "attached, and wrong padding": b"2\n" + BEGIN + b"MII\n" + END,
    "attached, and an integer": b"2\n" + armour(integer(5)).encode(),
    "attached, and words": b"2\nno certificates here",
    "attached, and bare padding": b"2\n====",
    "attached, and bare base64 of no structure": b"2\nQUJD",
    "attached, and half a bare structure": b"2\nMIIB",
}


@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK)
def test_junk_is_unreadable_whatever_was_asked_for(body: bytes) -> None:
    for query in QUERIES:
        with pytest.raises(ReplyError) as caught:
            read_reply(body, query)
        assert caught.value.name == "reply_unreadable"
        assert len(caught.value.message) < 300


STRUCTURES = {
    "deep nesting": nest(5000),
    "deep nesting of context tags": nest(5000, 0xA0),
    "too many elements": sequence(b"\x30\x00" * 200_000),
    "many certificates": sequence(*[fixture_chain()[0]] * 1500),
    "an empty sequence": sequence(),
    "data in place of signed data": sequence(SIGNED_DATA_OID[:-1] + b"\x01", encode(0xA0, encode(0x04, b"x"))),
    "netscape with no certificates": sequence(NETSCAPE_OID, encode(0xA0, sequence())),
    "an inner length beyond the outer": sequence(b"\x30\x7f\x00"),
}


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_structure_that_is_none_of_the_forms_is_unreadable(structure: bytes) -> None:
    bodies = [(b"2\n" + text.encode(), number) for text in (armour(structure), wrap(structure)) for number in (1, 2, 4)]
    for body, query in [(structure, ask(PKCS7, BINARY)), *((body, ask(number)) for body, number in bodies)]:
        with pytest.raises(ReplyError):
            read_reply(body, query)


def test_more_certificates_than_any_chain_has_are_refused() -> None:
    body = "2\n" + "".join(armour(sequence(integer(number))) for number in range(101))
    with pytest.raises(ReplyError, match="more than any chain"):
        read_reply(body.encode(), ask())


def damaged_replies() -> list[tuple[bytes, Query]]:
    """Return good replies that end too early, or with a letter too many; a cut between two certificates cannot be seen."""
    body = b"2\n" + "".join(map(armour, fixture_chain())).encode()
    first_end, last_begin = body.index(b"-----END"), body.rindex(b"-----BEGIN") + 28
    places = (20, first_end // 2, first_end, last_begin, (last_begin + len(body)) // 2, len(body) - 28)
    bare = [b"2\n" + joint.join(map(wrap, fixture_chain())).encode() for joint in ("", "\n")]
    binary = read_fixture("pkcs7/certificates.der")
    return [
        (body.replace(b"MII", b"MII!", 1), ask()),
        *((body[:place], ask()) for place in places),
        *((text[:-missing], ask()) for text in bare for missing in (5, 100, 200)),
        *((binary[:size], ask(PKCS7, BINARY)) for size in (2, 3, 4, 5, 100, len(binary) - 1)),
    ]


@pytest.mark.parametrize(("body", "query"), damaged_replies())
def test_a_reply_that_was_cut_or_damaged_is_unreadable(body: bytes, query: Query) -> None:
    with pytest.raises(ReplyError):
        read_reply(body, query)
