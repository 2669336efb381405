# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign: every decoder of what the CA sends, under libFuzzer, which "make fuzz" runs.

Each decoder has two rounds: short inputs, then long ones up to the client's limit. An input that takes too long or too
much memory counts as a find, as does anything that a decoder may not raise.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

# Started as a folder: put dev where the package's own folder stands.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import corpus  # noqa: E402
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS  # noqa: E402
from collection_copy import CLONE  # noqa: E402
from fuzz import report, seeds  # noqa: E402
from fuzz.rounds import LONG, SHORT, Figures, Round, condense, run_round, write_inputs  # noqa: E402

WORK = CLONE / ".cache/fuzz"
# More for what is fast, so that all take about as long.
SLOW = {"http": 0.15, "chain": 0.25, "pkcs7": 0.4, "certificate": 0.5, "pem": 0.5}
KEPT_OCTETS = 1500


def main() -> int:
    """Try the decoders of the command line, all if it names none, and return the exit status: 1 if one has a defect."""
    arguments = _read_arguments()
    shutil.rmtree(WORK / "test_ca", ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    answers = seeds.ask_test_ca(WORK / "test_ca")
    # Whoever stops that CA is in no mood to be interrupted; this is at its beginning.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    figures: list[Figures] = []
    for name in arguments.decoders or DECODERS:
        folder = WORK / name
        write_inputs(folder / "seeds", seeds.collect(name, answers))
        write_inputs(folder / "costly", seeds.collect_costly(name, LONG.longest))
        for plan in (SHORT, LONG):
            figures.append(_run(name, folder, plan, arguments.scale * SLOW.get(name, 1.0)))
            print(report.line(figures[-1]), flush=True)
        if arguments.keep:
            corpus.write(name, [*corpus.read(name), *condense(folder, KEPT_OCTETS)])
    text = report.compose(figures)
    if arguments.write:
        report.write(text)
    print("\n" + text)
    return int(any(figure.finds for figure in figures))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Try the decoders with inputs that lead to new code")
    parser.add_argument("decoders", nargs="*", metavar="decoder", help=f"one of: {', '.join(DECODERS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="how many inputs: 0.01 for a minute, 10 for a night")
    parser.add_argument(
        "--keep", action="store_true", help="add the most telling small inputs to those of the unit tests"
    )
    parser.add_argument("--write", action="store_true", help="write the figures into docs/fuzzing")
    arguments = parser.parse_args()
    if unknown := set(arguments.decoders) - set(DECODERS):
        parser.error(f"no such decoder: {', '.join(sorted(unknown))}")
    return arguments


def _run(name: str, folder: Path, plan: Round, scale: float) -> Figures:
    return run_round(name, folder, plan, max(100, int(plan.inputs * scale)))


if __name__ == "__main__":
    sys.exit(main())
