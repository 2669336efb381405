# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is signed says the same as what was sent, and no mail server on the way has a reason to change it."""

from __future__ import annotations

import contextlib
import io
import re
import time
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.mails import AUTHOR, MAILS, NESTED
from hypothesis import given
from hypothesis import strategies as st
from smime_milter.__main__ import parse_header
from smime_milter.entity import write_entity as write
from smime_milter.fields import UnfitError, read_nature


def write_entity(mail: bytes) -> bytes:
    header, _blank, body = mail.partition(b"\r\n\r\n")
    entity = io.BytesIO()
    write(parse_header(header), body, entity.write)
    return entity.getvalue()


def list_leaves(mail: bytes) -> list[tuple[str, str | None, bytes]]:
    """Return type, name and decoded contents of each part that holds something, as Python's own library reads them."""
    return [
        (part.get_content_type(), read_name(part.get_filename()), read_payload(part))
        for part in message_from_bytes(mail, policy=compat32).walk()
        if not part.is_multipart()
    ]


def read_name(name: str | None) -> str | None:
    return name and str(make_header(decode_header(name))).encode("utf-8", "surrogateescape").decode()


def read_payload(part: Message) -> bytes:
    """Return what a part holds. An encoding that is none, or stands in quotes or with a comment, is none for this library, too."""
    payload = part.get_payload(decode=True)
    return bytes(payload) if isinstance(payload, bytes) else b""


# What Python's library reads otherwise from the start: the label, or the header, is none.
MISREAD = ("no header of a part", "rubbish in base64", "an 8-bit boundary", "an 8-bit file name")


@pytest.mark.parametrize("name", [name for name in MAILS if name not in MISREAD])
def test_the_contents_stay_what_they_were(name: str) -> None:
    assert list_leaves(write_entity(MAILS[name])) == list_leaves(MAILS[name])


def test_an_8_bit_file_name_is_written_with_its_charset() -> None:
    assert [name for _type, name, _contents in list_leaves(write_entity(MAILS["an 8-bit file name"]))] == [
        'Grüße; "x".pdf'
    ]


def assert_fit(entity: bytes) -> None:
    """Nothing is left that a mail server would change."""
    assert entity.isascii()
    assert not re.search(rb"(?im)^content-transfer-encoding:\s*(8bit|binary)", entity)
    assert b"\0" not in entity
    assert entity.count(b"\r") == entity.count(b"\n") == entity.count(b"\r\n")
    assert max(map(len, entity.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("name", MAILS)
def test_nothing_is_left_that_a_mail_server_would_change(name: str) -> None:
    entity = write_entity(MAILS[name])
    assert_fit(entity)
    assert not re.search(rb"(?m)^From ", entity)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    *(
                        b"Content-Type: multipart/mixed; boundary=a",
                        b"Content-Type: multipart/digest; boundary*0=b; boundary*1=c",
                    ),
                    *(
                        b"Content-Type: message/rfc822",
                        b"Content-Type: text/plain",
                        b"Content-Type: multipart/signed; boundary=a",
                    ),
                    *(
                        b"Content-Transfer-Encoding: base64",
                        b"Content-Transfer-Encoding: quoted-printable",
                        b"X: \xe4",
                        b" folded",
                    ),
                    *(
                        b"",
                        b"",
                        b"--a",
                        b"--a--",
                        b"--bc",
                        b"From x",
                        b"=3D=\xe4=",
                        b"x" * 1200,
                        b"\xe4" * 1200,
                        b"a\rb\0\nc",
                    ),
                    b'Content-Disposition: attachment; filename="\xe4\\"; x=' + b"y" * 1200,
                ]
            ),
            st.binary(max_size=20),
        ),
        max_size=25,
    )
)
def test_whatever_a_mail_is_made_of_is_fit_or_refused(lines: list[bytes]) -> None:
    with contextlib.suppress(UnfitError):
        assert_fit(write_entity(b"\r\n".join(lines)))


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: 1\r\n"
        + b" folded\r\n" * 160_000
        + b"\r\nx\r\n--b--\r\n",
        b"Content-Type: text/plain" + b";" * 400_000 + b"\r\n\r\nx\r\n",
        b"Content-Type: text/plain; " + b'x="\\' * 100_000 + b"\r\n\r\nx\r\n",
        b"Content-Type: text/plain " + b"(" * 400_000 + b"\r\n\r\nx\r\n",
        b'Content-Description: \xe4 "' + b'\\"' * 200_000 + b"\r\n\r\nx\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 100_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(500))
        + b"\r\nend\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"--\r\n" * 200_000,
    ],
    ids=["folded", "semicolons", "quotes", "parentheses", "escapes", "parts", "messages", "deep", "hyphens"],
)
def test_no_mail_takes_long(mail: bytes) -> None:
    # Time of this process alone; what is quadratic takes minutes.
    before = time.process_time()
    with contextlib.suppress(UnfitError):
        assert_fit(write_entity(AUTHOR + mail))
    assert time.process_time() - before < 10


