# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers import downwards only, the HTTP library is loaded for a call only, and the test CA stands by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.house.import_rules import (
    LAYERS,
    MODULE_UTILS,
    find_cycles,
    find_wrong_imports,
)

CLONE = Path(__file__).resolve().parents[3]
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
ANSIBLE_MODULE = "from ansible.module_utils.basic import AnsibleModule"


def test_everyone_imports_whom_they_may() -> None:
    assert find_wrong_imports(CLONE) == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert find_cycles(CLONE) == []


def test_there_are_files_to_look_at() -> None:
    assert list((CLONE / "plugins/modules").glob("*.py"))
    assert list((CLONE / "roles/test_ca/files").rglob("*.py"))


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


ALLOWED = [
    ("plugins/modules/some.py", f"from {MODULE_UTILS} import _argspec, _lifecycle"),
    ("plugins/modules/some.py", ANSIBLE_MODULE),
    ("plugins/module_utils/_lifecycle.py", f"from {MODULE_UTILS}._store.files import Files"),
    ("plugins/module_utils/_lifecycle.py", f"from {MODULE_UTILS} import _plan"),
    ("plugins/module_utils/_ca/client.py", f"from {MODULE_UTILS}._x509 import certificate"),
    ("plugins/module_utils/_ca/transport.py", "def call():\n    import requests"),
    ("plugins/module_utils/_ca/transport.py", FOR_TYPES + "import requests"),
    ("plugins/module_utils/_store/files.py", ANSIBLE_MODULE),
    ("plugins/module_utils/_x509/key.py", FOR_TYPES + ANSIBLE_MODULE),
    ("roles/test_ca/files/test_ca/server.py", "import cryptography"),
]
REFUSED = [
    ("plugins/modules/some.py", f"from {MODULE_UTILS}._ca.client import Client"),
    ("plugins/modules/some.py", f"import {MODULE_UTILS}._store.files"),
    ("plugins/modules/some.py", "from ..module_utils._x509 import key"),
    ("plugins/modules/some.py", "from . import other"),
    ("plugins/action/some.py", f"def run():\n    from {MODULE_UTILS} import _ca"),
    ("plugins/module_utils/_ca/client.py", f"from {MODULE_UTILS}._store import files"),
    ("plugins/module_utils/_ca/client.py", "from .._store import files"),
    ("plugins/module_utils/_ca/client.py", f"from {MODULE_UTILS} import _lifecycle"),
    ("plugins/module_utils/_ca/client.py", FOR_TYPES + f"from {MODULE_UTILS}._store import files"),
    ("plugins/module_utils/_x509/key.py", f"from {MODULE_UTILS}._ca import codes"),
    ("plugins/module_utils/_store/files.py", f"from {MODULE_UTILS}._ca import codes"),
    ("plugins/module_utils/_errors.py", f"from {MODULE_UTILS}._x509 import key"),
    ("plugins/module_utils/_lifecycle.py", "import ansible_collections.community.crypto.plugins.module_utils.version"),
    ("plugins/module_utils/_ca/client.py", "def call():\n    import requests"),
    ("plugins/module_utils/_ca/client.py", "import importlib\nimportlib.import_module('requests')"),
    ("plugins/module_utils/_ca/transport.py", "import requests"),
    (
        "plugins/module_utils/_ca/transport.py",
        "try:\n    from requests.adapters import HTTPAdapter\nexcept ImportError:\n    pass",
    ),
    ("plugins/module_utils/_lifecycle.py", ANSIBLE_MODULE),
    ("plugins/module_utils/_argspec.py", ANSIBLE_MODULE),
    ("plugins/module_utils/_helpers.py", "import os"),
    ("roles/test_ca/files/test_ca/server.py", f"from {MODULE_UTILS}._ca import codes"),
    ("roles/test_ca/files/test_ca/server.py", "from plugins.module_utils._ca import codes"),
]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_it_lets_through(tmp_path: Path, name: str, text: str) -> None:
    _write(tmp_path, name, text)
    assert find_wrong_imports(tmp_path) == []


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_it_finds(tmp_path: Path, name: str, text: str) -> None:
    _write(tmp_path, name, text)
    assert len(find_wrong_imports(tmp_path)) == 1


def test_it_finds_circles(tmp_path: Path) -> None:
    _write(tmp_path, "plugins/module_utils/_ca/client.py", f"from {MODULE_UTILS}._ca.reply import Reply")
    _write(tmp_path, "plugins/module_utils/_ca/reply.py", f"from {MODULE_UTILS}._ca import client")
    _write(tmp_path, "plugins/module_utils/_ca/codes.py", FOR_TYPES + f"from {MODULE_UTILS}._ca import client")
    assert find_cycles(tmp_path) == [f"{MODULE_UTILS}._ca.client", f"{MODULE_UTILS}._ca.reply"]


def test_no_two_layers_may_import_each_other() -> None:
    mutual = [
        (one, other) for one, (_places, allowed) in LAYERS.items() for other in allowed if one in LAYERS[other][1]
    ]
    assert mutual == []
