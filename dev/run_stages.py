# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run stages of the Makefile two at a time, and close with a table of what ran; make alone would mix what they print.

The numbers come from the JUnit reports that the stages leave. Linters, type checks and the site are no tests: they count in their
own line, and in the sum only when they fail, as does a stage that broke without a failed test or ran none.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from junit import REPORTS, Count, count_reports, empty_folder

CHECKS = {"lint", "typecheck", "docs"}
ALONE = {"test-integration"}  # uses all processors by itself
HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class Outcome:
    """What came of a stage."""

    stage: str
    status: int
    count: Count
    seconds: float
    skipped: bool

    @property
    def failed(self) -> bool:
        return not self.skipped and (self.status != 0 or self.count.failed > 0 or self.count.passed == 0)

    @property
    def word(self) -> str:
        if self.skipped:
            return "skipped"
        return "FAILED" if self.failed else "passed"


class Running:
    """The stages that run now, told every half minute for as long as a ``with`` lasts."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._speaking = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Running:
        threading.Thread(target=self._tell, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()

    def run(self, stage: str) -> Outcome:
        """Run one target of the Makefile, print what it said once it has ended, and count its reports."""
        self.say(f"..... {stage} starts")
        folder = empty_folder(stage)
        self._since[stage] = start = time.monotonic()
        command = ["make", "--no-print-directory", stage]
        if stage in ALONE:
            status, told = subprocess.run(command, check=False).returncode, b""
        else:
            done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            status, told = done.returncode, done.stdout
        del self._since[stage]
        seconds = time.monotonic() - start
        skipped = status == 0 and (folder / "skipped").exists()
        outcome = Outcome(stage, status, count_reports(folder), seconds, skipped)
        self.say(f"===== {stage}: {outcome.word} after {seconds:.0f} seconds\n{told.decode('utf-8', 'replace')}")
        return outcome

    def say(self, text: str) -> None:
        """Print, one stage after the other."""
        with self._speaking:
            print(text, flush=True)

    def _tell(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            now = time.monotonic()
            self.say("..... " + ", ".join(f"{name}: {now - since:.0f} s" for name, since in dict(self._since).items()))


def main() -> int:
    """Run the stages of the command line and return the exit status."""
    with Running() as running, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(running.run, [stage for stage in sys.argv[1:] if stage not in ALONE]))
        outcomes += [running.run(stage) for stage in sys.argv[1:] if stage in ALONE]
    summary = summarise(outcomes)
    (REPORTS / "summary.txt").write_text(summary + "\n", encoding="utf-8")
    print("\n" + summary, flush=True)
    return int(any(outcome.failed for outcome in outcomes))


def summarise(outcomes: list[Outcome]) -> str:
    """Return the table and the closing line."""
    lines = [f"{'stage':<18} {'result':<8} {'passed':>6} {'failed':>6} {'skipped':>7} {'seconds':>7}"]
    lines += [
        f"{outcome.stage:<18} {outcome.word:<8} {outcome.count.passed:>6} {outcome.count.failed:>6}"
        f" {outcome.count.skipped:>7} {outcome.seconds:>7.0f}"
        for outcome in outcomes
    ]
    passed = sum(outcome.count.passed for outcome in outcomes if outcome.stage not in CHECKS)
    failed = sum(outcome.count.failed or int(outcome.failed) for outcome in outcomes)
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed"])


if __name__ == "__main__":
    sys.exit(main())
