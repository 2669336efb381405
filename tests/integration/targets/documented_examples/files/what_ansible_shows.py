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
import re
import subprocess
import sys
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
    return {module: options, "ignore_errors": True, **keywords}


LABELLED = {"loop": [{"code": "{{ secret }}"}], "loop_control": {"label": "one"}}
BY_ADDRESS = {"loop": ["alice@example.test"], "vars": {"codes": {"alice@example.test": "{{ secret }}"}}}
BY_DEFAULT = {"group/mailops.smime.smime": {"login_password": "{{ secret }}"}}
FROM_VARIABLE = task({**ACCOUNT, "login_password": "{{ secret }}"})
DEBUG, ARGUMENTS = {"ANSIBLE_DEBUG": "1"}, {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"}
# Runs of Ansible: how, and for each task by its name what its output then shows.
RUNS: tuple[tuple[str, dict[str, str], dict[str, tuple[dict[str, Any], str]]], ...] = (
    (
        "-D",
        {},
        {"a loop with a label, failing": (task({**ONE, "collection_code": "{{ item.code }}"}, **LABELLED), SECRET)},
    ),
    ("-vvv", {}, {"a task's environment": (task(ACCOUNT, environment=IN_ENVIRONMENT), SECRET)}),
    (
        "-vvvv",
        {},
        {
            "a loop over addresses": (task({**ONE, "collection_code": "{{ codes[item] }}"}, **BY_ADDRESS), ""),
            "the list module": (task(MANY, "mailops.smime.smime_certificates"), ""),
            "an environment, for the controller": (
                task({**ACCOUNT, "api_from": "controller"}, environment=IN_ENVIRONMENT),
                "",
            ),
            "an option from a variable": (FROM_VARIABLE, ""),
            "module defaults from a variable": (task(ACCOUNT, module_defaults=BY_DEFAULT), ""),
        },
    ),
    ("-D", DEBUG, {"an option from a variable, with ANSIBLE_DEBUG": (FROM_VARIABLE, SECRET)}),
    (
        "-vvvv",
        ARGUMENTS,
        {
            "a value written down": (task({**ACCOUNT, "login_password": LITERAL}), LITERAL),
            "an option from a variable, with its arguments": (FROM_VARIABLE, ""),
        },
    ),
)
CACHED = {"ansible.builtin.set_fact": {"kept": "{{ secret }}", "cacheable": True}}


def play(folder: Path, tasks: dict[str, dict[str, Any]], verbosity: str, settings: dict[str, str]) -> dict[str, str]:
    """Run tasks with the secret in a variable, and return all that Ansible printed for each."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"all": {"hosts": {"localhost": {**local, "secret": SECRET}}}}
    (folder / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    named = [{"name": name, **content} for name, content in tasks.items()]
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": named}]
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
    _before, *told = re.split(r"^TASK \[", done.stdout, flags=re.MULTILINE)
    return dict(zip(tasks, told, strict=True))


def main() -> None:
    """Run all, or exit with what is otherwise than the guide says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    folder = Path(parser.parse_args().work)
    folder.mkdir()
    cache = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache"),
    }
    for verbosity, settings, cases in RUNS:
        tasks = {name: content for name, (content, _shows) in cases.items()}
        told = play(folder, {**tasks, "Keep a fact": CACHED}, verbosity, {**settings, **cache})
        for name, (_content, shows) in cases.items():
            if "connection_failed" not in told[name] and "Connection refused" not in told[name]:
                raise SystemExit(f"{name}: this did not get as far as the CA\n{told[name]}")
            found = [value for value in (SECRET, LITERAL) if value in told[name]]
            if found != [shows] * bool(shows):
                raise SystemExit(f"{name}: shows {found}\n{told[name]}")
            print(f"{name}: {'shown' if found else 'not shown'}")
    if not any(SECRET in path.read_text(encoding="utf-8") for path in (folder / "cache").iterdir()):
        raise SystemExit("A cacheable fact is not in the cache")
    print("a cacheable fact: kept")


if __name__ == "__main__":
    main()
