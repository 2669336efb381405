# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who imports whom in this collection, and who may."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLUGINS = "ansible_collections.mailops.smime.plugins"
MODULE_UTILS = f"{PLUGINS}.module_utils"

STORY = (
    "_archive",
    "_batch",
    "_context",
    "_info",
    "_lifecycle",
    "_options",
    "_plan",
    "_remote_ca",
    "_report",
    "_rollover",
    "_spec",
    "_verify",
)

# The layers, from the top down: where each lies, and which others it may import. Each may import itself but for modules
# and action plugins. The lifecycle is a story in several files.
LAYERS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "modules": (("modules",), {"lifecycle", "argspec", "errors"}),
    "action": (("action",), {"plugin_utils", "lifecycle", "argspec", "errors"}),
    "plugin_utils": (("plugin_utils",), {"lifecycle", "argspec", "ca", "errors"}),
    "lifecycle": (
        tuple(f"module_utils.{name}" for name in STORY),
        {"argspec", "ca", "x509", "store", "errors"},
    ),
    "argspec": (
        tuple(f"module_utils.{name}" for name in ("_argspec", "_module")),
        {"ca", "x509", "store", "errors"},
    ),
    "ca": (("module_utils._ca",), {"x509", "errors"}),
    "store": (("module_utils._store",), {"x509", "errors"}),
    "x509": (("module_utils._x509",), {"errors"}),
    "errors": (("module_utils._errors",), set()),
    "doc_fragments": (("doc_fragments",), set()),
}
ALONE = {"modules", "action"}
ANSIBLE_MODULE = "ansible.module_utils.basic.AnsibleModule"
HTTP_LIBRARIES = {"requests", "urllib3"}
HTTP_FILE = "module_utils._ca.transport"
IMPORTING_CALLS = {"import_module", "importlib.import_module", "__import__"}
ANSIBLE_MODULE_FILES = ("modules.", "module_utils._module", "module_utils._store.files")


@dataclass(frozen=True)
class Import:
    """One imported name, and where the statement stands."""

    line: int
    name: str
    for_types: bool
    in_function: bool

    def is_of(self, libraries: set[str]) -> bool:
        return self.name.split(".")[0] in libraries


def find_wrong_imports(root: Path) -> list[str]:
    """Return a complaint for each import in plugins/ and roles/ that the house does not allow."""
    complaints: list[str] = []
    for path in sorted((root / "plugins").rglob("*.py")):
        if path.name != "__init__.py":
            module = ".".join(path.relative_to(root / "plugins").with_suffix("").parts)
            complaints += (f"{module}:{text}" for text in _judge_plugin(module, _imports(path, f"{PLUGINS}.{module}")))
    for path in sorted((root / "roles").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        complaints += (f"{name}:{text}" for text in _judge_role(_imports(path, "")))
    return complaints


def find_cycles(root: Path) -> list[str]:
    """Return the files of plugins/ that import each other in a circle, imports for types aside."""
    files = {f"{PLUGINS}." + ".".join(path.relative_to(root / "plugins").with_suffix("").parts): path
             for path in sorted((root / "plugins").rglob("*.py"))}  # fmt: skip
    imported = {
        module: {file for found in _imports(path, module) if not found.for_types and (file := _file_of(found, files))}
        for module, path in files.items()
    }
    while leaves := {module for module, others in imported.items() if not others & imported.keys() - {module}}:
        imported = {module: others for module, others in imported.items() if module not in leaves}
    return sorted(imported)


def _file_of(found: Import, files: dict[str, Path]) -> str | None:
    parent = found.name.rpartition(".")[0]
    return next((name for name in (found.name, parent) if name in files), None)


def layer_of(module: str) -> str | None:
    """Return the layer of a file or of a name in it, given below plugins."""
    for layer, (places, _allowed) in LAYERS.items():
        if any(module == place or module.startswith(f"{place}.") for place in places):
            return layer
    return None


def _judge_plugin(module: str, imports: list[Import]) -> Iterator[str]:
    layer = layer_of(module)
    if layer is None:
        yield "1: belongs to no layer: name it in tests/unit/house/import_rules.py"
        return
    for found in imports:
        if found.is_of(HTTP_LIBRARIES):
            yield from _judge_http(module, found)
        elif found.name == ANSIBLE_MODULE and not (found.for_types or module.startswith(ANSIBLE_MODULE_FILES)):
            yield f"{found.line}: only modules, their base and _store.files may know AnsibleModule"
        elif found.is_of({"ansible_collections"}):
            yield from _judge_layers(layer, found)


def _judge_http(module: str, found: Import) -> Iterator[str]:
    if module != HTTP_FILE:
        yield f"{found.line}: only {HTTP_FILE} may import {found.name}"
    elif not (found.in_function or found.for_types):
        yield f"{found.line}: {found.name} must be imported when the first call is made, in a function"


def _judge_layers(layer: str, found: Import) -> Iterator[str]:
    other = layer_of(found.name.removeprefix(f"{PLUGINS}."))
    allowed = LAYERS[layer][1] | (set() if layer in ALONE else {layer})
    if other not in allowed:
        yield f"{found.line}: {layer} may not import {found.name}"


def _judge_role(imports: list[Import]) -> Iterator[str]:
    for found in imports:
        if found.is_of({"ansible_collections", "plugins"}):
            yield f"{found.line}: a role shares no code with the plugins, but imports {found.name}"


def _imports(path: Path, module: str) -> list[Import]:
    """Return every import of a file, with the full dotted name of what is imported."""
    return list(_walk(ast.parse(path.read_text(encoding="utf-8")), module, for_types=False, in_function=False))


def _walk(node: ast.AST, module: str, *, for_types: bool, in_function: bool) -> Iterator[Import]:
    if isinstance(node, ast.stmt | ast.expr):
        yield from (Import(node.lineno, name, for_types, in_function) for name in _names(node, module))
    inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    typed = node.body if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") else []
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, module, for_types=for_types or child in typed, in_function=inside)


def _names(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = module.split(".")[: -node.level] if node.level else []
        parent = ".".join([*start, *([node.module] if node.module else [])])
        yield from (f"{parent}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTING_CALLS:
        yield from (str(name.value) for name in node.args[:1] if isinstance(name, ast.Constant))
