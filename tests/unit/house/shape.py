# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long functions and files are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FUNCTION_LINES = 50
FILE_LINES = 300
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN", "RETURNS"}


def find_shapeless(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Return a complaint for each function and each file that is too long."""
    complaints: list[str] = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if _is_python(path):
                complaints.extend(_complain(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))
    return complaints


def _is_python(path: Path) -> bool:
    if path.suffix or not path.is_file():
        return path.suffix == ".py"
    with path.open("rb") as file:
        first_line = file.readline()
    return first_line.startswith(b"#!") and b"python" in first_line


def _complain(name: str, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    length = len(text.splitlines()) - sum(_lines(node) for node in ast.walk(tree) if _is_documentation(node))
    if length > FILE_LINES:
        yield f"{name}: {length} lines, {FILE_LINES} are allowed"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > FUNCTION_LINES:
            yield f"{name}:{node.lineno}: {node.name} has {_lines(node)} lines, {FUNCTION_LINES} are allowed"


def _lines(node: ast.AST) -> int:
    assert isinstance(node, ast.stmt)
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_documentation(node: ast.AST) -> bool:
    """Tell whether this is what ansible-doc shows: an assignment to one of its names, in a module or a fragment."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
    )
