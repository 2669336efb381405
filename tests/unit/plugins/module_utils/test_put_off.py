# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is put off by the CA keeps its CSR, and whoever brought it says so."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Enrollment, Question, WaitPolicy
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query, check_order
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport

ORDER = Order(collection_code="code")


@pytest.mark.parametrize(
    "put_off", [b"-22\nStill awaiting payment!\n", b"-154\nEmail verification not yet completed!\n"]
)
def test_a_csr_that_came_with_a_question_that_was_put_off_counts_as_submitted(put_off: bytes) -> None:
    transport = ScriptedTransport(put_off, b"-18\nA CSR has already been provided.\n", b"0\n")
    inquiry = Enrollment(
        Client(transport),
        ORDER,
        Question("CSR", has_csr=True, expect_issued=False, predict=False),
        WaitPolicy(60, 10),
        lambda: 0.0,
    )
    assert inquiry.ask() is None
    assert not inquiry.csr_submitted
    assert inquiry.ask() is None
    assert inquiry.csr_submitted


def test_a_csr_that_the_ca_had_before_does_not() -> None:
    transport = ScriptedTransport(b"-18\nA CSR has already been provided.\n", b"0\n")
    question = Question("CSR", has_csr=True, expect_issued=False, predict=False)
    inquiry = Enrollment(Client(transport), ORDER, question, WaitPolicy(), lambda: 0.0)
    assert inquiry.ask() is not None
    assert not inquiry.csr_submitted


def test_a_refusal_in_one_line_is_read_like_one_in_two() -> None:
    reply = read_reply(b"-20 The CSR has been rejected!\n", Query())
    assert (reply.code, reply.message) == (-20, "The CSR has been rejected!")


@pytest.mark.parametrize("option", ["remaining_days", "wait_timeout", "poll_interval", "api_timeout", "api_retries"])
@pytest.mark.parametrize("value", [-1, 10**11])
def test_a_number_out_of_reason_is_named(option: str, value: int) -> None:
    with pytest.raises(OptionError, match=f"^{option}: "):
        options.check_numbers({option: value})


def test_the_account_that_stays_home_may_be_anything() -> None:
    check_order(Order(collection_code="code", login_name="n" * 65))
