# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the linters or the type checker, all of them even if one finds something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from collection_copy import CLONE
from junit import write_report
from sealed_home import HOMES

BIN = Path(sys.executable).parent
COLLECTION = CLONE / ".cache/tree/ansible_collections/mailops/smime"
PACKAGE = "ansible_collections.mailops.smime"

LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("yamllint", "--strict", "."),
    ("ansible-lint", "--offline", "--profile", "production", "--strict", "-q"),
    ("antsibull-changelog", "lint"),
    ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "."),
    ("reuse", "lint", "--quiet"),
)
# Each is checked under the name by which it is imported.
TYPE_CHECKS = (
    ("mypy", "-p", f"{PACKAGE}.plugins"),
    ("mypy", "-p", f"{PACKAGE}.tests.unit"),
    ("mypy", "roles/test_ca/files"),
    ("mypy", "roles/mail_signing/files"),
    ("mypy", "dev"),
    ("mypy", "dev/demo"),
)
GROUPS = {"lint": LINTERS, "typecheck": TYPE_CHECKS}


def main() -> int:
    """Run the group of checks that the command line names and return the exit status."""
    (group,) = sys.argv[1:]
    # antsibull-docs leaves a log in the home.
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(HOMES / group)}
    (HOMES / group).mkdir(parents=True, exist_ok=True)
    failures: dict[str, str | None] = {}
    for command in GROUPS[group]:
        print("==", " ".join(command), flush=True)
        status = subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode
        failures[" ".join(command)] = f"exit status {status}" if status else None
    write_report(group, failures)
    failed = [name for name, failure in failures.items() if failure]
    for name in failed:
        print(f"FAILED: {name}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
