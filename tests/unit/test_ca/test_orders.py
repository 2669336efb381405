# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order's way: placed at the endpoint or by a test, from state to state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, openssl
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, EMAIL, LOGIN, RESEND, RunningCa

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
    ca.change(order, state="ready")
    assert ca.code(order, returnCertificate="Y") == 2
    ca.change(order, state="revoked")
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


def resend(ca: RunningCa, **arguments: str | None) -> str:
    return ca.post({**LOGIN, **arguments}, RESEND).text


def newest(ca: RunningCa) -> dict[str, Any]:
    placed: dict[str, Any] = ca.control("GET", "placed")["placed"][-1]
    return placed


def test_an_order_is_confirmed_and_collected_like_any_other(ca: RunningCa, csr: str) -> None:
    status, number, cost, _time = ca.place().splitlines()
    assert (status, cost) == ("0", "12.00")
    order = {"order_number": number}
    assert ca.code(order, csr=csr, returnCertificate="Y") == -154
    ca.change({"order_number": number}, state="ready")
    leaf = certificates(ca.ask(order, returnCertificate="Y", queryType="2").text)[0].encode()
    assert EMAIL in openssl("x509", "-noout", "-ext", "subjectAltName", data=leaf)
    openssl("x509", "-noout", "-checkend", str(363 * 86400), data=leaf)


def test_the_code_is_shown_to_who_asks_for_it(ca: RunningCa, csr: str) -> None:
    assert len(ca.place().splitlines()) == 4
    _status, number, _cost, _time, code = ca.place(showCollectionCode="Y").splitlines()
    ca.change({"order_number": number}, state="ready")
    arguments = {"collectionCode": code, "queryType": "0", "csr": csr, "returnCertificate": "Y"}
    assert ca.post(arguments).text == "1\n"


@pytest.mark.parametrize(("keys", "spell"), [("page", str), ("lower", str.lower), ("upper", str.upper)])
def test_a_reply_can_be_url_encoded(ca: RunningCa, keys: str, spell: Callable[[str], str]) -> None:
    ca.control("PATCH", "settings", {"dialect": {"order_keys": keys}})
    fields = parse_qs(ca.place(responseFormat="1", showCollectionCode="Y"), strict_parsing=True)
    assert list(fields) == [spell(name) for name in ("errorCode", "orderNumber", "totalCost", "collectionCode")]
    assert fields[spell("errorCode")] == ["0"]
    refused = parse_qs(ca.place(responseFormat="1", days="366"), strict_parsing=True)
    assert refused == {
        spell("errorCode"): ["-4"],
        spell("errorMessage"): ["The value of the 'days' argument is invalid!"],
        spell("errorItem"): ["days"],
    }


def test_each_product_has_its_policy_and_its_prices(ca: RunningCa, csr: str) -> None:
    prices = set()
    for product, policy in (("794", "1.2"), ("795", "1.3"), ("796", "2.2")):
        organization = {"organizationName": "Example Ltd", "countryName": "GB"} if product == "796" else {}
        for days in ("365", "730"):
            _status, number, cost, _time = ca.place(product=product, days=days, **organization).splitlines()
            prices.add(cost)
            ca.change({"order_number": number}, state="ready")
            leaf = ca.ask({"order_number": number}, csr=csr, returnCertificate="Y", queryType="2").text
            printed = openssl("x509", "-noout", "-text", data=certificates(leaf)[0].encode())
            assert f"2.23.140.1.5.{policy}" in printed
            assert ("Example Ltd" in printed) is bool(organization)
    assert len(prices) == 6


@pytest.mark.parametrize("name", [*LOGIN, "product", "days", "sanEmailAddress"])
def test_what_is_required_is_named(ca: RunningCa, name: str) -> None:
    for value in (None, ""):
        assert ca.place(**{name: value}) == f"-3\nThe '{name}' argument is missing!\n"


ORGANIZATION = {"product": "796", "organizationName": "x"}
INVALID = [
    {"product": "793"},
    {"days": "366"},
    {"sanEmailAddress": "no address"},
    {"sanEmailAddress": "a@" + "b" * 254},
    {"showCollectionCode": "y"},
    {"responseFormat": "2"},
    {"test": "yes"},
    {"organizationName": "x"},
    {"product": "796", "organizationName": "x" * 65},
]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        *((changes, f"-4\nThe value of the '{[*changes][-1]}' argument is invalid!\n") for changes in INVALID),
        ({"PRODUCT": "794"}, "-4\nThe value of the 'product' argument is invalid!\n"),
        ({"surprise": "1"}, "-2\n'surprise' is an unrecognised argument!\n"),
        ({"queryType": "1"}, "-2\n'queryType' is an unrecognised argument!\n"),
        ({"product": "796"}, "-3\nThe 'organizationName' argument is missing!\n"),
        (ORGANIZATION | {"countryName": "XX"}, "-7\nThe value of the 'countryName' argument is no ISO-3166 country!\n"),
        ({"csr": "nonsense"}, "-10\nThe CSR cannot be decoded!\n"),
        ({"loginPassword": "wrong"}, "-16\nIncorrect login details"),
    ],
)
def test_what_is_wrong_is_refused_and_costs_nothing(ca: RunningCa, changes: dict[str, str], answer: str) -> None:
    before = ca.control("GET", "placed")
    assert ca.place(**changes).startswith(answer)
    assert ca.control("GET", "placed") == before


