# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter of the page: its length, its values, its conditions, its spelling."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, check_order, check_url
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query, build_form, check_query
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import read_text

ACCOUNT = Order(order_number="12345", login_name="Name", login_password="Pass word+&=%")
BY_CODE = Order(collection_code="Code1234")
# The page's column Max.Length.
ORDER_OPTIONS = {"login_name": 64, "login_password": 128, "order_number": 128, "collection_code": 16}
LENGTHS = {**ORDER_OPTIONS, "csr": 32767, "response_mime_type": 255}


def change(order: Order, **changes: str | None) -> Order:
    """Return ``order`` with other values."""
    return Order(**{**vars(order), **changes})


def base(option: str) -> Order:
    return BY_CODE if option == "collection_code" else ACCOUNT


@pytest.mark.parametrize(("option", "length"), LENGTHS.items())
def test_an_option_may_be_as_long_as_the_page_says_and_no_longer(option: str, length: int) -> None:
    def check(value: str) -> None:
        values: dict[str, Any] = {option: value}
        if option in ORDER_OPTIONS:
            check_order(change(base(option), **values))
        else:
            check_query(Query(**values))

    check("\u00e4" * length)
    with pytest.raises(OptionError, match=option) as caught:
        check("\u00e4" * (length + 1))
    assert caught.value.name == "invalid_option"
    assert str(length) in caught.value.message
    assert "\u00e4" not in caught.value.message


@pytest.mark.parametrize("option", ORDER_OPTIONS)
def test_a_line_end_is_refused_before_it_counts_as_a_failed_login(option: str) -> None:
    for end in ("\n", "\r\n", "\r", "\n\n", "\u2028", "\u0085", "\x0b", "\x1e"):
        for value in (f"s3cret{end}", f"{end}s3cret", f"s3{end}cret"):
            with pytest.raises(OptionError, match=f"^{option} has a line end") as caught:
                check_order(change(base(option), **{option: value}))
            assert "s3" not in str(caught.value.describe())
        # The account that stays home may be anything.
        check_order(change(ACCOUNT, collection_code="Code1234", login_password=f"s3cret{end}"))


@pytest.mark.parametrize("missing", ["order_number", "login_name", "login_password"])
def test_the_account_needs_all_three(missing: str) -> None:
    for nothing in (None, ""):
        with pytest.raises(OptionError, match=missing) as caught:
            build_form(change(ACCOUNT, **{missing: nothing}), Query())
        assert "collection_code" in caught.value.hint
    with pytest.raises(OptionError, match="order_number, login_name, login_password"):
        check_order(Order())


def test_the_collection_code_needs_nothing_else_and_the_account_stays_home() -> None:
    assert build_form(change(ACCOUNT, collection_code="Code1234"), Query()) == build_form(BY_CODE, Query())


def test_the_names_are_those_of_the_pages_sample() -> None:
    sample = dict(re.findall(r"--data-urlencode '(\w+)=([^']*)'", read_text("request/sample_request.txt")))
    order = Order(order_number="order_number", login_name="login_name", login_password="login_password")
    query = Query(response_type=2, response_mime_type="application/x-x509-user-cert", return_certificate=True)
    assert build_form(order, query) == sample


def test_what_was_asked_for_is_spelled_as_on_the_page_and_nothing_else_is_sent() -> None:
    account = {"loginName": "Name", "loginPassword": "Pass word+&=%", "orderNumber": "12345"}
    bare = {"queryType": "1", "responseType": "3", "responseEncoding": "0"}
    query = Query(csr="MIIB", return_certificate=True, response_mime_type="text/plain", show_validity_period=True)
    assert build_form(ACCOUNT, Query()) == {**account, **bare}
    assert build_form(BY_CODE, query) == {
        **bare, "collectionCode": "Code1234", "csr": "MIIB", "returnCertificate": "Y",
        "responseMimeType": "text/plain", "showValidityPeriod": "Y",
    }  # fmt: skip


def test_a_status_query_asks_for_no_form_of_certificates() -> None:
    form = build_form(BY_CODE, Query(query_type=0))
    assert form["queryType"] == "0"
    assert "responseType" not in form


def allows(query_type: int, response_type: int, encoding: int, validity: bool) -> bool:
    """Tell what the page allows, in the page's own words."""
    if query_type not in range(4) or response_type not in range(1, 5) or encoding not in range(3):
        return False
    if response_type != 3 and query_type != 1:  # 1, 2 and 4: "queryType must be 1"
        return False
    # "queryType must be 1 and responseType must be 2"
    if encoding == 1 and not (query_type == 1 and response_type == 2):
        return False
    return not validity or encoding == 0  # "Applicable only for responseEncoding=0"


@pytest.mark.parametrize("query_type", range(-1, 5))
def test_every_combination_is_allowed_or_refused_as_the_page_says(query_type: int) -> None:
    for response_type, encoding, validity in itertools.product(range(6), range(-1, 4), (False, True)):
        query = Query(query_type, response_type, encoding, show_validity_period=validity)
        if allows(query_type, response_type, encoding, validity):
            form = build_form(BY_CODE, query)
            assert (form["queryType"], form["responseEncoding"]) == (str(query_type), str(encoding))
            assert form.get("responseType", "3") == str(response_type)
            assert form.get("showValidityPeriod") == ("Y" if validity else None)
        else:
            with pytest.raises(OptionError) as caught:
                build_form(BY_CODE, query)
            assert caught.value.hint


def test_a_number_that_is_not_on_the_page_is_refused_by_its_option() -> None:
    for option, numbers in {"query_type": (-1, 4), "response_type": (0, 5), "response_encoding": (-1, 3)}.items():
        for number in numbers:
            with pytest.raises(OptionError, match=option):
                check_query(Query(**{option: number}))  # type: ignore[arg-type]


def test_password_and_code_are_secrets_that_no_text_about_an_order_has() -> None:
    whole = change(ACCOUNT, collection_code="Code1234")
    assert set(whole.secrets) == {ACCOUNT.login_password, "Code1234"}
    assert Order().secrets == ()
    assert not any(secret in repr(whole) + whole.label() + BY_CODE.label() for secret in ("Pass word", "Code1234"))
    assert "12345" in repr(whole)
    assert "12345" in ACCOUNT.label()


@pytest.mark.parametrize(
    "url",
    [
        "https://secure.trust-provider.com/products/download/RequestAndCollectSMIME", "https://ca.example.test:65535/path?x=1",
        "https://127.0.0.1:1/x", "https://[::1]:443/x", "HTTPS://CA.EXAMPLE.TEST/x", "https://ca.example.test",
    ],
)  # fmt: skip
def test_an_https_url_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *(f"{start}ca.example.test/x" for start in ("http://", "HTTP://", "ftp://", "", "//")),
        "/products/download", "", "https", "https:", "https://", "https:///path", "https://:443/path",
        *(f"https://{user}@ca.example.test/x" for user in ("user", "user:hunter2", ":hunter2", "")),
        "https://ca.example.test/x#part",
        *(f"https://ca.example.test:{port}/x" for port in ("port", "65536", "-1")),
        "https://[::1/x", "https://ca example.test/x", "https://ca.example.test\x00/x", "\u0000",
    ],
)  # fmt: skip
def test_any_other_url_is_refused_by_name_and_without_its_password(url: str) -> None:
    with pytest.raises(OptionError, match="api_url") as caught:
        check_url(url)
    assert caught.value.name == "invalid_option"
    assert "hunter2" not in caught.value.message + caught.value.hint
