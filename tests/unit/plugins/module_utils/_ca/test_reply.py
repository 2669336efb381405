# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's own samples, the status line, the message and the validity line."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    JAVASCRIPT,
    PKCS7,
    armour,
    ask,
    fixture_chain,
    openssl,
    read_fixture,
    read_text,
    wrap,
)

STATUS_QUERY = Query(query_type=0, show_validity_period=True)
EVERY_QUERY = [
    ask(response_type, encoding)
    for response_type in range(1, 5)
    for encoding in range(3)
    if encoding != BINARY or response_type == PKCS7
]


def page_reply() -> str:
    """Return the page's sample of certificates, as it is printed, with real ones in place of the "Encoded" lines."""
    sample = read_text("reply/certificates.txt")
    words = ("Encoded Root Certificate", "Encoded Intermediate Certificate", "Encoded End Entity Certificate")
    for word, certificate in zip(words, fixture_chain()):
        assert f"{word}\n" in sample
        sample = sample.replace(f"{word}\n", wrap(certificate))
    return sample


def test_the_fixture_has_the_pages_uneven_dashes() -> None:
    sample = read_text("reply/certificates.txt")
    assert sample.count("----- BEGIN CERTIFICATE -----") == 3
    assert sample.endswith("\n---- END CERTIFICATE -----\n")


@pytest.mark.parametrize("query", EVERY_QUERY)
@pytest.mark.parametrize("body", [read_fixture("reply/accepted.txt"), b"0", b"0\r\n", b"\n0\n", b"0\n\n"])
def test_the_pages_success_sample_is_a_pending_order_in_every_encoding(body: bytes, query: Query) -> None:
    assert read_reply(body, query) == Reply(0)


@pytest.mark.parametrize("query", [*EVERY_QUERY, STATUS_QUERY])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_pages_error_sample_is_its_code_and_its_words_in_every_encoding(query: Query, newline: str) -> None:
    body = read_text("reply/rejected.txt").replace("\n", newline).encode()
    assert read_reply(body, query) == Reply(-20, "The CSR has been rejected!")


@pytest.mark.parametrize("text", ["0\nProcessing", "0\r\nAccepted now", "0\n\nAccepted!"])
def test_a_pending_text_is_never_taken_for_der_whatever_its_length(text: str) -> None:
    # "0\n" is also the header of a SEQUENCE of ten octets.
    assert read_reply(text.encode(), ask(PKCS7, BINARY)).code == 0


def test_the_pages_armour_is_read_as_it_is_printed() -> None:
    assert read_reply(f"2\n{page_reply()}".encode(), ask()).certificates == tuple(fixture_chain())


@pytest.mark.parametrize("code", [1, 2])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_pages_validity_line_is_the_first_and_the_last_second_of_its_days(code: int, newline: str) -> None:
    body = f"{code}\n{read_text('reply/validity.txt')}".replace("\n", newline).encode()
    validity = read_reply(body, STATUS_QUERY).validity
    assert validity is not None
    assert validity.not_before == datetime(2013, 5, 14, tzinfo=timezone.utc)
    assert validity.not_after == datetime(2014, 5, 13, 23, 59, 59, tzinfo=timezone.utc)


def test_the_validity_line_stands_before_the_certificates() -> None:
    reply = read_reply(f"2\n{read_text('reply/validity.txt')}{page_reply()}".encode(), ask())
    assert reply.validity is not None
    assert reply.certificates == tuple(fixture_chain())


def test_a_reply_without_the_validity_line_has_no_validity() -> None:
    assert read_reply(f"2\n{page_reply()}".encode(), ask()).validity is None


@pytest.mark.parametrize("line", ["31/02/2026 01/01/2027", "00/00/0000 00/00/0000", "01/13/2026 01/13/2027"])
def test_a_validity_line_of_impossible_dates_is_unreadable(line: str) -> None:
    with pytest.raises(ReplyError):
        read_reply(f"1\n{line}\n".encode(), STATUS_QUERY)


