# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order's way from state to state."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import RunningCa

STATES = [
    ("awaiting_payment", "-22\nStill awaiting payment!\n"),
    ("email_not_verified", "-154\nEmail verification not yet completed!\n"),
    ("revoked", "-21\nThe certificate has been revoked!\n"),
    ("unsupported_product", "-153\nUnsupported product type!\n"),
]


def test_a_ready_order_is_issued_at_once(ca: RunningCa, csr: str) -> None:
    order = ca.order()
    assert ca.code(order, csr=csr, returnCertificate="Y") == 2
    assert ca.code(order, queryType="0") == 1
    assert ca.control("GET", f"orders/{order['order_number']}")["issued"] is True


def test_the_type_of_the_query_decides_what_is_returned_not_what_is_done(ca: RunningCa, csr: str) -> None:
    assert ca.ask(ca.order(), csr=csr, returnCertificate="Y", queryType="0").text == "1\n"


@pytest.mark.parametrize("wish", [None, "N"])
def test_a_csr_alone_starts_nothing(ca: RunningCa, csr: str, wish: str | None) -> None:
    order = ca.order()
    assert ca.ask(order, csr=csr, returnCertificate=wish).text == "0\n"
    assert ca.code(order) == 0
    assert ca.code(order, returnCertificate="Y") == 2


def test_a_second_csr_is_refused(ca: RunningCa, csr: str, ec_csr: str) -> None:
    order = ca.issued(csr)
    for again in (csr, ec_csr):
        assert ca.ask(order, csr=again, returnCertificate="Y").text == "-18\nA CSR has already been provided.\n"


def test_an_order_in_process_answers_zero_so_many_times_or_for_ever(ca: RunningCa, csr: str) -> None:
    for queries, last in ((3, 2), (None, 0)):
        order = ca.order(state="in_process", in_process_queries=queries)
        codes = [ca.code(order, csr=csr, returnCertificate="Y"), *(ca.code(order) for _query in range(3))]
        assert codes == [0, 0, 0, last]


@pytest.mark.parametrize(("state", "answer"), STATES)
def test_states_that_refuse(ca: RunningCa, csr: str, state: str, answer: str) -> None:
    order = ca.order(state=state)
    assert ca.ask(order).text == answer
    assert ca.ask(order, csr=csr, returnCertificate="Y").text == answer


@pytest.mark.parametrize("state", ["awaiting_payment", "email_not_verified"])
def test_a_blocked_order_keeps_the_csr_and_can_become_ready(ca: RunningCa, csr: str, state: str) -> None:
    order = ca.order(state=state, blocked_queries=2)
    code = dict(STATES)[state].split("\n", maxsplit=1)[0]
    assert ca.code(order, csr=csr, returnCertificate="Y") == int(code)
    assert ca.code(order, csr=csr, returnCertificate="Y") == -18
    assert ca.code(order, returnCertificate="Y") == int(code)
    assert ca.code(order, returnCertificate="Y") == 2


def test_a_state_can_be_changed(ca: RunningCa, csr: str) -> None:
    order = ca.order(state="awaiting_payment")
    assert ca.code(order, csr=csr, returnCertificate="Y") == -22
    ca.control("PATCH", f"orders/{order['order_number']}", {"state": "ready"})
    assert ca.code(order, returnCertificate="Y") == 2
    ca.control("PATCH", f"orders/{order['order_number']}", {"state": "revoked"})
    assert ca.code(order) == -21


def test_an_order_without_csr_answers_as_configured(ca: RunningCa) -> None:
    order, pending = ca.order(), ca.order(no_csr_answer="pending")
    assert ca.ask(order).text == "-3\nThe 'csr' argument is missing!\n"
    assert ca.ask(pending).text == "0\n"
    ca.control("PATCH", "settings", {"no_csr_answer": "pending"})
    assert ca.ask(order).text == "0\n"


def test_an_order_can_be_born_issued(ca: RunningCa, csr: str) -> None:
    assert ca.code(ca.order(state="issued")) == 2
    assert ca.code(ca.order(state="issued", csr=csr)) == 2
    order = ca.order(csr=csr)
    assert ca.code(order) == 0
    assert ca.code(order, returnCertificate="Y") == 2


def test_an_order_can_be_issued_again_for_the_same_csr(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    before = ca.ask(order, showValidityPeriod="Y").text
    ca.control("POST", f"orders/{order['order_number']}/reissue", {"validity_days": 30})
    after = ca.ask(order, showValidityPeriod="Y").text
    assert after.startswith("2\n")
    assert after != before


def test_a_replaced_order_wants_a_new_csr(ca: RunningCa, csr: str, ec_csr: str) -> None:
    order = ca.issued(csr)
    ca.control("POST", f"orders/{order['order_number']}/replace", {})
    assert ca.code(order) == -3
    assert ca.code(order, csr=ec_csr, returnCertificate="Y") == 2
