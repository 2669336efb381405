# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root, intermediate and mailboxes, by openssl's hand: nothing here is the milter's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = issuer
[issuer]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = names
[names]
commonName = supplied
[extensions]
"""
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
        configuration = self.folder / f"{name}.cnf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder) + extensions)
        (self.folder / "index.txt").touch()
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
        run("req", "-new", "-key", str(key), "-subj", f"/CN={name}", "-out", str(request))
        signing = ["-selfsign"] if by == name else ["-cert", f"{self.folder}/{by}.pem"]
        # Not with x509 -req: it takes dates since OpenSSL 3.4 only, and since then no negative number of days.
        period = ["-days", str(days)] if days > 0 else ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
        command = ["ca", "-batch", "-notext", "-config", str(configuration), "-extensions", "extensions", *period]
        run(*command, *signing, "-keyfile", f"{self.folder}/{by}.key", "-in", str(request), "-out", str(certificate))
        return certificate
