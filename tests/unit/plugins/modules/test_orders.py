# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders cost money: each is placed once, or a person is asked. Only the network's edge and the clock are replaced."""

from __future__ import annotations

import contextlib
import json
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _journal as journals
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, MissingLibraryError
from ansible_collections.mailops.smime.plugins.module_utils._store import reading
from ansible_collections.mailops.smime.plugins.modules import smime_orders
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import run_module
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW, Authority
from ansible_collections.mailops.smime.tests.unit.plugins.killed import watching
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport, Step, Unsent
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Time

BOB, CAROL = "bob@example.test", "carol@example.test"
PLACED = b"errorCode=0&orderNumber=4711&totalCost=12.00&collectionCode=CodeOfAlice"
ALSO_PLACED = b"errorCode=0&orderNumber=4712&totalCost=12.00&collectionCode=CodeOfBob"
SENT_AGAIN = b"0\n"
SECRETS = ("hunter2", "CodeOfAlice", "CodeOfBob")
# Answers to an order, by what becomes of it, each with the error's name.
UNCLEAR: list[tuple[Step, str]] = [
    (CallError("the connection was cut", retryable=True), "connection_failed"),
    (CallError("no answer in time", name="timed_out", retryable=True), "timed_out"),
    (CallError("the reply is too large", name="reply_too_large"), "reply_too_large"),
    (b"<html>Order placed</html>", "reply_unreadable"), (b"", "reply_unreadable"),
    (HttpResponse(200, "", b"", encoded=True), "reply_unreadable"), (b"errorCode=0&totalCost=12.00", "reply_unreadable"),
    (HttpResponse(502, "", b"<html>"), "http_error"), (HttpResponse(504, "", b""), "http_error"),
    (HttpResponse(404, "", b"no"), "http_error"), (HttpResponse(302, "", b""), "redirected"),
    (b"errorCode=-14&errorMessage=An+unknown+error+occurred!", "unknown_error"),
]  # fmt: skip
REFUSED: list[tuple[Step, str, int | None]] = [
    (Unsent("nobody listens"), "connection_failed", None),
    (b"errorCode=-4&errorMessage=Wrong", "invalid_argument", -4),
    (b"-4\nWrong\n", "invalid_argument", -4),
    (HttpResponse(500, "", b"errorCode=-4&errorMessage=Wrong"), "invalid_argument", -4),
    (b"errorCode=-2&errorMessage='responseFormat'+is+an+unrecognised+argument!", "unrecognised_argument", -2),
    (b"errorCode=-115&errorMessage=No+price", "unlisted_error", -115),
]
ENDING: list[Step] = [
    b"errorCode=-16&errorMessage=Login", HttpResponse(503, "", b"-16: Login"), HttpResponse(401, "", b"<html>"),
    HttpResponse(403, "", b""), b"errorCode=-15&errorMessage=Credit", b"errorCode=-42&errorMessage=Limit",
]  # fmt: skip


@dataclass
class Shop:
    """A folder with a journal, and runs of the module about it."""

    folder: Path
    time: Time = field(default_factory=Time)
    ca: ScriptedTransport = field(default_factory=ScriptedTransport)
    result: dict[str, Any] = field(default_factory=dict)

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

    def run(self, *steps: Step, emails: tuple[str, ...] = (ALICE,), check_mode: bool = False, **options: Any) -> str:
        """Run the task, and return the status of each mailbox; the CA answers ``steps``, and is asked exactly so often."""
        given = {
            "certificates": [{"email": email} for email in emails], "orders_path": str(self.journal), "place": True,
            "product": "mailbox_multipurpose", "days": 365, "login_name": "name", "login_password": "hunter2", **options,
        }  # fmt: skip
        self.ca = ScriptedTransport(*steps)
        ansibles = {"_ansible_check_mode": check_mode, "_ansible_remote_tmp": str(self.folder)}
        printed = run_module(smime_orders.main, {**given, **ansibles}, self.ca, self.time.functions)
        assert not [secret for secret in SECRETS if secret in printed]
        self.result = json.loads(printed)
        assert {"orders", "summary", "changed", "api_calls", "attention"} <= self.result.keys()
        assert self.result["api_calls"] == len(steps)
        return " ".join(order["status"] for order in self.result["orders"])

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def error(self) -> dict[str, Any]:
        """Return the error of the first mailbox, or of the task."""
        error: dict[str, Any] = [*self.result["orders"], self.result][0]["error"]
        return error


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_an_order_is_placed_and_noted_and_a_second_run_orders_nothing(shop: Shop) -> None:
    assert (shop.run(PLACED), shop.result["changed"]) == ("placed", True)
    assert shop.result["orders"] == [{
        "email": ALICE, "status": "placed", "changed": True, "order_number": "4711", "cost": "12.00", "payment_required": False,
    }]  # fmt: skip
    (order,) = shop.read()
    assert order.pop("id")
    assert order == {
        "email": ALICE, "product": "mailbox_multipurpose", "days": 365, "state": "placed", "placed_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "order_number": "4711", "collection_code": "CodeOfAlice", "cost": "12.00", "test": False, "last_code": 0,
        "last_asked": None, "reminded_at": None, "collected": False,
    }  # fmt: skip
    assert shop.journal.stat().st_mode & 0o777 == 0o600
    assert str(shop.ca.urls[0]).endswith("/products/!AutoApplyOrder")
    before = shop.journal.read_bytes()
    again: tuple[dict[str, Any], ...] = ({}, {"check_mode": True}, {"place": False})
    for options in again:
        assert (shop.run(**options), shop.result["changed"]) == ("open", False)
        assert shop.result["orders"][0]["order_number"] == "4711"
    assert shop.journal.read_bytes() == before


