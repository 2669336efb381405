# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a server that outlives the one who started it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from test_ca.state import LOG, PAUSE, StateError, prepare_directory, read_ready

PROGRAM = Path(__file__).resolve().parent


def launch(directory: Path, arguments: Sequence[str], timeout: float) -> dict[str, Any]:
    """Start a detached server and wait until it listens; one that listens already is left as it is."""
    directory = prepare_directory(directory)
    identity = read_ready(directory)
    if identity is not None:
        return {"changed": False, **identity}
    with (directory / LOG).open("ab") as log:
        (directory / LOG).chmod(0o600)
        process = subprocess.Popen(  # noqa: S603  (this very program)
            [sys.executable, str(PROGRAM), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        identity = read_ready(directory)
        if identity is not None:
            return {"changed": identity["pid"] == process.pid, **identity}
        if process.poll() is not None:
            raise StateError(f"the test CA ended with status {process.returncode}; see {directory / LOG}")
        time.sleep(PAUSE)
    process.terminate()
    raise StateError(f"the test CA did not listen within {timeout:g} seconds; see {directory / LOG}")
