# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's README lists all that can be asked of the test CA."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PROGRAM
from test_ca.authority import CRL_TROUBLES, REASONS
from test_ca.control import VIEWS
from test_ca.faults import FAULTS, Fault
from test_ca.issuing import VARIANTS
from test_ca.orders import Terms
from test_ca.replies import Dialect
from test_ca.server import TROUBLES
from test_ca.service import Credentials, Settings

README = (PROGRAM.parents[1] / "README.md").read_text(encoding="utf-8")


def names(*records: type) -> list[str]:
    return [field.name for record in records for field in fields(record)]


@pytest.mark.parametrize(
    ("section", "listed"),
    [
        ("Control API", {re.sub(r"\(\.\+\)", "NUMBER", pattern.split("/")[0]) for _method, pattern, _view in VIEWS}),
        ("Control API", names(Credentials, Settings)),
        ("Orders", names(Terms)),
        ("Revocation", {*CRL_TROUBLES, *REASONS}),
        ("Dialects", names(Dialect)),
        ("Faults", {*FAULTS, *VARIANTS, *names(Fault)}),
        ("Listeners", TROUBLES),
    ],
)
def test_a_section_lists_all(section: str, listed: Iterable[str]) -> None:
    text = re.split(rf"^##+ {section}$", README, flags=re.MULTILINE)[1].split("\n## ")[0].split("\n### ")[0]
    words = set(re.findall(r"\w+", text))
    assert not set(listed) - words
