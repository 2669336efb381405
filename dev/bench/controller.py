# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook on this machine, and how long each of their tasks took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collection_copy import CLONE

from bench.plan import CACHE

CRYPTO_TREE = CACHE / "tree"
FOLDER = CACHE / "playbooks"
# Nobody's own settings are to change what is measured. PYTHONDONTWRITEBYTECODE would have every process compile its
# libraries again, which no host does.
FOREIGN = ("ANSIBLE_", "PYTHON", "SMIME_")

Task = dict[str, Any]


class FailedError(Exception):
    """Something that was to be measured did not do what it was to do."""


@dataclass(frozen=True)
class TaskRun:
    """A task as it went: its seconds, from its announcement to its result, and what is kept of the result."""

    name: str
    seconds: float
    failed: bool
    result: Mapping[str, Any]


def run_tasks(
    name: str, tasks: Sequence[Task], variables: Mapping[str, Any], settings: Mapping[str, str] | None = None
) -> list[TaskRun]:
    """Run ``tasks`` in one playbook and return how they went. Raises FailedError if one fails."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "ansible.cfg").touch()
    (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    (folder / "playbook.json").write_text(json.dumps([_write_play(folder, tasks)], indent=1), encoding="utf-8")
    with (folder / "output.log").open("wb") as log:
        finished = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "--inventory=localhost,", folder / "playbook.json"],
            env={**environment(), **choose_settings(folder), **(settings or {})},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
        )  # fmt: skip
    runs = _read_runs(folder)
    broken = next((run for run in runs if run.failed), None)
    if broken is not None:
        raise FailedError(f"{broken.name}: {broken.result.get('msg')}")
    if finished.returncode or len(runs) != len(tasks):
        raise FailedError(f"ansible-playbook ended with status {finished.returncode}; see {folder}/output.log")
    return runs


def run_rounds(
    name: str, tasks: Sequence[Task], variables: Mapping[str, Any], rounds: int
) -> dict[str, tuple[float, ...]]:
    """Run ``tasks`` in turns, and return the seconds of each task by its name, a value a round.

    A task that comes several times in a round counts with its median there. A first round is not counted: it creates what
    is missing and fills caches. After it, nothing may change.
    """
    runs = run_tasks(name, [*tasks] * (rounds + 1), variables)[len(tasks) :]
    changed = sorted({run.name for run in runs if run.result.get("changed")})
    if changed:
        raise FailedError(f"these were to have nothing to do, and changed something: {', '.join(changed)}")
    turns = [runs[start : start + len(tasks)] for start in range(0, len(runs), len(tasks))]
    names = dict.fromkeys(task["name"] for task in tasks)
    return {name: tuple(_take_median(name, turn) for turn in turns) for name in names}


def environment() -> dict[str, str]:
    """Return the environment variables for what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "LC_ALL": "C.UTF-8", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _take_median(name: str, runs: Sequence[TaskRun]) -> float:
    return statistics.median(run.seconds for run in runs if run.name == name)


def _write_play(folder: Path, tasks: Sequence[Task]) -> dict[str, Any]:
    return {
        "name": "Benchmark",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "vars_files": [str(folder / "variables.json")],
        "tasks": list(tasks),
    }


def choose_settings(folder: Path) -> dict[str, str]:
    """Return the environment variables for Ansible itself, which works below ``folder``."""
    return {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(CACHE / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_COLLECTIONS_PATH": f"{CLONE / '.cache/tree'}{os.pathsep}{CRYPTO_TREE}",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_STDOUT_CALLBACK": "durations",
        "BENCH_DURATIONS": str(folder / "durations.json"),
    }


def _read_runs(folder: Path) -> list[TaskRun]:
    path = folder / "durations.json"
    if not path.exists():
        raise FailedError(f"ansible-playbook did not get far; see {folder}/output.log")
    return [TaskRun(**run) for run in json.loads(path.read_text(encoding="utf-8"))]
