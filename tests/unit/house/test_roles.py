# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role mailbox_certificates passes on all that its templates can name, and knows what differs between systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import OUTPUTS

ROLE = Path(__file__).parents[3] / "roles/mailbox_certificates"


def read(name: str) -> Any:
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


def test_every_output_can_have_a_template() -> None:
    (call,) = [task for task in read("tasks/main.yml") if "mailops.smime.smime_certificates" in task]
    options = call["mailops.smime.smime_certificates"]
    assert {output.option for output in OUTPUTS} <= options.keys()


@pytest.mark.parametrize(
    ("family", "packages", "setype"),
    [
        (None, ["python3-cryptography", "python3-requests"], ""),
        ("Debian", ["python3-cryptography", "python3-requests"], ""),
        ("RedHat", ["python3-cryptography", "python3-requests"], "cert_t"),
        ("Alpine", ["py3-cryptography", "py3-requests"], ""),
        ("Archlinux", ["python-cryptography", "python-requests"], ""),
    ],
)
def test_packages_and_labels_are_those_of_the_system(family: str | None, packages: list[str], setype: str) -> None:
    facts = {"ansible_facts": {"os_family": family} if family else {}}
    names = {**read("vars/main.yml"), **facts}
    defaults = read("defaults/main.yml")
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - of YAML
    assert yaml.safe_load(environment.from_string(defaults["smime_packages"]).render(names)) == packages
    assert environment.from_string(defaults["smime_setype"]).render(names) == setype
