# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders cost money: each is placed once, or a person is asked. Only the network's edge and the clock are replaced."""

from __future__ import annotations

import contextlib
import json
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _journal as journals
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, MissingLibraryError
from ansible_collections.mailops.smime.plugins.modules import smime_orders
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import run_module
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW, Authority
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport, Step, Unsent
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Time

BOB = "bob@example.test"
PLACED = b"errorCode=0&orderNumber=4711&totalCost=12.00&collectionCode=CodeOfAlice"
ALSO_PLACED = b"errorCode=0&orderNumber=4712&totalCost=12.00&collectionCode=CodeOfBob"
SENT_AGAIN = b"0\n"
SECRETS = ("hunter2", "CodeOfAlice", "CodeOfBob")
# Answers after which nobody knows whether the order exists, and the error's name.
UNCLEAR: dict[str, tuple[Step, str]] = {
    "lost": (CallError("the connection was cut", retryable=True), "connection_failed"),
    "late": (CallError("no answer in time", name="timed_out", retryable=True), "timed_out"),
    "too large": (CallError("the reply is too large", name="reply_too_large"), "reply_too_large"),
    "html": (b"<html>Order placed</html>", "reply_unreadable"),
    "empty": (b"", "reply_unreadable"),
    "encoded": (HttpResponse(200, "", b"", encoded=True), "reply_unreadable"),
    "502": (HttpResponse(502, "", b"<html>"), "http_error"),
    "504": (HttpResponse(504, "", b""), "http_error"),
    "404": (HttpResponse(404, "", b"no"), "http_error"),
    "redirect": (HttpResponse(302, "", b""), "redirected"),
    "-14": (b"errorCode=-14&errorMessage=An+unknown+error+occurred!", "unknown_error"),
    "no number": (b"errorCode=0&totalCost=12.00", "reply_unreadable"),
}
REFUSED: dict[str, tuple[Step, str, int | None]] = {
    "not sent": (Unsent("nobody listens"), "connection_failed", None),
    "-4": (b"errorCode=-4&errorMessage=Wrong", "invalid_argument", -4),
    "-4 in lines": (b"-4\nWrong\n", "invalid_argument", -4),
    "-2": (b"errorCode=-2&errorMessage='responseFormat'+is+an+unrecognised+argument!", "unrecognised_argument", -2),
    "-4 with 500": (HttpResponse(500, "", b"errorCode=-4&errorMessage=Wrong"), "invalid_argument", -4),
    "-115": (b"errorCode=-115&errorMessage=No+price", "unlisted_error", -115),
}
ENDING: dict[str, Step] = {
    "-16": b"errorCode=-16&errorMessage=Login",
    "-16 in one line": HttpResponse(503, "", b"-16: Login"),
    "401": HttpResponse(401, "", b"<html>"),
    "403": HttpResponse(403, "", b""),
    "-15": b"errorCode=-15&errorMessage=Credit",
    "-42": b"errorCode=-42&errorMessage=Limit",
}


@dataclass
class Shop:
    """A folder with a journal, and runs of the module about it."""

    folder: Path
    time: Time = field(default_factory=Time)
    sent: list[dict[str, str]] = field(default_factory=list)
    urls: list[str | None] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "orders.json"

    def read(self) -> list[dict[str, Any]]:
        orders: list[dict[str, Any]] = json.loads(self.journal.read_text())["orders"]
        return orders

    def note(self, **values: Any) -> None:
        """Write a journal whose newest order has other values."""
        orders = self.read()
        orders[-1].update(values)
        self.journal.write_text(json.dumps({"version": 1, "orders": orders}))

    def run(
        self, *steps: Step, emails: tuple[str, ...] = (ALICE,), check_mode: bool = False, **options: Any
    ) -> dict[str, Any]:
        """Run the task; the CA answers ``steps``, and is asked exactly so often. An option that is None is left out."""
        given = {
            "certificates": [{"email": email} for email in emails],
            "orders_path": str(self.journal),
            "place": True,
            "product": "mailbox_multipurpose",
            "days": 365,
            "login_name": "name",
            "login_password": "hunter2",
            **options,
        }
        ca = ScriptedTransport(*steps)
        ansibles = {"_ansible_check_mode": check_mode, "_ansible_remote_tmp": str(self.folder)}
        printed = run_module(smime_orders.main, {**given, **ansibles}, ca, self.time.functions)
        assert not [secret for secret in SECRETS if secret in printed]
        self.sent, self.urls = ca.forms, ca.urls
        result: dict[str, Any] = json.loads(printed)
        assert {"orders", "summary", "changed", "api_calls", "attention"} <= result.keys()
        return result


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def statuses(result: dict[str, Any]) -> list[str]:
    return [order["status"] for order in result["orders"]]


