# Copyright: (c) 2026, mailops.smime contributors
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
}
