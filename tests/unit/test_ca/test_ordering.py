# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders placed at the endpoint, and mails sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, openssl
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, PATIENCE, RunningCa

Place = Callable[..., str]
EMAIL = "alice@example.test"
WHOLE = {
    "loginName": ACCOUNT["login_name"],
    "loginPassword": ACCOUNT["password"],
    "product": "794",
    "days": "365",
    "sanEmailAddress": EMAIL,
}


def call(ca: RunningCa, name: str, arguments: Any) -> requests.Response:
    url = ca.identity["url"].replace("download/RequestAndCollectSMIME", name)
    return ca.session.post(url, data=arguments, timeout=PATIENCE)


@pytest.fixture
def place(ca: RunningCa) -> Place:
    """Place an order, whole unless an argument is changed or taken away, and give the reply."""

    def run(**changes: str | None) -> str:
        arguments = {name: value for name, value in {**WHOLE, **changes}.items() if value is not None}
        return call(ca, "!AutoApplyOrder", arguments).text

    return run


@pytest.fixture
def resend(ca: RunningCa) -> Place:
    def run(**changes: str | None) -> str:
        asked = {name: WHOLE[name] for name in ("loginName", "loginPassword")} | changes
        return call(ca, "!ResendVerificationEmailSMIME", {k: v for k, v in asked.items() if v is not None}).text

    return run


def confirm(ca: RunningCa, number: str) -> None:
    ca.control("PATCH", f"orders/{number}", {"state": "ready"})


def newest(ca: RunningCa) -> dict[str, Any]:
    placed: dict[str, Any] = ca.control("GET", "placed")["placed"][-1]
    return placed


def test_an_order_is_confirmed_and_collected_like_any_other(ca: RunningCa, place: Place, csr: str) -> None:
    status, number, cost, _time = place().splitlines()
    assert (status, cost) == ("0", "12.00")
    order = {"order_number": number}
    assert ca.code(order, csr=csr, returnCertificate="Y") == -154
    confirm(ca, number)
    leaf = certificates(ca.ask(order, returnCertificate="Y", queryType="2").text)[0].encode()
    assert EMAIL in openssl("x509", "-noout", "-ext", "subjectAltName", data=leaf)
    openssl("x509", "-noout", "-checkend", str(363 * 86400), data=leaf)


def test_the_code_is_shown_to_who_asks_for_it(ca: RunningCa, place: Place, csr: str) -> None:
    assert len(place().splitlines()) == 4
    _status, number, _cost, _time, code = place(showCollectionCode="Y").splitlines()
    confirm(ca, number)
    arguments = {"collectionCode": code, "queryType": "0", "csr": csr, "returnCertificate": "Y"}
    assert ca.post(arguments).text == "1\n"


@pytest.mark.parametrize(("keys", "spell"), [("page", str), ("lower", str.lower), ("upper", str.upper)])
def test_a_reply_can_be_url_encoded(ca: RunningCa, place: Place, keys: str, spell: Callable[[str], str]) -> None:
    ca.control("PATCH", "settings", {"dialect": {"order_keys": keys}})
    fields = parse_qs(place(responseFormat="1", showCollectionCode="Y"), strict_parsing=True)
    assert list(fields) == [spell(name) for name in ("errorCode", "orderNumber", "totalCost", "collectionCode")]
    assert fields[spell("errorCode")] == ["0"]
    refused = parse_qs(place(responseFormat="1", days="366"), strict_parsing=True)
    assert refused == {
        spell("errorCode"): ["-4"],
        spell("errorMessage"): ["The value of the 'days' argument is invalid!"],
        spell("errorItem"): ["days"],
    }


def test_each_product_has_its_policy_and_its_prices(ca: RunningCa, place: Place, csr: str) -> None:
    prices = set()
    for product, policy in (("794", "1.2"), ("795", "1.3"), ("796", "2.2")):
        organization = {"organizationName": "Example Ltd", "countryName": "GB"} if product == "796" else {}
        for days in ("365", "730"):
            _status, number, cost, _time = place(product=product, days=days, **organization).splitlines()
            prices.add(cost)
            confirm(ca, number)
            leaf = ca.ask({"order_number": number}, csr=csr, returnCertificate="Y", queryType="2").text
            printed = openssl("x509", "-noout", "-text", data=certificates(leaf)[0].encode())
            assert f"2.23.140.1.5.{policy}" in printed
            assert ("Example Ltd" in printed) is bool(organization)
    assert len(prices) == 6


