# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First issue: keys made, requests sent, certificates verified and written, against the bare parts of that."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from loopback_ca import Authority, running_authority

from bench import bare_client, ca_control, pairs, tasks
from bench.controller import FailedError, run_tasks
from bench.counting_proxy import Traffic, counting
from bench.mailboxes import PEM, Stock, count_processors, make_key, make_request
from bench.plan import CACHE, Plan
from bench.report import Bound, Part

FOLDER = CACHE / "first_issue"
MOST_MILLISECONDS = 10
KINDS = ("ECC", "RSA")


@dataclass(frozen=True)
class Round:
    """Seconds of the task, of making as many keys, and of the same calls by a bare client; and the task's calls."""

    task: float
    keys: float
    authority: float
    calls: int
    connections: int

    @property
    def beyond(self) -> float:
        """Return what the task took beyond the bare parts."""
        return self.task - self.keys - self.authority


@dataclass(frozen=True)
class Issue:
    """All rounds by kind of key, and what went over the wire for ``traffic_count`` mailboxes."""

    count: int
    rounds: Mapping[str, list[Round]]
    traffic_count: int
    traffic: Mapping[str, Traffic]


def measure(plan: Plan, stock: Stock) -> Issue:
    """Run the test CA, and have it issue."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    numbers = {"ECC": plan.elliptic_rounds, "RSA": plan.rsa_rounds}
    orders = [
        order for kind in KINDS for step in _list_steps(numbers[kind]) for order in _place(plan, stock, kind, step)
    ]
    with running_authority(FOLDER / "test_ca", orders) as authority, ca_control.staying_awake(authority):
        ca_control.open_account(authority, tasks.LOGIN)
        _issue(plan, stock, authority, "ECC", "warm")
        traffic = {kind: _watch(plan, stock, authority, kind) for kind in KINDS}
        rounds = {
            kind: [_take_round(plan, stock, authority, kind, number) for number in range(numbers[kind])]
            for kind in KINDS
        }
    return Issue(plan.issued, rounds, plan.traffic, traffic)


def judge(issue: Issue) -> Part:
    """Return the table and the bounds."""
    rows = []
    bounds = []
    for kind, rounds in issue.rounds.items():
        whole = [each.task for each in rounds]
        bare = [each.keys + each.authority for each in rounds]
        beyond = pairs.summarize([1000 * each.beyond / issue.count for each in rounds])
        calls = pairs.summarize([each.calls / issue.count for each in rounds])
        connections = max(each.connections for each in rounds)
        wire = issue.traffic[kind]
        rows.append((
            kind, f"{len(rounds)}", pairs.divide(whole, bare).show(),
            pairs.divide([each.keys for each in rounds], whole).show(),
            pairs.divide([each.authority for each in rounds], whole).show(),
            f"{calls.median:g}", f"{connections}",
            f"{wire.sent / issue.traffic_count:.0f}", f"{wire.received / issue.traffic_count:.0f}",
        ))  # fmt: skip
        bounds += [
            Bound(
                f"first issue of {issue.count} with {kind} keys, ms a mailbox beyond keys and CA",
                f"less than {MOST_MILLISECONDS}", beyond.show(1), beyond.median < MOST_MILLISECONDS,
            ),
            Bound(f"calls to the CA a mailbox, {kind} keys", "1", f"{calls.median:g}", all(each.calls == issue.count for each in rounds)),
            Bound(f"connections to the CA in all, {kind} keys", "1", f"{connections}", connections == 1),
        ]  # fmt: skip
    columns = (
        "keys", "rounds", "task against keys and CA alone", "keys' share", "CA's share", "calls a mailbox", "connections",
        "bytes sent a mailbox", "bytes received a mailbox",
    )  # fmt: skip
    return Part(
        f"First issue of {issue.count} mailboxes in one task",
        columns,
        rows,
        "In each round: the task; as many keys of that kind, made on all processors and thrown away; the same calls, with "
        "requests made beforehand, by a client that only reads the answers. The last two are the keys' and the CA's own. The "
        "CA runs on the same processors as the task, and the task makes RSA keys while it waits for the CA, so that it can "
        "take less than the sum. What the task adds: requests, checks of what was sent, and three files for each mailbox, "
        f"synced to disk. Calls and connections are the CA's own record; bytes, with TLS, were counted on {issue.traffic_count} "
        "mailboxes in a run of its own.",
        bounds,
    )


def _list_steps(rounds: int) -> list[str]:
    return ["warm", "watch", *(f"{what}{number}" for number in range(rounds) for what in ("task", "bare"))]


def _place(plan: Plan, stock: Stock, kind: str, step: str) -> list[dict[str, Any]]:
    """Return the orders of a step, as the test CA wants them; a run of the task takes their numbers, too."""
    count = {"warm": 1, "watch": plan.traffic}.get(step, plan.issued)
    return [{"email": email, "order_number": f"{kind}-{step}-{email[:12]}"} for email in stock.emails[:count]]


def _take_round(plan: Plan, stock: Stock, authority: Authority, kind: str, number: int) -> Round:
    before = len(authority.list_calls())
    task = _issue(plan, stock, authority, kind, f"task{number}")
    calls = authority.list_calls()[before:]
    keys = _make_keys(kind, plan.issued)
    forms = list(_write_forms(stock, kind, _place(plan, stock, kind, f"bare{number}")))
    bare = bare_client.send(authority.url, authority.ca_path, forms)
    return Round(task, keys, bare, len(calls), len({call["connection"] for call in calls}))


def _watch(plan: Plan, stock: Stock, authority: Authority, kind: str) -> Traffic:
    with counting(authority.url) as proxy:
        _issue(plan, stock, authority, kind, "watch", proxy.url)
    return proxy.traffic


def _issue(plan: Plan, stock: Stock, authority: Authority, kind: str, step: str, url: str | None = None) -> float:
    """Have the certificates of a step's orders issued and return the seconds of the task."""
    orders = _place(plan, stock, kind, step)
    folder = FOLDER / f"{kind}-{step}"
    task = {
        "name": f"issue {kind} {step}",
        "mailops.smime.smime_certificates": {
            "path": f"{folder}/{{email}}/cert.pem",
            "chain_path": f"{folder}/{{email}}/chain.pem",
            "privatekey_path": f"{folder}/{{email}}/key.pem",
            "privatekey_create": True,
            "privatekey_type": kind,
            "certificates": "{{ orders }}",
            **tasks.LOGIN,
            "api_url": url or authority.url,
            "api_ca_path": authority.ca_path,
        },
    }
    (run,) = run_tasks("first_issue", [task], {"orders": orders})
    if run.result["summary"]["issued"] != len(orders):
        raise FailedError(f"{run.name}: {run.result['summary']}")
    shutil.rmtree(folder)
    return run.seconds


def _make_keys(kind: str, count: int) -> float:
    start = time.perf_counter()
    with ProcessPoolExecutor(count_processors()) as pool:
        list(pool.map(_make_one, [kind] * count, chunksize=5))
    return time.perf_counter() - start


def _make_one(kind: str) -> None:
    make_key(kind)


def _write_forms(stock: Stock, kind: str, orders: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for order in orders:
        email = order["email"]
        path = stock.find(email, "csr")
        pem = path.read_text() if kind == "RSA" else make_request(make_key(kind), email).public_bytes(PEM).decode()
        yield bare_client.write_form(order["order_number"], tasks.LOGIN, pem)