def test_without_place_and_in_check_mode_nothing_is_sent_and_it_is_said_what_would_be_ordered(shop: Shop) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("place", "product", "days", "login_name", "login_password"))
    assert (shop.run(**nothing), shop.result["changed"]) == ("needed", False)
    assert (shop.run(check_mode=True), shop.result["changed"]) == ("needed", True)
    assert not shop.journal.exists()


def test_each_order_is_on_disk_before_it_is_sent_over_a_connection_of_its_own(shop: Shop) -> None:
    """One that was kept may be half dead, and then nobody knows what arrived."""
    closed: list[bool] = []

    class Watching(ScriptedTransport):
        def close(self) -> None:
            closed.append(True)

        def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
            order = shop.read()[-1]
            assert (order["state"], order["email"], order["order_number"]) == ("sent", form["sanEmailAddress"], None)
            # The file and its name, and before the second order what became of the first.
            sent = len(self.forms) + 1
            assert (len(closed), len(synced)) == (sent, 4 * sent - 2)
            return super().post(form, url)

    with mock.patch(f"{__name__}.ScriptedTransport", Watching), watching(0, lambda: None, ("fsync",)) as synced:
        assert shop.run(PLACED, ALSO_PLACED, emails=(ALICE, BOB)) == "placed placed"


@pytest.mark.parametrize(("step", "name"), UNCLEAR)
def test_a_lost_answer_blocks_the_mailbox_and_no_other(shop: Shop, step: Step, name: str) -> None:
    assert shop.run(step, ALSO_PLACED, emails=(ALICE, BOB), api_retries=5) == "unknown placed"
    assert (shop.failed, shop.error["name"], shop.error["retryable"]) == (True, name, False)
    assert all(f"state: {state}" in shop.error["hint"] for state in ("resolved", "forgotten"))
    assert ALICE in shop.result["attention"][0]
    assert [order["state"] for order in shop.read()] == ["unknown", "placed"]
    for place in (True, False):
        assert shop.run(emails=(ALICE, BOB), place=place) == "unknown open"
        assert (shop.failed, shop.result["changed"]) == (True, False)


@pytest.mark.parametrize(("step", "name", "code"), REFUSED)
def test_a_refused_order_does_not_exist_and_can_be_placed_later(
    shop: Shop, step: Step, name: str, code: int | None
) -> None:
    assert shop.run(step, ALSO_PLACED, emails=(ALICE, BOB)) == "failed placed"
    assert (shop.error["name"], shop.error["code"]) == (name, code)
    assert [order["state"] for order in shop.read()] == ["failed", "placed"]
    assert shop.run(PLACED) == "placed"


@pytest.mark.parametrize("step", ENDING)
def test_what_the_next_order_would_be_answered_too_ends_the_run(shop: Shop, step: Step) -> None:
    assert shop.run(step, emails=(ALICE, BOB, CAROL)) == "failed not_attempted not_attempted"
    assert (shop.result["summary"]["not_attempted"], len(shop.read())) == (2, 1)
    assert any(BOB in line for line in shop.result["attention"])


def test_payment_required_is_success_and_is_said(shop: Shop) -> None:
    assert (shop.run(PLACED.replace(b"=0", b"=1", 1)), shop.failed) == ("placed", False)
    assert shop.result["orders"][0]["payment_required"]
    assert "paid" in shop.result["attention"][0]
    assert shop.read()[0]["last_code"] == 1


