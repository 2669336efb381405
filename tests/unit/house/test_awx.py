# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files for AWX name what the collection has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailops.smime.plugins.plugin_utils._controller import ENVIRONMENT

ROOT = Path(__file__).parents[3]
AWX = ROOT / "docs/awx"


def read(path: Path) -> Any:
    return DataLoader().load_from_file(str(path))


def find_task(module: str) -> dict[str, Any]:
    (play,) = read(AWX / "import.yml")
    (found,) = [task[f"awx.awx.{module}"] for task in play["tasks"] if f"awx.awx.{module}" in task]
    return dict(found)


def read_role_options() -> set[str]:
    specs = read(ROOT / "roles/mailbox_certificates/meta/argument_specs.yml")
    return set(specs["argument_specs"]["main"]["options"])


def test_the_credential_fills_the_environment_that_the_controller_reads() -> None:
    made = find_task("credential_type")
    fields = {field["id"]: field for field in made["inputs"]["fields"]}
    injected = {name: re.findall(r"\w+", str(value)) for name, value in made["injectors"]["env"].items()}
    expected = {name: [option] for option, name in ENVIRONMENT.items() if option in fields}
    assert injected == expected
    assert {"login_name", "login_password"} <= set(made["inputs"]["required"])


def test_only_the_password_is_a_secret_that_nobody_reads_again() -> None:
    fields = find_task("credential_type")["inputs"]["fields"]
    assert [field["id"] for field in fields if field.get("secret")] == ["login_password"]


def test_the_account_stays_where_jobs_run() -> None:
    job = find_task("job_template")
    assert job["extra_vars"]["smime_api_from"] == "controller"
    assert job["allow_simultaneous"] is False


def test_the_survey_asks_for_variables_that_exist() -> None:
    playbook = (ROOT / "playbooks/provision.yml").read_text(encoding="utf-8")
    for question in find_task("job_template")["survey_spec"]["spec"]:
        assert question["variable"] in read_role_options() or question["variable"] in playbook
        assert "default" in question


def test_the_survey_offers_what_the_role_accepts() -> None:
    specs = read(ROOT / "roles/mailbox_certificates/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    for question in find_task("job_template")["survey_spec"]["spec"]:
        option = specs.get(question["variable"], {})
        if "choices" in option:
            assert sorted(question["choices"]) == sorted(option["choices"])
        if "default" in option:
            assert question["default"] == option["default"]


def test_the_project_runs_a_playbook_of_the_collection() -> None:
    job = find_task("job_template")
    (entry,) = read(AWX / "project" / job["playbook"])
    name = entry["ansible.builtin.import_playbook"].removeprefix("mailops.smime.")
    assert (ROOT / f"playbooks/{name}.yml").is_file()
    required = yaml.safe_load((AWX / "project/collections/requirements.yml").read_text(encoding="utf-8"))
    assert [collection["name"] for collection in required["collections"]] == ["mailops.smime"]
