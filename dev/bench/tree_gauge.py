# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a process and all that it starts take together."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
INTERVAL = 0.25


@dataclass
class Peak:
    """The most that was seen at one moment, in megabytes. Memory that processes share counts once."""

    megabytes: float = 0.0


@contextlib.contextmanager
def watching(root: int) -> Iterator[Peak]:
    """Look again and again at the tree of processes below ``root``, that one included."""
    peak = Peak()
    over = threading.Event()

    def look() -> None:
        while not over.wait(INTERVAL):
            peak.megabytes = max(peak.megabytes, _weigh_tree(root))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _weigh_tree(root: int) -> float:
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name of the program stands in parentheses, and may hold any character.
            parent = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    tree = [root]
    for process in tree:
        tree += children.get(process, [])
    return sum(_weigh(process) for process in tree) / 1024


def _weigh(process: int) -> int:
    """Return the kilobytes of a process: its own, and its share of what it shares with others."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
