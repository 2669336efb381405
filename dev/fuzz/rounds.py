# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round of one decoder, in a process of its own at the lowest priority."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collection_copy import CLONE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PYTHON = CLONE / ".cache/venv-fuzz/bin/python"
CHILD = CLONE / "dev/fuzz/child.py"
TOKENS = CLONE / "dev/fuzz/tokens.txt"
MEMORY = 1024  # MiB for the whole process, the corpus and the interpreter included
KEPT = 20


@dataclass(frozen=True)
class Round:
    """How long its inputs are at most, in octets, how many there are, and what one may take in seconds,
    on a machine that has better things to do at the same time."""

    name: str
    longest: int
    inputs: int
    patience: int
    seconds: int  # the whole round at most; a find of its own is not made by that


SHORT = Round("short", 8192, 200_000, 60, 900)
LONG = Round("long", 1024 * 1024, 1500, 120, 120)


@dataclass(frozen=True)
class Figures:
    """What came of a round. ``edges`` are libFuzzer's, of the collection's own code, ``memory`` the process's peak in MiB."""

    decoder: str
    round: str
    inputs: int
    seconds: float
    edges: int
    slowest: int
    memory: int
    finds: tuple[str, ...]


def run_round(name: str, folder: Path, plan: Round, inputs: int) -> Figures:
    """Give ``inputs`` inputs to a decoder and return what came of it; what it found lies in ``found``, by the round."""
    (folder / "corpus").mkdir(exist_ok=True)
    found = folder / "found" / plan.name
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir(parents=True)
    folders = [folder / "corpus", folder / "seeds", *([folder / "costly"] if plan is LONG else [])]
    options = {
        "runs": inputs, "max_total_time": plan.seconds, "max_len": plan.longest, "timeout": plan.patience,
        "rss_limit_mb": MEMORY, "dict": TOKENS, "artifact_prefix": f"{found}/", "print_final_stats": 1,
        "len_control": 100 if plan is SHORT else 0,
    }  # fmt: skip
    start = time.monotonic()
    output = _run_child(name, [f"-{option}={value}" for option, value in options.items()], *folders)
    (folder / f"{plan.name}.log").write_text(output, encoding="utf-8")
    finds = tuple(path.name for path in sorted(found.iterdir()) if not path.name.startswith("slow-unit"))
    executed = _last_number(r"stat::number_of_executed_units:\s+(\d+)", output)
    if not executed and not finds:
        raise SystemExit(f"The round did not run, see {folder / plan.name}.log")
    return Figures(
        name, plan.name, executed, time.monotonic() - start,
        edges=_last_number(r"cov: (\d+)", output),
        slowest=_last_number(r"stat::slowest_unit_time_sec:\s+(\d+)", output),
        memory=_last_number(r"stat::peak_rss_mb:\s+(\d+)", output),
        finds=finds,
    )  # fmt: skip


def condense(folder: Path, longest: int) -> list[bytes]:
    """Return a few small inputs of the corpus, each of which reached something new, spread over their sizes."""
    small = sorted(
        (path.read_bytes() for path in (folder / "corpus").iterdir() if path.stat().st_size <= longest), key=len
    )
    return small[:: max(1, len(small) // KEPT)][:KEPT]


def write_inputs(folder: Path, inputs: Iterable[bytes]) -> None:
    """Make ``folder`` hold these inputs and nothing else, each under its digest."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for data in inputs:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def _run_child(name: str, options: list[str], *folders: Path) -> str:
    command: list[str | Path] = ["nice", "-n", "19", PYTHON, "-W", "ignore", CHILD, name, *options, *folders]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.run(
        command,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ).stdout


def _last_number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0
