# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA for as long as somebody needs it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = (sys.executable, str(Path(__file__).resolve().parent.parent / "roles/test_ca/files/test_ca"))
# If this process is killed outright, the CA ends by itself.
IDLE_SECONDS = 120


class NotStartedError(Exception):
    """The CA does not run."""


class Authority(NamedTuple):
    """A running test CA."""

    url: str
    control_url: str
    ca_path: str

    def list_calls(self) -> list[dict[str, Any]]:
        """Return the calls that the CA has recorded, oldest first."""
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_path))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)
        with opener.open(f"{self.control_url}/calls", timeout=10) as reply:
            calls: list[dict[str, Any]] = json.load(reply)["calls"]
            return calls


@contextmanager
def running_authority(folder: Path, orders: list[dict[str, Any]]) -> Iterator[Authority]:
    """Run the test CA, and stop it whatever happens. Raises NotStartedError."""
    folder.mkdir(mode=0o700)
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"orders": orders}), encoding="utf-8")
    options = (f"--directory={folder}", f"--seed={seed}", f"--idle-timeout={IDLE_SECONDS}")
    try:
        done = subprocess.run([*PROGRAM, "serve", "--daemon", *options], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise NotStartedError(f"the test CA did not start; see {folder}/server.log")
        identity = json.loads(done.stdout)
        yield Authority(*(identity[name] for name in Authority._fields))
    finally:
        subprocess.run([*PROGRAM, "stop", f"--directory={folder}"], stdout=subprocess.DEVNULL, check=False)
