# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies in text and in JavaScript: the page's samples, every dialect of lines, armour and order, and what is no reply.

That each type is read in each dress, the tests of fuzzing see.
"""

from __future__ import annotations

import contextlib
import itertools
from datetime import datetime, timezone

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, Validity, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins import samples
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import (
    NETSCAPE_OID,
    encode,
    integer,
    nest,
    sequence,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    JAVASCRIPT,
    PKCS7,
    QUERIES,
    armour,
    ask,
    wrap,
)

CHAIN = samples.fixture_chain()
TEXT = "".join(map(armour, CHAIN))
VALIDITY = samples.read_text("reply/validity.txt")
STATUS_QUERY = Query(query_type=0, show_validity_period=True)
PKCS7_DER = samples.read_fixture("pkcs7/certificates.der")


def page_reply() -> str:
    """Return the page's sample of certificates, as it is printed, with real ones in place of the "Encoded" lines."""
    sample = samples.read_text("reply/certificates.txt")
    words = ("Encoded Root Certificate", "Encoded Intermediate Certificate", "Encoded End Entity Certificate")
    for word, certificate in zip(words, CHAIN):
        assert f"{word}\n" in sample
        sample = sample.replace(f"{word}\n", wrap(certificate))
    return sample


def read(payload: str) -> tuple[bytes, ...]:
    """Return the certificates of a reply that says that they are attached."""
    return read_reply(f"2\n{payload}".encode(), ask()).certificates


@pytest.mark.parametrize("query", [*QUERIES, STATUS_QUERY])
def test_the_pages_samples_of_success_and_error_are_read_in_every_encoding(query: Query) -> None:
    for body in (samples.read_fixture("reply/accepted.txt"), b"0", b"0\r\n", b"\n0\n", b"0\n\n"):
        assert read_reply(body, query) == Reply(0)
    for newline in ("\n", "\r\n"):
        body = samples.read_text("reply/rejected.txt").replace("\n", newline).encode()
        assert read_reply(body, query) == Reply(-20, "The CSR has been rejected!")


def test_the_pages_armour_is_read_as_it_is_printed() -> None:
    assert page_reply().count("----- BEGIN CERTIFICATE -----") == 3
    assert page_reply().endswith("\n---- END CERTIFICATE -----\n")
    assert read(page_reply()) == tuple(CHAIN)


@pytest.mark.parametrize("code", [1, 2])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_pages_validity_line_is_the_first_and_the_last_second_of_its_days(code: int, newline: str) -> None:
    begin, end = datetime(2013, 5, 14, tzinfo=timezone.utc), datetime(2014, 5, 13, 23, 59, 59, tzinfo=timezone.utc)
    body = f"{code}\n{VALIDITY}".replace("\n", newline).encode()
    assert read_reply(body, STATUS_QUERY) == Reply(code, validity=Validity(begin, end))


@pytest.mark.parametrize(
    ("line", "possible"),
    [
        *((line, True) for line in ("01/01/0001 31/12/9999", "01/01/2026\t31/12/2026", " 01/01/2026 31/12/2026 ")),
        *((line, False) for line in ("31/02/2026 01/01/2027", "00/00/0000 00/00/0000", "01/13/2026 01/13/2027")),
    ],
)
def test_a_validity_line_of_any_calendar_day_is_read_and_no_other(line: str, possible: bool) -> None:
    with contextlib.nullcontext() if possible else pytest.raises(ReplyError):
        assert read_reply(f"1\n{line}\n".encode(), STATUS_QUERY).validity is not None


def test_certificates_are_needed_only_where_they_were_asked_for_and_announced() -> None:
    assert read_reply(b"2\n", STATUS_QUERY) == Reply(2)
    assert read_reply(b"1\n", ask()) == Reply(1)


@pytest.mark.parametrize("code", ["2", " 2 ", "2\r", "\ufeff2", "\n\n2"])
def test_space_around_the_code_does_not_matter(code: str) -> None:
    assert read_reply(f"{code}\n{TEXT}".encode(), ask()) == Reply(2, certificates=tuple(CHAIN))


def test_a_message_becomes_one_line_that_can_be_printed_and_is_cut() -> None:
    reply = read_reply(b"-4\n The value of\r\n\x1b[31mthe\x00 'orderNumber'\targument \xff is invalid!\n", ask())
    assert reply.message.isprintable()
    assert reply.message.startswith("The value of ")
    assert reply.message.endswith("is invalid!")
    assert len(read_reply(b"-4\n" + b"x" * 100_000, ask()).message) == 500
    assert all(read_reply(body, ask()) == Reply(-20) for body in (b"-20", b"-20\n", b"-20\n\n"))


