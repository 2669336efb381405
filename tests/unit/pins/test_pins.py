# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pins can be installed, on each Python that can be the controller: pip resolves them without installing anything.

It asks the package index about each of some 120 packages, so it is not among the other tests of the house.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CLONE = Path(__file__).resolve().parents[3]
REQUIREMENTS = CLONE / "dev/requirements"
CONTROLLERS = ("3.11", "3.12", "3.13", "3.14")
GROUPS = ("test", "lint", "docs", "package")


def find_python(version: str) -> str:
    """Return the interpreter of that version, or skip the test."""
    found = subprocess.run(
        [CLONE / "dev/interpreters", "find", version], stdout=subprocess.PIPE, text=True, check=False
    )
    if found.returncode:
        pytest.skip(f"there is no Python {version} on this machine")
    return found.stdout.strip()


def resolve(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Have pip find out what it would install."""
    return subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--dry-run", "--ignore-installed", "--quiet",
         "--report=-", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("version", CONTROLLERS)
def test_the_pins_agree_with_each_other(version: str) -> None:
    python = find_python(version)
    if resolve(python, "--no-deps", "pytest").returncode:
        pytest.skip("no package index can be reached")
    pins = REQUIREMENTS / "pins/controller.txt"
    groups = [f"--requirement={REQUIREMENTS / group}.txt" for group in GROUPS]
    done = resolve(python, f"--constraint={pins}", *groups)
    assert done.returncode == 0, done.stderr
    pinned = {canonicalize_name(Requirement(line).name) for line in pins.read_text("utf-8").splitlines()}
    report: dict[str, Any] = json.loads(done.stdout)
    installed = {canonicalize_name(item["metadata"]["name"]) for item in report["install"]}
    assert len(installed) > 100
    assert installed <= pinned
