# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the stages of "make test" one after the other, and close with a table of what ran and what passed.

The numbers come from the JUnit reports that the stages leave. Linters, type checks and the site are no tests: they count in their
own line, and in the sum only when they fail, as does a stage that broke without a failed test or ran none.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

from junit import REPORTS, Count, count_reports, empty_folder

CHECKS = {"lint", "typecheck", "docs"}


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


def main() -> int:
    """Run the stages of the command line and return the exit status."""
    outcomes = [run_stage(stage) for stage in sys.argv[1:]]
    summary = summarise(outcomes)
    (REPORTS / "summary.txt").write_text(summary + "\n", encoding="utf-8")
    print("\n" + summary, flush=True)
    return int(any(outcome.failed for outcome in outcomes))


def run_stage(stage: str) -> Outcome:
    """Run one target of the Makefile and count its reports."""
    print(f"\n===== {stage}", flush=True)
    folder = empty_folder(stage)
    start = time.monotonic()
    status = subprocess.run(["make", "--no-print-directory", stage], check=False).returncode
    skipped = status == 0 and (folder / "skipped").exists()
    return Outcome(stage, status, count_reports(folder), time.monotonic() - start, skipped)


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