@pytest.mark.parametrize("name", [*WHOLE])
def test_what_is_required_is_named(place: Place, name: str) -> None:
    for value in (None, ""):
        assert place(**{name: value}) == f"-3\nThe '{name}' argument is missing!\n"


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
def test_what_is_wrong_is_refused_and_costs_nothing(
    ca: RunningCa, place: Place, changes: dict[str, str], answer: str
) -> None:
    before = ca.control("GET", "placed")
    assert place(**changes).startswith(answer)
    assert ca.control("GET", "placed") == before


def test_an_argument_of_the_page_can_be_unknown_to_the_ca(ca: RunningCa, place: Place) -> None:
    ca.control("PATCH", "settings", {"unknown_arguments": ["responseFormat", "test"]})
    assert place(responseFormat="1") == "-2\n'responseFormat' is an unrecognised argument!\n"
    assert place(test="Y") == "-2\n'test' is an unrecognised argument!\n"
    assert place().startswith("0\n")


def test_both_calls_want_https_and_post(ca: RunningCa) -> None:
    for name in ("!AutoApplyOrder", "!ResendVerificationEmailSMIME"):
        for base, method, code in ((ca.identity["http_url"], "POST", "-1"), (ca.identity["url"], "GET", "-17")):
            url = base.replace("download/RequestAndCollectSMIME", name)
            assert ca.session.request(method, url, timeout=PATIENCE).text.startswith(f"{code}\n")


def test_what_was_ordered_is_told(ca: RunningCa, place: Place) -> None:
    number = place(product="796", days="730", organizationName="Example Ltd", countryName="DE").splitlines()[1]
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


def test_a_test_order_costs_nothing_and_cannot_be_collected(ca: RunningCa, place: Place) -> None:
    ca.control("POST", "accounts", {**ACCOUNT, "credit": 0})
    number = place(test="Y").splitlines()[1]
    assert newest(ca)["test"] is True
    assert ca.code({"order_number": number}) == -4


def test_an_account_pays_until_its_credit_is_used_up(ca: RunningCa, place: Place) -> None:
    ca.control("POST", "accounts", {**ACCOUNT, "credit": 25})
    assert [place().splitlines()[0] for _order in range(3)] == ["0", "0", "-15"]


def test_an_order_can_wait_for_its_payment(ca: RunningCa, place: Place, csr: str) -> None:
    ca.control("PATCH", "settings", {"placed": {"state": "awaiting_payment"}})
    status, number, *_rest = place().splitlines()
    assert status == "1"
    assert newest(ca)["payment_required"] is True
    assert ca.code({"order_number": number}, csr=csr, returnCertificate="Y") == -22


def test_an_answer_can_be_lost_after_the_order_was_placed(ca: RunningCa, place: Place) -> None:
    before = len(ca.control("GET", "placed")["placed"])
    ca.fault("cut_after", endpoint="order", email=EMAIL)
    assert ca.code(ca.order(no_csr_answer="pending")) == 0
    assert place(sanEmailAddress="bob@example.test").startswith("0\n")
    with pytest.raises(requests.ConnectionError):
        place()
    assert len(ca.control("GET", "placed")["placed"]) == before + 2
    assert newest(ca)["email"] == EMAIL


def test_a_code_can_be_provoked_in_the_form_that_was_asked_for(ca: RunningCa, place: Place) -> None:
    ca.fault("code", endpoint="order", code=-115, message="No price")
    assert place(responseFormat="1") == "errorCode=-115&errorMessage=No+price"


def test_another_account_does_not_see_the_order(ca: RunningCa, place: Place) -> None:
    number = place().splitlines()[1]
    ca.control("POST", "accounts", {"login_name": "other", "password": "other"})
    assert ca.code({"order_number": number}, loginName="other", loginPassword="other") == -4


def test_a_mail_is_sent_with_the_order_and_when_asked_until_it_is_confirmed(
    ca: RunningCa, place: Place, resend: Place
) -> None:
    number = place().splitlines()[1]
    assert resend(orderNumber=number) == resend(orderNumber=number, emailAddress=EMAIL) == "0\n"
    assert ca.control("GET", f"orders/{number}")["mails_sent"] == 3
    confirm(ca, number)
    assert resend(orderNumber=number).startswith("-122\n")


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
def test_a_mail_is_not_sent_for_what_is_wrong(
    ca: RunningCa, place: Place, resend: Place, changes: dict[str, str | None], answer: str
) -> None:
    number = place().splitlines()[1]
    assert resend(**{"orderNumber": number, **changes}).startswith(answer)
    assert ca.control("GET", f"orders/{number}")["mails_sent"] == 1
