# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CMMF in every tagging that the draft and its readers allow, written here by hand: no library writes it."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.formats import read_cmmf
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import UTF8_STRING, encode, integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import fixture_chain

ROOT, INTERMEDIATE, END_ENTITY = fixture_chain()
GRANTED = sequence(integer(0))
TEXT = encode(UTF8_STRING, "granted, \u00e4".encode())

CERTIFICATES = {
    "bare": END_ENTITY,
    "implicit": b"\xa0" + END_ENTITY[1:],
    "explicit": encode(0xA0, END_ENTITY),
}
CA_PUBS = {
    "implicit": encode(0xA1, ROOT, INTERMEDIATE),
    "explicit": encode(0xA1, sequence(ROOT, INTERMEDIATE)),
}
STATUSES = {
    "granted": GRANTED,
    "granted with modifications": sequence(integer(1)),
    "with a text": sequence(integer(0), TEXT),
    "with texts": sequence(integer(0), sequence(TEXT, TEXT)),
    "with a failure's bits": sequence(integer(0), TEXT, encode(0x03, b"\x07\x80")),
}
TAILS = {"nothing": b"", "an octet string": encode(0x04, b"info")}


def respond(certificate: bytes, status: bytes = GRANTED, tail: bytes = b"") -> bytes:
    return sequence(integer(1), status, sequence(certificate), tail)


@pytest.mark.parametrize(
    ("certificate", "ca_pubs", "status", "tail"), list(itertools.product(CERTIFICATES, CA_PUBS, STATUSES, TAILS))
)
def test_every_tagging_is_read(certificate: str, ca_pubs: str, status: str, tail: str) -> None:
    response = respond(CERTIFICATES[certificate], STATUSES[status], TAILS[tail])
    data = sequence(CA_PUBS[ca_pubs], sequence(response))
    assert read_cmmf(data) == [ROOT, INTERMEDIATE, END_ENTITY]


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_the_chain_is_optional(certificate: str) -> None:
    assert read_cmmf(sequence(sequence(respond(CERTIFICATES[certificate])))) == [END_ENTITY]


@pytest.mark.parametrize("ca_pubs", [encode(0xA1, ROOT), encode(0xA1, sequence(ROOT))])
def test_a_chain_of_one_certificate_is_told_by_its_content(ca_pubs: bytes) -> None:
    assert read_cmmf(sequence(ca_pubs, sequence(respond(END_ENTITY)))) == [ROOT, END_ENTITY]


@pytest.mark.parametrize("ca_pubs", [encode(0xA1), encode(0xA1, sequence())])
def test_a_chain_of_none_is_no_chain(ca_pubs: bytes) -> None:
    assert read_cmmf(sequence(ca_pubs, sequence(respond(END_ENTITY)))) == [END_ENTITY]


def test_several_responses_give_all_their_certificates() -> None:
    data = sequence(sequence(respond(END_ENTITY), respond(encode(0xA0, INTERMEDIATE))))
    assert read_cmmf(data) == [END_ENTITY, INTERMEDIATE]


def test_a_response_may_come_without_a_certificate() -> None:
    data = sequence(CA_PUBS["implicit"], sequence(sequence(integer(1), GRANTED)))
    assert read_cmmf(data) == [ROOT, INTERMEDIATE]


def test_what_stands_beside_the_certificate_in_its_pair_is_passed_over() -> None:
    pair = sequence(END_ENTITY, encode(0xA0, sequence()), encode(0xA1, sequence()))
    assert read_cmmf(sequence(sequence(sequence(integer(1), GRANTED, pair)))) == [END_ENTITY]


@pytest.mark.parametrize("status", [2, 3, 4, 5, -1, 255])
def test_a_status_that_is_no_grant_is_refused(status: int) -> None:
    data = sequence(sequence(respond(END_ENTITY, sequence(integer(status)))))
    with pytest.raises(ReplyError, match="not granted"):
        read_cmmf(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        sequence(),
        sequence(encode(0xA1, ROOT)),
        sequence(sequence(), sequence()),
        sequence(encode(0xA1, ROOT), sequence(), sequence()),
        encode(0x31, sequence(respond(END_ENTITY))),
        sequence(sequence(respond(END_ENTITY))) + b"\x00",
        sequence(encode(0xA1, integer(5)), sequence(respond(END_ENTITY))),
        sequence(encode(0xA1, sequence(integer(5))), sequence(respond(END_ENTITY))),
        sequence(encode(0xA2, ROOT), sequence(respond(END_ENTITY))),
        sequence(sequence(integer(1))),
        sequence(sequence(sequence())),
        sequence(sequence(sequence(integer(1)))),
        sequence(sequence(sequence(GRANTED, integer(1)))),
        sequence(sequence(sequence(integer(1), sequence()))),
        sequence(sequence(sequence(integer(1), sequence(TEXT)))),
        sequence(sequence(sequence(integer(1), GRANTED, sequence()))),
        sequence(sequence(respond(encode(0xA1, END_ENTITY)))),
        sequence(sequence(respond(encode(0xA0)))),
        sequence(sequence(respond(encode(0xA0, integer(1))))),
        sequence(sequence(respond(encode(0x80, b"\x01")))),
        sequence(sequence(respond(sequence(integer(1))))),
        sequence(sequence(respond(END_ENTITY[:-1]))),
    ],
)
def test_anything_else_is_unreadable(data: bytes) -> None:
    with pytest.raises(ReplyError):
        read_cmmf(data)
