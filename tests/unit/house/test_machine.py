# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make says on a machine that lacks something, before it installs anything, and how it goes on after an interruption."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]
ALWAYS_THERE = ("sh", "sed", "awk", "dirname", "rm", "touch", "sleep")
NEEDED = ("git", "make", "openssl", "ssh-keygen", "python3")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone with nothing but what make reads first, and beside it a folder with all programs that it needs."""
    folder = tmp_path / "clone"
    shutil.copytree(CLONE / "dev", folder / "dev", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "roles/test_ca/files/requirements.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLONE / name, folder / name)
    (tmp_path / "bin").mkdir()
    for program in (*ALWAYS_THERE, *NEEDED):
        (tmp_path / "bin" / program).symlink_to(sys.executable if program == "python3" else str(shutil.which(program)))
    return folder


def run(clone: Path, *command: str, **variables: str) -> tuple[int, list[str]]:
    """Run a command with these programs only; return its status and its lines, but for those of make itself."""
    done = subprocess.run(
        [str(shutil.which(command[0], path=f"{clone}:{os.environ['PATH']}")), *command[1:]],
        cwd=clone, env={"PATH": str(clone.parent / "bin"), "HOME": str(clone.parent), **variables},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("make: ***")]


@pytest.mark.parametrize(
    ("goal", "program", "package"),
    [
        ("demo", "git", "git"),
        ("demo", "openssl", "openssl"),
        ("check", "make", "make"),
        ("test", "ssh-keygen", "openssh-client"),
    ],
)
def test_a_missing_program_is_named_with_its_package(clone: Path, goal: str, program: str, package: str) -> None:
    (clone.parent / "bin" / program).unlink()
    status, lines = run(clone, "make", goal)
    assert status == 2
    assert lines == [f"There is no {program} here. On Debian and Ubuntu: apt-get install {package}"]
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("goal", ["demo", "check", "test"])
@pytest.mark.parametrize(
    ("python", "complaint"),
    [
        (None, "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.12 ..."),
        ("#!/bin/sh\nexit 1\n", "{} is no Python 3.11 or newer."),
        (
            f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"\n',
            "{} can't make virtual environments. On Debian and Ubuntu: apt-get install python3-venv",
        ),
    ],
    ids=["none", "too old", "without venv"],
)
def test_a_python_that_cannot_be_used_is_named(clone: Path, goal: str, python: str | None, complaint: str) -> None:
    options = []
    if python is None:
        (clone.parent / "bin/python3").unlink()
    else:
        own = clone.parent / "python"
        own.write_text(python)
        own.chmod(0o755)
        options = [f"PYTHON={own}"]
    status, lines = run(clone, "make", goal, *options)
    assert (status, lines) == (2, [complaint.format(clone.parent / "python")])
    assert not (clone / ".venv").exists()


def test_a_package_index_out_of_reach_is_told_and_leaves_nothing(clone: Path) -> None:
    with socket.socket() as bound:  # but not listening
        bound.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{bound.getsockname()[1]}/simple"
        status, lines = run(clone, "make", "demo", PIP_INDEX_URL=index)
    assert status == 2
    assert lines == [
        "pip reaches no package index from here: look at the network, a proxy (https_proxy), or PIP_INDEX_URL."
    ]
    assert not (clone / ".venv").exists()


def test_an_interrupted_installation_can_be_started_again(clone: Path) -> None:
    """Whether it ended before pip was there, or in the middle of a package."""
    shelf = clone.parent / "shelf"
    shelf.mkdir()
    # The package that the way to the index is tried with.
    with zipfile.ZipFile(shelf / "iniconfig-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("iniconfig.py", "whole = True\n")
        wheel.writestr("iniconfig-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: iniconfig\nVersion: 1\n")
        wheel.writestr("iniconfig-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("iniconfig-1.dist-info/RECORD", "iniconfig.py,,\niniconfig-1.dist-info/RECORD,,\n")
    for name in ("some.txt", "pins/controller.txt"):
        (clone / "dev/requirements" / name).write_text("iniconfig==1\n")
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf)}
    command = ("dev/install", ".venv", sys.executable, "some")

    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to("nowhere")
    status, lines = run(clone, *command, **index)
    assert status == 0, lines
    (module,) = (clone / ".venv").rglob("iniconfig.py")

    module.write_text("who")
    (clone / ".venv/.unfinished").touch()
    status, lines = run(clone, *command, **index)
    assert status == 0, lines
    assert module.read_text() == "whole = True\n"
    assert not (clone / ".venv/.unfinished").exists()
