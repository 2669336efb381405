# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of the collection: it refuses a clone that has another name than the collection.

It tries the oldest Python of targets that this machine has and that its release of ansible-core serves, and the one that runs this.
With --all-pythons it tries all, as "make test-matrix" has it with each release.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from ansible.release import __version__
from collection_copy import renew_copy
from junit import count_reports, empty_folder
from platforms import CORES
from sealed_home import interpreter, sealed_environment

STAGE = "test-sanity"


def main() -> int:
    """Run with the arguments of the command line and return the exit status."""
    arguments = sys.argv[1:]
    all_pythons = "--all-pythons" in arguments
    if all_pythons:
        arguments.remove("--all-pythons")
    copy = renew_copy(STAGE)
    reports = copy / "tests/output/junit"
    shutil.rmtree(reports, ignore_errors=True)
    command = ["ansible-test", "sanity", "--junit", "--color", "no", *choose_pythons(all_pythons), *arguments]
    status = subprocess.run(command, cwd=copy, env=sealed_environment(STAGE), check=False).returncode
    folder = empty_folder(STAGE)
    for report in reports.glob("ansible-test-sanity*.xml"):
        shutil.copy2(report, folder)
    count = count_reports(folder)
    if not count.passed + count.failed:
        print("ansible-test ran no sanity test", file=sys.stderr)
        return status or 1
    return status


def choose_pythons(all_pythons: bool) -> list[str]:
    """Return the options that name the Pythons."""
    this = "{}.{}".format(*sys.version_info[:2])
    minor = __version__.rpartition(".")[0]
    core = next(core for core in CORES if core.release.rpartition(".")[0] == minor)
    # The claim begins with 3.8, also where Ansible serves older ones.
    served = [f"3.{minor}" for minor in range(max(8, core.targets[0]), core.targets[1] + 1)]
    others = [version for version in served if version != this and interpreter(version)]
    chosen = others if all_pythons else others[:1]
    print(f"ansible-core {__version__}: Python {' '.join([*chosen, this])}", flush=True)
    targets = {**{version: interpreter(version) for version in chosen}, this: sys.executable}
    options = [f"--target-python={version}@{path}" for version, path in targets.items()]
    return [f"--controller=origin:python={this}@{sys.executable}", *options]


if __name__ == "__main__":
    sys.exit(main())
