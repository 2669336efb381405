# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure: what a task costs, against how many mailboxes it is for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from bench import pairs
from bench.many_mailboxes import Costs
from bench.plan import CACHE

TASK, LOOP, GREY = "#1b6ca8", "#c8553d", "#555555"
STYLE = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "path",
    # The same figures give the same file.
    "svg.hashsalt": "mailops.smime",
}


def draw(costs: Costs, path: Path) -> None:
    """Write the figure as SVG, and as PNG to look at below .cache/bench."""
    # By name: only "make bench" installs it, and the type checker is to pass without it.
    matplotlib: Any = importlib.import_module("matplotlib")
    figures: Any = importlib.import_module("matplotlib.figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(7.5, 4.8), layout="constrained")
        axes = figure.add_subplot()
        _plot(axes, costs)
        _label(axes, costs)
        figure.savefig(path, metadata={"Date": None})
        figure.savefig(CACHE / "cost.png", dpi=110)


def _plot(axes: Any, costs: Costs) -> None:
    sizes, lengths = sorted(costs.task), sorted(costs.loop)
    beyond = [max(lengths), *(size for size in sizes if size > max(lengths))]
    axes.loglog(sizes, [_count_pings(costs, costs.task[size]) for size in sizes], "o-", color=TASK, linewidth=2)
    axes.loglog(lengths, [_count_pings(costs, costs.loop[size]) for size in lengths], "s-", color=LOOP, linewidth=2)
    axes.loglog(beyond, [_count_pings(costs, costs.extend(size)) for size in beyond], "--", color=LOOP, linewidth=2)
    axes.axhline(1, color=GREY, linewidth=1, linestyle=":")


def _label(axes: Any, costs: Costs) -> None:
    sizes = sorted(costs.task)
    last = sizes[-1]
    task, loop = _count_pings(costs, costs.task[last]), _count_pings(costs, costs.extend(last))
    for height, text, colour in (
        (task, f"one task of\nsmime_certificates\n{task:.0f} pings", TASK),
        (loop, f"a loop of\nsmime_certificate\n(dashed: drawn out)\n{loop:.0f} pings", LOOP),
    ):
        axes.annotate(text, (last, height), (8, 0), textcoords="offset points", color=colour, va="center")
    axes.annotate("one ping", (sizes[0], 1), (0, -13), textcoords="offset points", color=GREY)
    axes.set_xticks(sizes, [f"{size}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlim(sizes[0] * 0.85, last * 9)
    axes.set_ylim(0.5, loop * 3)
    axes.spines["bottom"].set_bounds(sizes[0] * 0.85, last * 1.2)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:g}")
    axes.set_xlabel("mailboxes, all with nothing to do", x=0.4)
    axes.set_ylabel("cost, in pings")
    axes.set_title("What it costs to find that nothing is to do", loc="left")
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)


def _count_pings(costs: Costs, seconds: tuple[float, ...]) -> float:
    return pairs.divide(seconds, costs.ping).median