def test_the_order_of_the_reply_is_kept_and_each_certificate_stands_once() -> None:
    for order in itertools.permutations(CHAIN):
        assert read("".join(map(armour, order)) + armour(order[0])) == order


# Individual certificates between which something else stands, or nothing.
@pytest.mark.parametrize(
    "payload",
    [
        "".join(f"subject=CN = x\nissuer=CN = y\n\n{armour(item)}\n" for item in CHAIN),
        *(joint.join(armour(item).replace("\n", "") for item in CHAIN) for joint in ("", " ", "\n\n\n")),
        *("".join(wrap(item, width) for item in CHAIN) for width in (4, 64, 76, 100_000)),
        *(f"-----BEGIN X-----\n{wrap(CHAIN[0], width)}-----END X-----{TEXT}" for width in (4, 76, 100_000)),
        *(TEXT.replace("-----BEGIN", f"{edge}-----BEGIN") for edge in ("  ", "\t", "Bag Attributes\n  a: b\n")),
        TEXT.replace("-----BEGIN CERTIFICATE-----", "---- BEGIN CERTIFICATE ----"),
        TEXT.replace("-----END CERTIFICATE-----", "---- END CERTIFICATE ----  "),
    ],
)
def test_every_way_to_put_certificates_beside_each_other_is_read(payload: str) -> None:
    assert read(payload) == tuple(CHAIN)


@pytest.mark.parametrize(
    "tail", ["\nAll are attached.\n", "\n\nOK\n", "\nAAAA\n", "\n2\n", "\n\n\n2\n", "\n<!-- 2 -->"]
)
def test_what_stands_after_the_last_certificate_is_ignored(tail: str) -> None:
    assert read(TEXT + tail) == read("\n".join(map(wrap, CHAIN)) + tail) == tuple(CHAIN)


@pytest.mark.parametrize("name", ["certificates.der", "end_entity_first.der", "made now"])
def test_a_binary_reply_is_the_bare_structure_with_or_without_a_line_end(name: str) -> None:
    if name == "made now":
        certificates = samples.read_fixture("individual/certificates.pem")
        arguments = ("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER")
        body = samples.openssl(*arguments, data=certificates)
    else:
        body = samples.read_fixture(f"pkcs7/{name}")
    for line_end in (b"", b"\n", b"\r\n"):
        reply = read_reply(body + line_end, ask(PKCS7, BINARY))
        assert (reply.code, set(reply.certificates)) == (2, set(CHAIN))


@pytest.mark.parametrize("text", ["0\nProcessing", "0\r\nAccepted now", "0\n\nAccepted!"])
def test_a_pending_text_is_never_taken_for_der_whatever_its_length(text: str) -> None:
    # "0\n" is also the header of a SEQUENCE of ten octets.
    assert read_reply(text.encode(), ask(PKCS7, BINARY)) == Reply(0)


def test_javascript_may_be_answered_as_text() -> None:
    assert read_reply(f"2\n{TEXT}".encode(), ask(response_encoding=JAVASCRIPT)).certificates == tuple(CHAIN)


