# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes between target and controller, and the second run on the target with what the controller brought."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _remote_ca
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Question
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host


def write(host: Host, **answer: Any) -> dict[str, Any]:
    """Return what the second run tells, given what the controller tells of its call."""
    told = {"reply": None, "error": None, "attempted": True, "api_calls": 1, "status_code": 2, "csr": None}
    relay = {"phase": "write", "answers": {"0": {**told, "csr_submitted": False, "files": [], **answer}}}
    return host.run(api_from="controller", _smime_relay=relay, login_name=None, login_password=None).result


def test_what_the_controller_did_is_told_even_if_another_run_has_written_the_certificate_meanwhile(host: Host) -> None:
    host.fill()
    told = write(host, api_calls=2, status_code=2)
    assert (told["status"], told["api_calls"], told["status_code"], told["changed"]) == ("valid", 2, 2, False)
    told = write(host, csr_submitted=True)
    assert (told["status"], told["csr_submitted"], told["changed"]) == ("valid", True, True)
    made = [{"path": host.path("key.pem"), "kind": "privatekey", "backup_file": None}]
    told = write(host, files=made)
    assert (told["changed"], told["files"]) == (True, made)


QUESTION = {"csr": "text", "has_csr": True, "expect_issued": False, "predict": False}


@pytest.mark.parametrize("csr", ["text", None])
def test_a_question_is_read_as_it_was_written(csr: str | None) -> None:
    question = Question(csr, has_csr=True, expect_issued=False, predict=True)
    assert _remote_ca.read_question(question.to_values()) == question


@pytest.mark.parametrize(
    "values",
    [
        None, "certificate", [], {}, {"csr": "text"}, {**QUESTION, "csr": 5}, {**QUESTION, "predict": None},
        {**QUESTION, "has_csr": "yes"}, {**QUESTION, "order_number": "another"},
    ],
    ids=repr,
)  # fmt: skip
def test_what_a_target_says_is_not_believed_to_be_a_question(values: Any) -> None:
    with pytest.raises(ValueError, match="no question"):
        _remote_ca.read_question(values)
