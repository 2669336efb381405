# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root, intermediate and mailboxes, by openssl's hand: nothing here is the milter's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n"


def run(*arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass(frozen=True)
class Files:
    """The files of one mailbox."""

    key: Path
    certificate: Path
    chain: Path

    def join(self) -> bytes:
        return self.key.read_bytes() + self.certificate.read_bytes() + self.chain.read_bytes()

    def describe(self, email: str) -> dict[str, str]:
        return {"email": email, "key": str(self.key), "certificate": str(self.certificate), "chain": str(self.chain)}


class Issuer:
    """Issues what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = self._certify("root", "root", ROOT, 3650)
        self.intermediate = self._certify("intermediate", "root", ROOT, 3650)

    def issue(self, name: str, email: str, *, days: int = 30, usage: str = "emailProtection") -> Files:
        """Issue for a mailbox; with fewer than no days, what has expired."""
        extensions = f"subjectAltName=email:{email}\nextendedKeyUsage={usage}\nkeyUsage=digitalSignature\n"
        certificate = self._certify(name, "intermediate", extensions, days)
        return Files(self.folder / f"{name}.key", certificate, self.intermediate)

    def _certify(self, name: str, by: str, extensions: str, days: int) -> Path:
        key, request, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        (self.folder / f"{name}.cnf").write_text(extensions)
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
        run("req", "-new", "-key", str(key), "-subj", f"/CN={name}", "-out", str(request))
        signing = (
            ["-signkey", str(key)]
            if by == name
            else ["-CA", f"{self.folder}/{by}.pem", "-CAkey", f"{self.folder}/{by}.key"]
        )
        serial = ["-set_serial", str(sum(name.encode()) * 7919)]
        command = ["x509", "-req", "-in", str(request), "-extfile", f"{self.folder}/{name}.cnf", "-days", str(days)]
        run(*command, *signing, *serial, "-out", str(certificate))
        return certificate
