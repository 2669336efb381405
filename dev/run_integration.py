# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run integration targets with ansible-test on a copy of the collection, against the test CA on loopback."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from collection_copy import renew_copy
from junit import write_report
from sealed_home import interpreter, sealed_environment

STAGE = "test-integration"


def main() -> int:
    """Run the targets of the command line, all if it names none, and return the exit status."""
    arguments = _read_arguments()
    copy = renew_copy()
    _write_configuration(copy)
    environment = sealed_environment()
    selection = [*_python_options(arguments.target_python), *arguments.targets]
    listing = subprocess.run(
        ["ansible-test", "integration", "--list-targets", "--allow-destructive", *selection],
        cwd=copy, env=environment, check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if listing.returncode:
        return listing.returncode
    wanted = listing.stdout.split()
    results = copy / "tests/output/data"
    shutil.rmtree(results, ignore_errors=True)
    command = ["ansible-test", "integration", "--color", "no", "--continue-on-error", "--allow-destructive", *selection]
    status = subprocess.run(command, cwd=copy, env=environment, check=False).returncode
    passed = _passed_targets(results)
    failures = {target: None if target in passed else "failed or did not run, see above" for target in wanted}
    write_report(arguments.stage, failures)
    failed = [target for target in wanted if target not in passed]
    print(f"Integration targets: {len(wanted) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}")
    return status or int(bool(failed) or not wanted)


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
