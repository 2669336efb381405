# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of the guide's examples for GitLab CI and GitHub Actions, with a playbook that passes and some that do not."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

_BLOCK = re.compile(r"^\.\. code-block:: yaml\n   :caption: (.+)\n\n((?:(?:   .*)?\n)+)", re.MULTILINE)
ROLE: dict[str, Any] = {
    "hosts": "localhost",
    "gather_facts": False,
    "roles": ["mailops.smime.mailbox_certificates"],
    "vars": {
        "smime_directory": "{{ playbook_dir }}/smime",
        "smime_mailboxes": [
            {"email": "alice@example.test", "order_number": "1234567"},
            {"email": "bob@example.test", "collection_code": "bobs-code-in-ci"},
        ],
    },
}
LOCAL: dict[str, Any] = {"hosts": "localhost", "gather_facts": False}
CALL = {
    "name": "Ask for an order",
    "mailops.smime.smime_certificate_info": {"order_number": "1234567"},
    "failed_when": False,  # it has no CSR yet
}
RESTLESS = {
    "name": "Write the time",
    "ansible.builtin.copy": {"dest": "{{ playbook_dir }}/time", "content": "{{ now() }}"},
}
BROKEN = {"name": "Fail", "ansible.builtin.fail": {"msg": "This one fails."}}
# By name: the user's playbook, and what the pipeline says of it.
PLAYBOOKS: dict[str, tuple[dict[str, Any], str]] = {
    "good": (ROLE, "passed: both runs succeeded"),
    "restless": (
        {**LOCAL, "tasks": [CALL, RESTLESS]},
        "The second run changed something on localhost, in: Write the time.",
    ),
    "broken": ({**LOCAL, "tasks": [BROKEN]}, "The first run failed"),
    "elsewhere": ({**LOCAL, "tasks": [RESTLESS]}, "The playbook did not contact the test CA"),
}
# A whole pipeline runs for each of these; the other playbooks fail in the same way whoever starts them.
CASES = (
    ("gitlab", "good"),
    ("gitlab", "restless"),
    ("github", "elsewhere"),
    ("github", "broken"),
)
# What the pipeline's own image installs: the collection is installed already, as are the libraries.
INSTALLERS = ("pip", "ansible-galaxy")
INSTALLED = [
    "pip install ansible-core cryptography requests",
    "ansible-galaxy collection install --offline ci/mailops-smime-1.0.0.tar.gz",
]


def read_commands(blocks: dict[str, Any]) -> dict[str, list[str]]:
    """Return the commands of both snippets, and see that they are what such a file must be."""
    (gitlab,) = blocks[".gitlab-ci.yml"].values()
    (github,) = blocks[".github/workflows/rehearse.yml"]["jobs"].values()
    return {"gitlab": gitlab["script"], "github": [step["run"] for step in github["steps"] if "run" in step]}


def prepare(folder: Path, orders: Any, playbook: dict[str, Any], ca_python: str) -> None:
    """Write the user's repository, and the programs that the pipeline finds."""
    (folder / "ci").mkdir(parents=True)
    (folder / "ci/orders.yml").write_text(yaml.safe_dump(orders), encoding="utf-8")
    (folder / "site.yml").write_text(yaml.safe_dump([playbook]), encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "test_ca_python": ca_python}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"localhost": local}}}), encoding="utf-8")
    programs = {name: f'#!/bin/sh\necho "{name} $*" >> {folder}/installed\n' for name in INSTALLERS}
    programs["ansible-playbook"] = f'#!/bin/sh\nexec {sys.executable} -m ansible.cli.playbook "$@"\n'
    (folder / "bin").mkdir()
    for name, text in programs.items():
        (folder / "bin" / name).write_text(text, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)


def run(folder: Path, commands: list[str], collections: str) -> tuple[int, str]:
    """Run the commands as a pipeline does, up to the first that fails; return its status and what was said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SMIME_", "ANSIBLE_"))}
    environment = {
        **kept,
        "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_INVENTORY": str(folder / "hosts.yml"),
        "ANSIBLE_PIPELINING": "1",
    }
    said = ""
    for command in commands:
        shell = ["bash", "-e", "-c", command]
        done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        said += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, said
    return 0, said


def main() -> None:
    """Run all cases, or exit with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("guide", "collections", "work", "ca-python"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    guide = Path(arguments.guide).read_text(encoding="utf-8")
    blocks = {name: yaml.safe_load(textwrap.dedent(text)) for name, text in _BLOCK.findall(guide)}
    commands = read_commands(blocks)
    for pipeline, name in CASES:
        folder = Path(arguments.work) / f"{pipeline}-{name}"
        playbook, complaint = PLAYBOOKS[name]
        prepare(folder, blocks["ci/orders.yml"], playbook, arguments.ca_python)
        status, said = run(folder, commands[pipeline], arguments.collections)
        if bool(status) != (name != "good") or complaint not in said:
            raise SystemExit(f"{pipeline}, {name}: status {status}\n{said}")
        if (folder / "installed").read_text(encoding="utf-8").splitlines() != INSTALLED:
            raise SystemExit(f"{pipeline}: installs something else than this test knows of")
        left = [str(path) for path in folder.glob("mailops-smime-*")]
        if left or "Traceback" in said or "WARNING" in said:
            raise SystemExit(f"{pipeline}, {name}: leaves {left}\n{said}")
        print(f"{pipeline}, {name}: {'passes' if not status else 'fails'}")


if __name__ == "__main__":
    main()
