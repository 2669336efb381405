# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do something to the places of the attempts that standard input has as JSON: `put` files and obstacles there, `look`, `lift`, `verify`.

Looking prints for each place the names in it with kind, mode, owner, inode and checksum; verifying prints a sentence for each
thing that is wrong. Whether a certificate is right is for openssl to say.
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
from typing import Any

NAMES = {"cert.pem", "chain.pem", "combined.pem", "key.pem"}
LOCK = f".mailops.smime-{hashlib.sha256(b'cert.pem').hexdigest()[:16]}.run"
# Moves the files to a small file system of their own, which takes the options of tmpfs, and back.
SMALL_DISK = "cp -a $P $P.kept; mount -t tmpfs -o mode=0755,{} faults $P; cp -a $P.kept/. $P/; rm -r $P.kept"
LARGE_AGAIN = "cp -a $P $P.kept; umount $P; rm -r $P; mv $P.kept $P"
# Zeros until there is no room; the file system says so itself.
FULL = f"{SMALL_DISK.format('size=128k')}; cat /dev/zero > $P/filler 2>/dev/null || true"
# By name: the commands that put an obstacle in the way, and those that lift it, with $P for the place.
OBSTACLES = {
    "full": (FULL, f"rm $P/filler; {LARGE_AGAIN}"),
    # The combined file holds the key, too, and is not overwritten while it does.
    "full_without_key": (f"rm $P/key.pem $P/combined.pem; {FULL}", f"rm $P/filler; {LARGE_AGAIN}"),
    "no_inodes": (
        f"{SMALL_DISK.format('nr_inodes=16')}; n=0; while touch $P/filler-$n 2>/dev/null; do n=$((n + 1)); done",
        f"rm $P/filler-*; {LARGE_AGAIN}",
    ),
    "read_only": (
        f"{SMALL_DISK.format('size=128k')}; mount -o remount,ro $P",
        f"mount -o remount,rw $P; {LARGE_AGAIN}",
    ),
    "mounted_file": ("mount --bind $P/cert.pem $P/cert.pem", "umount $P/cert.pem"),
    "missing_folder": ("mv $P $P.moved", "mv $P.moved $P"),
    "file_as_folder": ("mv $P $P.moved; echo no directory > $P", "rm $P; mv $P.moved $P"),
    "folder_as_file": ("rm $P/chain.pem; mkdir $P/chain.pem", "rmdir $P/chain.pem"),
    "pipe": ("rm $P/chain.pem; mkfifo $P/chain.pem", "rm $P/chain.pem"),
    "circle": ("ln -sf chain.pem $P/chain.pem", "rm $P/chain.pem"),
    "dangling": ("ln -sf nowhere/chain.pem $P/chain.pem", "rm $P/chain.pem"),
    "huge": ("truncate -s 2M $P/cert.pem", "rm $P/cert.pem"),
    "taken_lock": (f"mkdir $P/{LOCK}", f"rmdir $P/{LOCK}"),
    "immutable_file": ("chattr +i $P/cert.pem", "chattr -i $P/cert.pem"),
    "append_only": ("chattr +a $P/combined.pem", "chattr -a $P/combined.pem"),
    "immutable_folder": ("chattr +i $P", "chattr -i $P"),
    "read_only_folder": ("chmod 0555 $P", "chmod 0755 $P"),
    "foreign_folder": ("chown nobody $P", "chown root $P"),
    "foreign_key": ("chown nobody $P/key.pem", "chown root $P/key.pem"),
    "foreign_certificate": ("chmod 0600 $P/cert.pem; chown nobody $P/cert.pem", "chown root $P/cert.pem"),
    "sticky": (
        "chown nobody $P $P/c*.pem; chmod 1777 $P; chmod 0644 $P/c*.pem",
        "chown root $P $P/c*.pem; chmod 0755 $P",
    ),
}


def put(attempts: list[dict[str, Any]]) -> None:
    """Copy what each attempt starts from to its place, and put its obstacle there."""
    for attempt in attempts:
        Path(attempt["place"]).parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", attempt["good"], attempt["place"]], check=True)
        if "obstacle" in attempt:
            change(attempt["place"], OBSTACLES[attempt["obstacle"]][0])


def lift(attempts: list[dict[str, Any]]) -> None:
    """Take all obstacles away."""
    for attempt in attempts:
        if "obstacle" in attempt:
            change(attempt["place"], OBSTACLES[attempt["obstacle"]][1])


def change(place: str, commands: str) -> None:
    folder, name = os.path.split(place)
    subprocess.run(["sh", "-euc", commands], check=True, cwd=folder, env={**os.environ, "P": name})


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


def main() -> None:
    """Do what the command line says."""
    attempts = json.load(sys.stdin)
    places = [attempt["place"] for attempt in attempts]
    if sys.argv[1] == "put":
        put(attempts)
    elif sys.argv[1] == "look":
        print(json.dumps({place: look(place) for place in places}))
    elif sys.argv[1] == "lift":
        lift(attempts)
    else:
        print(json.dumps(list(verify(places, sys.argv[2]))))


if __name__ == "__main__":
    main()
