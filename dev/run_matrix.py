# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try the modules on every platform of platforms.py whose Python this machine has, and say which it lacks.

On each: the plugins' unit tests once, and integration targets from each release of ansible-core that manages it. With
--quick, as in "make test": the oldest and the newest platform, from the controller that runs this, without the unit tests.
All of them take about an hour, so that they can be tried a few at a time: the page keeps what it says of the others.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ansible.release import __version__
from collection_copy import CLONE
from junit import REPORTS, write_report
from platforms import CONTROLLERS, PLATFORMS, Platform
from sealed_home import interpreter

STAGE = "test-platforms"
FAILED = "FAILED"
FOLDER = CLONE / ".cache/matrix"
REQUIREMENTS = CLONE / "dev/requirements"
TARGETS = ("smime_certificate", "smime_certificate_outputs")
QUICK_TARGETS = ("smime_certificate",)
OUTPUT = CLONE / "docs/platforms/results.md"
HEAD = """\
<!--
Copyright: (c) 2026, mailops.smime contributors
GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Where the modules were tried

Written by `make test-matrix ARGS=--write`. On each platform: the plugins' unit tests, and the integration targets
{targets} against the test CA, with the modules on that Python and with those libraries.
The libraries are those that the platform ships, installed from wheels: it is not the platform itself.
"""


@dataclass(frozen=True)
class Trial:
    """One thing that was tried on a platform. ``failure`` is empty if it passed, ``skipped`` says why it was not tried."""

    platform: Platform
    what: str
    failure: str = ""
    skipped: str = ""

    @property
    def word(self) -> str:
        """Return how it ended."""
        return f"not tried: {self.skipped}" if self.skipped else self.failure or "passed"


def main() -> int:
    """Try what the command line asks for, print a table, and return the exit status: 1 if anything failed."""
    arguments = _read_arguments()
    trials: list[Trial] = []
    for platform in PLATFORMS:
        if arguments.quick and not platform.quick:
            continue
        if arguments.platforms and not any(word in platform.name for word in arguments.platforms):
            continue
        trials += _try_platform(platform, quick=arguments.quick)
    write_report(
        STAGE, {f"{trial.platform.name}, {trial.what}": trial.failure or None for trial in trials if not trial.skipped}
    )
    if all(trial.skipped for trial in trials):
        (REPORTS / STAGE / "skipped").touch()
    rows = [_describe(trial) for trial in trials]
    if arguments.write:
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(_compose(_complete([*_keep_rows(rows), *rows])), encoding="utf-8")
    print("\n" + _compose(rows))
    return int(any(trial.failure for trial in trials))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-matrix", description="Try the modules on every platform")
    parser.add_argument("platforms", nargs="*", metavar="platform", help="those whose name holds one of these words")
    parser.add_argument("--quick", action="store_true", help="the oldest and the newest platform, integration only")
    parser.add_argument("--write", action="store_true", help="write the table into docs/platforms")
    return parser.parse_args()


def _try_platform(platform: Platform, *, quick: bool) -> list[Trial]:
    print(
        f"\n===== {platform.name}: Python {platform.python}, cryptography {platform.libraries['cryptography']}",
        flush=True,
    )
    if interpreter(platform.python) is None:
        return [Trial(platform, "everything", skipped=f"there is no Python {platform.python} on this machine")]
    python = _prepare(platform)
    if python is None:
        return [Trial(platform, "installing the libraries", FAILED)]
    if quick:
        this = _this_core()
        if this not in platform.cores:
            return [Trial(platform, f"ansible-core {this}", skipped=f"ansible-core {this} does not manage it")]
        return [_integrate(platform, python, this, QUICK_TARGETS)]
    return [_test_units(platform, python), *(_integrate(platform, python, core, TARGETS) for core in platform.cores)]


def _prepare(platform: Platform) -> Path | None:
    """Return the interpreter of the platform's virtual environment, or None if it can't be furnished."""
    libraries = {**platform.libraries, "cryptography-vectors": platform.libraries["cryptography"]}
    tools = [
        line
        for line in (REQUIREMENTS / "pins/matrix.txt").read_text("utf-8").splitlines()
        if line.partition("==")[0] not in libraries
    ]
    # Everything is named with its version, so that nothing else may come along.
    options = ["--no-deps", *tools, *(f"{name}=={version}" for name, version in libraries.items())]
    return _furnish(FOLDER / platform.folder, platform.python, options)


