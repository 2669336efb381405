# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try all that platforms.py lists; ansible-test knows nothing of other releases of ansible-core and of libraries.

With each release of ansible-core: sanity on all its Pythons, and all integration targets on its newest Python. On each platform: the
plugins' unit tests, and some targets from the oldest and the newest release that serve its Python. Of Debian itself: modules and a
role, in a folder.
What this machine lacks is said. All of it takes hours: words on the command line choose from it, and the page keeps what it says of
the rest.

With --oldest, as in "make test": some targets from the oldest ansible-core, on the oldest platform, that this machine can have.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from collection_copy import CLONE
from junit import REPORTS, write_report
from platforms import CORES, DEBIANS, PLATFORMS, Core, Platform
from sealed_home import interpreter

STAGE = "test-oldest"
FOLDER = CLONE / ".cache/matrix"
PINS = CLONE / "dev/requirements/pins"
TARGETS = ("smime_certificate", "smime_certificate_outputs")
# All that need neither root nor minutes.
OLDEST_TARGETS = (
    "smime_certificate",
    "smime_certificate_outputs",
    "smime_certificate_concurrency",
    "smime_certificate_info",
    "smime_certificates",
    "smime_orders",
    "role_mailbox_certificates",
    "role_test_ca",
    "missing_libraries",
    "revocation",
    "monitoring",
)
OUTPUT = CLONE / "docs/platforms/results.md"
PASSED, FAILED = "passed", "FAILED"
CANNOT = 77  # the exit status for what can't be tried here

# The start of a row, and what returns the command to try.
Trial = tuple[str, Callable[[], list[str]]]


class MissingError(Exception):
    """What this machine lacks for a trial."""


def main() -> int:
    """Try what the command line asks for, print a table, and return the exit status: 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="make test-matrix")
    parser.add_argument("words", nargs="*", help='only what one of these words is in, such as "EL 9" or "2.16.3"')
    parser.add_argument("--oldest", action="store_true")
    parser.add_argument("--write", action="store_true", help="write the table into docs/platforms")
    parser.add_argument("--python", help="print the interpreter with the libraries of that platform, and try nothing")
    arguments = parser.parse_args()
    if arguments.python:
        return print_python(arguments.python)
    trials = dict([choose_oldest()] if arguments.oldest else list_trials())
    results: dict[str, str] = {}
    for head, find_command in trials.items():
        if not arguments.words or any(word in head for word in arguments.words):
            print(f"\n===== {head}", flush=True)
            results[head] = try_one(find_command)
            if arguments.write:
                OUTPUT.write_text(compose(list(trials), head, results[head]), "utf-8")
    shutil.rmtree(REPORTS / f"{STAGE}-one", ignore_errors=True)
    tried = {head: None if word == PASSED else word for head, word in results.items() if word in {PASSED, FAILED}}
    write_report(STAGE, tried)
    if not tried:
        (REPORTS / STAGE / "skipped").touch()
    print("", *(f"{head}{word} |" for head, word in results.items()), sep="\n")
    return int(FAILED in results.values())


def print_python(name: str) -> int:
    """Print the interpreter of a platform and return the exit status."""
    try:
        print(furnish_target(next(platform for platform in PLATFORMS if platform.name == name)))
    except MissingError as error:
        print(f"SKIPPED: {error}", file=sys.stderr)
        return CANNOT
    return 0


def list_trials() -> Iterator[Trial]:
    """Return everything that the page has, in its order."""
    for core in CORES:
        head = f"| ansible-core {core.release} | {find_python(core)} |"
        yield f"{head} sanity | ", partial(check_sanity, core)
        yield f"{head} all integration targets | ", partial(integrate, core, None, ())
    for platform in PLATFORMS:
        head = f"| {platform.name} | {platform.python} |"
        yield f"{head} unit tests | ", partial(test_units, platform)
        served = [core for core in CORES if core.serves(platform.python)]
        for core in dict.fromkeys((served[0], served[-1])):
            yield f"{head} from ansible-core {core.release} | ", partial(integrate, core, platform, TARGETS)
    for name, suite, python in DEBIANS:
        yield f"| {name} itself | {python} | modules and role mailbox_certificates | ", partial(enter, suite, python)


def choose_oldest() -> Trial:
    """Return the trial for "make test"."""
    core = next(core for core in CORES if interpreter(find_python(core)))
    platform = next(each for each in PLATFORMS if core.serves(each.python) and interpreter(each.python))
    head = f"| ansible-core {core.release} on {find_python(core)} | {platform.python} | {platform.name} | "
    return head, partial(integrate, core, platform, OLDEST_TARGETS)


def try_one(find_command: Callable[[], list[str]]) -> str:
    """Return a word for what came of a trial."""
    try:
        status = subprocess.run(find_command(), cwd=CLONE, check=False).returncode
    except MissingError as error:
        return f"not tried: {error}"
    except subprocess.CalledProcessError:  # to install what it needs
        return FAILED
    return {0: PASSED, CANNOT: "not tried: no new Debian can be made here"}.get(status, FAILED)


def check_sanity(core: Core) -> list[str]:
    """Return the command that runs the sanity tests of a release of ansible-core."""
    return [furnish_controller(core), "dev/run_sanity.py", "--all-pythons"]


def integrate(core: Core, platform: Platform | None, targets: tuple[str, ...]) -> list[str]:
    """Return the command that runs integration targets, all if none are named, with modules on a platform or beside Ansible."""
    where = ["--target-python", f"{platform.python}@{furnish_target(platform)}"] if platform else []
    return [furnish_controller(core), "dev/run_integration.py", "--stage", f"{STAGE}-one", *where, *targets]


def test_units(platform: Platform) -> list[str]:
    """Return the command that runs the plugins' unit tests; filters are for controllers, and make one of their process."""
    options = ["-q", "-W", "default", "-o", "cache_dir=.cache/pytest-matrix", "--ignore=tests/unit/plugins/filter"]
    return [furnish_target(platform), "-m", "pytest", *options, "tests/unit/plugins"]


