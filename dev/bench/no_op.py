# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate that is good: what the task costs that finds it so."""

from __future__ import annotations

from collections.abc import Mapping

from bench import pairs, tasks
from bench.controller import Task, run_rounds
from bench.mailboxes import Stock
from bench.plan import Plan
from bench.report import Bound, Part

OURS = "smime_certificate"
RELAYED = "smime_certificate, calls from the controller"
INFO = "smime_certificate_info"
MOST_PINGS = 1.10
MOST_RELAYED = 1.15
SLOWER = ("acme_certificate", "x509_certificate")
# A single task's time varies by more than the difference that is looked for.
REPEATED = 4

Durations = Mapping[str, tuple[float, ...]]


def measure(plan: Plan, stock: Stock) -> Durations:
    """Return the seconds of each task, a value a round."""
    email = stock.emails[0]
    ours = [tasks.ping(), *list_ours(stock, email)] * REPEATED
    turns = [*ours, *tasks.compare_with(stock, email).values()]
    return run_rounds("no_op", turns, {}, plan.single_rounds)


def list_ours(stock: Stock, email: str) -> list[Task]:
    """Return this collection's tasks for one certificate that needs nothing."""
    return [
        tasks.keep_one(OURS, stock, email),
        tasks.keep_one(RELAYED, stock, email, api_from="controller"),
        tasks.look_at_one(INFO, stock, email),
    ]


def judge(durations: Durations) -> Part:
    """Return the table and the bounds."""
    rows = [
        (_name(module), pairs.divide(seconds, durations["ping"]).show(), _compare(durations, module))
        for module, seconds in durations.items()
    ]
    rounds = len(durations["ping"])
    pings = pairs.divide(durations[OURS], durations["ping"])
    bounds = [
        Bound("a no-op single task, in pings", f"at most {MOST_PINGS:.2f}", pings.show(), pings.median <= MOST_PINGS)
    ]
    relayed = pairs.divide(durations[RELAYED], durations[OURS])
    bounds.append(
        Bound(
            "a no-op single task with api_from: controller, against target",
            f"at most {MOST_RELAYED:.2f}", relayed.show(), relayed.median <= MOST_RELAYED,
        )
    )  # fmt: skip
    for module in SLOWER:
        ratio = pairs.divide(durations[OURS], durations[module])
        bounds.append(
            Bound(f"a no-op single task, against that of {module}", "less than 1", ratio.show(), ratio.median < 1)
        )
    return Part(
        "One certificate, nothing to do",
        ("task", "in pings", f"{OURS} against it"),
        rows,
        f"{rounds} rounds in one playbook. In each, ping and this collection's tasks come {REPEATED} times in turns, the others once; "
        "what came several times counts with its median, and the table has medians of the ratios within a round, quartiles in "
        "brackets. The certificate, its chain of RSA signatures and its RSA key are on disk. No task changes anything or calls anybody: "
        "x509_certificate has a self-signed certificate, acme_certificate one with enough days left.",
        bounds,
    )


def _compare(durations: Durations, module: str) -> str:
    return "" if module in ("ping", OURS, RELAYED, INFO) else pairs.divide(durations[OURS], durations[module]).show()


def _name(module: str) -> str:
    namespace = {"ping": "ansible.builtin", OURS: "mailops.smime", RELAYED: "mailops.smime", INFO: "mailops.smime"}
    name, comma, remark = module.partition(",")
    return f"`{namespace.get(module, 'community.crypto')}.{name}`{comma}{remark}"
