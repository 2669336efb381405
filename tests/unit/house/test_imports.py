# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who imports whom, file by file and without circles; where the HTTP library and Ansible's private names are."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.plugins.action import ActionBase

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
PREFIX = re.compile(r"ansible_collections\.mailops\.smime\.plugins\.(?:module_utils\.)?")
# From the bottom up: a file may import those that its line names, which stand above it; folders may import themselves.
RULES = """_errors: | _argspec: | _argspec_others: _argspec | doc_fragments: | _x509: _errors | _store: _x509 _errors | _ca: _x509 _errors
_options: _ca _store _x509 _errors | _new_key: _options _x509 _errors | _spec: _new_key _options _ca _store _x509 _errors
_report: _x509 _errors | _remote_ca: _options _ca _errors | _no_log: _options | _module: _no_log _report _options _errors
_plan: _spec _store _x509 _errors | _rollover: _spec _options _store _x509 _errors
_journal: _store _x509 _errors | _order_plan: _journal _options _ca _x509 _errors
_order_report: _order_plan _journal _ca _errors | _orders: _order_report _order_plan _journal _report _options _ca _errors
_verify: _plan _spec _ca _store _x509 _errors | _revocation: _plan _spec _ca _store _x509 _errors
_page: | _monitoring: _page _store _errors
_context: _revocation _journal _ca _store | _renewal: _revocation _verify _rollover _new_key _ca _store _x509
_lifecycle: _renewal _revocation _plan _rollover _spec _context _remote_ca _report _options _store _x509 _errors
_info: _monitoring _verify _spec _context _report _options _ca _store _x509 _errors
_batch: _monitoring _lifecycle _context _report _argspec _options _store _x509 _errors
modules: _lifecycle _batch _info _orders _journal _context _module _report _argspec _argspec_others
plugin_utils: _journal _context _remote_ca _report _argspec _options _ca _x509 _errors
filter: plugin_utils _x509 _errors
action: plugin_utils _lifecycle _orders _batch _info _remote_ca _argspec _argspec_others _options _errors"""
ALLOWED = {room: names.split() for room, names in re.findall(r"(\w+): ?([^|\n]*)", RULES)}
DOORS = {"_module": (AnsibleModule, "_load_params _diff _verbosity"),
         "plugin_utils": (ActionBase, "_execute_module _task _templar _connection _supports_async _supports_check_mode")}  # fmt: skip


def find_imports(node: ast.AST, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Yield what a file imports, those for types aside, and in how many functions it does so."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom | ast.Import):
            start = f"{child.module}." if isinstance(child, ast.ImportFrom) else ""
            yield from ((start + alias.name, depth) for alias in child.names)
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from find_imports(child, depth + isinstance(child, ast.FunctionDef | ast.Lambda))


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=str)
def test_a_file_imports_whom_it_may(path: Path) -> None:
    name, text = path.relative_to(PLUGINS).as_posix(), path.read_text(encoding="utf-8")
    room = name.removeprefix("module_utils/").split("/")[0].removesuffix(".py")
    for imported, depth in find_imports(ast.parse(text)):
        if PREFIX.match(imported):
            assert PREFIX.sub("", imported).split(".")[0] in [*ALLOWED[room], room]
        elif imported.split(".")[0] in ("requests", "urllib3"):
            assert (name, depth > 0) == ("module_utils/_ca/transport.py", True)
    private = " ".join(names for other, (_owner, names) in DOORS.items() if other != room).split()
    assert not set(re.findall(r"\b(?:self|super\(\)|module)\.(_\w+)", text)) & set(private)


def test_nobody_imports_a_room_above() -> None:
    assert all([*ALLOWED].index(other) < [*ALLOWED].index(room) for room, names in ALLOWED.items() for other in names)


@pytest.mark.parametrize(("owner", "names"), DOORS.values())
def test_ansible_has_the_private_names_in_use(owner: type, names: str) -> None:
    assert [name for name in names.split() if not re.search(rf"\b{name}\b", inspect.getsource(owner))] == []
