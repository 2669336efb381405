# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try every way to have a mail signed for somebody else, through a Postfix with logins, and see what was delivered."""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
import time
from pathlib import Path

ALICE, MALLORY = "alice@example.test", "mallory@example.test"
# Name, login or None, MAIL FROM, From, and whether it is to be signed.
FORMS = [
    ("own", "alice", ALICE, ALICE, True),
    ("own-case", "alice", ALICE.upper(), f"Alice <{ALICE.upper()}>", True),
    ("other-login", "mallory", ALICE, ALICE, False),
    ("other-envelope", "mallory", MALLORY, ALICE, False),
    ("other-author", "mallory", ALICE, MALLORY, False),
    ("own-envelope-other-author", "alice", ALICE, MALLORY, False),
    ("own-name-other-address", "mallory", MALLORY, f'"{ALICE}" <{MALLORY}>', False),
    ("two-authors", "alice", ALICE, f"{ALICE}, {MALLORY}", False),
    ("empty-envelope", "mallory", "", ALICE, False),
    ("quoted", "mallory", '"alice"@example.test', ALICE, False),
    ("source-route", "mallory", f"@relay.test:{ALICE}", ALICE, False),
    ("no-login", None, ALICE, ALICE, False),
    ("auth-parameter", "mallory", ALICE, ALICE, False),
    ("after-own", "mallory", ALICE, ALICE, False),
]


def send(server: smtplib.SMTP, name: str, sender: str, author: str) -> None:
    """Send one mail to a box of its name."""
    mail = f"From: {author}\r\nTo: form-{name}@inbox.test\r\nSubject: {name}\r\nMessage-ID: <{name}@example.test>\r\n\r\nHello\r\n"
    options = [f"AUTH={ALICE.replace('@', '+40')}"] if name == "auth-parameter" else []
    server.sendmail(sender, [f"form-{name}@inbox.test"], mail, mail_options=options)


def main() -> int:
    """Send each form to the ports of the JSON in the first argument, and print what is not as it should be."""
    given = json.loads(sys.argv[1])
    context = ssl.create_default_context(cafile=given["ca_path"])
    for name, login, sender, author, _signed in FORMS:
        with smtplib.SMTP("127.0.0.1", given["port"], timeout=60) as server:
            if login is not None:
                server.starttls(context=context)
                server.login(login, given["password"])
            if name == "after-own":
                # The same connection: what was true of one mail is not of the next.
                send(server, "own-first", MALLORY, MALLORY)
            send(server, name, sender, author)
    folder = Path(given["delivered"]) / "others/new"
    deadline = time.monotonic() + 60
    found: dict[str, bytes] = {}
    while time.monotonic() < deadline and not all(f"form-{name}" in found for name, *_rest in FORMS):
        time.sleep(0.2)
        mails = [path.read_bytes() for path in folder.glob("*")]
        found = {mail.partition(b"\nDelivered-To: ")[2].partition(b"@")[0].decode(): mail for mail in mails}
    faults = [
        f"{name}: {'signed' if not signed else 'not signed, or not there'}"
        for name, _login, _sender, _author, signed in FORMS
        if (b"multipart/signed" in found.get(f"form-{name}", b"")) != signed or f"form-{name}" not in found
    ]
    print("\n".join(faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
