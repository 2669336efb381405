# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the results: what was met, and the tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from bench.mailboxes import count_processors
from bench.plan import Plan

HEADER = """\
<!--
Copyright: (c) 2026, mailops.smime contributors
GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
INTRODUCTION = """\
# What runs cost

Written by `make bench`; docs/docsite/rst/guide_performance.rst says how to read it. Every figure compares two things that
were measured in turns in one run, on one machine, at one time. "In pings" means: times as long as a task of
`ansible.builtin.ping` in the same round. Behind a median, its quartiles. Figures of two runs cannot be compared.
"""


@dataclass(frozen=True)
class Bound:
    """What is promised, what was measured, and whether that keeps the promise."""

    what: str
    limit: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Part:
    """A table with its remark, and the bounds that its figures are held against."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    remark: str
    bounds: Sequence[Bound]


def describe_conditions(*others: str) -> str:
    """Return where and when this is, as far as it matters; to be asked before anything is measured.

    ``others`` are releases to tell beside those that every benchmark needs.
    """
    releases = [f"{name} {version(name)}" for name in ("ansible-core", "cryptography", "requests")]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {', '.join([*releases, *others])}, "
        f"{count_processors()} processors, load {os.getloadavg()[0]:.1f} before the run"
    )


def compose(plan: Plan, conditions: str, parts: Sequence[Part], seconds: float) -> str:
    """Return the whole text."""
    verdicts = [_format_bound(bound, judged=plan.whole) for part in parts for bound in part.bounds]
    took = f"{seconds / 60:.0f} minutes" if seconds > 100 else f"{seconds:.0f} seconds"
    sections = [
        INTRODUCTION,
        f"{conditions}; it took {took}.\n",
        "## Bounds\n",
        format_table(("what", "bound", "measured", "met"), verdicts),
    ]
    for part in parts:
        sections += [f"## {part.title}\n", format_table(part.columns, part.rows), part.remark + "\n"]
    return HEADER + "\n" + "\n".join(sections)


def _format_bound(bound: Bound, *, judged: bool) -> tuple[str, ...]:
    verdict = "met" if bound.met else "**not met**"
    return bound.what, bound.limit, bound.measured, verdict if judged else "not judged: small sizes"


def format_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