def test_an_order_is_placed_and_noted(shop: Shop) -> None:
    result = shop.run(PLACED)
    assert (statuses(result), result["changed"], result["api_calls"]) == (["placed"], True, 1)
    assert {**result["orders"][0], "error": None} == {
        "email": ALICE, "status": "placed", "changed": True, "order_number": "4711", "cost": "12.00", "payment_required": False,
        "error": None,
    }  # fmt: skip
    (order,) = shop.read()
    assert order.pop("id")
    assert order == {
        "email": ALICE, "product": "mailbox_multipurpose", "days": 365, "state": "placed", "placed_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "order_number": "4711", "collection_code": "CodeOfAlice", "cost": "12.00", "test": False, "last_code": 0,
        "last_asked": None, "reminded_at": None, "collected": False,
    }  # fmt: skip
    assert shop.journal.stat().st_mode & 0o777 == 0o600
    assert shop.urls[0] is not None
    assert shop.urls[0].endswith("/products/!AutoApplyOrder")


def test_without_place_nothing_is_sent_and_nothing_changes(shop: Shop) -> None:
    result = shop.run(place=None, product=None, days=None, login_name=None, login_password=None)
    assert (statuses(result), result["changed"], result["api_calls"]) == (["needed"], False, 0)
    assert not shop.journal.exists()


def test_check_mode_sends_nothing_and_says_what_would_be_ordered(shop: Shop) -> None:
    result = shop.run(check_mode=True)
    assert (statuses(result), result["changed"]) == (["needed"], True)
    assert not shop.journal.exists()
    shop.run(PLACED)
    result = shop.run(check_mode=True)
    assert (statuses(result), result["changed"]) == (["open"], False)


def test_a_second_run_orders_nothing(shop: Shop) -> None:
    shop.run(PLACED)
    before = shop.journal.read_bytes()
    result = shop.run()
    assert (statuses(result), result["changed"], result["orders"][0]["order_number"]) == (["open"], False, "4711")
    assert shop.journal.read_bytes() == before


def test_the_order_is_on_disk_before_it_is_sent(shop: Shop) -> None:
    class Watching(ScriptedTransport):
        def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
            (order,) = shop.read()
            assert (order["state"], order["email"], order["order_number"]) == ("sent", ALICE, None)
            return super().post(form, url)

    with mock.patch(f"{__name__}.ScriptedTransport", Watching):
        assert statuses(shop.run(PLACED)) == ["placed"]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_a_lost_answer_blocks_the_mailbox_and_no_other(shop: Shop, answer: str) -> None:
    step, name = UNCLEAR[answer]
    result = shop.run(step, ALSO_PLACED, emails=(ALICE, BOB), api_retries=5)
    assert result["failed"]
    assert statuses(result) == ["unknown", "placed"]
    error = result["orders"][0]["error"]
    assert (error["name"], error["retryable"]) == (name, False)
    assert "state: resolved" in error["hint"]
    assert "state: forgotten" in error["hint"]
    assert ALICE in result["attention"][0]
    assert [order["state"] for order in shop.read()] == ["unknown", "placed"]
    again = shop.run(emails=(ALICE, BOB))
    assert (again["failed"], statuses(again), again["changed"]) == (True, ["unknown", "open"], False)
    assert shop.run(place=False)["failed"]


