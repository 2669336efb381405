# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No function is longer than a screen, no file longer than a sitting."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.shape import FILE_LINES, FUNCTION_LINES, find_shapeless

CLONE = Path(__file__).resolve().parents[3]


def test_functions_and_files_are_short() -> None:
    assert find_shapeless(CLONE, ("plugins", "roles", "dev")) == []


def _function(lines: int) -> str:
    return "def long():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        (_function(FUNCTION_LINES), 0),
        (_function(FUNCTION_LINES + 1), 1),
        ("class Some:\n" + "".join(f"    {line}\n" for line in _function(FUNCTION_LINES + 1).splitlines()), 1),
        ("x = 1\n" * FILE_LINES, 0),
        ("x = 1\n" * (FILE_LINES + 1), 1),
        ('DOCUMENTATION = r"""\n' + "text\n" * FILE_LINES + '"""\n', 0),
        ('text = r"""\n' + "text\n" * FILE_LINES + '"""\n', 1),
    ],
)
def test_it_finds_what_is_too_long(tmp_path: Path, text: str, complaints: int) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/some.py").write_text(text, encoding="utf-8")
    assert len(find_shapeless(tmp_path, ("plugins",))) == complaints


def test_it_looks_into_programs_without_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/demo").write_text("#!/usr/bin/env python\n" + _function(FUNCTION_LINES + 1), encoding="utf-8")
    (tmp_path / "dev/list").write_text("#!/bin/sh\n" + "true\n" * (FILE_LINES + 1), encoding="utf-8")
    assert len(find_shapeless(tmp_path, ("dev",))) == 1
