# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try all that platforms.py lists; ansible-test knows nothing of other releases of ansible-core and of libraries.

With each release of ansible-core: all integration targets, with controller and modules on the newest Python that it runs on. On each
platform: the plugins' unit tests, and some targets from each release that serves its Python. What this machine lacks is said. All of
it takes hours: words on the command line choose from it, and the page keeps what it says of the rest.

With --oldest, as in "make test": some targets from the oldest ansible-core, on the oldest platform, that this machine can have.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from collection_copy import CLONE
from junit import REPORTS, write_report
from platforms import CORES, PLATFORMS, Core, Platform
from sealed_home import interpreter

STAGE = "test-oldest"
FOLDER = CLONE / ".cache/matrix"
PINS = CLONE / "dev/requirements/pins"
TARGETS = ("smime_certificate", "smime_certificate_outputs")
# Many options, and what depends most on the release of Ansible.
OLDEST_TARGETS = ("smime_certificates",)
OUTPUT = CLONE / "docs/platforms/results.md"
PASSED, FAILED = "passed", "FAILED"


@dataclass(frozen=True)
class Trial:
    """Something to try: the three columns that name it, and what does it and returns a word."""

    where: str
    python: str
    what: str
    run: Callable[[], str]

    @property
    def head(self) -> str:
        """Return the start of its row."""
        return f"| {self.where} | {self.python} | {self.what} | "


def main() -> int:
    """Try what the command line asks for, print a table, and return the exit status: 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="make test-matrix")
    parser.add_argument(
        "words", nargs="*", help='only what one of these words is in, such as "EL 9" or "ansible-core 2.16"'
    )
    parser.add_argument("--oldest", action="store_true")
    parser.add_argument("--write", action="store_true", help="write the table into docs/platforms")
    arguments = parser.parse_args()
    trials = [choose_oldest()] if arguments.oldest else list(list_trials())
    chosen = [trial for trial in trials if not arguments.words or any(word in trial.head for word in arguments.words)]
    results: dict[str, str] = {}
    for trial in chosen:
        print(f"\n===== {trial.head}", flush=True)
        results[trial.head] = trial.run()
    if arguments.write:
        OUTPUT.write_text(compose(trials, results), "utf-8")
    write_report(
        STAGE, {head: word if word == FAILED else None for head, word in results.items() if word in {PASSED, FAILED}}
    )
    if not {PASSED, FAILED} & set(results.values()):
        (REPORTS / STAGE / "skipped").touch()
    print("", *(f"{head}{word} |" for head, word in results.items()), sep="\n")
    return int(FAILED in results.values())


def choose_oldest() -> Trial:
    """Return the trial for "make test"."""
    core = next(core for core in CORES if find_python(core))
    served = [platform for platform in PLATFORMS if core.serves(platform.python) and interpreter(platform.python)]
    platform = served[0]
    return Trial(
        f"ansible-core {core.release} on Python {find_python(core)}", platform.python, platform.libraries.partition(" ")[0],
        partial(integrate, core, platform, OLDEST_TARGETS),
    )  # fmt: skip


def list_trials() -> Iterator[Trial]:
    """Return everything that the page has, in its order."""
    for core in CORES:
        python = find_python(core) or core.pythons[0]
        yield Trial(
            f"ansible-core {core.release}",
            python,
            "all integration targets",
            partial(integrate, core, None, ()),
        )
    for platform in PLATFORMS:
        yield Trial(platform.name, platform.python, "unit tests", partial(test_units, platform))
        for core in CORES:
            if core.serves(platform.python):
                run = partial(integrate, core, platform, TARGETS)
                yield Trial(platform.name, platform.python, f"from ansible-core {core.release}", run)


def integrate(core: Core, platform: Platform | None, targets: tuple[str, ...]) -> str:
    """Run integration targets, all if none are named, from a release of ansible-core on a platform or on its own Python."""
    version = find_python(core)
    if version is None:
        return f"not tried: no Python {' or '.join(core.pythons)} here"
    controller = furnish_controller(core, version)
    options = ["--stage", f"{STAGE}-one"]
    if platform is not None:
        if interpreter(platform.python) is None:
            return f"not tried: no Python {platform.python} here"
        target = furnish_target(platform)
        if target is None:
            return FAILED
        options += ["--target-python", f"{platform.python}@{target}"]
    if controller is None:
        return FAILED
    command = [str(controller), str(CLONE / "dev/run_integration.py"), *options, *targets]
    status = subprocess.run(command, cwd=CLONE, check=False).returncode
    shutil.rmtree(REPORTS / f"{STAGE}-one", ignore_errors=True)
    return FAILED if status else PASSED


def test_units(platform: Platform) -> str:
    """Run the plugins' unit tests with a platform's libraries."""
    if interpreter(platform.python) is None:
        return f"not tried: no Python {platform.python} here"
    python = furnish_target(platform)
    if python is None:
        return FAILED
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-W",
        "default",
        "-p",
        "no:cacheprovider",
        "tests/unit/plugins",
        "--ignore=tests/unit/plugins/filter",
    ]
    return FAILED if subprocess.run(command, cwd=CLONE, check=False).returncode else PASSED


def find_python(core: Core) -> str | None:
    """Return the best version of Python for a release of ansible-core that this machine has."""
    return next((version for version in core.pythons if interpreter(version)), None)


def furnish_controller(core: Core, version: str) -> Path | None:
    """Return the interpreter of an environment with that ansible-core, and else with what the tests' own environment has."""
    own = {"ansible-core": core.release, "resolvelib": core.resolvelib}
    constraints = FOLDER / f"controller-{core.name}.txt"
    FOLDER.mkdir(parents=True, exist_ok=True)
    constraints.write_text(
        "\n".join([*read_pins("controller", own), *(f"{name}=={pin}" for name, pin in own.items())]), "utf-8"
    )
    requirements = PINS.parent / "test.txt"
    return furnish(
        f"controller-{core.name}-{version}", version, [f"--constraint={constraints}", f"--requirement={requirements}"]
    )


