# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mails as people and programs send them, by name."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

AUTHOR = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: a mail\r\n"
TEXT = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
NESTED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b'For readers without MIME\r\n--outer\r\nContent-Type: multipart/alternative;\r\n boundary="inner part"\r\n\r\n'
    b"--inner part\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n\r\n"
    b"--inner part\r\nContent-Type: text/html\r\n\r\n<p>Plain</p>\r\n--inner part--\r\n\r\n--outer\r\n"
    b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: inside\r\nFrom: x@example.test\r\n"
    b"Content-Type: text/plain; charset=latin1\r\n\r\ncaf\xe9\r\n--outer\r\nContent-Type: image/x-raw\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\n\x00\x01\xff\r\n--outer--\r\nthe end\r\n"
)

ENCODINGS = ("8bit (raw)", "8-bit", "UTF-8", "", "7bit", "x-uuencode", "binary;", '"8bit"', "(comment) 8bit")


def _label(word: str) -> bytes:
    return (
        f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {word}\r\n".encode()
    )


def _multipart(*, label: bytes = b"7bit", fields: bytes = b"", preamble: bytes = b"", epilogue: bytes = b"") -> bytes:
    """Return a multipart of one part, 8-bit and with a long line."""
    head = b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: " + label + b"\r\n\r\n" + preamble
    part = (
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n"
        + fields
        + b"\r\n<p>Gr\xc3\xbc\xc3\x9fe"
        + b"x" * 1500
        + b"</p>\r\n"
    )
    return b"MIME-Version: 1.0\r\n" + head + part + b"--b--\r\n" + epilogue


def with_attachment() -> bytes:
    """Return what Python's own library makes of a text with a page and an attachment."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "alice@example.test"
    mail["Subject"] = "Ärger"
    mail.set_content("Hello\n")
    mail.add_alternative("<p>Hällo</p>\n", subtype="html")
    mail.add_attachment(bytes(range(256)) * 20, maintype="application", subtype="octet-stream", filename="all.bin")
    return mail.as_bytes()


MAILS = {
    "without MIME": AUTHOR + b"\r\nHello\r\n",
    "without a body": AUTHOR + b"\r\n",
    "without an end of line": AUTHOR + TEXT + b"7bit\r\n\r\nHello",
    "8-bit text": AUTHOR + TEXT + b"8bit\r\n\r\nH\xc3\xa4llo\r\n \r\n.\r\n",
    "8-bit text without MIME": AUTHOR + b"\r\nH\xe4llo\r\n",
    "8-bit label alone": AUTHOR + TEXT + b"8bit\r\n\r\nHello\r\n",
    "quoted-printable already": AUTHOR + TEXT + b"quoted-printable\r\n\r\nH=C3=A4llo=\r\n you\r\n",
    "lines too long": AUTHOR + TEXT + b"7bit\r\n\r\n" + b"long " * 500 + b"\r\n",
    "quoted-printable in long lines": AUTHOR
    + TEXT
    + b"quoted-printable\r\n\r\n"
    + b"x=C3=A4 " * 300
    + b"=\r\nFrom here\r\n",
    "quoted-printable that mbox changes": AUTHOR + TEXT + b"quoted-printable\r\n\r\nFrom here=20\r\nto there\r\n",
    "base64 in one line": AUTHOR + TEXT + b"base64\r\n\r\n" + b"SGFsbG8g" * 300,
    "a soft line break before From": AUTHOR + TEXT + b"8bit\r\n\r\n\xc3\xa4" + b"x" * 69 + b"From here\r\n",
    "an endless line": AUTHOR + TEXT + b"8bit\r\n\r\n" + b"\xc3\xa4 From " * 30_000 + b"\r\n--\r\nend\r\n",
    "an endless line, quoted-printable already": AUTHOR + TEXT + b"quoted-printable\r\n\r\n" + b"=C3=A4 x" * 30_000,
    "an endless line of an attachment": AUTHOR + b"Content-Type: application/x-raw\r\n\r\n" + b"xyz" * 50_000 + b"\r\n",
    "lines that mbox changes": AUTHOR + TEXT + b"7bit\r\n\r\nFrom here to there\r\n",
    "carriage returns inside": AUTHOR + TEXT + b"8bit\r\n\r\none\rtwo\r\n",
    "nested": AUTHOR + NESTED,
    "with attachment": with_attachment(),
    **{
        f"an encoding {word!r}": AUTHOR + _label(word) + b"\r\n<p>Gr\xc3\xbc\xc3\x9fe" + b"x" * 1500 + b"</p>\r\n"
        for word in ENCODINGS
    },
    "8-bit in quoted-printable": AUTHOR
    + TEXT
    + b"quoted-printable\r\n\r\nGr\xc3\xbc\xc3\x9fe=20\r\nFrom \xe4"
    + b"=C3=A4\xe4" * 900
    + b"\r\n",
    "rubbish in base64": AUTHOR + TEXT + b"base64\r\n\r\nSGFs\xe4bG8g\x00" + b"SGFsbG8g" * 300 + b"\r\n",
    **{
        f"a multipart labelled {word}": AUTHOR + _multipart(label=word.encode())
        for word in ("base64", "quoted-printable", "x-unknown")
    },
    "two labels of the encoding": AUTHOR
    + TEXT
    + b"quoted-printable\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr=C3=BC=C3=9Fe\r\n",
    "a signed part labelled 8bit": AUTHOR
    + _multipart(
        fields=b"\r\nx\r\n--b\r\nContent-Type: multipart/signed; boundary=s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"--s\r\n\r\nx\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--s--\r\n--b\r\n"
    ),
    "a message labelled base64": AUTHOR
    + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4DQo=\r\n",
    "a message with 8-bit fields": AUTHOR
    + b'Content-Type: message/rfc822\r\n\r\nFrom: "Gr\xc3\xbc\xc3\x9fe, x" <x@example.test>\r\n'
    + b"Subject: Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln "
    + b"word " * 300
    + b"\r\nX-Long: "
    + b"y" * 3000
    + b"\r\n\r\nx\r\n",
    "a long preamble": AUTHOR
    + _multipart(preamble=b"p" * 1500 + b"\r\nFrom me\r\n--b--x\r\n\xe4\x00" + b"\r\n", epilogue=b"e\xe4" * 1500),
    "a long file name": AUTHOR
    + _multipart(fields=b"Content-Disposition: attachment; filename*=UTF-8''" + b"%C3%A4" * 300 + b".pdf\r\n"),
    "an 8-bit file name": AUTHOR
    + _multipart(fields=b'Content-Disposition: attachment;\r\n filename="Gr\xc3\xbc\xc3\x9fe; \\"x\\".pdf"\r\n'),
    "a long name above": AUTHOR
    + b'Content-Type: text/plain; charset=us-ascii; name="'
    + b"n" * 1500
    + b'"\r\n\r\nhello\r\n',
    "an 8-bit description": AUTHOR + b"Content-Description: \xe4 \xf6 and \xfc\r\n\r\nhello\r\n",
    "an 8-bit boundary": AUTHOR + NESTED.replace(b"inner part", b"inn\xe4r part"),
    "an endless boundary": AUTHOR + NESTED.replace(b"inner part", b"b" * 1200),
    "a very long header of a part": AUTHOR + _multipart(fields=b"X-Long: " + b"yz" * 10_000 + b"\r\n"),
    "no header of a part": AUTHOR + _multipart(fields=b"this is \xe4 text\r\n"),
}