def test_an_argument_of_the_page_can_be_unknown_to_the_ca(ca: RunningCa) -> None:
    ca.control("PATCH", "settings", {"unknown_arguments": ["responseFormat", "test"]})
    assert ca.place(responseFormat="1") == "-2\n'responseFormat' is an unrecognised argument!\n"
    assert ca.place(test="Y") == "-2\n'test' is an unrecognised argument!\n"
    assert ca.place().startswith("0\n")


def test_what_was_ordered_is_told(ca: RunningCa) -> None:
    number = ca.place(product="796", days="730", organizationName="Example Ltd", countryName="DE").splitlines()[1]
    assert newest(ca) == {
        "order_number": number,
        "email": EMAIL,
        "product": "796",
        "days": 730,
        "cost": 75,
        "login_name": ACCOUNT["login_name"],
        "test": False,
        "payment_required": False,
        "organization": {"organizationName": "Example Ltd", "countryName": "DE"},
    }
    assert (ca.calls()[-1]["endpoint"], ca.calls()[-1]["code"]) == ("order", 0)
    assert ca.control("GET", f"orders/{number}")["login_name"] == ACCOUNT["login_name"]


def test_a_test_order_costs_nothing_and_cannot_be_collected(ca: RunningCa) -> None:
    ca.control("POST", "accounts", {**ACCOUNT, "credit": 0})
    number = ca.place(test="Y").splitlines()[1]
    assert newest(ca)["test"] is True
    assert ca.code({"order_number": number}) == -4


def test_an_account_pays_until_its_credit_is_used_up(ca: RunningCa) -> None:
    ca.control("POST", "accounts", {**ACCOUNT, "credit": 25})
    assert [ca.place().splitlines()[0] for _order in range(3)] == ["0", "0", "-15"]


def test_an_order_can_wait_for_its_payment(ca: RunningCa, csr: str) -> None:
    ca.control("PATCH", "settings", {"placed": {"state": "awaiting_payment"}})
    status, number, *_rest = ca.place().splitlines()
    assert status == "1"
    assert newest(ca)["payment_required"] is True
    assert ca.code({"order_number": number}, csr=csr, returnCertificate="Y") == -22


def test_an_answer_can_be_lost_after_the_order_was_placed(ca: RunningCa) -> None:
    before = len(ca.control("GET", "placed")["placed"])
    ca.fault("cut_after", endpoint="order", email=EMAIL)
    assert ca.code(ca.order(no_csr_answer="pending")) == 0
    assert ca.place(sanEmailAddress="bob@example.test").startswith("0\n")
    with pytest.raises(requests.ConnectionError):
        ca.place()
    assert len(ca.control("GET", "placed")["placed"]) == before + 2
    assert newest(ca)["email"] == EMAIL


def test_a_code_can_be_provoked_in_the_form_that_was_asked_for(ca: RunningCa) -> None:
    ca.fault("code", endpoint="order", code=-115, message="No price")
    assert ca.place(responseFormat="1") == "errorCode=-115&errorMessage=No+price"


def test_a_mail_is_sent_with_the_order_and_when_asked_until_it_is_confirmed(ca: RunningCa) -> None:
    number = ca.place().splitlines()[1]
    assert resend(ca, orderNumber=number) == resend(ca, orderNumber=number, emailAddress=EMAIL) == "0\n"
    assert ca.control("GET", f"orders/{number}")["mails_sent"] == 3
    ca.change({"order_number": number}, state="ready")
    assert resend(ca, orderNumber=number).startswith("-122\n")


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"orderNumber": None}, "-3\nThe 'orderNumber' argument is missing!\n"),
        ({"orderNumber": "no such"}, "-4\nThe value of the 'orderNumber' argument is invalid!\n"),
        ({"emailAddress": "bob@example.test"}, "-4\nThe value of the 'emailAddress' argument is invalid!\n"),
        ({"responseFormat": "1"}, "-2\n'responseFormat' is an unrecognised argument!\n"),
        ({"loginPassword": "wrong"}, "-16\n"),
    ],
)
def test_a_mail_is_not_sent_for_what_is_wrong(ca: RunningCa, changes: dict[str, str | None], answer: str) -> None:
    number = ca.place().splitlines()[1]
    assert resend(ca, **{"orderNumber": number, **changes}).startswith(answer)
    assert ca.control("GET", f"orders/{number}")["mails_sent"] == 1