def furnish_target(platform: Platform) -> Path | None:
    """Return the interpreter of an environment with the platform's libraries, and what pytest needs."""
    libraries = platform.libraries.split()
    vectors = libraries[0].replace("cryptography", "cryptography-vectors")
    tools = read_pins("matrix", {pin.partition("==")[0] for pin in [*libraries, vectors]})
    # Everything is named with its version, so that nothing else may come along.
    return furnish(
        f"target-{platform.name}".replace(" ", "-").replace(",", ""),
        platform.python,
        ["--no-deps", *tools, *libraries, vectors],
    )


def read_pins(name: str, but: dict[str, str] | set[str]) -> list[str]:
    """Return the lines of a file with pins but for some packages."""
    lines = (PINS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line.partition("==")[0] not in but]


def furnish(name: str, version: str, options: list[str]) -> Path | None:
    """Make a virtual environment unless one with the same contents exists; return its interpreter, None if it can't be made."""
    folder = FOLDER / name
    python, stamp = folder / "bin/python", folder / ".contents"
    files = [option.partition("=")[2] for option in options if option.startswith("--constraint")]
    contents = "\n".join([*options, *(Path(file).read_text("utf-8") for file in files)])
    if stamp.exists() and stamp.read_text("utf-8") == contents:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    commands = (
        [interpreter(version) or version, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "--quiet", "--quiet", "install", "--no-compile", *options],
        [str(python), "-m", "pip", "--quiet", "check"],
    )
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            return None
    stamp.write_text(contents, "utf-8")
    return python


def compose(trials: list[Trial], results: dict[str, str]) -> str:
    """Return the page: its own words above the table, new results, and those that it had for what was not tried now."""
    page = OUTPUT.read_text("utf-8")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    rows = []
    for trial in trials:
        kept = next(
            (line for line in page.splitlines() if line.startswith(trial.head)), f"{trial.head}not tried yet | |"
        )
        rows.append(f"{trial.head}{results[trial.head]} | {today} |" if trial.head in results else kept)
    words = page.partition("\n| ")[0]
    return "\n".join([words, "| where | Python | what | result | date |", "| --- | --- | --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
