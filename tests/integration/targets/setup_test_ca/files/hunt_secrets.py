# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play a playbook with -vvvv, --diff and all files kept, and search all that it shows, logs, runs and leaves for secrets.

Reads what to do as JSON: `playbook`, `inventory`, `variables` (files); `secrets` (by name; the first eight octets of each are
searched for), `keys` (PEM files of private keys, by name) and `passphrases` (by the file's name); `environment` (of the playbook's
process, which is then searched on the target alone); `recorders` (more of it, without a secret); `kept` (the remote temporary
directory), `payloads` (where the target's interpreter copies what it runs: a second run of a task overwrites the first one's),
`rightful` (the secrets that the target must get with its task), `place` (where the modules write), `work` (above all of these);
`log`, and `records` (more files to search, by name); `canary` and `payload_canary` (what must be found, to know that the search
works), `target_mark` (what the environment of the target's processes holds); `pipelining` (true: modules are piped to the
interpreter, and nothing is there to be kept). Writes as JSON what it found
where, without any secret; fails if it would not find one in a form that secrets take.
"""

from __future__ import annotations

import base64
import binascii
import collections
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
MODULE = re.compile(r"AnsiballZ_(\w+)\.py$")
OCTETS = 9  # of a private number, which are 12 characters of Base64
PAUSE = 0.01  # seconds between two looks at the processes


def unfold(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the data, what is encoded in it, and what is in the archives in it, each with whether it was archived."""
    yield data, False
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from ((part, True) for part, _archived in unfold(archive.read(name)))
        return
    for match in ENCODED.finditer(data):
        text = match.group().replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        try:
            decoded = base64.b64decode(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        yield from unfold(decoded)


def spell(secret: bytes) -> Iterator[bytes]:
    """Yield the ways in which a text can be written; the first eight octets of each, or what of it does not depend on neighbours."""
    part = secret[:8]
    yield part
    yield part.hex().encode()
    yield part.hex().upper().encode()
    for shift in range(3):
        written = base64.b64encode(b"\0" * shift + part)
        yield written[4:12] if shift else written[:8]


def spell_key(key: Any) -> Iterator[bytes]:
    """Yield parts of a key's private numbers in each form: octets, hexadecimal, Base64 in each of its alignments, URL-encoded."""
    numbers = key.private_numbers()
    for value in (numbers.d, numbers.p, numbers.q) if isinstance(key, rsa.RSAPrivateKey) else (numbers.private_value,):
        secret = value.to_bytes((value.bit_length() + 7) // 8, "big")
        for start in range(0, len(secret) - OCTETS + 1, 1 if len(secret) <= 66 else 16):
            part = secret[start : start + OCTETS]
            written = base64.b64encode(part)
            yield from (
                part,
                part.hex().encode(),
                part.hex().upper().encode(),
                written,
                quote(written, safe="").encode(),
            )


class Hunt:
    """What is searched for, and where it was found."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.work = Path(task["work"])
        self.known: dict[bytes, set[str]] = {}
        self.leaks: set[str] = set()
        self.needles = {name: set(spell(secret.encode())) for name, secret in task["secrets"].items()}
        for name, path in task.get("keys", {}).items():
            passphrase = task["passphrases"].get(Path(path).name)
            key: Any = serialization.load_pem_private_key(
                Path(path).read_bytes(), passphrase.encode() if passphrase else None
            )
            self.needles[name] = set(spell_key(key))
            for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
                der, pem = (
                    key.private_bytes(encoding, form, serialization.NoEncryption())
                    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM)
                )
                self.prove(name, pem, der, der.hex().encode(), quote(base64.b64encode(der), safe="").encode())
        for name, secret in task["secrets"].items():
            self.prove(name, secret.encode(), secret.encode().hex().encode())

    def prove(self, name: str, *forms: bytes) -> None:
        """See that a secret is found in these forms, and in what they are packed into."""
        for form in forms:
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as packed:
                packed.writestr("member", base64.b64encode(b"x" + form))
            for leak in (b"It leaks: " + form, base64.b64encode(b"xx" + form), archive.getvalue()):
                if not any(name in self.find(part) for part, _archived in unfold(leak)):
                    raise AssertionError(f"{name} would not be found")

    def find(self, data: bytes) -> set[str]:
        """Return the names of the secrets in the data as it is; equal data is searched once."""
        digest = hashlib.sha256(data).digest()
        if digest not in self.known:
            self.known[digest] = {name for name, parts in self.needles.items() if any(part in data for part in parts)}
        return self.known[digest]

    def search(self, data: bytes, place: str) -> None:
        """Note which secrets stand in the data as it is."""
        self.leaks.update(f"{name} in {place}" for name in self.find(data))

    def search_parts(self, parts: Iterable[tuple[bytes, bool]], place: str, rightful: set[str]) -> set[str]:
        """Note which secrets stand without a right in any of the parts that data was unfolded to, and return all."""
        found = {name for part, _archived in parts for name in self.find(part)}
        self.leaks.update(f"{name} in {place}" for name in found - rightful)
        return found

    def search_file(self, path: Path, place: str, rightful: set[str]) -> None:
        """Note what a file holds without a right, or shows to others."""
        if not self.search_parts(unfold(path.read_bytes()), place, rightful):
            return
        way = [path, *path.parents[: len(path.relative_to(self.work).parts) - 1]]
        if all(stat.S_IMODE(step.stat().st_mode) & 0o077 for step in way):
            self.leaks.add(f"{place} can be read by others")


class Watch(threading.Thread):
    """Looks at all processes that start from now on, again and again: their arguments, and their environment."""

    def __init__(self, hunt: Hunt, task: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.hunt = hunt
        self.target_mark = task["target_mark"].encode()
        self.everywhere = not task["environment"]
        self.over = threading.Event()
        self.seen: set[int] = set()
        self.others = set(os.listdir("/proc"))

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(PAUSE):
            names = set(os.listdir("/proc"))
            self.others &= names  # another process may get the number of one that has ended
            for name in names - self.others:
                self._look(Path("/proc", name))

    def _look(self, folder: Path) -> None:
        try:
            arguments, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            return  # it is over, or nobody's business
        self.hunt.search(arguments, "a command line")
        on_target = self.target_mark in environment
        if on_target and b"AnsiballZ_" in arguments:
            self.seen.add(int(folder.name))
        if on_target or self.everywhere:
            self.hunt.search(environment, "the environment of a process")


def play(task: dict[str, Any], watch: Watch) -> tuple[int, bytes]:
    """Run the playbook; return its exit status and all that it printed."""
    command = [sys.executable, "-m", "ansible.cli.playbook", f"--inventory={task['inventory']}", "-vvvv", "--diff"]
    command += [*(f"--extra-vars=@{path}" for path in task["variables"]), task["playbook"]]
    environment = {
        **os.environ,
        **task["environment"],
        **task.get("recorders", {}),
        # Ansible does not do both.
        "ANSIBLE_KEEP_REMOTE_FILES": "0" if task.get("pipelining") else "1",
        "ANSIBLE_PIPELINING": "1" if task.get("pipelining") else "0",
        "ANSIBLE_REMOTE_TMP": task["kept"],
        "ANSIBLE_LOG_PATH": task["log"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
    }
    watch.start()
    try:
        done = subprocess.run(
            command, env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    finally:
        watch.over.set()
        watch.join()
    return done.returncode, done.stdout


def main() -> int:
    """Play, search, and tell."""
    task = json.load(sys.stdin)
    for path in Path(task["payloads"]).iterdir():
        path.unlink()
    hunt = Hunt(task)
    watch = Watch(hunt, task)
    status, printed = play(task, watch)
    canary, payload_canary = task["canary"].encode(), task["payload_canary"].encode()
    found = collections.Counter(printed=printed.count(canary), processes=len(watch.seen))
    hunt.search_parts(unfold(printed), "what was printed", set())
    for name, record in {"log": task["log"], **task.get("records", {})}.items():
        recorded = Path(record).read_bytes() if Path(record).exists() else b""
        found[name] = recorded.count(canary)
        hunt.search_parts(unfold(recorded), name, set())
    rightful = set(task.get("rightful", []))
    for path in Path(task["kept"]).rglob("*"):
        if path.is_file():
            payload = path.name.startswith("AnsiballZ_smime_")
            hunt.search_file(
                path, "a payload" if payload else f"the kept file {path.name}", rightful if payload else set()
            )
            found["kept"] += 1
    runs: collections.Counter[str] = collections.Counter()
    for path in Path(task["payloads"]).iterdir():
        parts = list(unfold(path.read_bytes()))
        hunt.search_parts(parts, "a payload that was run", rightful)
        found["run"] += any(canary in part for part, _archived in parts)
        found["archived"] += any(archived and payload_canary in part for part, archived in parts)
        runs.update(match[1] for match in [MODULE.search(path.name)] if match)
    # A key stands in its own files, and as it stood in the archive.
    own = set(task.get("keys", {}))
    keepers = {"key.pem": own, "combined.pem": own, "privkey.pem": {*own, "privatekey_content"}}
    for path in Path(task["place"]).rglob("*"):
        if path.is_file():
            hunt.search_file(path, f"the file {path.name}", keepers.get(path.name, set()))
    told = {"status": status, "leaks": sorted(hunt.leaks), "found": found, "runs": runs}
    print(json.dumps({**told, "printed": "" if hunt.leaks else printed.decode(errors="replace")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
