# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No function is longer than a screen, no file longer than a sitting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.test_committed_text import committed_files

CLONE = Path(__file__).resolve().parents[3]
FUNCTION_LINES = 50
FILE_LINES = 300
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN", "RETURNS"}


def find_shapeless(name: str, text: str) -> Iterator[str]:
    """Yield a complaint for a file that is too long, and for each function, if it is Python."""
    if not name.endswith(".py") and not ("python" in text.partition("\n")[0] and text.startswith("#!")):
        return
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    length = len(text.splitlines()) - sum(_lines(node) for node in nodes if _is_documentation(node))
    if length > FILE_LINES:
        yield f"{name}: {length} lines, {FILE_LINES} are allowed"
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > FUNCTION_LINES:
            yield f"{name}:{node.lineno}: {node.name} has {_lines(node)} lines, {FUNCTION_LINES} are allowed"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_documentation(node: ast.stmt) -> bool:
    """Tell whether this is what ansible-doc shows: an assignment to one of its names, in a module or a fragment."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
    )


def test_functions_and_files_are_short() -> None:
    names = [name for name in committed_files(CLONE) if name.startswith(("plugins/", "roles/", "dev/"))]
    assert len(names) > 100
    assert [
        found for name in names for found in find_shapeless(name, (CLONE / name).read_text("utf-8", "replace"))
    ] == []


@pytest.mark.parametrize(("program", "name"), [("run_integration", "LONG"), ("run_matrix", "OLDEST_TARGETS")])
def test_a_list_of_targets_names_only_what_is_there(program: str, name: str) -> None:
    [listed] = re.findall(rf"^{name} = (\(.*?^\))", (CLONE / f"dev/{program}.py").read_text("utf-8"), re.S | re.M)
    assert set(ast.literal_eval(listed)) <= {path.name for path in (CLONE / "tests/integration/targets").iterdir()}


LONG = "def long():\n" + "    x = 1\n" * FUNCTION_LINES


@pytest.mark.parametrize(
    ("name", "text", "complaints"),
    [
        ("a.py", LONG[: -len("    x = 1\n")], 0),
        ("a.py", LONG, 1),
        ("a.py", "class Some:\n" + "".join(f"    {line}\n" for line in LONG.splitlines()), 1),
        ("a.py", "x = 1\n" * FILE_LINES, 0),
        ("a.py", "x = 1\n" * (FILE_LINES + 1), 1),
        ("a.py", 'DOCUMENTATION = r"""\n' + "text\n" * FILE_LINES + '"""\n', 0),
        ("a.py", 'text = r"""\n' + "text\n" * FILE_LINES + '"""\n', 1),
        ("program", "#!/usr/bin/env python\n" + LONG, 1),
        ("program", "#!/bin/sh\n" + "true\n" * (FILE_LINES + 1), 0),
    ],
)
def test_it_finds_what_is_too_long(name: str, text: str, complaints: int) -> None:
    assert len(list(find_shapeless(name, text))) == complaints
