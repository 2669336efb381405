# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA as a child of this process, for as long as somebody needs it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, str(Path(__file__).resolve().parent.parent / "roles/test_ca/files/test_ca"))
START_SECONDS = 20
# If this process is killed outright, the CA ends by itself.
IDLE_SECONDS = 120


class NotStartedError(Exception):
    """The CA does not run."""


@dataclass(frozen=True)
class Authority:
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
    seed.write_text(json.dumps({"orders": orders}, indent=2) + "\n", encoding="utf-8")
    serve = [*PROGRAM, "serve", f"--directory={folder}", f"--seed={seed}", f"--idle-timeout={IDLE_SECONDS}"]
    with (
        (folder / "output.log").open("wb") as log,
        # Ctrl-C is for this process, which stops the CA when nobody needs it any more.
        subprocess.Popen(serve, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True) as process,
    ):
        try:
            yield _wait_until_ready(process, folder)
        finally:
            process.terminate()


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> Authority:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        status = subprocess.run([*PROGRAM, "status", f"--directory={folder}"], stdout=subprocess.PIPE, check=False)
        answer = json.loads(status.stdout or "{}")
        if answer.get("running"):
            return Authority(answer["url"], answer["control_url"], answer["ca_path"])
        time.sleep(0.05)
    raise NotStartedError(f"the test CA did not start; see {folder}/output.log and {folder}/server.log")
