# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dev/fresh_machine leaves nothing behind when it is interrupted; "make test-fresh" runs this, since it takes minutes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a fresh machine"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="there is no debootstrap on this machine"),
]


def find_processes(folder: Path) -> Iterator[str]:
    """Return the processes for which something in the folder is the root of all files."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or may not be looked at
            if str(folder) in os.readlink(process / "root"):
                yield (process / "cmdline").read_text()


@pytest.mark.parametrize(
    ("said", "seconds", "number"),
    [
        ("== fresh machine: trixie from", 0.5, signal.SIGTERM),
        ("== fresh machine: installing", 5, signal.SIGINT),
        ("== fresh machine: $ sleep", 1, signal.SIGTERM),
    ],
    ids=["unpacking", "installing", "running a command"],
)
def test_nothing_is_left_of_it(tmp_path: Path, said: str, seconds: float, number: signal.Signals) -> None:
    if "from" in said and not (CLONE / ".cache/fresh_machine/trixie.tar").exists():
        pytest.skip("there is no base to unpack yet")
    # Where tests run in the background, SIGINT may be ignored, and no shell could change that.
    command = ["env", "--default-signal=INT", str(CLONE / "dev/fresh_machine"), "sleep 300"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = next((line for line in process.stdout if line.startswith(said)), None)
        if told is None and process.wait() == 77:
            pytest.skip("a fresh machine can't be made here")
        time.sleep(seconds)
        assert process.poll() is None
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert list(find_processes(tmp_path)) == []