def test_more_orders_than_allowed_are_none(shop: Shop) -> None:
    emails = tuple(f"m{number}@example.test" for number in range(11))
    for check_mode in (False, True):
        assert shop.run(emails=emails, check_mode=check_mode) == ""
        assert (shop.failed, shop.error["name"]) == (True, "invalid_option")
        assert "11 orders are needed" in shop.result["msg"]
        assert not shop.journal.exists()
    assert shop.run(*[PLACED] * 2, emails=emails[:2], max_orders=2) == "placed placed"
    # What is open does not count.
    assert shop.run(PLACED, emails=emails[:3], max_orders=1) == "open open placed"


def test_a_test_order_is_marked_and_blocks_nothing(shop: Shop) -> None:
    for step, status in ((PLACED, "placed"), (b"", "unknown")):
        assert (shop.run(step, test=True), shop.ca.forms[0]["test"]) == (status, "Y")
    assert [order["test"] for order in shop.read()] == [True, True]
    assert shop.run(ALSO_PLACED) == "placed"
    assert "test" not in shop.ca.forms[0]
    assert shop.run(test=True) == "open"


ORGANIZATION = {"product": "organization_multipurpose"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"product": None}, "product"), ({"days": None}, "days"), (ORGANIZATION, "organization"), ({"max_orders": -1}, "max_orders"),
    ({"certificates": [{"email": ALICE}, {"email": BOB, **ORGANIZATION}]}, BOB),
    ({"login_password": None}, "login_password"), ({"login_password": "abc"}, "login_password"),
    ({"login_password": "hunter2\n"}, "line end"), ({"certificates": [{"email": "no address"}]}, "email"),
    ({"certificates": [{"email": ALICE}, {"email": "alice@EXAMPLE.test"}]}, ALICE),
    ({"certificates": [{"email": ALICE, "not_after": "soon"}]}, "not_after"),
    ({"certificates": [{"email": ALICE, "not_after": "20261203235959Z", "path": "/x"}]}, "not_after"),
    ({"api_url": "https://ca.example.test/other"}, "api_url"),
    ({"api_url": "http://ca.example.test/download/RequestAndCollectSMIME"}, "https"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "named"), WRONG)
def test_bad_input_is_named_and_nothing_is_ordered(shop: Shop, options: dict[str, Any], named: str) -> None:
    assert (shop.run(**options), shop.failed, shop.error["name"]) == ("", True, "invalid_option")
    assert named in shop.result["msg"]
    assert not shop.journal.exists()


@pytest.mark.parametrize("data", [b"", b'{"version": 2, "orders": []}'])
@pytest.mark.parametrize("state", ["ordered", "reminded", "resolved", "forgotten"])
def test_with_a_damaged_journal_nothing_is_sent_and_it_stays(shop: Shop, data: bytes, state: str) -> None:
    shop.journal.write_bytes(data)
    assert (shop.run(state=state), shop.error["name"]) == ("", "file_error")
    assert shop.journal.read_bytes() == data


def test_without_a_folder_or_a_library_nothing_is_sent_or_noted(shop: Shop) -> None:
    assert (shop.run(orders_path=str(shop.folder / "missing/orders.json")), shop.error["name"]) == ("", "file_error")
    assert "missing" in shop.result["msg"]
    with mock.patch.object(ScriptedTransport, "open", side_effect=MissingLibraryError("requests", None)):
        shop.run()
    assert "requests" in shop.result["msg"]
    assert not shop.journal.exists()


def test_a_journal_without_room_takes_no_more_orders(shop: Shop) -> None:
    shop.run(PLACED)
    shop.note(note="x" * (reading.MAX_SIZE - 4096))
    assert shop.run(emails=(BOB, CAROL)) == "failed not_attempted"
    assert (shop.error["name"], "is full" in shop.error["message"]) == ("file_error", True)


def test_a_journal_that_others_may_read_or_take_away_is_narrowed_with_a_warning(shop: Shop) -> None:
    shop.run(PLACED)
    assert "warnings" not in shop.result
    shop.journal.chmod(0o644)
    shop.folder.chmod(0o777)
    shop.run()
    assert shop.journal.stat().st_mode & 0o777 == 0o600
    assert "0644" in str(shop.result["warnings"])
    assert f"is not safe: {shop.folder} can be written by everybody" in str(shop.result["warnings"])


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
        assert shop.run(emails=(ALICE, BOB)) == "failed not_attempted"
    assert shop.error["name"] == "file_error"
    assert os.listdir(shop.folder) == []


