# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment in which ansible-test runs: its home is a folder of this clone, its Pythons are those that exist."""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

from collection_copy import CLONE

HOMES = CLONE / ".cache/homes"
PIP_RELEASES = ("23_1_2", "24_2", "25_2")  # which ansible-core from 2.16, 2.18 and 2.20 on ask for


def sealed_environment(name: str) -> dict[str, str]:
    """Return the environment variables for ansible-test, after furnishing its home; runs side by side need one each."""
    home = HOMES / name
    bootstraps = home / ".ansible/test/cache"
    bootstraps.mkdir(parents=True, exist_ok=True)
    for release in PIP_RELEASES:
        shutil.copyfile(CLONE / "dev/pip_bootstrap.py", bootstraps / f"get_pip_{release}.py")
    _write_pip_configuration(home / ".config/pip/pip.conf")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    folders = [str(Path(sys.executable).parent), _ask_interpreters("folders"), environment["PATH"]]
    return {**environment, "HOME": str(home), "PATH": os.pathsep.join(filter(None, folders))}


def interpreter(version: str) -> str | None:
    """Return the interpreter of that version, none if this machine lacks it."""
    return _ask_interpreters("find", version) or None


def _ask_interpreters(*question: str) -> str:
    command = [str(CLONE / "dev/interpreters"), *question]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout.strip().strip(os.pathsep)


def _write_pip_configuration(path: Path) -> None:
    """Write down how pip is set up for the caller: ansible-test passes neither the caller's home nor variables on."""
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()
    configuration = configparser.RawConfigParser()
    configuration.add_section("global")
    configuration.set("global", "quiet", "2")
    for setting in settings:
        name, _equals, value = setting.partition("=")
        section, _dot, key = name.rpartition(".")
        if section in {"global", "install", ":env:"}:
            configuration.set("global", key, str(ast.literal_eval(value)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        configuration.write(file)
