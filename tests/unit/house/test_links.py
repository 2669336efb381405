# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Markdown files and guides link to or name in this repository is there, and every guide is in the README's list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.test_committed_text import committed_files

CLONE = Path(__file__).resolve().parents[3]
LINKS = {
    ".md": re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)"),
    ".rst": re.compile(r"^\.\. (?:figure|image):: (\S+)", re.MULTILINE),
}


def find_dead_links(root: Path, names: list[str]) -> list[str]:
    """Return the relative links that lead to no file or folder; ``root`` holds the files of these names."""
    return [
        f"{name}: {target}"
        for name in names
        if (pattern := LINKS.get(Path(name).suffix))
        for target in pattern.findall((root / name).read_text(encoding="utf-8"))
        if not (root / name).parent.joinpath(target).exists()
    ]


def test_links_lead_somewhere() -> None:
    assert find_dead_links(CLONE, committed_files(CLONE)) == []


def test_the_tests_that_hold_the_claims_about_security_exist() -> None:
    _head, _start, text = (CLONE / "SECURITY.md").read_text(encoding="utf-8").partition("## Who could attack")
    claims = [
        cell for cell in re.findall(r"\|([^|\n]*)\|$", text, re.MULTILINE) if re.search(r"\b(?:unit|targets?)\b", cell)
    ]
    places = [CLONE / folder for folder in ("tests", "tests/unit/plugins/module_utils", "tests/integration/targets")]
    named = {name for cell in claims for name in re.findall(r"`([\w/.]+)`", cell)}
    assert len(named) > 20
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []


def test_the_readme_names_every_guide() -> None:
    readme = (CLONE / "README.md").read_text(encoding="utf-8")
    guides = [path.name for path in (CLONE / "docs/docsite/rst").glob("guide_*.rst")]
    assert guides
    assert [name for name in guides if f"](docs/docsite/rst/{name})" not in readme] == []


@pytest.mark.parametrize(
    ("name", "text", "dead"),
    [
        ("some.md", "see [this](some.md), [that](some.md#part) and [other](https://example.test/x)", 0),
        ("some.md", "see [this](other.md)", 1),
        ("some.md", "see ![this](docs/picture.svg)", 1),
        ("some.rst", ".. figure:: ../picture.svg\n", 1),
    ],
)
def test_it_finds_dead_links(tmp_path: Path, name: str, text: str, dead: int) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(find_dead_links(tmp_path, [name])) == dead
