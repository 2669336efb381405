# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed and imported: at run time two libraries, for development exact versions of everything."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.import_rules import _imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CLONE = Path(__file__).resolve().parents[3]
REQUIREMENTS = CLONE / "dev/requirements"
FILES = [*sorted(REQUIREMENTS.glob("*.txt")), CLONE / "roles/test_ca/files/requirements.txt"]
# idna comes with requests; urllib3 does, too. Without idna, Python's own codec serves.
AT_RUN_TIME = {"ansible", "ansible_collections", "cryptography", "requests", "urllib3", "idna"}
# These name packages whose versions stand in pins.txt; the others are complete by themselves.
BY_PINS = {"demo.txt", "docs.txt", "lint.txt", "package.txt", "requirements.txt", "test.txt"}


def read(path: Path) -> list[Requirement]:
    """Return the requirements of a file, without those of the files that it names."""
    lines = [line.partition(" #")[0].strip() for line in path.read_text("utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def is_exact(requirement: Requirement) -> bool:
    return re.fullmatch(r"==[^*,]+", str(requirement.specifier)) is not None


def test_plugins_need_two_libraries_and_no_more() -> None:
    files = sorted((CLONE / "plugins").rglob("*.py"))
    assert len(files) > 40
    allowed = AT_RUN_TIME | set(sys.stdlib_module_names)
    strangers = {
        f"{path.relative_to(CLONE)}:{found.line}: {found.name}"
        for path in files
        for found in _imports(path, "plugin.module")
        if found.name.split(".")[0] not in allowed
    }
    assert strangers == set()


def test_the_collection_depends_on_no_other() -> None:
    assert "\ndependencies: {}\n" in (CLONE / "galaxy.yml").read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_version_is_exact_or_pinned(path: Path) -> None:
    pinned = {canonicalize_name(item.name) for item in read(REQUIREMENTS / "pins.txt")}
    loose = [item for item in read(path) if not is_exact(item)]
    if path.name not in BY_PINS:
        assert loose == []
    assert [item.name for item in loose if canonicalize_name(item.name) not in pinned] == []


def test_the_pins_cover_all_that_is_brought_along() -> None:
    """Follow what the installed packages need, and find each with the version that is pinned."""
    pins = {
        canonicalize_name(item.name): str(item.specifier).removeprefix("==")
        for item in read(REQUIREMENTS / "pins.txt")
        if item.marker is None or item.marker.evaluate()
    }
    left = [item for path in FILES if path.name in BY_PINS for item in read(path)]
    seen: set[str] = set()
    while left:
        item = left.pop()
        name = canonicalize_name(item.name)
        if name in seen or (item.marker is not None and not item.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            assert version(name) == pins.get(name), f"{name} is not pinned to what is installed"
        except PackageNotFoundError:
            # Of the linters, where only the tests' packages are installed.
            assert name in pins
            continue
        left += [Requirement(line) for line in requires(name) or []]
    assert len(seen) > 20


def test_a_loose_version_is_found() -> None:
    assert not any(is_exact(Requirement(line)) for line in ("some", "some>=1", "some==1.*", "some==1,!=2", "some~=1.0"))
    assert is_exact(Requirement('some==1.0 ; python_version < "3.12"'))
