# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No committed file names a registry's host or somebody's own folder, and ours say whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.committed_text import (
    HEADER,
    REGISTRIES,
    committed_files,
    find_faults,
)

CLONE = Path(__file__).resolve().parents[3]
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
