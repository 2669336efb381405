# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to order, strictly as the pages say, and what is read of the replies, as tolerant as can be."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.ordering import (
    OrderReply,
    Terms,
    build_order,
    build_reminder,
    derive_urls,
    read_order,
    to_error,
)
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import BARE, WITH_WORDS

LOGIN = ("name", "hunter2")
ACME = {"name": "Acme", "identifier": "NTRDE-HRB1", "state": "Berlin", "country": "DE"}
ORGANIZATION = {"product": "organization_multipurpose"}


def terms(**changes: Any) -> Terms:
    return Terms(
        **{"email": "a@example.test", "product": "mailbox_strict", "days": 365, "organization": ACME, **changes}
    )


def read(body: bytes | str, status: int = 200, *, encoded: bool = False) -> OrderReply | None:
    octets = body.encode() if isinstance(body, str) else body
    return read_order(HttpResponse(status, "", octets, encoded=encoded), ("hunter2",))


def test_only_what_the_page_has_is_sent() -> None:
    assert build_order(terms(), *LOGIN, test=False) == {
        "loginName": "name", "loginPassword": "hunter2", "product": "795", "days": "365", "sanEmailAddress": "a@example.test",
        "showCollectionCode": "Y", "responseFormat": "1",
    }  # fmt: skip
    assert build_order(terms(), *LOGIN, test=True)["test"] == "Y"
    assert build_reminder("4711", *LOGIN) == {"loginName": "name", "loginPassword": "hunter2", "orderNumber": "4711"}


def test_the_organization_goes_with_its_product_alone() -> None:
    form = build_order(terms(product="organization_multipurpose", days=730), *LOGIN, test=False)
    assert (form["product"], form["days"]) == ("796", "730")
    assert {name: form[name] for name in list(form)[7:]} == {
        "organizationName": "Acme", "organizationIdentifier": "NTRDE-HRB1", "stateOrProvinceName": "Berlin", "countryName": "DE",
    }  # fmt: skip
    bare = build_order(terms(product="organization_multipurpose", organization={"name": "Acme"}), *LOGIN, test=False)
    assert "countryName" not in bare


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"product": ""}, "product"), ({"product": "794"}, "product"), ({"days": 0}, "days"), ({"days": 366}, "days"),
        ({"email": "a" * 244 + "@example.test"}, "email"), ({**ORGANIZATION, "organization": {}}, "organization"),
        *(
            ({**ORGANIZATION, "organization": {**ACME, name: value}}, f"organization.{name}")
            for name, value in (
                ("name", "A" * 65), ("name", "A\n"), ("identifier", "A" * 101), ("state", "A" * 129), ("country", "de"),
            )
        ),
    ],
)  # fmt: skip
def test_what_the_page_forbids_is_named(changes: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionError, match=option):
        build_order(terms(**changes), *LOGIN, test=False)


@pytest.mark.parametrize("login", [("", "hunter2"), ("name", ""), ("n" * 65, "hunter2"), ("name", "hunter2\n")])
def test_a_login_that_cannot_be_is_named_and_not_told(login: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match="login_") as caught:
        build_order(terms(), *login, test=False)
    assert "hunter2" not in str(caught.value.describe())


def test_the_addresses_come_from_the_endpoint_s() -> None:
    host = "https://ca.example.test:8443/products/"
    assert derive_urls(f"{host}download/RequestAndCollectSMIME") == (
        f"{host}!AutoApplyOrder",
        f"{host}!ResendVerificationEmailSMIME",
    )
    for url in (host, f"{host}download/RequestAndCollectSMIME?x", f"{host}RequestAndCollectSMIME"):
        with pytest.raises(OptionError, match="api_url"):
            derive_urls(url)


PAIRS = {"errorCode": "0", "orderNumber": "4711", "totalCost": "12.00", "collectionCode": "AbCd"}


@pytest.mark.parametrize(
    "body",
    [
        urlencode(PAIRS),
        urlencode({name.lower(): value for name, value in PAIRS.items()}),
        urlencode({name.upper(): value for name, value in PAIRS.items()}),
        "\ufeff\r\n" + urlencode({**PAIRS, "expectedDeliveryTime": "1"}) + "\r\n",
        "orderNumber=4711&collectionCode=AbCd&errorCode=0&totalCost=12.00&certificateID=1&certificateID=2",
        "errorCode=0&orderNumber=4711&orderNumber=4712&collectionCode=AbCd&totalCost=12.00",
    ],
)
def test_a_reply_in_pairs_is_read_whatever_its_order_its_case_and_its_status(body: str) -> None:
    expected = OrderReply(0, "", "4711", "AbCd", "12.00")
    assert [read(body, status) for status in (200, 302, 500)] == [expected] * 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("1\n4711\n12.00\n1\nAbCd\n", OrderReply(1, "", "4711")),
        ("0\r\n4711\r\n", OrderReply(0, "", "4711")),
        ("0\n", OrderReply(0)),
        ("0", OrderReply(0)),
        ("-4\nThe value is invalid!\n", OrderReply(-4, "The value is invalid!")),
        ("-4 The value is invalid!", OrderReply(-4, "The value is invalid!")),
        ("errorCode=-4&errorMessage=Wrong+value&errorItem=days", OrderReply(-4, "Wrong value (days)")),
        ("errorCode=-16&errorMessage=hunter2+is+wrong", OrderReply(-16, "******** is wrong")),
        ("errorCode=-16&errorMessage=%2568unter2+is+wrong", OrderReply(-16, "")),
        ("errorCode=0&orderNumber=", OrderReply(0)),
        ("errorCode=0&orderNumber=" + "1" * 129, OrderReply(0)),
        ("errorCode=0&orderNumber=47+11", OrderReply(0)),
        ("errorCode=0&orderNumber=hunter2", OrderReply(0)),
        ("errorCode=0&orderNumber=1&collectionCode=" + "c" * 17, OrderReply(0, "", "1")),
    ],
)
def test_what_a_reply_does_not_have_stays_empty(body: str, expected: OrderReply) -> None:
    assert read(body) == expected


NO_STATUS = ["", "\n", "<html>OK</html>", "Order placed", "errorCode=&orderNumber=4711", "orderNumber=4711"]


@pytest.mark.parametrize("body", [*NO_STATUS, "errorCode=zero", "4711-0", "{}", "\x00"])
def test_without_a_numeric_status_the_order_may_exist(body: str) -> None:
    assert read(body) is None


@pytest.mark.parametrize("body", [*WITH_WORDS, *BARE])
def test_a_refused_login_is_seen_in_every_form_and_in_http_s_own(body: bytes) -> None:
    replies = [read(body), read(body, 503), read("", 401), read("errorCode=0&orderNumber=4711", 403)]
    assert [reply and reply.code for reply in replies] == [-16] * 4


def test_an_encoded_reply_is_not_read() -> None:
    assert read("", encoded=True) is None


@pytest.mark.parametrize("code", [-1, -2, -3, -4, -7, -8, -14, -15, -16, -17, -40, -42, -90, -115, -122, -160, -9999])
def test_each_code_has_a_name_and_says_what_to_do(code: int) -> None:
    error = to_error(OrderReply(code, "What the CA says"))
    assert (error.code, error.message) == (code, "What the CA says")
    assert error.hint or code == -14
    assert to_error(OrderReply(code)).message
