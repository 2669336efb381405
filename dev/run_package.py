# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection's tarball and try it as those do who get it: Galaxy, administrators, builders of execution environments.

The tarball is installed offline into an empty folder, and the quick start of the README runs from there as it stands.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from collection_copy import CLONE
from junit import write_report
from sealed_home import sealed_environment

STAGE = "test-package"
PLACE = CLONE / ".cache/package"
INSTALLED = PLACE / "collections"
HOME = PLACE / "home"

# What a tarball has at its top: what users need, and what Galaxy shows or reads.
CONTENTS = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "FILES.json", "LICENSES", "MANIFEST.json"),
    *("README.md", "REUSE.toml", "SECURITY.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles", "tests"),
}
ONLY_IN_TARBALL = {"FILES.json", "MANIFEST.json"}
# Of these folders git holds more than users need.
LEFT_OUT = ("changelogs/fragments/",)
MODULES = ("smime_certificate", "smime_certificate_info", "smime_certificates")

QUICK_START = re.compile(r"^## Quick start\n(.*?)^## ", re.MULTILINE | re.DOTALL)
QUICK_START_COMMANDS = 4  # and one that stops the CA
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
COMPLAINT = re.compile(r"\s*(ERROR|WARNING|CRITICAL)\b")
ENVIRONMENT = """\
version: 3
images:
  base_image:
    name: example.test/base:latest
dependencies:
  galaxy:
    collections:
      - source: {tarball}
        name: {tarball}
        type: file
"""


class Fault(Exception):
    """What is wrong with the tarball."""


def main() -> int:
    """Run all tests in their order, write their report and return the exit status."""
    shutil.rmtree(PLACE, ignore_errors=True)
    HOME.mkdir(parents=True, mode=0o700)
    failures: dict[str, str | None] = {}
    for test in TESTS:
        name = test.__name__.replace("_", " ")
        try:
            test()
        except Fault as fault:
            failures[name] = str(fault)
            print(f"FAILED: {name}\n{fault}", flush=True)
        else:
            failures[name] = None
            print(f"passed: {name}", flush=True)
    write_report(STAGE, failures)
    return int(any(failures.values()))


def build_the_tarball() -> None:
    """In the clone as it is, with all that tests and tools have left in it."""
    _run("ansible-galaxy", "collection", "build", f"--output-path={PLACE}", cwd=CLONE)
    _tarball()


def hold_what_users_need_and_nothing_else() -> None:
    """The tarball has every file that git holds in its folders, and no other."""
    with tarfile.open(_tarball()) as tarball:
        packed = {member.name.removeprefix("./") for member in tarball if member.isfile() or member.issym()}
    top = {name.partition("/")[0] for name in packed}
    held = set(_run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=CLONE).splitlines())
    held = {name for name in held if (CLONE / name).is_file() and not name.startswith(LEFT_OUT)}
    expected = {name for name in held if name.partition("/")[0] in CONTENTS} | ONLY_IN_TARBALL
    _require(not top - CONTENTS, f"not for users: {sorted(top - CONTENTS)}")
    _require(not packed - expected, f"git does not hold: {sorted(packed - expected)}")
    _require(not expected - packed, f"left out: {sorted(expected - packed)}")


def pass_the_checks_of_galaxy() -> None:
    """galaxy-importer, which runs ansible-lint and ansible-doc too, finds nothing to complain about."""
    settings = PLACE / "galaxy-importer.cfg"
    # ansible-test sanity is a stage of its own.
    settings.write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\n", encoding="utf-8")
    variables = {"GALAXY_IMPORTER_CONFIG": str(settings)}
    told = _run(sys.executable, "-m", "galaxy_importer.main", str(_tarball()), variables=variables)
    _require("Importer processing completed successfully" in told, told)
    complaints = [line for line in told.splitlines() if COMPLAINT.match(line)]
    _require(not complaints, "\n".join(complaints))


def install_offline_into_an_empty_folder() -> None:
    """Nothing is asked of any server, and every file arrives as it was packed."""
    _run("ansible-galaxy", "collection", "install", "--offline", f"--collections-path={INSTALLED}", str(_tarball()))
    _run("ansible-galaxy", "collection", "verify", "--offline", f"--collections-path={INSTALLED}", "mailops.smime")
    for module in MODULES:
        _run("ansible-doc", f"mailops.smime.{module}")


def run_the_quick_start_of_the_readme() -> None:
    """As it stands: three runs of the playbook, the last of which changes nothing, openssl's verdict, and the end of the CA."""
    readme = (INSTALLED / "ansible_collections/mailops/smime/README.md").read_text(encoding="utf-8")
    section = QUICK_START.search(readme)
    _require(section is not None, "the README has no quick start")
    *commands, stopping = COMMAND.findall(section.group(1)) if section else []
    _require(len(commands) == QUICK_START_COMMANDS and "stopped" in stopping, f"the quick start is {commands}")
    try:
        *runs, verdict = (_run("sh", "-c", command) for command in commands)
    finally:
        _run("sh", "-c", stopping)
    for told, status in zip(runs, ("pending", "issued", "valid"), strict=True):
        _require(f"bob@example.test: {status}" in told, told)
    _require(not re.search(r"changed=[1-9]", runs[-1]), runs[-1])
    _require(verdict.strip().endswith("cert.pem: OK"), verdict)


def tell_ansible_builder_what_it_needs() -> None:
    """An execution environment gets the two libraries."""
    told = yaml.safe_load(_run("ansible-builder", "introspect", str(INSTALLED)))
    libraries = {requirement.split(">=")[0] for requirement in told["python"]}
    _require(libraries == {"cryptography", "requests"}, f"ansible-builder introspect finds {told}")
    _require(not told.get("system"), f"ansible-builder introspect finds {told}")
    definition = PLACE / "execution-environment.yml"
    definition.write_text(ENVIRONMENT.format(tarball=_tarball()), encoding="utf-8")
    context = PLACE / "context"
    _run("ansible-builder", "create", f"--file={definition}", f"--context={context}", "--output-filename=Containerfile")
    _require((context / "Containerfile").is_file(), "ansible-builder create wrote no Containerfile")


TESTS: tuple[Callable[[], None], ...] = (
    build_the_tarball,
    hold_what_users_need_and_nothing_else,
    pass_the_checks_of_galaxy,
    install_offline_into_an_empty_folder,
    run_the_quick_start_of_the_readme,
    tell_ansible_builder_what_it_needs,
)


def _tarball() -> Path:
    found = list(PLACE.glob("mailops-smime-*.tar.gz"))
    _require(len(found) == 1, "there is no tarball")
    return found[0]


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise Fault(complaint)


def _run(*command: str, cwd: Path = PLACE, variables: Mapping[str, str] | None = None) -> str:
    """Run a program in an environment where only what was installed offline is found; return what it printed."""
    sealed = sealed_environment(STAGE)
    environment = {
        **{name: value for name, value in sealed.items() if not name.startswith("SMIME_")},
        "PIP_CONFIG_FILE": f"{sealed['HOME']}/.config/pip/pip.conf",
        "HOME": str(HOME),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED),
        "ANSIBLE_NOCOLOR": "true",
        "NO_COLOR": "1",
        **(variables or {}),
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Fault(f"{' '.join(command)} ended with status {done.returncode}\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
