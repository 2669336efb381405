# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports from a zip file, as Ansible ships a module: each file is compiled once, and all that there is, is found.

And what was there before is not looked at when garbage is collected.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _lean

PACKAGE = "ansible_collections/mailops/smime/plugins/module_utils"
FILES = {
    f"{PACKAGE}/_one.py": "from ansible_collections.mailops.smime.plugins.module_utils._below import two\nvalue = two.value + 1",
    f"{PACKAGE}/_below/two.py": "value = 2",
    "ansible_collections/other/names.py": "value = 7",
}
# Counts what is compiled of the zip file, and tells what was found.
SCRIPT = """
import builtins, collections, gc, json, sys

# Some releases of Python begin with a few.
frozen = gc.get_freeze_count()

compiled, compile_it = collections.Counter(), builtins.compile
def count(source, name, *args, **options):
    compiled[name.split(sys.argv[1] + "/")[-1]] += 1
    return compile_it(source, name, *args, **options)
builtins.compile = count
sys.path.insert(0, sys.argv[1])
from ansible_collections.mailops.smime.plugins.module_utils import {first}
from ansible_collections.mailops.smime.plugins.module_utils import _one
from ansible_collections.other import names
try:
    from ansible_collections.mailops.smime.plugins.module_utils import _missing
except ImportError as error:
    missing = str(error)
{last}
print(json.dumps([compiled, [_one.value, names.value], missing, gc.get_freeze_count() - frozen]))
"""


def run(folder: Path, first: str, last: str = "") -> tuple[dict[str, int], list[int], str, int]:
    """Return how often each file was compiled, which values were found, how what is not there was refused, and what is frozen."""
    archive = folder / "payload.zip"
    packages = {parent / "__init__.py" for name in FILES for parent in Path(name).parents if parent.parts}
    with zipfile.ZipFile(archive, "w") as payload:
        for package in packages:
            payload.writestr(package.as_posix(), "")
        for name, text in FILES.items():
            payload.writestr(name, text)
        payload.write(_lean.__file__, f"{PACKAGE}/_lean.py")
    command = [sys.executable, "-E", "-s", "-c", SCRIPT.format(first=first, last=last), str(archive)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=folder)
    counted, values, missing, frozen = json.loads(done.stdout)
    return counted, values, missing, frozen


def test_each_file_is_compiled_once(tmp_path: Path) -> None:
    counted, values, missing, frozen = run(tmp_path, "_lean", "_lean.leave()")
    assert {name: counted[name] for name in FILES if name.startswith(PACKAGE)} == {
        f"{PACKAGE}/_one.py": 1,
        f"{PACKAGE}/_below/two.py": 1,
    }
    assert values == [3, 7]
    assert "_missing" in missing
    assert frozen


def test_python_by_itself_compiles_each_file_twice(tmp_path: Path) -> None:
    counted, values, _missing, frozen = run(tmp_path, "_below")
    assert values == [3, 7]
    assert not frozen
    if counted[f"{PACKAGE}/_one.py"] == 1:
        pytest.skip("this Python compiles once: when all do, _lean can go")
    assert counted[f"{PACKAGE}/_one.py"] == 2


def test_a_process_that_goes_on_is_left_as_it_is() -> None:
    frozen = gc.get_freeze_count()
    _lean.leave()
    assert gc.get_freeze_count() == frozen
    assert _lean._Finder not in sys.meta_path
