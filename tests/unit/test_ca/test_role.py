# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role: starts once, stops once, says nothing secret, and changes nothing in check mode."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ansible.cli.playbook")

ROLES = Path(__file__).resolve().parents[3] / "roles"
PATIENCE = 300
FACTS = ("url", "control_url", "ca_path", "root_path", "pid")
ORDERS = [
    {"order_number": 1001, "email": "alice@example.test", "collection_code": "SecretCode1001"},
    {"order_number": "1002", "email": "bob@example.test", "state": "in_process", "in_process_queries": 2},
]


class Playbook:
    """A playbook with the role alone, run on this machine."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.state = place / "state"
        tasks: list[dict[str, Any]] = [
            {"ansible.builtin.include_role": {"name": "test_ca"}},
            {"ansible.builtin.debug": {"msg": {name: f"{{{{ test_ca_{name} | default('') }}}}" for name in FACTS}}},
        ]
        variables = {
            "ansible_python_interpreter": sys.executable,
            "test_ca_directory": str(self.state),
            "test_ca_python": sys.executable,
            "test_ca_accounts": [{"login_name": "demo", "password": "SecretPassword"}],
            "test_ca_orders": ORDERS,
            "test_ca_dialect": {"line_end": "crlf"},
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
        (place / "play.yml").write_text(json.dumps([play]))

    def run(self, state: str, *options: str) -> tuple[int, dict[str, str]]:
        """Run it; give the number of changes and the facts."""
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-vvv", "play.yml"]
        done = subprocess.run(
            [*command, "-e", f"test_ca_state={state}", *options],
            cwd=self.place,
            env={**os.environ, "ANSIBLE_ROLES_PATH": str(ROLES), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        printed = done.stdout + done.stderr
        assert "Secret" not in printed
        assert "[WARNING]" not in printed
        assert "DEPRECAT" not in printed
        assert done.returncode == 0, printed
        facts = {name: re.findall(rf'^ +"{name}": "?(.*?)"?,?$', done.stdout, re.MULTILINE)[-1] for name in FACTS}
        return int(re.findall(r"changed=(\d+)", done.stdout)[-1]), facts


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


@pytest.fixture
def playbook(tmp_path: Path) -> Iterator[Playbook]:
    made = Playbook(tmp_path)
    yield made
    made.run("stopped")


def test_start_and_stop(playbook: Playbook) -> None:
    changes, facts = playbook.run("started")
    assert changes > 0
    assert Path(facts["ca_path"]).is_file()
    assert Path(facts["root_path"]).is_file()
    assert playbook.run("started") == (0, facts)
    assert playbook.run("started", "--check") == (0, facts)
    os.kill(int(facts["pid"]), 0)
    assert playbook.run("stopped", "--check")[0] == 1
    assert playbook.run("stopped")[0] == 1
    wait_until_gone(int(facts["pid"]))
    assert playbook.run("stopped")[0] == 0


def test_check_mode_on_a_bare_host(playbook: Playbook) -> None:
    changes, facts = playbook.run("started", "--check")
    assert changes > 0
    assert facts["url"] == ""
    assert not playbook.state.exists()
    assert playbook.run("stopped", "--check")[0] == 0


def test_what_is_wrong_with_an_order_is_said(playbook: Playbook) -> None:
    wrong = json.dumps({"test_ca_orders": [{"order_number": "1", "email": "no address"}]})
    with pytest.raises(AssertionError, match="The test CA refuses test_ca_orders: 'email' must be an e-mail address"):
        playbook.run("started", "-e", wrong)
