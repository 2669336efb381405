# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever arrives, it is a reply or a ReplyError: never a traceback, and never without an end."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, nest, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    PKCS7,
    armour,
    ask,
    fixture_chain,
    wrap,
)

QUERIES = [
    ask(response_type, encoding)
    for response_type in range(1, 5)
    for encoding in range(3)
    if encoding != BINARY or response_type == PKCS7
]
HTML = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>-20 is the code</body></html>\n"
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
    "attached, and an end": b"2\n-----END CERTIFICATE-----\n",
    "attached, and no end": b"2\n-----BEGIN CERTIFICATE-----\nMIIB\n",
    "attached, and two beginnings": b"2\n-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "attached, and an empty one": b"2\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "attached, and html": b"2\n" + HTML,
    "attached, and no base64": b"2\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "attached, and wrong padding": b"2\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
    "attached, and an integer": b"2\n" + armour(integer(5)).encode(),
    "javascript without a code": b"var g_ccc = '';\n",
    "javascript without a value": b"var g_errorCode = ;\n",
    "javascript without an end": b"var g_errorCode = 2; var g_ccc = 'MIIB",
    "javascript with a damaged escape": b"var g_errorCode = 2; var g_ccc = '\\u12';",
    "javascript with an expression": b"var g_errorCode = f(2);",
    "javascript with a word for a code": b"var g_errorCode = 'two';",
    "javascript with nothing for a code": b"var g_errorCode = null;",
    "javascript with an endless sum": b"g_errorCode = 1" + b" +" * 10_000,
}


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK)
def test_junk_is_unreadable(body: bytes, query: Query) -> None:
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
    "data in place of signed data": sequence(bytes.fromhex("06092a864886f70d010701"), encode(0xA0, encode(0x04, b"x"))),
    "netscape without content": sequence(bytes.fromhex("06096086480186f8420205")),
    "netscape with an empty content": sequence(bytes.fromhex("06096086480186f8420205"), encode(0xA0)),
    "netscape with no certificates": sequence(bytes.fromhex("06096086480186f8420205"), encode(0xA0, sequence())),
    "an inner length beyond the outer": sequence(b"\x30\x7f\x00"),
}


@pytest.mark.parametrize("response_type", [1, 2, 4])
@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_structure_that_is_none_of_the_forms_is_unreadable(structure: bytes, response_type: int) -> None:
    for body in (b"2\n" + armour(structure).encode(), b"2\n" + wrap(structure).encode()):
        with pytest.raises(ReplyError):
            read_reply(body, ask(response_type))


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_binary_structure_that_is_no_pkcs7_is_unreadable(structure: bytes) -> None:
    with pytest.raises(ReplyError):
        read_reply(structure, ask(PKCS7, BINARY))


def test_more_certificates_than_any_chain_has_are_refused() -> None:
    body = "2\n" + "".join(armour(sequence(integer(number))) for number in range(2000))
    with pytest.raises(ReplyError):
        read_reply(body.encode(), ask())


def test_a_megabyte_of_dashes_ends() -> None:
    for body in (b"2\n" + b"-" * 1_000_000, b"2\n" + b"-----BEGIN " * 90_000, b"2\n" + b"A" * 1_000_000):
        with pytest.raises(ReplyError):
            read_reply(body, ask())


@pytest.mark.parametrize("piece", [b"g_errorCode=", b"g_errorCode = 1;", b"g_ccc='", b"\\", b"'+'", b"g_errorCode=1+"])
def test_a_megabyte_of_javascript_ends(piece: bytes) -> None:
    body = b"g_errorCode = " + piece * (1_000_000 // len(piece))
    assert read_or_refuse(body, ask(response_encoding=2)) in (None, Reply(1))


def read_or_refuse(body: bytes, query: Query) -> Reply | None:
    try:
        return read_reply(body, query)
    except ReplyError:
        return None


def test_a_reply_that_was_cut_anywhere_is_unreadable() -> None:
    body = ("2\n" + "".join(armour(item) for item in fixture_chain())).encode()
    # From inside the first certificate to just before the last END; a cut between two certificates cannot be seen.
    first_end, last_begin = body.index(b"-----END"), body.rindex(b"-----BEGIN") + 28
    for place in (20, first_end // 2, first_end, last_begin, (last_begin + len(body)) // 2, len(body) - 28):
        with pytest.raises(ReplyError):
            read_reply(body[:place], ask())


def test_bare_base64_that_was_cut_in_its_last_certificate_is_unreadable() -> None:
    text = "".join(wrap(item) for item in fixture_chain())
    for missing in (5, 100, 200):
        with pytest.raises(ReplyError):
            read_reply(("2\n" + text[:-missing]).encode(), ask())
