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
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from junit import REPORTS, Count, count_reports, empty_folder

CHECKS = {"lint", "typecheck", "docs"}
ALONE = {"test-integration"}  # uses all processors by itself, and tells how far it is
HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class Outcome:
    """What came of a stage."""

    stage: str
    status: int
    count: Count
    seconds: float
    skipped: bool
    told: str

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
    starts: dict[str, float] = {}
    outcomes = []
    with ThreadPoolExecutor(2) as pool:
        pending = {pool.submit(run, stage, starts) for stage in sys.argv[1:] if stage not in ALONE}
        while pending:
            done, pending = wait(pending, HEARTBEAT_SECONDS, FIRST_COMPLETED)
            for outcome in (future.result() for future in done):
                say(f"===== {outcome.stage}: {outcome.word} after {outcome.seconds:.0f} seconds\n{outcome.told}")
                outcomes.append(outcome)
            if not done:
                say(
                    "..... "
                    + ", ".join(f"{name}: {time.monotonic() - start:.0f} s" for name, start in dict(starts).items())
                )
    outcomes += [run(stage, starts) for stage in sys.argv[1:] if stage in ALONE]
    outcomes.sort(key=lambda outcome: sys.argv.index(outcome.stage))
    summary = summarise(outcomes)
    (REPORTS / "summary.txt").write_text(summary + "\n", encoding="utf-8")
    say("\n" + summary)
    return int(any(outcome.failed for outcome in outcomes))


def run(stage: str, starts: dict[str, float]) -> Outcome:
    """Run one target of the Makefile, note its start for as long as it runs, and count its reports."""
    say(f"..... {stage} starts")
    folder = empty_folder(stage)
    starts[stage] = start = time.monotonic()
    output = None if stage in ALONE else subprocess.PIPE
    done = subprocess.run(
        ["make", "--no-print-directory", stage], check=False, stdout=output, stderr=output and subprocess.STDOUT,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    del starts[stage]
    skipped = done.returncode == 0 and (folder / "skipped").exists()
    return Outcome(stage, done.returncode, count_reports(folder), time.monotonic() - start, skipped, done.stdout or "")


def say(text: str) -> None:
    """Print in one piece: two stages run at a time."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


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
