# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball serves those who get it: Galaxy, administrators who install it offline, builders of execution environments."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

CLONE = Path(__file__).resolve().parents[3]
Run = Callable[..., str]

# What a tarball has at its top: what users need, and what Galaxy shows or reads.
CONTENTS = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "FILES.json", "LICENSES", "MANIFEST.json"),
    *("README.md", "REUSE.toml", "SECURITY.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles", "tests"),
}
ONLY_IN_TARBALL = {"FILES.json", "MANIFEST.json"}
# Of this folder git holds more than users need.
LEFT_OUT = "changelogs/fragments/"
QUICK_START = re.compile(r"^## Quick start\n(.*?)^## ", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
COMPLAINT = re.compile(r"\s*(ERROR|WARNING|CRITICAL)\b")
ENVIRONMENT = """\
version: 3
images: {{base_image: {{name: "example.test/base:latest"}}}}
dependencies: {{galaxy: {{collections: [{{source: {tarball}, name: {tarball}, type: file}}]}}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("package")


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """Return what runs a program where only what was installed offline is found, and returns what it printed."""
    foreign = ("ANSIBLE_", "SMIME_", "PYTHON")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE") or str(Path("~/.config/pip/pip.conf").expanduser()),
        "HOME": str(place / "home"),
        "ANSIBLE_HOME": str(place / "home/.ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"),
        "NO_COLOR": "1",
    }
    (place / "home").mkdir(mode=0o700)

    def run(*command: str, cwd: Path = place, **variables: str) -> str:
        done = subprocess.run(
            command, cwd=cwd, env=environment | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="module")
def tarball(run: Run, place: Path) -> Path:
    """Return the tarball, built in the clone as it is, with all that tests and tools have left in it."""
    run("ansible-galaxy", "collection", "build", f"--output-path={place}", cwd=CLONE)
    (found,) = place.glob("mailops-smime-*.tar.gz")
    return found


@pytest.fixture(scope="module")
def installed(run: Run, tarball: Path, place: Path) -> Path:
    """Return the folder of the collection, installed without asking any server."""
    folder = place / "collections"
    run("ansible-galaxy", "collection", "install", "--offline", f"--collections-path={folder}", str(tarball))
    run("ansible-galaxy", "collection", "verify", "--offline", f"--collections-path={folder}", "mailops.smime")
    return folder / "ansible_collections/mailops/smime"


def test_it_has_what_users_need_and_nothing_else(tarball: Path) -> None:
    """It has every file that git holds in its folders, and no other."""
    with tarfile.open(tarball) as archive:
        packed = {member.name.removeprefix("./") for member in archive if member.isfile() or member.issym()}
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    held = subprocess.run(listing, cwd=CLONE, check=True, capture_output=True, text=True).stdout.splitlines()
    held = [name for name in held if (CLONE / name).is_file() and not name.startswith(LEFT_OUT)]
    assert packed == {name for name in held if name.partition("/")[0] in CONTENTS} | ONLY_IN_TARBALL


def test_galaxy_has_nothing_to_complain_about(run: Run, tarball: Path, place: Path) -> None:
    """galaxy-importer runs ansible-lint and ansible-doc, too; ansible-test sanity is a stage of its own."""
    settings = place / "galaxy-importer.cfg"
    settings.write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\n", encoding="utf-8")
    told = run(sys.executable, "-m", "galaxy_importer.main", str(tarball), GALAXY_IMPORTER_CONFIG=str(settings))
    assert "Importer processing completed successfully" in told
    assert [line for line in told.splitlines() if COMPLAINT.match(line)] == []


def test_every_module_has_its_documentation(run: Run, installed: Path) -> None:
    modules = [path.stem for path in (installed / "plugins/modules").glob("*.py")]
    assert len(modules) > 3
    run("ansible-doc", *(f"mailops.smime.{module}" for module in modules))


def test_the_quick_start_of_the_readme_runs_as_it_stands(run: Run, installed: Path) -> None:
    """Three runs of the playbook, the last of which changes nothing, openssl's verdict, and the end of the CA."""
    section = QUICK_START.search((installed / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    *commands, stopping = COMMAND.findall(section.group(1))
    assert "stopped" in stopping
    try:
        *runs, verdict = (run("sh", "-c", command) for command in commands)
    finally:
        run("sh", "-c", stopping)
    for told, status in zip(runs, ("pending", "issued", "valid"), strict=True):
        assert f"bob@example.test: {status}" in told
    assert not re.search(r"changed=[1-9]", runs[-1])
    assert verdict.strip().endswith("cert.pem: OK")


def test_an_execution_environment_gets_the_two_libraries(run: Run, installed: Path, tarball: Path, place: Path) -> None:
    told = yaml.safe_load(run("ansible-builder", "introspect", str(installed.parents[2])))
    assert {requirement.split(">=")[0] for requirement in told["python"]} == {"cryptography", "requests"}
    assert not told.get("system")
    definition = place / "execution-environment.yml"
    definition.write_text(ENVIRONMENT.format(tarball=tarball), encoding="utf-8")
    run("ansible-builder", "create", f"--file={definition}", f"--context={place / 'context'}",
        "--output-filename=Containerfile")  # fmt: skip
    assert (place / "context/Containerfile").is_file()
