# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed and imported: at run time two libraries, for development exact versions of everything."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.test_imports import find_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CLONE = Path(__file__).resolve().parents[3]
REQUIREMENTS = CLONE / "dev/requirements"
MACHINE = REQUIREMENTS / "machine.txt"
PINS = sorted((REQUIREMENTS / "pins").glob("*.txt"))
# idna comes with requests; urllib3 does, too. Without idna, Python's own codec serves.
AT_RUN_TIME = {"ansible", "ansible_collections", "cryptography", "requests", "urllib3", "idna"}


def read(path: Path) -> list[Requirement]:
    """Return the requirements of a file, without those of the files that it names."""
    lines = [line.partition(" #")[0].strip() for line in path.read_text("utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def test_plugins_need_two_libraries_and_no_more() -> None:
    files = sorted((CLONE / "plugins").rglob("*.py"))
    assert len(files) > 20
    allowed = AT_RUN_TIME | set(sys.stdlib_module_names)
    strangers = {
        f"{path.relative_to(CLONE)}: {imported}"
        for path in files
        for imported, _depth in find_imports(ast.parse(path.read_text(encoding="utf-8")))
        if imported.split(".")[0] not in allowed
    }
    assert strangers == set()


def test_the_collection_depends_on_no_other() -> None:
    assert "\ndependencies: {}\n" in (CLONE / "galaxy.yml").read_text("utf-8")


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_every_pin_is_one_version(path: Path) -> None:
    pins = read(path)
    assert len(pins) > 20
    assert [str(pin) for pin in pins if not re.fullmatch(r"==[^*,]+", str(pin.specifier))] == []


def test_everything_that_is_asked_for_is_pinned() -> None:
    for path in sorted(set(REQUIREMENTS.glob("*.txt")) - {MACHINE}):
        pins = REQUIREMENTS / "pins" / path.name
        pinned = {
            canonicalize_name(pin.name) for pin in read(pins if pins.exists() else pins.with_name("controller.txt"))
        }
        assert {canonicalize_name(item.name) for item in read(path)} <= pinned, path.name


def test_the_vectors_are_those_of_the_library() -> None:
    for path in PINS:
        versions = {pin.name: str(pin.specifier) for pin in read(path)}
        assert versions.get("cryptography-vectors") in {None, versions.get("cryptography")}, path.name


def test_the_readme_names_what_a_machine_needs_and_what_is_optional() -> None:
    rows = [line.split() for line in MACHINE.read_text("utf-8").splitlines() if line[:1].isalpha()]
    readme = (CLONE / "README.md").read_text("utf-8")
    told = re.search(r"apt-get install ([a-z0-9 -]+)", readme)
    assert told is not None
    assert sorted(told.group(1).split()) == sorted(package for package, _program, first in rows if first != "optional")
    assert "apt-get install $(dev/machine optional)" in readme
