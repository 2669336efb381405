# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in: who may ask for what, and when the lock falls."""

from __future__ import annotations

from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, RunningCa

REFUSED = "-16\nIncorrect login details, account is locked, password has expired or your source IP is blocked.\n"


def test_wrong_details_are_refused_without_saying_which(ca: RunningCa) -> None:
    order = ca.order()
    assert ca.ask(order, loginPassword="wrong").text == REFUSED
    assert ca.ask(order, loginName="nobody").text == REFUSED


def test_name_and_password_are_case_sensitive(ca: RunningCa) -> None:
    order = ca.order()
    assert ca.code(order, loginName=ACCOUNT["login_name"].lower()) == -16
    assert ca.code(order, loginPassword=ACCOUNT["password"].upper()) == -16


def test_repeated_failures_lock_the_account_until_it_is_unlocked(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    for _attempt in range(5):
        assert ca.code(order, loginPassword="wrong") == -16
    assert ca.ask(order).text == REFUSED
    assert ca.control("POST", f"accounts/{ACCOUNT['login_name']}/unlock")["locked"] is False
    assert ca.code(order) == 0


def test_a_success_forgets_the_failures(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    ca.control("PATCH", "settings", {"lock_after": 2})
    for _attempt in range(3):
        assert ca.code(order, loginPassword="wrong") == -16
        assert ca.code(order) == 0


def test_an_order_is_hidden_from_other_accounts(ca: RunningCa) -> None:
    order = ca.order(login_name="somebody else")
    assert ca.ask(order).text == "-4\nThe value of the 'orderNumber' argument is invalid!\n"


def test_a_collection_code_needs_no_login_and_wins_over_one(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending", login_name="somebody else")
    code = order["collection_code"]
    alone = {"loginName": None, "loginPassword": None, "orderNumber": None}
    assert ca.code(order, collectionCode=code, **alone) == 0
    assert ca.code(order, collectionCode=code, loginPassword="wrong", orderNumber="no such") == 0
    assert ca.control("GET", "accounts")["accounts"][0]["failures"] == 0
