# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the files of the places that standard input names as JSON: what is there, or with --verify what is wrong there.

Prints JSON: for each place the names in it with kind, mode, owner, inode and checksum; or a list of sentences. Whether a
certificate is right is for openssl to say.
"""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = {"cert.pem", "chain.pem", "combined.pem", "key.pem"}


def look(place: str) -> list[str]:
    """Describe all that is in a place and beside it, for what a run may have left there."""
    folder = Path(place)
    found = [folder, *folder.parent.glob(f".{folder.name}*"), *(folder.rglob("*") if folder.is_dir() else ())]
    return sorted(describe(path) for path in found if os.path.lexists(path))


def describe(path: Path) -> str:
    """Describe one name, without opening what is no file."""
    status = path.lstat()
    regular = stat.S_ISREG(status.st_mode)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if regular else ""
    return f"{path.name} {stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid} {status.st_ino} {digest}"


def verify(places: list[str], root: str) -> Iterator[str]:
    """Yield what is wrong with the files of certificates; those below the same chain take one openssl."""
    chains: dict[str, list[str]] = {}
    for place in places:
        folder = Path(place)
        names = {path.name for path in folder.iterdir()}
        if names != NAMES:
            yield f"{place} holds {sorted(names)}"
            continue
        chains.setdefault((folder / "chain.pem").read_text(), []).append(str(folder / "cert.pem"))
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / "cert.pem", folder / "key.pem")
        except ssl.SSLError as error:
            yield f"{place}: key and certificate are no pair: {error}"
        pair = (folder / "key.pem").read_text() + (folder / "cert.pem").read_text()
        if (folder / "combined.pem").read_text() != pair:
            yield f"{place}: combined.pem is not key and certificate"
        if {stat.S_IMODE((folder / name).stat().st_mode) for name in ("key.pem", "combined.pem")} != {0o600}:
            yield f"{place}: the key can be read by others"
    for certificates in chains.values():
        chain = str(Path(certificates[0]).with_name("chain.pem"))
        told = openssl("verify", "-purpose", "smimesign", "-CAfile", root, "-untrusted", chain, *certificates)
        good = {line.removesuffix(": OK") for line in told.splitlines() if line.endswith(": OK")}
        if good != set(certificates):
            yield told


def openssl(*arguments: str) -> str:
    """Return what openssl prints."""
    done = subprocess.run(
        ["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def main() -> int:
    """Look or verify."""
    places = json.load(sys.stdin)
    if sys.argv[1:2] == ["--verify"]:
        print(json.dumps(list(verify(places, sys.argv[2]))))
    else:
        print(json.dumps({place: look(place) for place in places}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
