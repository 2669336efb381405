# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say as JSON what lies in the servers' folders: owner, group, mode and hash of each file, and openssl's view of each pair."""

from __future__ import annotations

import grp
import hashlib
import json
import pwd
import ssl
import subprocess
import sys
from pathlib import Path


def openssl(*arguments: str) -> str:
    """Return what openssl prints, empty if it fails."""
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def describe(path: Path) -> dict[str, str]:
    """Return owner, group, mode and hash of a file or folder."""
    status = path.stat()
    return {
        "owner": pwd.getpwuid(status.st_uid).pw_name,
        "group": grp.getgrgid(status.st_gid).gr_name,
        "mode": f"{status.st_mode & 0o7777:04o}",
        "hash": hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
    }


def is_pair(certificate: Path, key: Path) -> bool:
    """Tell whether OpenSSL takes both as a server's pair."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError:  # SSLError is one
        return False
    return True


def main() -> None:
    """Print the JSON."""
    top = Path(sys.argv[1])
    files = {str(path.relative_to(top)): describe(path) for path in sorted(top.rglob("*"))} if top.exists() else {}
    kept: dict[str, dict[str, dict[str, bool]]] = {}
    for certificate in sorted(top.glob("*/archive/*/*/cert.pem")):
        folder = certificate.parent
        serial = openssl("x509", "-in", str(certificate), "-noout", "-serial").removeprefix("serial=")
        chain = openssl("verify", "-partial_chain", "-trusted", str(folder / "chain.pem"), str(certificate))
        kept.setdefault(folder.relative_to(top).parts[0], {})[folder.name] = {
            "serial": serial == folder.name,
            "pair": is_pair(certificate, folder / "privkey.pem"),
            "chain": chain.endswith(": OK"),
        }
    live = {
        str(path.parent.relative_to(top)): is_pair(path, path.parent / "privkey.pem")
        for path in top.glob("*/*/cert.pem")
    }
    print(json.dumps({"files": files, "kept": kept, "live": live}))


if __name__ == "__main__":
    main()