@pytest.mark.parametrize("line", ["01/01/0001 31/12/9999", "01/01/2026\t31/12/2026", " 01/01/2026 31/12/2026 "])
def test_a_validity_line_of_any_calendar_day_is_read(line: str) -> None:
    assert read_reply(f"1\n{line}\n".encode(), STATUS_QUERY).validity is not None


def test_a_status_query_needs_no_certificates_in_the_reply() -> None:
    assert read_reply(b"2\n", STATUS_QUERY) == Reply(2)


def test_an_available_certificate_may_be_announced_without_being_attached() -> None:
    assert read_reply(b"1\n", ask()) == Reply(1)


@pytest.mark.parametrize("code", ["2", " 2 ", "2\r", "\ufeff2", "\n\n2"])
def test_space_around_the_code_does_not_matter(code: str) -> None:
    assert read_reply(f"{code}\n{page_reply()}".encode(), ask()).code == 2


@pytest.mark.parametrize("tail", ["\nCertificates attached.\n", "\n\nOK\n", "\nDone\n", "\n2\n", "<!-- 2 -->"])
def test_what_stands_after_the_last_certificate_is_ignored(tail: str) -> None:
    assert len(read_reply(f"2\n{page_reply()}{tail}".encode(), ask()).certificates) == 3


def test_a_message_of_several_lines_becomes_one_line_that_can_be_printed() -> None:
    reply = read_reply(b"-4\n The value of\r\n\x1b[31mthe\x00 'orderNumber'\targument \xff is invalid!\n", ask())
    assert reply.code == -4
    assert reply.message.isprintable()
    assert reply.message.startswith("The value of ")
    assert reply.message.endswith("is invalid!")


def test_a_message_without_end_is_cut() -> None:
    assert len(read_reply(b"-4\n" + b"x" * 100_000, ask()).message) <= 1000


@pytest.mark.parametrize("body", [b"-20", b"-20\n", b"-20\n\n"])
def test_an_error_may_come_without_words(body: bytes) -> None:
    assert read_reply(body, ask()) == Reply(-20)


def test_the_same_certificate_twice_is_one() -> None:
    assert len(read_reply(f"2\n{page_reply()}{page_reply()}".encode(), ask()).certificates) == 3


def test_the_order_of_the_reply_is_kept() -> None:
    backwards = fixture_chain()[::-1]
    body = "2\n" + "".join(armour(item) for item in backwards)
    assert read_reply(body.encode(), ask()).certificates == tuple(backwards)


@pytest.mark.parametrize("name", ["certificates.der", "end_entity_first.der"])
def test_a_binary_reply_is_the_bare_structure(name: str) -> None:
    reply = read_reply(read_fixture(f"pkcs7/{name}"), ask(PKCS7, BINARY))
    assert reply.code == 2
    assert set(reply.certificates) == set(fixture_chain())


def test_a_binary_reply_made_by_openssl_now_is_read_too() -> None:
    der = openssl(
        "crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER",
        data=read_fixture("individual/certificates.pem"),
    )  # fmt: skip
    assert set(read_reply(der, ask(PKCS7, BINARY)).certificates) == set(fixture_chain())


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_line_end_after_a_binary_reply_is_no_damage(line_end: bytes) -> None:
    body = read_fixture("pkcs7/certificates.der")
    assert read_reply(body + line_end, ask(PKCS7, BINARY)) == read_reply(body, ask(PKCS7, BINARY))


def test_a_refusal_in_one_line_is_no_binary_reply() -> None:
    assert read_reply(b"-16 Incorrect login details", ask(PKCS7, BINARY)) == Reply(-16, "Incorrect login details")


def test_a_cut_binary_reply_is_unreadable() -> None:
    whole = read_fixture("pkcs7/certificates.der")
    for size in (1, 2, 3, 4, 5, 100, len(whole) - 1):
        with pytest.raises(ReplyError):
            read_reply(whole[:size] if size > 1 else whole[:1] + b"\x82", ask(PKCS7, BINARY))


def test_javascript_may_be_answered_as_text() -> None:
    assert read_reply(f"2\n{page_reply()}".encode(), ask(response_encoding=JAVASCRIPT)).code == 2
