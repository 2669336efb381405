# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many good certificates: one task against a loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import no_op, pairs, tasks
from bench.controller import run_rounds
from bench.mailboxes import Stock
from bench.plan import Plan
from bench.report import Bound, Part

Column = tuple[float, ...]
MOST_SECONDS = 1.0
LEAST_GAIN = 250
# The second thousands may not cost more than the first, but for noise.
MOST_GROWTH = 1.25
MOST_RELAYED = no_op.MOST_RELAYED


@dataclass(frozen=True)
class Costs:
    """Seconds by number of mailboxes, a value a round.

    ``codes`` is the variant with a secret in each entry, ``relayed`` the one with calls from the controller.
    """

    ping: Column
    task: Mapping[int, Column]
    codes: Mapping[int, Column]
    relayed: Mapping[int, Column]
    loop: Mapping[int, Column]

    def extend(self, count: int) -> Column:
        """Return the seconds of a loop: as measured, or drawn out from the two longest that were."""
        if count in self.loop:
            return self.loop[count]
        short, long = sorted(self.loop)[-2:]
        rounds = zip(self.loop[short], self.loop[long], strict=True)
        return tuple(most + (count - long) * (most - less) / (long - short) for less, most in rounds)


def measure(plan: Plan, stock: Stock) -> Costs:
    """Return the seconds of each size, a value a round."""
    heavy = plan.sizes[-2]
    turns = [
        *(tasks.keep_many(f"task {size}", stock, "orders", size) for size in plan.sizes),
        tasks.keep_many(f"codes {heavy}", stock, "codes", heavy),
        tasks.keep_many(f"relayed {heavy}", stock, "orders", heavy, api_from="controller"),
        *(tasks.keep_in_loop(f"loop {size}", stock, size) for size in plan.loops),
    ]
    # A round takes long enough for the machine's mood to change: there is a ping beside each turn.
    beside = [task for turn in turns for task in (tasks.ping(), turn)]
    seconds = run_rounds("many_mailboxes", beside, tasks.list_entries(stock), plan.many_rounds)
    return Costs(
        ping=seconds["ping"],
        task={size: seconds[f"task {size}"] for size in plan.sizes},
        codes={heavy: seconds[f"codes {heavy}"]},
        relayed={heavy: seconds[f"relayed {heavy}"]},
        loop={size: seconds[f"loop {size}"] for size in plan.loops},
    )


def judge(costs: Costs) -> Part:
    """Return the table and the bounds."""
    rows = [_describe(costs, size, f"{size}", costs.task.get(size)) for size in sorted({*costs.task, *costs.loop})]
    rows += [_describe(costs, size, f"{size}, a secret each", seconds) for size, seconds in costs.codes.items()]
    rows += [_describe(costs, size, f"{size}, calls from the controller", row) for size, row in costs.relayed.items()]
    longest = max(costs.loop)
    return Part(
        "Many certificates, nothing to do",
        ("mailboxes", "one task, in pings", "loop, in pings", "the loop is", "loop against one task"),
        rows,
        f"{len(costs.ping)} rounds in one playbook; a ping stands before each task, and the median of a round's pings counts. "
        f"Loops of {', '.join(map(str, sorted(costs.loop)))} were measured. **Longer ones were not run**: they are drawn out in "
        f"a straight line, the {longest} measured and, for each mailbox more, what one more cost there. Each mailbox has a "
        "certificate, a chain and an RSA key of its own. Entries have an order number, and the login stands beside the list; "
        "those with a secret each have a collection code.",
        _bound(costs),
    )


def _describe(costs: Costs, size: int, label: str, seconds: Column | None) -> tuple[str, ...]:
    loop = costs.extend(size)
    return (
        label,
        pairs.divide(seconds, costs.ping).show() if seconds else "not run",
        pairs.divide(loop, costs.ping).show(1),
        "measured" if size in costs.loop else "drawn out",
        pairs.divide(loop, seconds).show(1) if seconds else "",
    )


def _bound(costs: Costs) -> list[Bound]:
    bounds = []
    for label, sizes in (("", costs.task), (", a secret each", costs.codes)):
        size = sorted(sizes)[-2] if len(sizes) > 1 else max(sizes)
        more = pairs.subtract(sizes[size], costs.ping)
        gain = pairs.divide(costs.extend(size), sizes[size])
        bounds += [
            Bound(
                f"{size} valid mailboxes in one task{label}, seconds beyond a ping",
                f"at most {MOST_SECONDS:.0f}",
                more.show(),
                more.median <= MOST_SECONDS,
            ),
            Bound(
                f"the loop over {size} against one task{label}",
                f"at least {LEAST_GAIN}",
                gain.show(0),
                gain.median >= LEAST_GAIN,
            ),
        ]
    return [*bounds, *(_bound_relayed(costs, size) for size in costs.relayed), _bound_growth(costs)]


def _bound_relayed(costs: Costs, size: int) -> Bound:
    ratio = pairs.divide(costs.relayed[size], costs.task[size])
    return Bound(
        f"{size} valid mailboxes in one task with api_from: controller, against target",
        f"at most {MOST_RELAYED:.2f}",
        ratio.show(),
        ratio.median <= MOST_RELAYED,
    )


def _bound_growth(costs: Costs) -> Bound:
    less, most = sorted(costs.task)[-2:]
    growth = pairs.combine(
        lambda ping, small, large: ((large - ping) / most) / ((small - ping) / less),
        costs.ping, costs.task[less], costs.task[most],
    )  # fmt: skip
    return Bound(
        f"cost of a mailbox beyond a ping, with {most} against with {less}",
        f"at most {MOST_GROWTH}, for linear",
        growth.show(),
        growth.median <= MOST_GROWTH,
    )
