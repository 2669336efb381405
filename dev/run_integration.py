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

from collection_copy import renew_copy
from junit import write_report
from sealed_home import interpreter, sealed_environment

# Those that take the longest, in that order: at the end no processor should wait for the other.
LONG = (
    "role_mail_signing",
    "documented_examples",
    "api_from_controller",
    "playbooks",
    "faults",
    "secrets",
    "smime_certificate",
    "role_test_ca",
    "role_mailbox_certificates",
    "smime_certificates",
    "smime_certificate_outputs",
    "publishing",
)
# Not as root, ansible-test leaves such targets out and says so in passing: here they are told and counted.
ROOT_ONLY = "its alias needs/root says that only root can run it"
COMMAND = ("ansible-test", "integration", "--allow-destructive", "--allow-root", "--color", "no")
SPEAKING = threading.Lock()


def main() -> int:
    """Run the targets of the command line, all if it names none, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target-python", help="run the modules on that Python, such as 3.8, or 3.8@/path")
    parser.add_argument("--stage", default="test-integration", help="the name of the report")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    command = [*COMMAND, *choose_pythons(arguments.target_python)]
    first = Lane(f"{arguments.stage}-0")
    listing = first.run([*command, "--list-targets", *arguments.targets])
    if listing.returncode:
        print(listing.stdout)
        return listing.returncode
    # Warnings stand between the names.
    known = set(os.listdir(first.targets))
    names = [line for line in listing.stdout.splitlines() if line in known]
    skipped = {name: ROOT_ONLY for name in names if os.geteuid() and first.needs_root(name)}
    wanted = sorted(set(names) - set(skipped), key=lambda name: (name not in LONG, name in LONG and LONG.index(name)))
    width = min(len(wanted), len(os.sched_getaffinity(0)))
    lanes: queue.Queue[Lane] = queue.Queue()
    for lane in (first, *(Lane(f"{arguments.stage}-{number}") for number in range(1, width))):
        lanes.put(lane)

    def run(target: str) -> bool:
        lane = lanes.get()
        try:
            return lane.try_target(command, target)
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


class Lane:
    """Where one target runs at a time: a copy of the collection, and the environment with a home of its own."""

    def __init__(self, name: str) -> None:
        self._copy, self._environment = renew_copy(name), sealed_environment(name)
        self.targets = self._copy / "tests/integration/targets"
        self._write_configuration()

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run ansible-test, and keep what it says."""
        return subprocess.run(
            command, cwd=self._copy, env=self._environment, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )  # fmt: skip

    def needs_root(self, target: str) -> bool:
        """Tell whether ansible-test would leave a target out for others than root."""
        return "needs/root" in (self.targets / target / "aliases").read_text("utf-8").split()

    def try_target(self, command: list[str], target: str) -> bool:
        """Run one target, print what it said once it has ended, and tell whether it passed."""
        self._write_configuration()
        results = self._copy / "tests/output/data"
        shutil.rmtree(results, ignore_errors=True)
        start = time.monotonic()
        print(f"..... {target} starts", flush=True)
        done = self.run([*command, target])
        # ansible-test notes which targets are done, and none that failed or was left out.
        notes = [json.loads(note.read_text("utf-8"))["targets"] for note in results.glob("integration-*.json")]
        passed = done.returncode == 0 and any(target in note for note in notes)
        with SPEAKING:
            sys.stdout.write(done.stdout)
            word = "passed" if passed else "FAILED"
            print(f"===== {target}: {word} after {time.monotonic() - start:.0f} seconds", flush=True)
        return passed

    def _write_configuration(self) -> None:
        """Tell the targets where the test CA finds its Python and keeps its files; JSON is YAML too."""
        directory = self._copy / "tests/output/test_ca"
        shutil.rmtree(directory, ignore_errors=True)
        configuration = {
            "collection_directory": str(self._copy),
            "test_ca_python": sys.executable,
            "test_ca_directory": str(directory),
        }
        path = self._copy / "tests/integration/integration_config.yml"
        path.write_text(json.dumps(configuration, indent=2) + "\n", encoding="utf-8")


def choose_pythons(target_python: str | None) -> list[str]:
    """Return the options that name the Pythons; ansible-test makes the other target's virtual environment itself."""
    this = "python={}.{}@{}".format(*sys.version_info[:2], sys.executable)
    if target_python is None:
        target = this
    elif "@" in target_python:
        target = f"python={target_python}"
    elif interpreter(target_python):
        target = f"python=venv/{target_python}"
    else:
        raise SystemExit(f"There is no Python {target_python} on this machine")
    return ["--controller", f"origin:{this}", "--target", f"controller:{target}"]


if __name__ == "__main__":
    sys.exit(main())
