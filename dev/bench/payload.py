# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped to the host for a task, and how much memory its process takes there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import no_op, tasks
from bench.controller import FailedError, Task, environment, run_tasks
from bench.mailboxes import Stock
from bench.plan import CACHE, Plan
from bench.report import Bound, Part

FOLDER = CACHE / "payload"
GAUGE = Path(__file__).with_name("memory_gauge.py")
MOST_MEGABYTES = 300


@dataclass(frozen=True)
class Payload:
    """Of one task: the bytes of the file that Ansible ships, and the peak of its process's memory in megabytes."""

    label: str
    size: int
    peak: float


@dataclass(frozen=True)
class Shipment:
    """All that were looked at, a ping first; ``most`` is the one with the most mailboxes."""

    payloads: list[Payload]
    most: str


def measure(plan: Plan, stock: Stock) -> Shipment:
    """Have Ansible leave what it ships, and run that again under the gauge."""
    email = stock.emails[0]
    single = [tasks.ping(), *no_op.list_ours(stock, email)]
    many = [tasks.keep_many(f"smime_certificates, {size}", stock, "orders", size) for size in plan.sizes]
    wanted = [*single, *many, *tasks.compare_with(stock, email).values()]
    shutil.rmtree(FOLDER, ignore_errors=True)
    settings = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TEMP": str(FOLDER)}
    run_tasks("payload", wanted, tasks.list_entries(stock), settings)
    files = sorted(FOLDER.glob("*/AnsiballZ_*.py"), key=lambda path: path.stat().st_mtime_ns)
    if len(files) != len(wanted):
        raise FailedError(f"{len(wanted)} tasks that have nothing to do ran {len(files)} modules")
    payloads = [_weigh(task, path) for task, path in zip(wanted, files, strict=True)]
    shutil.rmtree(FOLDER)
    return Shipment(payloads, many[-1]["name"])


def judge(shipment: Shipment) -> Part:
    """Return the table and the bound."""
    ping = shipment.payloads[0]
    rows = [
        (
            f"`{payload.label}`" if "," not in payload.label else payload.label,
            f"{payload.size / ping.size:.2f}",
            f"{payload.size / 1000:.0f}",
            f"{payload.peak / ping.peak:.2f}",
            f"{payload.peak:.0f}",
        )
        for payload in shipment.payloads
    ]
    peak = next(payload.peak for payload in shipment.payloads if payload.label == shipment.most)
    return Part(
        "What is shipped, and memory",
        ("task", "shipped, against ping", "kB", "peak memory, against ping", "MB"),
        rows,
        "Each is what the tasks above ship and run, once: one module run a task, also where the controller makes the "
        "calls. What is shipped holds the task's own options, so that a list of "
        "mailboxes counts. The peak is the largest resident size of the module's process as the kernel saw it.",
        [
            Bound(
                f"peak memory of {shipment.most} mailboxes, MB",
                f"less than {MOST_MEGABYTES}",
                f"{peak:.0f}",
                peak < MOST_MEGABYTES,
            )
        ],
    )


def _weigh(task: Task, path: Path) -> Payload:
    module = next(name for name in task if "." in name).rpartition(".")[2]
    if path.name != f"AnsiballZ_{module}.py":
        raise FailedError(f"{path.name} was shipped for {module}")
    output = FOLDER / "output.json"
    command = [sys.executable, "-I", "-S", str(GAUGE), str(output), sys.executable, str(path)]
    gauged = subprocess.run(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    )
    status, kibibytes = map(int, gauged.stdout.split())
    result = json.loads(output.read_text(encoding="utf-8").strip().splitlines()[-1])
    if status or result.get("failed") or result.get("changed"):
        raise FailedError(f"{task['name']}: {result.get('msg', 'something changed')}")
    return Payload(task["name"], path.stat().st_size, kibibytes * 1024 / 1e6)
