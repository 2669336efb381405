# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No committed file names a registry's host or somebody's own folder, and ours say whose they are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[3]
HEADER = (
    "# Copyright (c) 2026, mailops.smime contributors",
    "# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-" + "Identifier: GPL-3.0-or-later",  # in one piece, REUSE would read it as this file's own
)
WITH_HEADER = {".py", ".toml", ".yaml", ".yml"}
WITHOUT_HEADER = re.compile(r"/fixtures/|^changelogs/(fragments/|changelog\.yaml$|\.plugin-cache)")

# Spelled so that this file does not say them either.
REGISTRIES = [
    "".join(parts)
    for parts in [
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("deb.", "debian.org"),
        ("crates", ".io"),
    ]
]
HOMES = re.compile(r"(?<![\w.$}-])/(?:home/[\w.-]+|Users/[\w.-]+|root/|work/(?:main|shared)\b)")


def committed_files(root: Path) -> list[str]:
    """Return the files that git holds or would take."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return sorted({name for name in listing.stdout.split("\0") if name and (root / name).is_file()})


def find_faults(name: str, text: str) -> Iterator[str]:
    """Return a complaint for each line that should not be there, and for a header that should."""
    for number, line in enumerate(text.splitlines(), 1):
        if any(registry in line for registry in REGISTRIES):
            yield f"{name}:{number}: names the host of a package registry"
        if HOMES.search(line):
            yield f"{name}:{number}: names somebody's own folder"
    if _needs_header(name, text) and _first_comments(text) != HEADER:
        yield f"{name}: does not open with the three lines of copyright and licence"


def _needs_header(name: str, text: str) -> bool:
    suffix = name.rpartition(".")[2] if "." in name.rpartition("/")[2] else ""
    return bool(text) and not WITHOUT_HEADER.search(name) and (f".{suffix}" in WITH_HEADER or text.startswith("#!"))


def _first_comments(text: str) -> tuple[str, ...]:
    lines = [line for line in text.splitlines()[:6] if not line.startswith(("#!", "# -*-")) and line != "---"]
    return tuple(line for line in lines if line.strip())[: len(HEADER)]


HEAD = "\n".join(HEADER) + "\n"
SLASH = "/"  # so that this file passes its own test


def test_committed_files_are_clean() -> None:
    names = committed_files(CLONE)
    assert "galaxy.yml" in names
    faults = [fault for name in names for fault in find_faults(name, (CLONE / name).read_text("utf-8", "replace"))]
    assert faults == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("some.py", HEAD + "x = 1"),
        ("some.py", "#!/usr/bin/env python\n" + HEAD),
        ("some.yml", "---\n" + HEAD),
        ("some.yml", ""),
        ("some.txt", "text"),
        ("tests/unit/fixtures/some.yml", "a: b"),
        ("some.md", "see `~/collections`, $HOME/.ansible, docs/home/page and /etc/ssl/private"),
    ],
)
def test_it_lets_through(name: str, text: str) -> None:
    assert list(find_faults(name, text)) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("some.py", "x = 1"),
        ("some.py", "\n".join(HEADER[:2])),
        ("some.yml", "---\na: b"),
        ("script", "#!/bin/sh\ntrue"),
        ("some.md", f"https://{REGISTRIES[0]}/simple"),
        ("some.md", f"look into {SLASH}home/alice/cert.pem"),
        ("some.md", f"look into {SLASH}Users/alice"),
        ("some.md", f"PYTHON={SLASH}root/python3"),
    ],
)
def test_it_finds(name: str, text: str) -> None:
    assert len(list(find_faults(name, text))) == 1
