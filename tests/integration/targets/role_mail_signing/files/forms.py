# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send mail in many forms, and judge what is delivered.

``hop`` sends every form of mail over a server that takes 7-bit mail and cuts lines; programs of others verify what arrives there.
``forged`` tries every way to have a mail signed for somebody else, through a Postfix with logins.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

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


def wait_for(boxes: Set[str], delivered: str) -> dict[str, Path]:
    """Return by its box where each mail is, once all have come, or after a minute and a half."""
    deadline = time.monotonic() + 90
    found: dict[str, Path] = {}
    while time.monotonic() < deadline and not boxes <= found.keys():
        time.sleep(0.2)
        paths = list((Path(delivered) / "others/new").glob("*"))
        found = {
            path.read_bytes().partition(b"\nDelivered-To: ")[2].partition(b"@")[0].decode(): path for path in paths
        }
    return found


def read_forms(path: str) -> dict[str, bytes]:
    """Return the mails of the unit tests, by names that can be those of boxes."""
    spec = importlib.util.spec_from_file_location("mails", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        re.sub(r"\W+", "-", f"hop-{number}-{name}").strip("-").lower(): mail
        for number, (name, mail) in enumerate(module.MAILS.items())
    }


def split(mail: bytes) -> tuple[bytes, bytes]:
    """Return what is signed, and the signature in DER, of a mail as a maildir keeps it."""
    boundary = re.search(rb'boundary="(smime-\w+)"', mail)
    assert boundary is not None
    _before, entity, signature, _after = mail.split(b"--" + boundary[1])
    text = entity.removeprefix(b"\n").removesuffix(b"\n").replace(b"\n", b"\r\n")
    command = ["openssl", "base64", "-d"]
    return text, subprocess.run(command, input=signature.partition(b"\n\n")[2], capture_output=True, check=True).stdout


class Judges:
    """Programs that verify signatures; those that are not on this machine are left out."""

    def __init__(self, folder: Path, root: str) -> None:
        self.folder = folder
        self.root = root
        self.entity, self.signature = folder / "entity", folder / "signature"
        self.names = ["openssl"]
        if shutil.which("gpgsm"):
            self._prepare_gpgsm()
        if shutil.which("certutil") and shutil.which("cmsutil"):
            self._run("certutil", "-N", "-d", str(folder), "--empty-password")
            self._run("certutil", "-A", "-d", str(folder), "-n", "root", "-t", "C,C,C", "-i", root)
            self.names.append("nss")

    def _prepare_gpgsm(self) -> None:
        home = self.folder / "gnupg"
        home.mkdir(mode=0o700)
        shown = self._run("openssl", "x509", "-in", self.root, "-noout", "-fingerprint", "-sha1").stdout.decode()
        (home / "trustlist.txt").write_text(f"{shown.strip().partition('=')[2]} S relax\n")
        os.environ["GNUPGHOME"] = str(home)
        if self._run("gpgsm", "--batch", "--import", self.root).returncode == 0:
            self.names.append("gpgsm")

    def _run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, capture_output=True, check=False, timeout=60)

    def judge(self, mail: Path) -> Iterator[str]:
        """Yield what is wrong with a signed mail."""
        entity, signature = split(mail.read_bytes())
        self.entity.write_bytes(entity)
        self.signature.write_bytes(signature)
        options = f"-CAfile {self.root} -no-CApath -purpose smimesign -verify_email {ALICE} -out /dev/null"
        commands = {
            "openssl": f"openssl cms -verify -in {mail} {options}",
            "gpgsm": f"gpgsm --batch --disable-crl-checks --verify {self.signature} {self.entity}",
            "nss": f"cmsutil -D -d {self.folder} -i {self.signature} -c {self.entity} -o /dev/null",
        }
        for name in self.names:
            done = self._run(*commands[name].split())
            if done.returncode:
                yield f"{name}: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}"


def hop(given: dict[str, Any]) -> Iterator[str]:
    """Send every form, and yield what is not as it should be, after a line that says who judged."""
    forms = read_forms(given["mails"])
    with smtplib.SMTP("127.0.0.1", given["port"], timeout=60) as server:
        for name, mail in forms.items():
            # As bytes: the library would end lines where a carriage return stands alone.
            server.ehlo()
            server.mail(ALICE, ["BODY=8BITMIME"])
            server.rcpt(f"{name}@far.test")
            server.docmd("DATA")
            server.send(re.sub(rb"(?m)^\.", b"..", mail) + (b"" if mail.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            server.getreply()
    found = wait_for(forms.keys(), given["delivered"])
    with tempfile.TemporaryDirectory() as folder:
        judges = Judges(Path(folder), given["root"])
        print(f"{len(forms)} forms, judged by {', '.join(judges.names)}")
        for name in forms:
            mail = found[name].read_bytes() if name in found else b""
            if b"multipart/signed" not in mail:
                yield f"{name}: {'not signed' if mail else 'not delivered'}"
            elif b"hop.example.test" not in mail:
                yield f"{name}: did not come over the other server"
            else:
                yield from (f"{name}: {fault}" for fault in judges.judge(found[name]))
        if "gpgsm" in judges.names:
            subprocess.run(["gpgconf", "--kill", "all"], capture_output=True, check=False)


def send(server: smtplib.SMTP, name: str, sender: str, author: str) -> None:
    """Send one mail to a box of its name."""
    mail = f"From: {author}\r\nTo: form-{name}@inbox.test\r\nSubject: {name}\r\nMessage-ID: <{name}@example.test>\r\n\r\nHello\r\n"
    options = [f"AUTH={ALICE.replace('@', '+40')}"] if name == "auth-parameter" else []
    server.sendmail(sender, [f"form-{name}@inbox.test"], mail, mail_options=options)


def forge(given: dict[str, Any]) -> Iterator[str]:
    """Send each form, and yield what is not as it should be."""
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
    found = wait_for({f"form-{name}" for name, *_rest in FORMS}, given["delivered"])
    for name, _login, _sender, _author, signed in FORMS:
        mail = found[f"form-{name}"].read_bytes() if f"form-{name}" in found else b""
        if not mail or (b"multipart/signed" in mail) != signed:
            yield f"{name}: {'signed' if mail and not signed else 'not signed, or not there'}"


def main() -> int:
    """Send and judge, as the JSON in the second argument says, and print what is not as it should be."""
    faults = list({"hop": hop, "forged": forge}[sys.argv[1]](json.loads(sys.argv[2])))
    print("\n".join(faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
