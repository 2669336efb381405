# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is signed says the same as what was sent, and no mail server on the way has a reason to change it."""

from __future__ import annotations

import io
from email import message_from_bytes
from email.policy import compat32

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.mails import AUTHOR, MAILS, NESTED
from smime_milter import message
from smime_milter.headers import parse_fields
from smime_milter.structure import PIECE, read_lines


def write_entity(mail: bytes) -> bytes:
    header, _blank, body = mail.partition(b"\r\n\r\n")
    entity = io.BytesIO()
    message.write_entity(parse_fields(header.split(b"\r\n")), io.BytesIO(body), entity)
    return entity.getvalue()


def list_leaves(mail: bytes) -> list[tuple[str, str | None, bytes]]:
    """Return type, name and decoded contents of each part that holds something, as Python's own library reads them."""
    return [
        (part.get_content_type(), part.get_filename(), bytes(part.get_payload(decode=True) or b""))
        for part in message_from_bytes(mail, policy=compat32).walk()
        if not part.is_multipart()
    ]


@pytest.mark.parametrize("name", MAILS)
def test_the_contents_stay_what_they_were(name: str) -> None:
    assert list_leaves(write_entity(MAILS[name])) == list_leaves(MAILS[name])


@pytest.mark.parametrize("name", MAILS)
def test_nothing_is_left_that_a_mail_server_would_change(name: str) -> None:
    entity = write_entity(MAILS[name])
    assert entity.isascii()
    assert b"8bit" not in entity
    assert entity.replace(b"\r\n", b"").find(b"\r") == -1
    for line in entity.split(b"\r\n"):
        assert b"\n" not in line
        assert len(line) <= 998
        assert not line.startswith(b"From ")


@pytest.mark.parametrize("name", ["without MIME", "quoted-printable already", "without an end of line"])
def test_what_needs_no_encoding_is_not_touched(name: str) -> None:
    body = MAILS[name].partition(b"\r\n\r\n")[2]
    assert write_entity(MAILS[name]).endswith(b"\r\n\r\n" + body) or write_entity(MAILS[name]) == b"\r\n" + body


def test_only_the_fields_of_the_contents_move_inside() -> None:
    entity = write_entity(AUTHOR + b"Content-Type: text/plain\r\nContent-Language: de\r\n\r\nx\r\n")
    assert entity == b"Content-Type: text/plain\r\nContent-Language: de\r\n\r\nx\r\n"


def test_a_signature_inside_is_not_touched() -> None:
    inner = (
        b"Content-Type: multipart/signed; boundary=sealed\r\n\r\n--sealed\r\nContent-Type: text/plain\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--sealed\r\n"
        b"Content-Type: application/pkcs7-signature\r\n\r\nx\r\n--sealed--\r\n"
    )
    mail = AUTHOR + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n" + inner + b"--o--\r\n"
    assert inner in write_entity(mail)


def test_a_folded_field_stays_folded() -> None:
    mail = AUTHOR + b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n\r\nx\r\n'
    assert write_entity(mail).startswith(b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n\r\n')


def test_an_endless_header_of_a_part_is_not_torn() -> None:
    mail = (
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nX-Long: "
        + b"yz" * 100_000
        + b"\r\n\r\nx\r\n--o--\r\n"
    )
    assert write_entity(AUTHOR + mail) == mail


@pytest.mark.parametrize("length", range(PIECE - 3, PIECE + 3))
@pytest.mark.parametrize("end", [b"\r\n", b"\r\r\n", b"\n", b"\r", b""])
def test_pieces_of_a_line_are_the_line(length: int, end: bytes) -> None:
    body = b"x" * length + end + b"next\r\n"
    pieces = list(read_lines(io.BytesIO(body)))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= PIECE + len(end)
    assert not any(piece.endswith(b"\r") for piece in pieces[:-1])


@pytest.mark.parametrize("cut", range(0, len(NESTED), 7))
def test_a_mail_that_breaks_off_anywhere_is_no_trouble(cut: int) -> None:
    mail = AUTHOR + NESTED[:cut]
    assert list_leaves(write_entity(mail)) is not None


def test_no_depth_is_too_deep() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(500)
    )
    assert write_entity(AUTHOR + deep + b"\r\nend\r\n").endswith(b"end\r\n")


@pytest.mark.parametrize(
    ("content_type", "protected"),
    [
        (b"multipart/signed; protocol=x", True),
        (b"Application/PKCS7-MIME; smime-type=enveloped-data", True),
        (b"multipart/encrypted", True),
        (b"multipart/mixed; boundary=x", False),
        (b"text/plain", False),
    ],
)
def test_mail_that_is_signed_or_encrypted_is_known(content_type: bytes, protected: bool) -> None:
    assert message.is_protected(parse_fields([b"Content-Type: " + content_type])) is protected
