# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dev/fresh_machine leaves nothing behind when it is interrupted; "make test-fresh" runs this, since it takes minutes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a fresh machine"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="there is no debootstrap on this machine"),
]


def find_processes(folder: Path) -> list[str]:
    """Return the processes for which something in the folder is the root of all files."""
    roots = {path: path.with_name("root") for path in Path("/proc").glob("[0-9]*/cmdline")}
    return [path.read_text() for path, root in roots.items() if str(folder) in os.readlink(root)]


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
    process = subprocess.Popen(
        [CLONE / "dev/fresh_machine", "sleep 300"], env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith(said):
            break
        if process.poll() == 77:
            pytest.skip(line)
    time.sleep(seconds)
    assert process.poll() is None, told
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    assert process.wait(60) == 130, told
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert find_processes(tmp_path) == []
