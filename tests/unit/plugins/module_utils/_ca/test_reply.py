# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies in text: the page's own samples, and every type in every dialect of lines, armour and order."""

from __future__ import annotations

import itertools
from datetime import datetime, timezone

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, Validity, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    CMMF,
    INDIVIDUAL,
    JAVASCRIPT,
    NETSCAPE,
    PKCS7,
    QUERIES,
    armour,
    ask,
    fixture_chain,
    openssl,
    read_fixture,
    read_text,
    unwrap,
    wrap,
)

ROOT, INTERMEDIATE, END_ENTITY = CHAIN = fixture_chain()
TEXT = "".join(armour(item) for item in CHAIN)
VALIDITY = read_text("reply/validity.txt")
STATUS_QUERY = Query(query_type=0, show_validity_period=True)
PKCS7_DER = read_fixture("pkcs7/certificates.der")


def page_reply() -> str:
    """Return the page's sample of certificates, as it is printed, with real ones in place of the "Encoded" lines."""
    sample = read_text("reply/certificates.txt")
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
    for body in (read_fixture("reply/accepted.txt"), b"0", b"0\r\n", b"\n0\n", b"0\n\n"):
        assert read_reply(body, query) == Reply(0)
    for newline in ("\n", "\r\n"):
        body = read_text("reply/rejected.txt").replace("\n", newline).encode()
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


@pytest.mark.parametrize("line", ["01/01/0001 31/12/9999", "01/01/2026\t31/12/2026", " 01/01/2026 31/12/2026 "])
def test_a_validity_line_of_any_calendar_day_is_read(line: str) -> None:
    assert read_reply(f"1\n{line}\n".encode(), STATUS_QUERY).validity is not None


@pytest.mark.parametrize("line", ["31/02/2026 01/01/2027", "00/00/0000 00/00/0000", "01/13/2026 01/13/2027"])
def test_a_validity_line_of_impossible_dates_is_unreadable(line: str) -> None:
    with pytest.raises(ReplyError):
        read_reply(f"1\n{line}\n".encode(), STATUS_QUERY)


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


def build_structures(response_type: int) -> list[bytes]:
    """Return what the CA would encode: openssl's work, or for CMMF that of a few lines."""
    response = sequence(integer(1), sequence(integer(0)), sequence(END_ENTITY))
    return {
        NETSCAPE: [unwrap(read_fixture("netscape/sequence.pem"))],
        PKCS7: [PKCS7_DER],
        INDIVIDUAL: CHAIN,
        CMMF: [sequence(encode(0xA1, ROOT, INTERMEDIATE), sequence(response))],
    }[response_type]


LABELS = {
    NETSCAPE: ("CERTIFICATE", "NETSCAPE CERTIFICATE SEQUENCE"),
    PKCS7: ("PKCS7", "PKCS #7 SIGNED DATA", "CMS"),
    INDIVIDUAL: ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"),
    CMMF: ("CMMF", "CERTIFICATE"),
}


def dress_up(response_type: int) -> list[str]:
    """Return the reply's structures in every armour of theirs, in that of the page, and in none."""
    structures = build_structures(response_type)
    return [
        *("".join(armour(item, label) for item in structures) for label in LABELS[response_type]),
        "".join(f"----- BEGIN CERTIFICATE -----\n{wrap(it)}---- END CERTIFICATE -----\n" for it in structures),
        "".join(wrap(item) for item in structures),
        "".join(wrap(item, 100_000) for item in structures),
        "\n".join(wrap(item, 76) for item in structures),
    ]


@pytest.mark.parametrize("response_type", LABELS)
def test_every_type_is_read_in_every_dress(response_type: int) -> None:
    for dress in dress_up(response_type):
        for validity, tail in itertools.product(["", VALIDITY], ["", "\nCertificate attached\n"]):
            for newline in ("\n", "\r\n"):
                body = f"2\n{validity}{dress}{tail}".replace("\n", newline)
                reply = read_reply(body.encode(), ask(response_type))
                assert (reply.code, set(reply.certificates), bool(reply.validity)) == (2, set(CHAIN), bool(validity))
        payload = dress.replace("\n", "\\n")
        for quote in "'\"":
            body = f"var g_errorCode = 2;\nvar g_ccc = {quote}{payload}{quote};\n"
            assert set(read_reply(body.encode(), ask(response_type, JAVASCRIPT)).certificates) == set(CHAIN)


@pytest.mark.parametrize("name", ["certificates.der", "end_entity_first.der", "made now"])
def test_a_binary_reply_is_the_bare_structure_with_or_without_a_line_end(name: str) -> None:
    if name == "made now":
        certificates = read_fixture("individual/certificates.pem")
        arguments = ("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER")
        body = openssl(*arguments, data=certificates)
    else:
        body = read_fixture(f"pkcs7/{name}")
    for line_end in (b"", b"\n", b"\r\n"):
        reply = read_reply(body + line_end, ask(PKCS7, BINARY))
        assert (reply.code, set(reply.certificates)) == (2, set(CHAIN))


@pytest.mark.parametrize("text", ["0\nProcessing", "0\r\nAccepted now", "0\n\nAccepted!"])
def test_a_pending_text_is_never_taken_for_der_whatever_its_length(text: str) -> None:
    # "0\n" is also the header of a SEQUENCE of ten octets.
    assert read_reply(text.encode(), ask(PKCS7, BINARY)) == Reply(0)


def test_javascript_may_be_answered_as_text() -> None:
    assert read_reply(f"2\n{TEXT}".encode(), ask(response_encoding=JAVASCRIPT)).certificates == tuple(CHAIN)
