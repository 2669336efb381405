# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mails as people send them, and the judgement on what was delivered of them."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

LARGE = 20 * 1024 * 1024
RECIPIENTS = "inbox.test"


def _fill_text(mail: EmailMessage) -> None:
    mail.set_content("Let us have lunch together.\n\nFrom here on it is a matter of taste.\n-- \nA person\n")


def _fill_html(mail: EmailMessage) -> None:
    mail.set_content("Plain lunch\n")
    mail.add_alternative(
        "<p>Fine <b>lunch</b>, at length: " + "and more of it " * 90 + "</p>\n", subtype="html", cte="7bit"
    )


def _fill_attachment(mail: EmailMessage) -> None:
    mail.set_content("See the lunch enclosed.\n")
    mail.add_attachment(bytes(range(256)) * 40, maintype="application", subtype="pdf", filename="Menü für heute.pdf")


def _fill_eight_bit(mail: EmailMessage) -> None:
    mail.set_content("Grüße vom Mittagessen, 昼食, \n.\n..und so weiter\n", charset="utf-8", cte="8bit")


def _fill_large(mail: EmailMessage) -> None:
    mail.set_content("A large lunch.\n")
    data = random.Random(1).randbytes(LARGE)
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename="large.bin")


KINDS = {
    "text": _fill_text,
    "html": _fill_html,
    "attachment": _fill_attachment,
    "eight_bit": _fill_eight_bit,
    "large": _fill_large,
}


def write_mails(folder: Path, names: list[str]) -> None:
    """Write a mail for each name, which is SENDER-KIND, as SENDER-KIND.eml."""
    for name in names:
        sender, _hyphen, kind = name.partition("-")
        mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=900))
        mail["From"] = f"{sender.capitalize()} <{sender}@example.test>"
        mail["To"] = f"{name}@{RECIPIENTS}"
        mail["Subject"] = f"Lunch {kind}"
        mail["Message-ID"] = f"<{name}@example.test>"
        KINDS[kind](mail)
        (folder / f"{name}.eml").write_bytes(mail.as_bytes())


def read_contents(data: bytes) -> list[tuple[str, bytes]]:
    """Return type and decoded contents of each part that has contents of its own; line ends count as one."""
    parts = message_from_bytes(data, policy=policy.SMTP).walk()
    leaves = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts if not part.is_multipart()]
    return [
        (kind, bytes(text).replace(b"\r\n", b"\n").rstrip(b"\n")) for kind, text in leaves if isinstance(text, bytes)
    ]


def verify(mail: Path, root: str, address: str, folder: Path) -> tuple[str, str, bytes]:
    """Return what openssl says against the signature ('' if it is good), the fingerprint of the signer, and what was signed."""
    signer, content = folder / "signer.pem", folder / "content"
    signer.unlink(missing_ok=True)
    options = ["-CAfile", root, "-no-CApath", "-purpose", "smimesign", "-verify_email", address]
    command = ["openssl", "cms", "-verify", "-in", str(mail), *options, "-signer", str(signer), "-out", str(content)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip() or f"status {done.returncode}", "", b""
    return "", fingerprint(signer), content.read_bytes()


def fingerprint(certificate: Path) -> str:
    """Return the fingerprint of a certificate."""
    command = ["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def judge(arguments: argparse.Namespace, name: str, expected: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong with a delivered mail. ``expected`` is its signer's certificate, or empty if it is to be unsigned."""
    sender, kind = name.split("-")[:2]
    found = list((Path(arguments.delivered) / name / "new").glob("*"))
    if len(found) != 1:
        yield f"{len(found)} mails were delivered"
        return
    sent = (Path(arguments.mails) / f"{sender}-{kind}.eml").read_bytes()
    delivered = found[0].read_bytes()
    if message_from_bytes(delivered)["Subject"] != f"Lunch {kind}":
        yield "the subject is another"
    if expected:
        yield from judge_signed(
            found[0], sent, f"{sender}@example.test", fingerprint(Path(expected)), arguments.root, folder
        )
    elif b"multipart/signed" in delivered or read_contents(delivered) != read_contents(sent):
        yield "should have passed as it is"


def judge_signed(mail: Path, sent: bytes, address: str, expected: str, root: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong with a mail that is to be signed."""
    said, signer, content = verify(mail, root, address, folder)
    if said:
        yield said
        return
    if signer != expected:
        yield "the signer is another"
    if read_contents(content) != read_contents(sent):
        yield "the contents are other than what was sent"
    if not verify(mail, root, "mallory@example.test", folder)[0]:
        yield "verifies for another mailbox"
    tampered = folder / "tampered.eml"
    tampered.write_bytes(mail.read_bytes().replace(b"\nContent-Type: ", b"\nContent-TYPE: "))
    if len(sent) < LARGE and not verify(tampered, root, address, folder)[0]:
        yield "verifies though it was tampered with"


def main() -> int:
    """Run the command of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("names", nargs="+")
    judging = commands.add_parser("judge")
    for option in ("delivered", "root", "expected"):
        judging.add_argument(f"--{option}", required=True)
    for command in (writing, judging):
        command.add_argument("--mails", required=True)
    arguments = parser.parse_args()
    if arguments.command == "write":
        write_mails(Path(arguments.mails), arguments.names)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        expected = json.loads(arguments.expected)
        faults = [
            f"{name}: {fault}"
            for name, certificate in expected.items()
            for fault in judge(arguments, name, certificate, Path(folder))
        ]
    sys.stdout.write("\n".join(faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