@pytest.mark.parametrize("name", ["without MIME", "quoted-printable already", "without an end of line"])
def test_what_needs_no_encoding_is_not_touched(name: str) -> None:
    body = MAILS[name].partition(b"\r\n\r\n")[2]
    assert write_entity(MAILS[name]).endswith(b"\r\n\r\n" + body) or write_entity(MAILS[name]) == b"\r\n" + body


def test_only_the_fields_of_the_contents_move_inside() -> None:
    entity = write_entity(AUTHOR + b"Content-Type: text/plain\r\nContent-Language: de\r\n\r\nx\r\n")
    assert entity == b"Content-Type: text/plain\r\nContent-Language: de\r\n\r\nx\r\n"


SEALED = (
    AUTHOR + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
    b"Content-Type: multipart/signed; boundary=sealed\r\n\r\n--sealed\r\nContent-Type: text/plain\r\n\r\n%s\r\n--sealed\r\n"
    b"Content-Type: application/pkcs7-signature\r\n\r\nx\r\n--sealed--\r\n--o--\r\n"
)


def test_a_signature_inside_is_not_touched() -> None:
    mail = SEALED % b"From here  \r\n"
    assert write_entity(mail) == mail[len(AUTHOR) :]


@pytest.mark.parametrize("contents", ["Grüße".encode(), b"x" * 1000, b"a\rb", b"Content-Transfer-Encoding: 8bit"])
def test_a_signature_inside_that_would_not_survive_is_no_reason_to_break_it(contents: bytes) -> None:
    with pytest.raises(UnfitError):
        write_entity(SEALED % contents)


def test_a_field_that_postfix_would_cut_off_is_no_reason_to_break_a_signature() -> None:
    with pytest.raises(UnfitError):
        write_entity(
            AUTHOR
            + b"Content-Type: message/rfc822\r\n\r\nReferences: "
            + b"<x@example.test> " * 5000
            + b"\r\n\r\nx\r\n"
        )


def test_a_folded_field_stays_folded() -> None:
    mail = AUTHOR + b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n\r\nx\r\n'
    assert write_entity(mail).startswith(b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n\r\n')


@pytest.mark.parametrize("cut", range(0, len(NESTED), 7))
def test_a_mail_that_breaks_off_anywhere_is_no_trouble(cut: int) -> None:
    mail = AUTHOR + NESTED[:cut]
    assert list_leaves(write_entity(mail)) is not None


def test_a_comment_is_no_part_of_the_encoding() -> None:
    label = b"Content-Transfer-Encoding: (a (b)) Quoted-Printable (c)"
    assert read_nature(parse_header(label)).encoding == "quoted-printable"


@pytest.mark.parametrize(
    ("content_type", "protected"),
    [
        (b"multipart/signed; protocol=x", True),
        (b"Application/PKCS7-MIME; smime-type=enveloped-data", True),
        (b"multipart/encrypted", True),
        (b"multipart/mixed; boundary=x", False),
        (b"text/plain", False),
        (b"application/octet-stream; name=smime.p7m", True),
        (b'application/octet-stream\r\nContent-Disposition: attachment;\r\n filename="SMIME.P7M"', True),
        (b"application/octet-stream; name=report.pdf", False),
        (b"text/plain; name=smime.p7m", False),
    ],
)
def test_mail_that_is_signed_or_encrypted_is_known(content_type: bytes, protected: bool) -> None:
    assert read_nature(parse_header(b"Content-Type: " + content_type)).protected is protected
