# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play a playbook with -vvvv, --diff and all files kept, and search all that it shows, logs, runs and leaves for every secret.

Reads what to do as JSON: what setup_test_ca's hunt_secrets.py takes, and `hunter` (its folder), `keys` (PEM files of private
keys, by name), `place` (where the modules write), `rightful` (the secrets that the target must get with its task), `syslog` and
`results` (what was recorded of them), `work` (the directory of all that), `callbacks`, `payloads` (copies of what the target
ran). Writes as JSON what it found where, without any secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TASK: dict[str, Any] = json.load(sys.stdin)
sys.path.insert(0, TASK["hunter"])
import hunt_secrets  # noqa: E402

CHARACTERS = 12  # of Base64, which are 9 octets
OCTETS = 9
FAILED = re.compile(r"^(?:failed|fatal): .*?(?= => )", re.MULTILINE)


def spell(secret: bytes) -> Iterator[bytes]:
    """Yield the ways in which a text can be written; the first eight octets of each, or what of it does not depend on neighbours."""
    part = secret[:8]
    yield part
    yield part.hex().encode()
    yield part.hex().upper().encode()
    for shift in range(3):
        written = base64.b64encode(b"\0" * shift + part)
        yield written[4:12] if shift else written[:8]


def spell_key(secret: bytes) -> Iterator[bytes]:
    """Yield parts of a private number in each form: octets, hexadecimal, Base64 in each of its three alignments, URL-encoded."""
    step = 1 if len(secret) <= 66 else 16
    for start in range(0, len(secret) - OCTETS + 1, step):
        part = secret[start : start + OCTETS]
        written = base64.b64encode(part)
        yield from (part, part.hex().encode(), part.hex().upper().encode(), written, quote(written, safe="").encode())


def private_numbers(path: Path) -> list[bytes]:
    """Return what must stay secret of a key."""
    passphrase = TASK["passphrases"].get(path.name)
    key: Any = serialization.load_pem_private_key(path.read_bytes(), passphrase.encode() if passphrase else None)
    numbers = key.private_numbers()
    values = (numbers.d, numbers.p, numbers.q) if isinstance(key, rsa.RSAPrivateKey) else (numbers.private_value,)
    return [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]


class Hunt(hunt_secrets.Hunt):  # type: ignore[misc]
    """Looks for many spellings of each secret, and into equal data once."""

    def __init__(self) -> None:
        super().__init__({})
        self.needles = {name: set(spell(secret.encode())) for name, secret in TASK["secrets"].items()}
        for name, path in TASK["keys"].items():
            self.needles[name] = {part for number in private_numbers(Path(path)) for part in spell_key(number)}
        self.known: dict[bytes, set[str]] = {}

    def find(self, data: bytes) -> set[str]:
        """Return the names of the secrets in the data."""
        digest = hashlib.sha256(data).digest()
        if digest not in self.known:
            self.known[digest] = {name for name, parts in self.needles.items() if any(part in data for part in parts)}
        return self.known[digest]

    def find_deeply(self, data: bytes) -> set[str]:
        """Return the names of the secrets in the data and in what is packed into it."""
        return {name for _place, part in hunt_secrets.unfold(data, "") for name in self.find(part)}

    def search(self, data: bytes, place: str) -> None:
        """Note what is found."""
        self.leaks.update(f"{name} in {place}" for name in self.find(data))

    def search_deeply(self, data: bytes, place: str) -> None:
        """Note what is found, however it is packed."""
        self.leaks.update(f"{name} in {place}" for name in self.find_deeply(data))

    def search_file(self, path: Path, place: str, rightful: set[str], private: bool = False) -> None:
        """Note what a file holds without a right, or shows to others."""
        found = self.find_deeply(path.read_bytes())
        self.leaks.update(f"{name} in {place}" for name in found - rightful)
        way = [path, *path.parents[: len(path.relative_to(TASK["work"]).parts) - 1]]
        if not private and found and all(stat.S_IMODE(step.stat().st_mode) & 0o077 for step in way):
            self.leaks.add(f"{place} can be read by others")


def main() -> int:
    """Play, search, and tell."""
    hunt = Hunt()
    watch = hunt_secrets.Watch(hunt, TASK["target_mark"], everywhere=True)
    TASK["environment"].update(
        {
            "RECORDED_RESULTS": TASK["results"],
            "ANSIBLE_CALLBACK_PLUGINS": TASK["callbacks"],
            "ANSIBLE_CALLBACKS_ENABLED": "results",
        }
    )
    status, printed = hunt_secrets.play(TASK, watch)
    found = {"printed": printed.count(b"CANARY"), "processes": len(watch.seen)}
    hunt.search_deeply(printed, "what was printed")
    for name in ("log", "syslog", "results"):
        recorded = Path(TASK[name]).read_bytes() if Path(TASK[name]).exists() else b""
        found[name] = recorded.count(b"CANARY")
        hunt.search_deeply(recorded, name)
    kept = [path for path in Path(TASK["kept"]).rglob("*") if path.is_file()]
    found["kept"] = len(kept)
    for path in kept:
        payload = path.name.startswith("AnsiballZ_smime_")
        hunt.search_file(
            path, "a payload" if payload else f"the kept file {path.name}", set(TASK["rightful"]) if payload else set()
        )
    for path in Path(TASK["payloads"]).iterdir():
        hunt.search_file(path, "a payload that was run", set(TASK["rightful"]), private=True)
        path.unlink()
        found["run"] = found.get("run", 0) + 1
    # The archive keeps a key as it stood, which is what was given as privatekey_content elsewhere.
    own = set(TASK["keys"])
    keepers = {"key.pem": own, "combined.pem": own, "privkey.pem": {*own, "privatekey_content"}}
    for path in Path(TASK["place"]).rglob("*"):
        if path.is_file():
            hunt.search_file(path, f"the file {path.name}", keepers.get(path.name, set()))
    quiet = "" if hunt.leaks and not TASK.get("loud") else printed.decode(errors="replace")
    print(
        json.dumps(
            {
                "status": status,
                "leaks": sorted(hunt.leaks),
                "found": found,
                "failed": FAILED.findall(printed.decode()),
                "printed": quiet,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
