# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook with -vvvv and every file kept, and search all that it prints, logs and leaves behind for secrets.

Reads what to do as JSON from standard input: `playbook`, `inventory`, `variables` (files), `verbosity`, `secrets` (by name: a
part of the secret that every spelling of it leaves as it is), `environment` (for the playbook's process alone), `kept` (the
remote temporary directory), `payloads` (where the target's interpreter copies what it runs: a second run of a task overwrites
the first one's payload), `log`, `canary` and `payload_canary` (what must be found, to know that the search works),
`target_mark` (what the environment of the target's processes holds), `pipelining` (true: modules are piped to the interpreter,
and no file is there to be kept). Writes what it found as JSON, without any secret.
"""

from __future__ import annotations

import base64
import binascii
import collections
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
MODULE = re.compile(r"AnsiballZ_(\w+)\.py$")
PAUSE = 0.01  # seconds between two looks at the processes


def unfold(data: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield the data, what is encoded in it, and what is in the archives in it, each with where it stands."""
    yield place, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from unfold(archive.read(name), f"{place}, archived {name}")
        return
    for match in ENCODED.finditer(data):
        text = match.group().replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        try:
            decoded = base64.b64decode(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        yield from unfold(decoded, f"{place}, encoded at {match.start()}")


class Hunt:
    """What is searched for, and where it was found."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.secrets = {name: secret.encode() for name, secret in secrets.items()}
        self.leaks: set[str] = set()

    def search(self, data: bytes, place: str) -> None:
        """Note which secrets stand in the data as they are."""
        self.leaks.update(f"{name} in {place}" for name, secret in self.secrets.items() if secret in data)

    def search_deeply(self, data: bytes, place: str) -> None:
        """Note which secrets stand in the data, or in anything packed into it."""
        for where, part in unfold(data, place):
            self.search(part, where)


class Watch(threading.Thread):
    """Looks at all processes, again and again: their arguments, and their environment."""

    def __init__(self, hunt: Hunt, target_mark: str, everywhere: bool) -> None:
        super().__init__(daemon=True)
        self.hunt = hunt
        self.target_mark = target_mark.encode()
        self.everywhere = everywhere
        self.over = threading.Event()
        self.seen: set[int] = set()

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(PAUSE):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self._look(folder)

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
    command = [sys.executable, "-m", "ansible.cli.playbook", f"--inventory={task['inventory']}", task["verbosity"]]
    command += ["--diff", *(f"--extra-vars=@{path}" for path in task["variables"]), task["playbook"]]
    environment = {
        **os.environ,
        **task["environment"],
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
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    finally:
        watch.over.set()
        watch.join()
    return done.returncode, done.stdout


def main() -> int:
    """Play, search, and tell."""
    task = json.load(sys.stdin)
    for path in Path(task["payloads"]).iterdir():
        path.unlink()
    hunt = Hunt(task["secrets"])
    watch = Watch(hunt, task["target_mark"], everywhere=not task["environment"])
    status, printed = play(task, watch)
    log = Path(task["log"])
    logged = log.read_bytes() if log.exists() else b""
    payloads = list(Path(task["payloads"]).iterdir())
    kept = [path for path in Path(task["kept"]).rglob("*") if path.is_file()]
    canary, payload_canary = task["canary"].encode(), task["payload_canary"].encode()
    found = collections.Counter(printed=printed.count(canary), logged=logged.count(canary), processes=len(watch.seen))
    hunt.search_deeply(printed, "what was printed")
    hunt.search_deeply(logged, "the log")
    for path in kept + payloads:
        for place, data in unfold(path.read_bytes(), path.name):
            hunt.search(data, place)
            found["kept" if path in kept else "run"] += canary in data
            found["archived"] += payload_canary in data and ", archived " in place
    runs = collections.Counter(match[1] for match in (MODULE.search(path.name) for path in payloads) if match)
    print(
        json.dumps(
            {
                "status": status,
                "leaks": sorted(hunt.leaks),
                "found": found,
                "runs": runs,
                "printed": "" if hunt.leaks else printed.decode(errors="replace"),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