def test_a_disk_that_is_full_after_the_post_leaves_the_number_in_the_result_and_the_order_in_the_journal(
    shop: Shop,
) -> None:
    shop.run(b"")
    size = shop.journal.stat().st_size
    shop.journal.unlink()
    # The line of an order that was placed is longer than that of one that is sent, or unknown.
    with full_disk(size):
        assert shop.run(PLACED, emails=(ALICE, BOB)) == "placed not_attempted"
    assert (shop.failed, shop.result["orders"][0]["order_number"], shop.error["name"]) == (True, "4711", "file_error")
    assert "4711" in shop.error["hint"]
    assert os.listdir(shop.folder) == ["orders.json"]
    assert [line["state"] for line in shop.read()] == ["sent"]
    # Nothing is ordered twice, and a person can go on with the number.
    assert shop.run() == "unknown"
    assert shop.run(state="resolved", certificates=[{"email": ALICE, "order_number": "4711"}]) == "resolved"
    assert shop.run() == "open"


@contextlib.contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Have another run do something while this one waits for the journal."""
    real = journals.Journal.locked

    @contextlib.contextmanager
    def late(self: journals.Journal) -> Iterator[journals.Journal]:
        with mock.patch.object(journals.Journal, "locked", real):
            act()
        with real(self) as journal:
            yield journal

    with mock.patch.object(journals.Journal, "locked", late):
        yield


def test_what_another_run_did_meanwhile_counts(shop: Shop) -> None:
    other = Shop(shop.folder)
    with meanwhile(lambda: other.run(PLACED)):
        assert shop.run() == "open"
    # Now there is room for one order, and two are needed.
    forgotten = [{"email": ALICE, "order_number": "4711"}]
    with meanwhile(lambda: other.run(state="forgotten", certificates=forgotten)):
        assert shop.run(emails=(ALICE, BOB), max_orders=1) == ""
    assert "2 orders are needed" in shop.result["msg"]


def test_resolved_notes_the_number_and_the_code(shop: Shop) -> None:
    shop.run(b"")
    entry = {"email": "Alice@example.test", "order_number": "4711", "collection_code": "CodeOfAlice"}
    given: dict[str, Any] = {"state": "resolved", "certificates": [entry], "place": None}
    assert shop.run(check_mode=True, **given) == "resolved"
    assert shop.read()[0]["state"] == "unknown"
    for changed in (True, False):
        assert (shop.run(**given), shop.result["changed"]) == ("resolved", changed)
        (order,) = shop.read()
        assert (order["state"], order["order_number"], order["collection_code"]) == ("placed", "4711", "CodeOfAlice")
    assert shop.run() == "open"


@pytest.mark.parametrize("answer", [b"", PLACED])
def test_forgotten_lets_the_mailbox_be_ordered_for_again(shop: Shop, answer: bytes) -> None:
    """What nobody knows of, or by its number what was cancelled."""
    shop.run(answer)
    number = {"order_number": "4711"} if answer else {}
    for changed in (True, False):
        assert shop.run(state="forgotten", certificates=[{"email": ALICE, **number}]) == "forgotten"
        assert shop.result["changed"] is changed
    assert shop.run(ALSO_PLACED) == "placed"


@pytest.mark.parametrize("state", ["resolved", "forgotten"])
@pytest.mark.parametrize("entry", [{}, {"order_number": "9"}, {"order_number": "9" * 129}])
def test_what_a_person_cannot_mean_is_refused(shop: Shop, state: str, entry: dict[str, str]) -> None:
    shop.run(PLACED)
    assert shop.run(state=state, certificates=[{"email": ALICE, **entry}]) == "failed"
    assert (shop.failed, shop.result["changed"], shop.error["name"]) == (True, False, "invalid_option")
    assert shop.run() == "open"


def test_a_mail_is_sent_again_once_a_day_for_what_waits_for_it(shop: Shop) -> None:
    shop.run(PLACED)
    assert shop.run(state="reminded") == "open"
    shop.note(last_code=-154)
    assert (shop.run(state="reminded", check_mode=True), shop.result["changed"]) == ("open", True)
    assert (shop.run(SENT_AGAIN, state="reminded", place=None), shop.result["changed"]) == ("reminded", True)
    assert shop.ca.forms == [{"loginName": "name", "loginPassword": "hunter2", "orderNumber": "4711"}]
    assert str(shop.ca.urls[0]).endswith("/products/!ResendVerificationEmailSMIME")
    shop.time.moment += timedelta(hours=23)
    assert (shop.run(state="reminded"), shop.result["changed"]) == ("open", False)
    shop.time.moment += timedelta(hours=1)
    assert shop.run(SENT_AGAIN, state="reminded") == "reminded"


def test_a_lost_answer_to_a_reminder_counts_as_a_mail_and_a_refusal_does_not(shop: Shop) -> None:
    shop.run(PLACED)
    shop.note(last_code=-154)
    assert (shop.run(b"-122\nWrong state\n", state="reminded"), shop.result["changed"]) == ("failed", False)
    for failure in (Unsent("nobody listens"), CallError("cut")):
        assert shop.run(failure, state="reminded") == "failed"
    assert shop.run(state="reminded") == "open"


def test_a_refused_login_ends_the_reminders(shop: Shop) -> None:
    shop.run(PLACED, ALSO_PLACED, emails=(ALICE, BOB))
    orders = [{**order, "last_code": -154} for order in shop.read()]
    shop.journal.write_text(json.dumps({"version": 1, "orders": orders}))
    assert shop.run(b"-16\nno\n", emails=(ALICE, BOB), state="reminded") == "failed not_attempted"


def ends(days: int, form: str = "%Y%m%d%H%M%SZ", **options: Any) -> list[dict[str, Any]]:
    """Return a list of one mailbox whose certificate ends in so many days."""
    return [{"email": ALICE, "not_after": (NOW + timedelta(days=days)).strftime(form), **options}]


ISO = "%Y-%m-%dT%H:%M:%S"


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        (ends(29), "needed"), (ends(31), "not_needed"), (ends(31, f"{ISO}Z"), "not_needed"), (ends(-1, f"{ISO}+00:00"), "needed"),
        (ends(40, remaining_days=60), "needed"), ([{"email": ALICE, "not_after": ""}], "needed"),
    ],
)  # fmt: skip
def test_the_end_of_the_certificate_says_whether_an_order_is_needed(
    shop: Shop, entries: list[dict[str, Any]], status: str
) -> None:
    assert shop.run(certificates=entries, place=False) == status


def test_an_entry_s_own_options_count(shop: Shop) -> None:
    assert shop.run(PLACED, certificates=[{"email": ALICE, "product": "mailbox_strict", "days": 730}]) == "placed"
    assert (shop.ca.forms[0]["product"], shop.ca.forms[0]["days"]) == ("795", "730")


def test_the_certificate_on_disk_says_whether_an_order_is_needed(shop: Shop, authority: Authority) -> None:
    path = shop.folder / "cert.pem"
    entries = [{"email": ALICE, "path": str(path)}, {"email": BOB}]
    assert shop.run(certificates=entries, place=False) == "needed needed"
    for days, status in ((200, "not_needed needed"), (20, "needed needed")):
        path.write_bytes(authority.issue(not_after=NOW + timedelta(days=days)).pem)
        assert shop.run(certificates=entries, place=False) == status
    for step, data, error in (
        (ALSO_PLACED, authority.issue(emails=(BOB,)).pem, "invalid_option"),
        (None, b"junk", "file_error"),
    ):
        path.write_bytes(data)
        assert shop.run(*[step] if step else [], certificates=entries) == ("failed placed" if step else "failed open")
        assert shop.error["name"] == error


def test_an_order_is_open_until_it_is_collected_or_a_newer_certificate_is_there(
    shop: Shop, authority: Authority
) -> None:
    path = shop.folder / "cert.pem"
    on_disk = [{"email": ALICE, "path": str(path)}]
    path.write_bytes(authority.issue(not_before=NOW - timedelta(days=350), not_after=NOW + timedelta(days=15)).pem)
    shop.run(PLACED, certificates=ends(15))
    assert shop.run(certificates=on_disk) == shop.run(certificates=ends(15)) == "open"
    path.write_bytes(authority.issue(not_before=NOW, not_after=NOW + timedelta(days=365)).pem)
    assert shop.run(certificates=on_disk) == shop.run(certificates=ends(365)) == "not_needed"
    shop.note(collected=True)
    assert shop.run() == "not_needed"
    assert shop.run(certificates=ends(15), place=False) == "needed"


def test_what_nobody_foresaw_ends_the_run_and_what_was_placed_is_told(shop: Shop) -> None:
    assert shop.run(PLACED, RuntimeError("hunter2"), emails=(ALICE, BOB, CAROL)) == "placed failed not_attempted"
    assert shop.run(emails=(ALICE, BOB)) == "open unknown"