@pytest.mark.parametrize("answer", REFUSED)
def test_a_refused_order_does_not_exist_and_can_be_placed_later(shop: Shop, answer: str) -> None:
    step, name, code = REFUSED[answer]
    result = shop.run(step, ALSO_PLACED, emails=(ALICE, BOB))
    assert statuses(result) == ["failed", "placed"]
    assert (result["orders"][0]["error"]["name"], result["orders"][0]["error"]["code"]) == (name, code)
    assert [order["state"] for order in shop.read()] == ["failed", "placed"]
    assert statuses(shop.run(PLACED)) == ["placed"]


@pytest.mark.parametrize("answer", ENDING)
def test_what_the_next_order_would_be_answered_too_ends_the_run(shop: Shop, answer: str) -> None:
    result = shop.run(ENDING[answer], emails=(ALICE, BOB, "carol@example.test"))
    assert statuses(result) == ["failed", "not_attempted", "not_attempted"]
    assert result["summary"]["not_attempted"] == 2
    assert len(shop.read()) == 1
    assert any(BOB in line for line in result["attention"])


def test_payment_required_is_success_and_is_said(shop: Shop) -> None:
    result = shop.run(PLACED.replace(b"=0", b"=1", 1))
    assert "failed" not in result
    assert (statuses(result), result["orders"][0]["payment_required"]) == (["placed"], True)
    assert "paid" in result["attention"][0]
    assert shop.read()[0]["last_code"] == 1


def test_more_orders_than_allowed_are_none(shop: Shop) -> None:
    emails = tuple(f"m{number}@example.test" for number in range(11))
    for check_mode in (False, True):
        result = shop.run(emails=emails, check_mode=check_mode)
        assert (result["failed"], result["api_calls"], result["error"]["name"]) == (True, 0, "invalid_option")
        assert "11 orders are needed" in result["msg"]
        assert not shop.journal.exists()
    assert statuses(shop.run(*[PLACED] * 2, emails=emails[:2], max_orders=2)) == ["placed"] * 2
    # What is open does not count.
    assert statuses(shop.run(PLACED, emails=emails[:3], max_orders=1)) == ["open", "open", "placed"]


def test_a_test_order_is_marked_and_blocks_nothing(shop: Shop) -> None:
    result = shop.run(PLACED, test=True)
    assert (statuses(result), shop.sent[0]["test"]) == (["placed"], "Y")
    assert shop.read()[0]["test"] is True
    assert statuses(shop.run(ALSO_PLACED)) == ["placed"]
    assert "test" not in shop.sent[0]
    assert statuses(shop.run(test=True)) == ["open"]


