# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a run over many servers, against a ping of them all, by the number of forks: what "make bench-fleet" runs.

All servers are this machine, over the local connection, so that no network is measured; what they share are its processors.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "roles/test_ca/files"))

from bench import ca_control, report, tasks
from bench.controller import FailedError, choose_settings, environment
from bench.plan import CACHE
from bench.tree_gauge import watching
from collection_copy import CLONE
from loopback_ca import Authority, NotStartedError, running_authority

FOLDER = CACHE / "fleet"
MAILBOXES = 5
PING = "ping"
ISSUE = "first issue"
CONTROLLER = "nothing to do, calls from the controller"
TARGET = "nothing to do, calls from the servers"


@dataclass(frozen=True)
class Fleet:
    """How many servers, the numbers of forks to try, and where the table goes."""

    servers: int
    forks: tuple[int, ...]
    output: Path


FULL = Fleet(200, (5, 20, 50), CLONE / "docs/benchmark/fleet.md")
QUICK = Fleet(6, (2, 6), CACHE / "quick/fleet.md")


@dataclass(frozen=True)
class PlayRun:
    """One run of ansible-playbook: its seconds, the memory of all its processes in megabytes, and its calls to the CA."""

    seconds: float
    megabytes: float
    calls: int
    at_once: int


def main() -> int:
    """Measure, write and print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="make bench-fleet", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few servers, to try it; writes below .cache/bench only")
    fleet = QUICK if parser.parse_args().quick else FULL
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700, parents=True)
    try:
        text = measure(fleet)
    except (FailedError, NotStartedError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    fleet.output.parent.mkdir(parents=True, exist_ok=True)
    fleet.output.write_text(text, encoding="utf-8")
    shutil.rmtree(FOLDER)
    print(text)
    return 0


def measure(fleet: Fleet) -> str:
    """Run each playbook with each number of forks and return the table."""
    conditions = report.describe_conditions()
    orders = [order for forks in fleet.forks for server in _names(fleet) for order in _order(forks, server)]
    with running_authority(FOLDER / "test_ca", orders) as authority, ca_control.staying_awake(authority):
        ca_control.open_account(authority, tasks.LOGIN)
        runs = {forks: _take_turn(fleet, forks, authority) for forks in fleet.forks}
    return _compose(fleet, conditions, runs)


def _take_turn(fleet: Fleet, forks: int, authority: Authority) -> dict[str, PlayRun]:
    play = {
        PING: {"ansible.builtin.ping": {}},
        ISSUE: _provision(forks, authority, "controller"),
        CONTROLLER: _provision(forks, authority, "controller"),
        TARGET: _provision(forks, authority, "target"),
    }
    runs = {}
    for name, task in play.items():
        print(f"== {fleet.servers} servers, {forks} forks: {name}", flush=True)
        runs[name] = _run(fleet, forks, name, task, authority)
    return runs


def _run(fleet: Fleet, forks: int, name: str, task: Mapping[str, Any], authority: Authority) -> PlayRun:
    folder = FOLDER / "playbook"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "ansible.cfg").touch()
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": dict.fromkeys(_names(fleet), here)}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    play = {
        "name": name,
        "hosts": "all",
        "gather_facts": False,
        "any_errors_fatal": True,
        "tasks": [{"name": name, **task}],
    }
    (folder / "playbook.json").write_text(json.dumps([play]), encoding="utf-8")
    program = Path(sys.executable).parent / "ansible-playbook"
    command = [f"{program}", f"--forks={forks}", f"--inventory={folder}/inventory.json", f"{folder}/playbook.json"]
    known = len(authority.list_calls())
    with (folder / "output.log").open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, env={**environment(), **choose_settings(folder)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        with watching(process.pid) as peak:
            status = process.wait()
        seconds = time.perf_counter() - start
    if status:
        raise FailedError(
            f"{name}, {forks} forks: ansible-playbook ended with status {status}; see {folder}/output.log"
        )
    calls = authority.list_calls()[known:]
    return PlayRun(seconds, peak.megabytes, len(calls), max((call["under_way"] for call in calls), default=0))


def _provision(forks: int, authority: Authority, api_from: str) -> dict[str, Any]:
    folder = f"{FOLDER}/{forks}/{{{{ inventory_hostname }}}}/{{email}}"
    return {
        "mailops.smime.smime_certificates": {
            "path": f"{folder}/cert.pem",
            "chain_path": f"{folder}/chain.pem",
            "privatekey_path": f"{folder}/key.pem",
            "privatekey_create": True,
            "privatekey_type": "ECC",
            "certificates": [
                {"email": order["email"], "order_number": order["order_number"]}
                for order in _order(forks, "{{ inventory_hostname }}")
            ],
            **tasks.LOGIN,
            "api_url": authority.url,
            "api_ca_path": authority.ca_path,
            "api_from": api_from,
        }
    }


def _names(fleet: Fleet) -> list[str]:
    return [f"server{number:03}" for number in range(fleet.servers)]


def _order(forks: int, server: str) -> list[dict[str, str]]:
    return [
        {"email": f"mailbox{number}@{server}.example.test", "order_number": f"{forks}-{server}-{number}"}
        for number in range(MAILBOXES)
    ]


def _compose(fleet: Fleet, conditions: str, runs: Mapping[int, Mapping[str, PlayRun]]) -> str:
    columns = ("forks", "run", "wall time, s", "in pings of the fleet", f"in such runs with {fleet.forks[0]} forks", "memory, in pings",
               "calls to the CA", "calls at once")  # fmt: skip
    rows = []
    for forks, turn in runs.items():
        ping = turn[PING]
        for name, run in turn.items():
            first = runs[fleet.forks[0]][name]
            rows.append((
                f"{forks}", name, f"{run.seconds:.0f}", f"{run.seconds / ping.seconds:.2f}", f"{run.seconds / first.seconds:.2f}",
                f"{run.megabytes / ping.megabytes:.2f} ({run.megabytes:.0f} MB)", f"{run.calls}", f"{run.at_once or 'none'}",
            ))  # fmt: skip
    return (
        f"{report.HEADER}\n# What a fleet costs\n\nWritten by `make bench-fleet`; docs/docsite/rst/guide_fleets.rst says how to "
        f"read it. {fleet.servers} servers of {MAILBOXES} mailboxes each, all on this machine, which has all the work of "
        "controller, servers and CA to do. The memory is that of the controller's processes and of the modules.\n\n"
        f"{conditions}.\n\n{report.format_table(columns, rows)}"
    )


if __name__ == "__main__":
    sys.exit(main())
