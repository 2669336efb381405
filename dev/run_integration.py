# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run integration targets with ansible-test on copies of the collection, as many side by side as there are processors."""

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from collection_copy import renew_copy
from junit import REPORTS, write_report
from sealed_home import interpreter, sealed_environment

STAGE = "test-integration"
# Those that take minutes, the longest first.
LONG = (
    "smime_certificate_errors",
    "role_mail_signing",
    "faults",
    "documented_examples",
    "api_from_controller",
    "smime_certificate",
    "smime_certificates",
    "secrets",
)
# Not as root, ansible-test leaves such targets out and says so in passing: here they are told and counted.
ROOT_ONLY = "its alias needs/root says that only root can run it"
ALLOWED = ("--allow-destructive", "--allow-root")
SPEAKING = threading.Lock()


@dataclass(frozen=True)
class Lane:
    """Where one target runs at a time: a copy of the collection, and the environment with a home of its own."""

    copy: Path
    environment: dict[str, str]


def main() -> int:
    """Run the targets of the command line, all if it names none, and return the exit status."""
    arguments = _read_arguments()
    pythons = _python_options(arguments.target_python)
    lanes: queue.Queue[Lane] = queue.Queue()
    first = _prepare(f"{arguments.stage}-0")
    _write_configuration(first.copy)
    listing = subprocess.run(
        ["ansible-test", "integration", "--list-targets", *ALLOWED, *pythons, *arguments.targets],
        cwd=first.copy, env=first.environment, check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if listing.returncode:
        return listing.returncode
    skipped = {name: ROOT_ONLY for name in listing.stdout.split() if os.geteuid() and _needs_root(first.copy, name)}
    wanted = sorted(set(listing.stdout.split()) - set(skipped), key=_guess_length)
    width = min(len(wanted), len(os.sched_getaffinity(0)))
    for lane in (first, *(_prepare(f"{arguments.stage}-{number}") for number in range(1, width))):
        lanes.put(lane)

    def run(target: str) -> bool:
        lane = lanes.get()
        try:
            return _run_target(lane, target, pythons)
        finally:
            lanes.put(lane)

    with ThreadPoolExecutor(max(1, width)) as pool:
        passed = dict(zip(wanted, pool.map(run, wanted), strict=True))
    failed = sorted(target for target in wanted if not passed[target])
    write_report(arguments.stage, {name: "see above" if name in failed else None for name in sorted(wanted)}, skipped)
    for name, reason in skipped.items():
        print(f"SKIPPED {name}: {reason}")
    print(f"Integration targets: {len(wanted) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}")
    return int(bool(failed) or not wanted)


def _needs_root(copy: Path, target: str) -> bool:
    aliases = copy / "tests/integration/targets" / target / "aliases"
    return "needs/root" in aliases.read_text("utf-8").split()


def _prepare(name: str) -> Lane:
    return Lane(renew_copy(name), sealed_environment(name))


def _guess_length(target: str) -> tuple[int, str]:
    """Return a key that puts long targets first: the last one to end should be a short one."""
    return (LONG.index(target) if target in LONG else len(LONG), target)


def _run_target(lane: Lane, target: str, pythons: list[str]) -> bool:
    """Run one target, print what it said once it has ended, and tell whether it passed."""
    _write_configuration(lane.copy)
    results = lane.copy / "tests/output/data"
    shutil.rmtree(results, ignore_errors=True)
    command = ["ansible-test", "integration", "--color", "no", *ALLOWED, *pythons, target]
    start = time.monotonic()
    print(f"..... {target} starts", flush=True)
    done = subprocess.run(
        command, cwd=lane.copy, env=lane.environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    passed = done.returncode == 0 and target in _passed_targets(results)
    with SPEAKING:
        sys.stdout.write(done.stdout.decode("utf-8", "replace"))
        word = "passed" if passed else "FAILED"
        print(f"===== {target}: {word} after {time.monotonic() - start:.0f} seconds", flush=True)
    return passed


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--target-python", metavar="VERSION", help="run the modules on that Python, such as 3.8, or 3.8@/path"
    )
    parser.add_argument("--stage", default=STAGE, help="the name of the report")
    parser.add_argument("targets", nargs="*")
    return parser.parse_args()


def _python_options(target_python: str | None) -> list[str]:
    """Return the options that name the Pythons; ansible-test makes the other target's virtual environment itself."""
    this = "python={}.{}@{}".format(*sys.version_info[:2], sys.executable)
    if target_python is None:
        return ["--controller", f"origin:{this}", "--target", f"controller:{this}"]
    if "@" in target_python:
        return ["--controller", f"origin:{this}", "--target", f"controller:python={target_python}"]
    if interpreter(target_python) is None:
        raise SystemExit(f"There is no Python {target_python} on this machine")
    return ["--controller", f"origin:{this}", "--target", f"controller:python=venv/{target_python}"]


def _write_configuration(copy: Path) -> None:
    """Tell the targets where the test CA finds its Python and keeps its files; JSON is YAML too."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    directory = copy / "tests/output/test_ca"
    shutil.rmtree(directory, ignore_errors=True)
    configuration = {
        "collection_directory": str(copy),
        "test_ca_python": sys.executable,
        "test_ca_directory": str(directory),
    }
    path = copy / "tests/integration/integration_config.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(configuration, indent=2) + "\n", encoding="utf-8")


def _passed_targets(results: Path) -> set[str]:
    """Return the targets that ansible-test noted as done; it notes none that failed."""
    passed: set[str] = set()
    for report in results.glob("integration-*.json"):
        passed.update(json.loads(report.read_text(encoding="utf-8"))["targets"])
    return passed


if __name__ == "__main__":
    sys.exit(main())