def test_an_unknown_test_order_blocks_nothing(shop: Shop) -> None:
    shop.run(b"", test=True)
    assert statuses(shop.run(PLACED)) == ["placed"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "product": ({"product": None}, "product"),
    "days": ({"days": None}, "days"),
    "organization": ({"product": "organization_multipurpose"}, "organization"),
    "login": ({"login_password": None}, "login_password"),
    "short": ({"login_password": "abc"}, "login_password"),
    "line end": ({"login_password": "hunter2\n"}, "line end"),
    "address": ({"certificates": [{"email": "no address"}]}, "email"),
    "twice": ({"certificates": [{"email": ALICE}, {"email": "alice@EXAMPLE.test"}]}, ALICE),
    "time": ({"certificates": [{"email": ALICE, "not_after": "soon"}]}, "not_after"),
    "both": ({"certificates": [{"email": ALICE, "not_after": "20261203235959Z", "path": "/x"}]}, "not_after"),
    "url": ({"api_url": "https://ca.example.test/other"}, "api_url"),
    "http": ({"api_url": "http://ca.example.test/download/RequestAndCollectSMIME"}, "https"),
    "number": ({"max_orders": -1}, "max_orders"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_named_and_nothing_is_ordered(shop: Shop, wrong: str) -> None:
    options, named = WRONG[wrong]
    result = shop.run(**options)
    assert (result["failed"], result["error"]["name"], result["api_calls"]) == (True, "invalid_option", 0)
    assert named in result["msg"]
    assert not shop.journal.exists()


def test_one_bad_order_keeps_all_from_being_placed(shop: Shop) -> None:
    entries = [{"email": ALICE}, {"email": BOB, "product": "organization_multipurpose"}]
    result = shop.run(certificates=entries)
    assert BOB in result["msg"]
    assert not shop.journal.exists()


@pytest.mark.parametrize("data", [b"", b"junk", b'{"version": 2, "orders": []}', b'{"version": 1, "orders": [{}]}'])
@pytest.mark.parametrize("state", ["ordered", "reminded", "resolved", "forgotten"])
def test_with_a_damaged_journal_nothing_is_sent_and_it_stays(shop: Shop, data: bytes, state: str) -> None:
    shop.journal.write_bytes(data)
    result = shop.run(state=state)
    assert (result["failed"], result["error"]["name"], result["api_calls"]) == (True, "file_error", 0)
    assert shop.journal.read_bytes() == data


def test_without_a_folder_nothing_is_sent(shop: Shop) -> None:
    result = shop.run(orders_path=str(shop.folder / "missing/orders.json"))
    assert (result["error"]["name"], result["api_calls"]) == ("file_error", 0)
    assert "missing" in result["msg"]


def test_a_journal_that_others_may_read_is_narrowed_with_a_warning(shop: Shop) -> None:
    shop.run(PLACED)
    shop.journal.chmod(0o644)
    result = shop.run()
    assert shop.journal.stat().st_mode & 0o777 == 0o600
    assert "0644" in str(result["warnings"])


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Have each write beyond this size of a file fail, as the kernel does it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_before_the_post_keeps_it_from_being_sent(shop: Shop) -> None:
    with full_disk(100):
        result = shop.run(emails=(ALICE, BOB))
    assert statuses(result) == ["failed", "not_attempted"]
    assert (result["orders"][0]["error"]["name"], result["api_calls"]) == ("file_error", 0)
    assert os.listdir(shop.folder) == []


def test_a_disk_that_is_full_after_the_post_leaves_the_number_in_the_result_and_the_order_in_the_journal(
    shop: Shop,
) -> None:
    shop.run(b"")
    size = shop.journal.stat().st_size
    shop.journal.unlink()
    # The line of an order that was placed is longer than that of one that is sent, or unknown.
    with full_disk(size):
        result = shop.run(PLACED, emails=(ALICE, BOB))
    assert (result["failed"], statuses(result)) == (True, ["placed", "not_attempted"])
    order = result["orders"][0]
    assert (order["order_number"], order["error"]["name"]) == ("4711", "file_error")
    assert "4711" in order["error"]["hint"]
    assert os.listdir(shop.folder) == ["orders.json"]
    assert [line["state"] for line in shop.read()] == ["sent"]
    # Nothing is ordered twice, and a person can go on with the number.
    assert statuses(shop.run()) == ["unknown"]
    entry = {"email": ALICE, "order_number": "4711"}
    assert statuses(shop.run(state="resolved", certificates=[entry])) == ["resolved"]
    assert statuses(shop.run()) == ["open"]


def test_two_runs_side_by_side_place_one_order(shop: Shop) -> None:
    """The second reads the journal anew once it has the lock."""
    real = journals.Journal.locked

    @contextlib.contextmanager
    def late(self: journals.Journal) -> Iterator[journals.Journal]:
        with mock.patch.object(journals.Journal, "locked", real):
            assert statuses(Shop(shop.folder).run(PLACED)) == ["placed"]
        with real(self) as journal:
            yield journal

    with mock.patch.object(journals.Journal, "locked", late):
        result = shop.run()
    assert statuses(result) == ["open"]


def test_resolved_notes_the_number_and_the_code(shop: Shop) -> None:
    shop.run(b"")
    entry = {"email": "Alice@example.test", "order_number": "4711", "collection_code": "CodeOfAlice"}
    assert statuses(shop.run(state="resolved", certificates=[entry], check_mode=True)) == ["resolved"]
    assert shop.read()[0]["state"] == "unknown"
    result = shop.run(state="resolved", certificates=[entry], place=None)
    assert (statuses(result), result["changed"], result["api_calls"]) == (["resolved"], True, 0)
    (order,) = shop.read()
    assert (order["state"], order["order_number"], order["collection_code"]) == ("placed", "4711", "CodeOfAlice")
    assert shop.run(state="resolved", certificates=[entry])["changed"] is False
    assert statuses(shop.run()) == ["open"]


def test_forgotten_lets_the_mailbox_be_ordered_for_again(shop: Shop) -> None:
    shop.run(b"")
    result = shop.run(state="forgotten")
    assert (statuses(result), result["changed"]) == (["forgotten"], True)
    assert shop.run(state="forgotten")["changed"] is False
    assert statuses(shop.run(PLACED)) == ["placed"]


@pytest.mark.parametrize(
    ("state", "entry"),
    [
        ("resolved", {}),
        ("resolved", {"order_number": "9"}),
        ("resolved", {"order_number": "9" * 129}),
        ("forgotten", {}),
        ("forgotten", {"order_number": "9"}),
    ],
)
def test_what_a_person_cannot_mean_is_refused(shop: Shop, state: str, entry: dict[str, str]) -> None:
    shop.run(PLACED)
    result = shop.run(state=state, certificates=[{"email": ALICE, **entry}])
    assert (result["failed"], result["changed"], result["orders"][0]["error"]["name"]) == (
        True,
        False,
        "invalid_option",
    )
    assert statuses(shop.run()) == ["open"]


def test_an_order_that_was_cancelled_is_forgotten_by_its_number(shop: Shop) -> None:
    shop.run(PLACED)
    assert shop.run(state="forgotten", certificates=[{"email": ALICE, "order_number": "4711"}])["changed"]
    assert statuses(shop.run(ALSO_PLACED)) == ["placed"]


def test_a_mail_is_sent_again_once_a_day_for_what_waits_for_it(shop: Shop) -> None:
    shop.run(PLACED)
    assert statuses(shop.run(state="reminded")) == ["open"]
    shop.note(last_code=-154)
    result = shop.run(state="reminded", check_mode=True)
    assert (statuses(result), result["changed"]) == (["open"], True)
    result = shop.run(SENT_AGAIN, state="reminded", place=None)
    assert (statuses(result), result["changed"], result["api_calls"]) == (["reminded"], True, 1)
    assert shop.sent == [{"loginName": "name", "loginPassword": "hunter2", "orderNumber": "4711"}]
    assert str(shop.urls[0]).endswith("/products/!ResendVerificationEmailSMIME")
    shop.time.moment += timedelta(hours=23)
    assert shop.run(state="reminded")["changed"] is False
    shop.time.moment += timedelta(hours=1)
    assert statuses(shop.run(SENT_AGAIN, state="reminded")) == ["reminded"]


def test_a_lost_answer_to_a_reminder_counts_as_a_mail_and_a_refusal_does_not(shop: Shop) -> None:
    shop.run(PLACED)
    shop.note(last_code=-154)
    result = shop.run(b"-122\nWrong state\n", state="reminded")
    assert (statuses(result), result["changed"]) == (["failed"], False)
    assert statuses(shop.run(Unsent("nobody listens"), state="reminded")) == ["failed"]
    assert statuses(shop.run(CallError("cut"), state="reminded")) == ["failed"]
    assert statuses(shop.run(state="reminded")) == ["open"]


def test_a_refused_login_ends_the_reminders(shop: Shop) -> None:
    shop.run(PLACED, ALSO_PLACED, emails=(ALICE, BOB))
    orders = [{**order, "last_code": -154} for order in shop.read()]
    shop.journal.write_text(json.dumps({"version": 1, "orders": orders}))
    result = shop.run(b"-16\nno\n", emails=(ALICE, BOB), state="reminded")
    assert statuses(result) == ["failed", "not_attempted"]


def format_time(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%SZ}"


@pytest.mark.parametrize(
    ("days", "form", "status"),
    [
        (29, "%Y%m%d%H%M%SZ", "needed"),
        (31, "%Y%m%d%H%M%SZ", "not_needed"),
        (31, "%Y-%m-%dT%H:%M:%SZ", "not_needed"),
        (-1, "%Y-%m-%dT%H:%M:%S+00:00", "needed"),
    ],
)
def test_the_end_of_the_certificate_says_whether_an_order_is_needed(
    shop: Shop, days: int, form: str, status: str
) -> None:
    entry = {"email": ALICE, "not_after": (NOW + timedelta(days=days)).strftime(form)}
    assert statuses(shop.run(certificates=[entry], place=False)) == [status]


def test_an_empty_end_is_no_certificate(shop: Shop) -> None:
    entry = {"email": ALICE, "not_after": ""}
    assert statuses(shop.run(PLACED, certificates=[entry])) == ["placed"]
    shop.note(collected=True)
    assert statuses(shop.run(certificates=[entry], place=False)) == ["needed"]


def test_an_entry_s_own_options_count(shop: Shop) -> None:
    entries = [
        {
            "email": ALICE,
            "not_after": format_time(NOW + timedelta(days=40)),
            "remaining_days": 60,
            "product": "mailbox_strict",
            "days": 730,
        }
    ]
    assert statuses(shop.run(PLACED, certificates=entries)) == ["placed"]
    assert (shop.sent[0]["product"], shop.sent[0]["days"]) == ("795", "730")


def test_the_certificate_on_disk_says_whether_an_order_is_needed(shop: Shop, authority: Authority) -> None:
    path = shop.folder / "cert.pem"
    entry = {"email": ALICE, "path": str(path)}
    assert statuses(shop.run(certificates=[entry], place=False)) == ["needed"]
    path.write_bytes(authority.issue(not_after=NOW + timedelta(days=200)).pem)
    assert statuses(shop.run(certificates=[entry], place=False)) == ["not_needed"]
    path.write_bytes(authority.issue(not_after=NOW + timedelta(days=20)).pem)
    assert statuses(shop.run(certificates=[entry], place=False)) == ["needed"]
    path.write_bytes(authority.issue(emails=(BOB,)).pem)
    assert shop.run(certificates=[entry, {"email": BOB}], place=False)["orders"][0]["error"]["name"] == "invalid_option"
    path.write_bytes(b"junk")
    result = shop.run(ALSO_PLACED, certificates=[entry, {"email": BOB}])
    assert (statuses(result), result["orders"][0]["error"]["name"]) == (["failed", "placed"], "file_error")


def test_an_order_is_open_until_it_is_collected_or_a_newer_certificate_is_there(
    shop: Shop, authority: Authority
) -> None:
    path = shop.folder / "cert.pem"
    old = {"not_before": NOW - timedelta(days=350), "not_after": NOW + timedelta(days=15)}
    new = {"not_before": NOW, "not_after": NOW + timedelta(days=365)}
    on_disk = {"email": ALICE, "path": str(path)}
    told = {"email": ALICE, "not_after": format_time(NOW + timedelta(days=15))}
    path.write_bytes(authority.issue(**old).pem)
    shop.run(PLACED, certificates=[told])
    assert statuses(shop.run(certificates=[on_disk])) == statuses(shop.run(certificates=[told])) == ["open"]
    path.write_bytes(authority.issue(**new).pem)
    assert statuses(shop.run(certificates=[on_disk])) == ["not_needed"]
    assert statuses(shop.run(certificates=[{"email": ALICE, "not_after": format_time(NOW + timedelta(days=365))}])) == [
        "not_needed"
    ]
    shop.note(collected=True)
    assert statuses(shop.run()) == ["not_needed"]
    assert statuses(shop.run(certificates=[told], place=False)) == ["needed"]


def test_without_requests_nothing_is_noted(shop: Shop) -> None:
    class Poor(ScriptedTransport):
        def open(self) -> None:
            raise MissingLibraryError("requests", None)

    with mock.patch(f"{__name__}.ScriptedTransport", Poor):
        result = shop.run()
    assert "requests" in result["msg"]
    assert not shop.journal.exists()


def test_what_nobody_foresaw_ends_the_run_and_what_was_placed_is_told(shop: Shop) -> None:
    class Defect(ScriptedTransport):
        def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
            if form["sanEmailAddress"] == BOB:
                raise RuntimeError("hunter2")
            return super().post(form, url)

    with mock.patch(f"{__name__}.ScriptedTransport", Defect):
        result = shop.run(PLACED, emails=(ALICE, BOB, "carol@example.test"))
    assert statuses(result) == ["placed", "failed", "not_attempted"]
    assert statuses(shop.run(emails=(ALICE, BOB))) == ["open", "unknown"]
