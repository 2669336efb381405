# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from collection_copy import CLONE

CACHE = CLONE / ".cache/bench"


@dataclass(frozen=True)
class Plan:
    """Sizes and numbers of rounds. ``whole`` says that the bounds are meant for these sizes."""

    whole: bool
    output: Path
    single_rounds: int
    many_rounds: int
    sizes: tuple[int, ...]
    loops: tuple[int, ...]
    issued: int
    elliptic_rounds: int
    rsa_rounds: int
    traffic: int


FULL = Plan(
    whole=True,
    output=CLONE / "docs/benchmark",
    single_rounds=25,
    many_rounds=5,
    sizes=(1, 10, 100, 1000, 5000),
    loops=(1, 10, 30),
    issued=1000,
    elliptic_rounds=3,
    rsa_rounds=2,
    traffic=100,
)
QUICK = Plan(
    whole=False,
    output=CACHE / "quick",
    single_rounds=3,
    many_rounds=2,
    sizes=(1, 10, 20, 50),
    loops=(1, 3, 6),
    issued=20,
    elliptic_rounds=1,
    rsa_rounds=1,
    traffic=5,
)
