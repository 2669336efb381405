# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure, and write the table and the figure: `python dev/bench [--quick]`, which is what "make bench" runs."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

# Started as a folder: put dev, and the test CA's program, where the package's own folder stands.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "roles/test_ca/files"))

from loopback_ca import NotStartedError  # noqa: E402

from bench import community_crypto, figure, first_issue, many_mailboxes, no_op, payload, report  # noqa: E402
from bench.controller import FailedError  # noqa: E402
from bench.mailboxes import Stock, prepare  # noqa: E402
from bench.plan import CACHE, FULL, QUICK, Plan  # noqa: E402

PARTS = ("no_op", "many_mailboxes", "payload", "first_issue")


def main() -> int:
    """Measure what the command line asks for and return the exit status; a bound that is not met is no failure."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure what runs cost")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it; writes below .cache/bench only")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; writes below .cache/bench only")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    try:
        measure(plan if not options.only else replace(plan, output=CACHE / "parts"), options.only or PARTS)
    except (FailedError, NotStartedError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    return 0


def measure(plan: Plan, chosen: Sequence[str]) -> None:
    """Measure one part after the other, then write and print the results."""
    start = time.monotonic()
    conditions = report.describe_conditions()
    say("what is compared: fetching community.crypto, making keys and certificates (once, kept in .cache/bench)")
    community_crypto.prepare()
    stock = prepare(max(plan.sizes))
    plan.output.mkdir(parents=True, exist_ok=True)
    parts = [_measure_part(name, plan, stock) for name in PARTS if name in chosen]
    text = report.compose(plan, conditions, parts, time.monotonic() - start)
    (plan.output / "results.md").write_text(text, encoding="utf-8")
    print("\n" + text)
    say(f"written: {plan.output.relative_to(Path.cwd())}/results.md")


def _measure_part(name: str, plan: Plan, stock: Stock) -> report.Part:
    if name == "no_op":
        say(f"single tasks: {plan.single_rounds} rounds")
        return no_op.judge(no_op.measure(plan, stock))
    if name == "many_mailboxes":
        say(f"many mailboxes: {plan.many_rounds} rounds of {', '.join(map(str, plan.sizes))} and of loops")
        many = many_mailboxes.measure(plan, stock)
        figure.draw(many, plan.output / "cost.svg")
        return many_mailboxes.judge(many)
    if name == "payload":
        say("payload and memory")
        return payload.judge(payload.measure(plan, stock))
    say(f"first issue: {plan.issued} mailboxes, {plan.elliptic_rounds} rounds with EC keys, {plan.rsa_rounds} with RSA")
    issued = first_issue.judge(first_issue.measure(plan, stock))
    shutil.rmtree(first_issue.FOLDER, ignore_errors=True)
    return issued


def say(text: str) -> None:
    """Print at once."""
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
