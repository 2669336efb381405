# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments are judged as strictly as the page describes them, with its codes and its texts."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import (
    COLLECT,
    LOGIN,
    PATIENCE,
    PLACE,
    RESEND,
    RunningCa,
)

WHOLE = {**LOGIN, "orderNumber": "1", "queryType": "1"}
LONGEST = {"loginName": 64, "loginPassword": 128, "orderNumber": 128, "collectionCode": 16, "csr": 32767}


def invalid(name: str) -> str:
    return f"-4\nThe value of the '{name}' argument is invalid!\n"


@pytest.mark.parametrize("name", WHOLE)
def test_a_required_argument_is_named_when_it_is_missing(ca: RunningCa, name: str) -> None:
    missing = f"-3\nThe '{name}' argument is missing!\n"
    assert ca.post({**WHOLE, name: ""}).text == missing
    assert ca.post({given: value for given, value in WHOLE.items() if given != name}).text == missing


def test_names_are_case_insensitive_and_each_stands_once(ca: RunningCa) -> None:
    order = ca.order(state="awaiting_payment")
    arguments = {**WHOLE, "orderNumber": order["order_number"], "queryType": "0"}
    assert ca.post({name.upper(): value for name, value in arguments.items()}).text.startswith("-22\n")
    assert ca.post([*WHOLE.items(), ("QUERYTYPE", "1")]).text == invalid("queryType")


def test_unknown_arguments_and_those_outside_the_body_are_refused(ca: RunningCa) -> None:
    assert ca.post({**WHOLE, "surprise": "1"}).text == "-2\nUnrecognised argument!\n"
    url = f"{ca.identity['url']}?queryType=1"
    assert ca.session.post(url, data=WHOLE, timeout=PATIENCE).text.startswith("-2\n")
    assert ca.session.post(ca.identity["url"], json=WHOLE, timeout=PATIENCE).text.startswith("-3\n")


def test_values_as_long_as_the_page_allows_are_taken(ca: RunningCa) -> None:
    account = {"login_name": "n" * 64, "password": "p" * 128}
    ca.control("POST", "accounts", account)
    order = ca.order(order_number="o" * 128, collection_code="c" * 16)
    login = {"loginName": account["login_name"], "loginPassword": account["password"]}
    assert ca.code(order, csr="x" * 32767, **login) == -20
    assert ca.post({"collectionCode": "c" * 16, "csr": "x" * 32767, "queryType": "1"}).text.startswith("-20\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x" * (length + 1)) for name, length in LONGEST.items()),
        ("orderNumber", "no such"),
        ("collectionCode", "no such"),
        ("queryType", "4"),
        ("queryType", "-1"),
        ("queryType", "01"),
        ("responseType", "0"),
        ("responseType", "5"),
        ("responseEncoding", "3"),
        ("responseEncoding", ""),
        ("returnCertificate", "y"),
        ("returnCertificate", "Yes"),
        ("showValidityPeriod", "1"),
        ("responseMimeType", "no type"),
        ("responseMimeType", "text/plain\r\nX-Evil: 1"),
        ("responseMimeType", "text/" + "x" * 251),
        ("csr", ""),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(ca: RunningCa, name: str, value: str) -> None:
    assert ca.post({**WHOLE, name: value}).text == invalid(name)


def test_values_that_are_no_utf8_are_refused(ca: RunningCa) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"loginName=%FF&loginPassword=x&orderNumber=1&queryType=1"
    assert ca.post(body, headers=form).text == invalid("loginName")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"queryType": "0", "responseType": "1"}, "responseType"),
        ({"queryType": "2", "responseType": "2"}, "responseType"),
        ({"queryType": "3", "responseType": "4"}, "responseType"),
        ({"queryType": "1", "responseType": "3", "responseEncoding": "1"}, "responseEncoding"),
        ({"queryType": "0", "responseEncoding": "1"}, "responseEncoding"),
        ({"queryType": "1", "responseEncoding": "2", "showValidityPeriod": "Y"}, "showValidityPeriod"),
    ],
)
def test_a_combination_that_the_page_rules_out_is_refused(ca: RunningCa, arguments: dict[str, str], name: str) -> None:
    text = ca.post({**WHOLE, **arguments}).text
    if arguments.get("responseEncoding") == "2":
        assert text.startswith("var g_errorCode = -4;")
        assert f"'{name}'" in text
    else:
        assert text == invalid(name)


def test_no_header_is_made_of_what_was_not_judged(ca: RunningCa) -> None:
    evil = {"responseEncoding": "2", "responseMimeType": "text/plain\r\nX-Evil: 1", "surprise": "1"}
    reply = ca.post({**WHOLE, **evil})
    assert reply.headers["Content-Type"] == "text/javascript"
    assert "X-Evil" not in reply.headers


@pytest.mark.parametrize("call", [COLLECT, PLACE, RESEND])
def test_each_call_wants_https_and_post(ca: RunningCa, call: str) -> None:
    url, plain = (ca.identity[name].replace(COLLECT, call) for name in ("url", "http_url"))
    for method in ("GET", "PUT", "DELETE"):
        reply = ca.session.request(method, url, params=LOGIN, timeout=PATIENCE)
        assert reply.text == "-17\nRequest used GET rather than POST!\n"
    assert ca.session.post(plain, data=LOGIN, timeout=PATIENCE).text == "-1\nRequest was not made over https!\n"