ESCAPED = TEXT.replace("\n", "\\n")
MIDDLE = TEXT.index("\n", len(TEXT) // 2) + 1
FIRST, SECOND = (half.replace("\n", "\\n") for half in (TEXT[:MIDDLE], TEXT[MIDDLE:]))
BARE = "".join(map(wrap, CHAIN))
SUM = " +\n  ".join(f'"{line}\\n"' for line in TEXT.splitlines())
SHAPES = {
    "escaped newlines": f"var g_ccc = '{ESCAPED}';",
    "double quotes": f'var g_ccc = "{ESCAPED}";',
    "escaped carriage returns": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\r\\n")),
    "without var": f"g_ccc='{ESCAPED}'",
    "let": f"let g_ccc = '{ESCAPED}';",
    "window": f"window.g_ccc = '{ESCAPED}';",
    "backslash at the end of the line": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\\n")),
    "both": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\n\\\n")),
    "joined by plus": f"var g_ccc = {SUM};",
    "joined in one line": f"var g_ccc='{FIRST}'+'{SECOND}';",
    "both quotes": f"var g_ccc='{FIRST}'+\"{SECOND}\";",
    "bare base64": "var g_ccc = '{}';".format(BARE.replace("\n", "\\n")),
    "bare base64 in one line": "var g_ccc = '{}';".format(BARE.replace("\n", "")),
    "escaped slashes": "var g_ccc = '{}';".format(ESCAPED.replace("/", "\\/")),
    "hexadecimal escapes": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\x0a").replace("+", "\\u002B")),
    "raw newlines": f"var g_ccc = '{TEXT}';",
    "text that follows": f"var g_ccc='{ESCAPED}';\n\nCertificates attached\nif (g_errorCode == 1) f('x');\n",
}


def read_script(text: str) -> Reply:
    return read_reply(text.encode(), ask(response_encoding=JAVASCRIPT))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_the_payload_is_read(shape: str) -> None:
    body = f"var g_errorCode = 2;\n{shape}\n"
    assert read_script(body) == read_script(body.replace("\n", "\r\n")) == Reply(2, certificates=tuple(CHAIN))


@pytest.mark.parametrize(
    "code",
    [
        "var g_errorCode = -16;", "g_errorCode = -16", "g_errorCode=-16\n", "var g_errorCode = '-16';",
        'var g_errorCode = "-16";', "var\tg_errorCode\n=\n-16;", "<script>var g_errorCode = -16;</script>",
        "/* the CA */ var g_errorCode = -16; // done", "var g_ccc = ''; var g_errorCode = -16;",
        "var g_ccc = null, g_errorCode = -16;", "var g_errorMessage = 'g_errorCode = 2'; var g_errorCode = -16;",
        "g_errorCode = -16; g_errorCode = 0;",
    ],
)  # fmt: skip
def test_every_shape_of_the_code_is_read(code: str) -> None:
    assert read_script(code).code == -16


@pytest.mark.parametrize(
    "message", ["'It\\'s locked'", '"It\'s locked"', "'It\\x27s ' + 'locked'", "'It\\u0027s locked'"]
)
def test_the_message_of_an_error_is_read(message: str) -> None:
    assert read_script(f"var g_errorCode = -16; var g_errorMessage = {message};") == Reply(-16, "It's locked")


def test_a_pending_order_has_no_payload() -> None:
    for nothing in ("''", "null", "undefined"):
        assert read_script(f"var g_ccc = {nothing};\nvar g_errorCode = 0;\n") == Reply(0)


# Code 1 needs no certificates: nothing else is wrong here.
@pytest.mark.parametrize(
    "text",
    [
        "if (g_errorCode == 1) { f(); }",
        *(f"var {name} = 1;" for name in ("xg_errorCode", "g_errorCodes", "g_errorcode")), "var g_ccc = '';",
        "var g_errorCode = ;", "var g_errorCode = 1; var g_ccc = 'MIIB", "var g_errorCode = 1; var g_ccc = '\\u12';",
        "var g_errorCode = f(2);", "var g_errorCode = 'two';", "var g_errorCode = null;",
        "g_errorCode = 1" + " +" * 10_000,
    ],
)  # fmt: skip
def test_what_declares_no_code_or_breaks_off_is_unreadable(text: str) -> None:
    with pytest.raises(ReplyError):
        read_script(text)


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


HOSTILE = {
    "deep nesting": nest(20_000),
    "too many elements": sequence(b"\x30\x00" * 200_000),
    "many certificates": sequence(*CHAIN[:1] * 1500),
    "an inner length beyond the outer": sequence(b"\x30\x7f\x00"),
    "no certificates": sequence(NETSCAPE_OID, encode(0xA0, sequence())),
}


@pytest.mark.parametrize("structure", HOSTILE.values(), ids=HOSTILE)
def test_a_structure_that_is_none_is_unreadable_in_each_way_to_send_it(structure: bytes) -> None:
    """Which structures are none, the tests of formats say."""
    for number in (1, 2, 4):
        for text in (armour(structure), wrap(structure)):
            with pytest.raises(ReplyError):
                read_reply(f"2\n{text}".encode(), ask(number))
    with pytest.raises(ReplyError):
        read_reply(structure, ask(PKCS7, BINARY))


def test_more_certificates_than_any_chain_has_are_refused() -> None:
    body = "2\n" + "".join(armour(sequence(integer(number))) for number in range(101))
    with pytest.raises(ReplyError, match="more than any chain"):
        read_reply(body.encode(), ask())


def damaged_replies() -> list[tuple[bytes, Query]]:
    """Return good replies that end too early, or with a letter too many; a cut between two certificates cannot be seen."""
    body = b"2\n" + "".join(map(armour, CHAIN)).encode()
    first_end, last_begin = body.index(b"-----END"), body.rindex(b"-----BEGIN") + 28
    places = (20, first_end // 2, first_end, last_begin, (last_begin + len(body)) // 2, len(body) - 28)
    bare = [b"2\n" + joint.join(map(wrap, CHAIN)).encode() for joint in ("", "\n")]
    binary = PKCS7_DER
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
