# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of the collection, for every target Python on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys

from collection_copy import renew_copy
from junit import REPORTS, collect_reports, count_reports
from sealed_home import missing_interpreters, sealed_environment

STAGE = "test-sanity"


def main() -> int:
    """Run with the arguments of the command line and return the exit status."""
    copy = renew_copy(STAGE)
    reports = copy / "tests/output/junit"
    shutil.rmtree(reports, ignore_errors=True)
    if missing := missing_interpreters():
        print(f"Not tried, for want of these Pythons: {missing}", flush=True)
    command = ["ansible-test", "sanity", "--local", "--junit", "--color", "no", *sys.argv[1:]]
    status = subprocess.run(command, cwd=copy, env=sealed_environment(STAGE), check=False).returncode
    collect_reports(STAGE, reports.glob("ansible-test-sanity*.xml"))
    count = count_reports(REPORTS / STAGE)
    if not count.passed + count.failed:
        print("ansible-test ran no sanity test", file=sys.stderr)
        return status or 1
    return status


if __name__ == "__main__":
    sys.exit(main())