def enter(suite: str, python: str) -> list[str]:
    """Return the command that runs modules and role with the Python and the libraries that Debian ships."""
    make = f"make test-integration TARGET='smime_certificate role_mailbox_certificates' TARGET_PYTHON={python}@/usr/bin/python3"
    return ["dev/fresh_machine", "--suite", suite, "--with", "python3-cryptography python3-requests", make]


def find_python(core: Core) -> str:
    """Return the best version of Python for a release of ansible-core that this machine has, and else the best."""
    return next((version for version in core.pythons if interpreter(version)), core.pythons[0])


def furnish_controller(core: Core) -> str:
    """Return the interpreter of an environment with that ansible-core, and else with what the tests' own environment has."""
    version, name = find_python(core), f"controller-{core.release}"
    constraints = FOLDER / f"{name}.txt"
    FOLDER.mkdir(parents=True, exist_ok=True)
    # ansible-core says itself which resolvelib it needs.
    pins = read_pins("controller", [f"ansible-core=={core.release}"], but="resolvelib")
    constraints.write_text("\n".join(pins), "utf-8")
    options = [f"--constraint={constraints}", f"--requirement={PINS}/../test.txt"]
    return furnish(f"{name}-{version}", version, options, pins)


def furnish_target(platform: Platform) -> str:
    """Return the interpreter of an environment with the platform's libraries, and what pytest needs."""
    libraries = platform.libraries.split()
    pins = read_pins("matrix", [*libraries, libraries[0].replace("cryptography", "cryptography-vectors")])
    name = f"target-{platform.name}".replace(" ", "-").replace(",", "")
    # Everything is named with its version, so that nothing else may come along.
    return furnish(name, platform.python, ["--no-deps", *pins], pins)


def read_pins(name: str, own: list[str], but: str = "") -> list[str]:
    """Return the lines of a file with pins, with others for some packages, and without one."""
    names = {but, *(pin.partition("==")[0] for pin in own)}
    lines = (PINS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line.partition("==")[0] not in names] + own


def furnish(name: str, version: str, options: list[str], contents: list[str]) -> str:
    """Make a virtual environment unless one with the same contents exists, and return its interpreter.

    Raises MissingError without that Python, and CalledProcessError if something can't be installed.
    """
    folder, base = FOLDER / name, interpreter(version)
    if base is None:
        raise MissingError(f"no Python {version} here")
    python, stamp = str(folder / "bin/python"), folder / ".contents"
    pip = [python, "-m", "pip", "--quiet", "--quiet"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two stages of "make test" want the same
        if not stamp.exists() or stamp.read_text("utf-8").splitlines() != contents:
            shutil.rmtree(folder, ignore_errors=True)
            for command in (
                [base, "-m", "venv", str(folder)],
                [*pip, "install", "--no-compile", *options],
                [*pip, "check"],
            ):
                subprocess.run(command, check=True, stdout=sys.stderr)
            stamp.write_text("\n".join(contents), "utf-8")
    return python


def compose(heads: list[str], tried: str, word: str) -> str:
    """Return the page: its own words above the table, a new result, and those that it had for what was not tried now."""
    page = OUTPUT.read_text("utf-8")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=CLONE, check=False, capture_output=True, text=True
    ).stdout.strip()
    known = {head: f"{head}not tried yet | | |" for head in heads}
    known |= {head: line for head in known for line in page.splitlines() if line.startswith(head)}
    known[tried] = f"{tried}{word} | {datetime.now(UTC):%Y-%m-%d} | {commit} |"
    words = page.partition("\n| ")[0]
    table = "| where | Python | what | result | date | commit |", "| --- | --- | --- | --- | --- | --- |"
    return "\n".join([words, *table, *known.values(), ""])


if __name__ == "__main__":
    sys.exit(main())
