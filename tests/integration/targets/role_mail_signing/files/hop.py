# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send every form of mail over a server that takes 7-bit mail and cuts lines, and have programs of others verify what arrives there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ALICE = "alice@example.test"


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


def main() -> int:
    """Send and judge, as the JSON in the first argument says, and print what is not as it should be."""
    given = json.loads(sys.argv[1])
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
    deadline = time.monotonic() + 90
    found: dict[str, Path] = {}
    while time.monotonic() < deadline and not forms.keys() <= found.keys():
        time.sleep(0.5)
        paths = list((Path(given["delivered"]) / "others/new").glob("*"))
        found = {
            path.read_bytes().partition(b"\nDelivered-To: ")[2].partition(b"@")[0].decode(): path for path in paths
        }
    faults = [f"{name}: not delivered" for name in forms if name not in found]
    with tempfile.TemporaryDirectory() as folder:
        judges = Judges(Path(folder), given["root"])
        for name in forms.keys() & found.keys():
            path = found[name]
            mail = path.read_bytes()
            if b"multipart/signed" not in mail:
                faults.append(f"{name}: not signed")
            elif b"hop.example.test" not in mail:
                faults.append(f"{name}: did not come over the other server")
            else:
                faults.extend(f"{name}: {fault}" for fault in judges.judge(path))
        if "gpgsm" in judges.names:
            subprocess.run(["gpgconf", "--kill", "all"], capture_output=True, check=False)
    print("\n".join([f"{len(forms)} forms, judged by {', '.join(judges.names)}", *faults]))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
