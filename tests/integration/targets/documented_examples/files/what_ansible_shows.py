# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the table "What Ansible itself shows" of the guide to credentials: each place shows a secret, each way around it does not.

No CA is needed: the endpoint is a port where nobody listens, so that each task fails, which is when Ansible shows most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRET = "a-secret-of-16"
LITERAL = "written-down-16"
OPTIONS = {
    "path": "{{ playbook_dir }}/cert.pem",
    "privatekey_path": "{{ playbook_dir }}/privkey.pem",
    "privatekey_create": True,
    "privatekey_type": "ECC",
    "api_url": "https://127.0.0.1:1/closed",
    "api_retries": 0,
}
ONE = {**OPTIONS, "email": "alice@example.test"}
ACCOUNT = {**ONE, "order_number": "1", "login_name": "demo"}
IN_ENVIRONMENT = {"SMIME_LOGIN_PASSWORD": "{{ secret }}"}
MANY = {
    **OPTIONS,
    "path": "{{ playbook_dir }}/{email}.pem",
    "privatekey_path": "{{ playbook_dir }}/{email}.key",
    "certificates": [{"email": "alice@example.test", "collection_code": "{{ secret }}"}],
}


def task(options: dict[str, Any], module: str = "mailops.smime.smime_certificate", **keywords: Any) -> dict[str, Any]:
    return {"name": "Show", module: options, "ignore_errors": True, **keywords}


LABELLED = {"loop": [{"code": "{{ secret }}"}], "loop_control": {"label": "one"}}
BY_ADDRESS = {"loop": ["alice@example.test"], "vars": {"codes": {"alice@example.test": "{{ secret }}"}}}


@dataclass
class Case:
    """A task, how Ansible runs it, and what its output then shows."""

    name: str
    task: dict[str, Any]
    shows: str = ""
    verbosity: str = "-vvvv"
    settings: dict[str, str] = field(default_factory=dict)


CASES = (
    Case("a loop with a label, failing", task({**ONE, "collection_code": "{{ item.code }}"}, **LABELLED), SECRET, "-D"),
    Case("a loop over addresses", task({**ONE, "collection_code": "{{ codes[item] }}"}, **BY_ADDRESS)),
    Case("the list module", task(MANY, "mailops.smime.smime_certificates")),
    Case("a task's environment", task(ACCOUNT, environment=IN_ENVIRONMENT), SECRET, "-vvv"),
    Case("the same for the controller", task({**ACCOUNT, "api_from": "controller"}, environment=IN_ENVIRONMENT)),
    Case("an option from a variable", task({**ACCOUNT, "login_password": "{{ secret }}"})),
    Case(
        "the same with ANSIBLE_DEBUG",
        task({**ACCOUNT, "login_password": "{{ secret }}"}),
        SECRET,
        "-D",
        {"ANSIBLE_DEBUG": "1"},
    ),
    Case(
        "module defaults from a variable",
        task(ACCOUNT, module_defaults={"group/mailops.smime.smime": {"login_password": "{{ secret }}"}}),
    ),
    Case(
        "a value written down",
        task({**ACCOUNT, "login_password": LITERAL}),
        LITERAL,
        "-D",
        {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"},
    ),
    Case(
        "the same from a variable",
        task({**ACCOUNT, "login_password": "{{ secret }}"}),
        settings={"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"},
    ),
)
CACHED = {"name": "Keep", "ansible.builtin.set_fact": {"kept": "{{ secret }}", "cacheable": True}}


def play(folder: Path, tasks: list[dict[str, Any]], verbosity: str, settings: dict[str, str]) -> str:
    """Run tasks with the secret in a variable, and return all that Ansible printed."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"all": {"hosts": {"localhost": {**local, "secret": SECRET}}}}
    (folder / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "playbook.yml").write_text(json.dumps(plays, indent=1), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SMIME_")}
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(folder / "hosts.json"), verbosity]
    done = subprocess.run(
        [*command, str(folder / "playbook.yml")],
        env={**kept, "no_proxy": "127.0.0.1", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or "PLAY RECAP" not in done.stdout:
        raise SystemExit(f"Ansible did not run the tasks\n{done.stdout}")
    return done.stdout


def main() -> None:
    """Run all cases, or exit with what is otherwise than the guide says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    folder = Path(parser.parse_args().work)
    folder.mkdir()
    for case in CASES:
        told = play(folder, [case.task], case.verbosity, case.settings)
        if "connection_failed" not in told and "Connection refused" not in told:
            raise SystemExit(f"{case.name}: this did not get as far as the CA\n{told}")
        found = [value for value in (SECRET, LITERAL) if value in told]
        if found != [case.shows] * bool(case.shows):
            raise SystemExit(f"{case.name}: shows {found}\n{told}")
        print(f"{case.name}: {'shown' if found else 'not shown'}")
    cache = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache"),
    }
    play(folder, [CACHED], "-D", cache)
    if not any(SECRET in path.read_text(encoding="utf-8") for path in (folder / "cache").iterdir()):
        raise SystemExit("A cacheable fact is not in the cache")
    print("a cacheable fact: kept")


if __name__ == "__main__":
    main()