def _furnish(folder: Path, version: str, options: list[str]) -> Path | None:
    """Make a virtual environment unless one with the same contents exists."""
    python, stamp = folder / "bin/python", folder / ".contents"
    contents = "\n".join([*options, *(path.read_text("utf-8") for path in sorted(REQUIREMENTS.rglob("*.txt")))])
    if stamp.exists() and stamp.read_text("utf-8") == contents:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    found = interpreter(version)
    commands: tuple[list[str | Path], ...] = (
        [found or version, "-m", "venv", folder],
        [python, "-m", "pip", "--quiet", "--quiet", "install", "--no-compile", *options],
        [python, "-m", "pip", "check"],
    )
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            return None
    stamp.write_text(contents, "utf-8")
    return python


def _test_units(platform: Platform, python: Path) -> Trial:
    command: list[str | Path] = [
        python, "-m", "pytest", "-q", "-W", "default", "-o", f"cache_dir={FOLDER / platform.folder}/pytest",
        "tests/unit/plugins",
    ]  # fmt: skip
    status = subprocess.run(command, cwd=CLONE, check=False).returncode
    return Trial(platform, "unit tests", FAILED if status else "")


def _integrate(platform: Platform, python: Path, core: str, targets: tuple[str, ...]) -> Trial:
    what = f"ansible-core {core}"
    controller = _find_controller(core)
    if controller is None:
        return Trial(
            platform, what, skipped=f"there is no Python {' or '.join(CONTROLLERS[core])} for it on this machine"
        )
    command: list[str | Path] = [
        controller, CLONE / "dev/run_integration.py", "--stage", f"{STAGE}-one",
        "--target-python", f"{platform.python}@{python}", *targets,
    ]  # fmt: skip
    status = subprocess.run(command, cwd=CLONE, check=False).returncode
    shutil.rmtree(REPORTS / f"{STAGE}-one", ignore_errors=True)
    return Trial(platform, what, FAILED if status else "")


def _find_controller(core: str) -> Path | None:
    """Return an interpreter with that ansible-core: this one, or that of an environment like this one for another Python."""
    if core == _this_core():
        return Path(sys.executable)
    version = next((version for version in CONTROLLERS[core] if interpreter(version)), None)
    if version is None:
        return None
    return _furnish(
        FOLDER / f"controller-{version}",
        version,
        ["--constraint", str(REQUIREMENTS / "pins/controller.txt"), "--requirement", str(REQUIREMENTS / "test.txt")],
    )


def _this_core() -> str:
    return ".".join(__version__.split(".")[:2])


def _compose(rows: list[str]) -> str:
    names = [platform.name for platform in PLATFORMS]
    rows = sorted((row for row in rows if _name(row) in names), key=lambda row: names.index(_name(row)))
    passed, failed = (sum(f"| {word} |" in row for row in rows) for word in ("passed", FAILED))
    return "\n".join(
        [
            HEAD.format(targets=" and ".join(f"`{target}`" for target in TARGETS)),
            f"{passed} passed, {failed} failed, {len(rows) - passed - failed} not tried.",
            "",
            "| platform | Python | cryptography | requests | what | result | on |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _keep_rows(rows: list[str]) -> list[str]:
    """Return what the page says of platforms that are not in ``rows``, the table's header among it."""
    page = OUTPUT.read_text(encoding="utf-8") if OUTPUT.exists() else ""
    tried = {_name(row) for row in rows}
    return [line for line in page.splitlines() if line.startswith("| ") and _name(line) not in tried]


def _complete(rows: list[str]) -> list[str]:
    """Return ``rows``, and one for each platform that has none."""
    named = {_name(row) for row in rows}
    return rows + [_describe(Trial(item, "all", skipped="not yet")) for item in PLATFORMS if item.name not in named]


def _name(row: str) -> str:
    return row.split(" | ", maxsplit=1)[0].lstrip("| ")


def _describe(trial: Trial) -> str:
    libraries = trial.platform.libraries
    cells = (
        trial.platform.name, trial.platform.python, libraries["cryptography"], libraries["requests"], trial.what,
        trial.word, f"{datetime.now(UTC):%Y-%m-%d}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
