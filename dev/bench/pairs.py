# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that were taken in turns, and what they say about each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median, the quartiles around it, and how many values it was taken of."""

    median: float
    low: float
    high: float
    count: int

    def show(self, digits: int = 2) -> str:
        """Return the median, with the quartiles behind it."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def summarize(values: Sequence[float]) -> Spread:
    """Return median and quartiles of ``values``."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


def divide(these: Sequence[float], those: Sequence[float]) -> Spread:
    """Return how many times as large each of ``these`` is as its partner of the same round."""
    return combine(lambda one, other: one / other, these, those)


def subtract(these: Sequence[float], those: Sequence[float]) -> Spread:
    """Return by how much each of ``these`` is larger than its partner of the same round."""
    return combine(lambda one, other: one - other, these, those)


def combine(formula: Callable[..., float], *columns: Sequence[float]) -> Spread:
    """Return what ``formula`` says of each round."""
    return summarize([formula(*row) for row in zip(*columns, strict=True)])
