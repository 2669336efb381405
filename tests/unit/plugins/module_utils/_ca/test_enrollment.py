# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogues with the CA: what is sent, in which order, and what each answer leads to."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import STATUS_CODES, error_for
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Enrollment, Question
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, WaitPolicy
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW
from ansible_collections.mailops.smime.tests.unit.plugins.samples import read_text
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, PENDING, Host

MISSES_CSR = b"-3\nThe 'csr' argument is missing!\n"
MISSES_OTHER = b"-3\nThe 'orderNumber' argument is missing!\n"
UNPAID = b"-22\nStill awaiting payment!\n"
UNVERIFIED = b"-154\nEmail verification not yet completed!\n"
ACCOUNT = {"loginName": "name", "loginPassword": "hunter2", "orderNumber": "12345"}


WITHOUT_CSR: dict[str, Any] = {"csr_path": None, "email": None}


def test_the_first_post_carries_the_csr_and_asks_for_everything_and_is_a_pending_order_and_a_change(host: Host) -> None:
    before = host.snapshot()
    outcome = host.run(PENDING)
    csr = host.read("request.csr").decode()
    asked = {"queryType": "1", "responseType": "3", "responseEncoding": "0", "returnCertificate": "Y"}
    assert outcome.forms == [{**ACCOUNT, **asked, "csr": csr}]
    result = outcome.result
    assert (result["status"], result["status_code"], result["api_calls"]) == ("pending", 0, 1)
    assert (result["csr_submitted"], result["csr"], result["changed"], result["files"]) == (True, csr, True, [])
    assert host.snapshot() == before


def test_a_held_csr_is_asked_for_again_without_it_and_is_no_change(host: Host) -> None:
    outcome = host.run(HELD, PENDING)
    assert ["csr" in form for form in outcome.forms] == [True, False]
    assert outcome.forms[1]["returnCertificate"] == "Y"
    result = outcome.result
    assert (result["status"], result["csr_submitted"], result["changed"]) == ("pending", False, False)
    assert result["api_calls"] == 2
    outcome = host.run(HELD, host.reply())
    assert (outcome.result["status"], outcome.result["csr_submitted"]) == ("issued", False)


def test_without_a_csr_one_post_collects_and_a_pending_order_is_no_change(host: Host) -> None:
    for answer, expected in ((PENDING, ("pending", False)), (host.reply(), ("issued", True))):
        outcome = host.run(answer, **WITHOUT_CSR)
        assert ["csr" in form for form in outcome.forms] == [False]
        assert (outcome.result["status"], outcome.result["changed"]) == expected


def test_a_ca_that_misses_the_csr_names_it_in_the_error(host: Host) -> None:
    outcome = host.run(MISSES_CSR, **WITHOUT_CSR)
    assert outcome.error == "missing_argument"
    assert "csr" in outcome.result["error"]["message"]
    assert "csr_path" in outcome.result["error"]["hint"]


@pytest.mark.parametrize("answer", [PENDING, MISSES_CSR])
def test_a_lost_chain_is_asked_for_without_the_csr_unless_the_order_has_none(host: Host, answer: bytes) -> None:
    host.write("cert.pem", host.issue().pem)
    outcome = host.run(answer, PENDING, fullchain_path=None)
    assert ["csr" in form for form in outcome.forms] == [False, True]
    assert outcome.result["csr_submitted"] is True
    assert host.run(MISSES_OTHER, fullchain_path=None).error == "missing_argument"
    assert ["csr" in form for form in host.run(host.reply(), fullchain_path=None).forms] == [False]


NAMES = {
    -1: "not_https", -2: "unrecognised_argument", -3: "missing_argument", -4: "invalid_argument", -13: "unsupported_key_size",
    -14: "unknown_error", -16: "login_failed", -17: "not_post", -18: "csr_already_provided", -20: "csr_rejected",
    -21: "certificate_revoked", -22: "awaiting_payment", -153: "unsupported_product", -154: "email_not_verified",
}  # fmt: skip


def test_the_codes_are_the_page_s_and_each_has_its_name_and_words_of_ours() -> None:
    # A number, a blank line, the message, a blank line, the description.
    page = re.findall(r"^(-\d+)\n\n.+\n\n.+$", read_text("codes/error_codes.txt"), re.MULTILINE)
    assert {int(code) for code in page} == set(STATUS_CODES) == set(NAMES)
    for code, row in STATUS_CODES.items():
        assert (row.code, row.name) == (code, NAMES[code])
        assert error_for(code, "").message == row.meaning != ""
        assert row.hint.endswith(".")


@pytest.mark.parametrize("code", [-5, -999_999_999, *(code for code in NAMES if code != -18)])
@pytest.mark.parametrize("check_mode", [False, True])
def test_each_code_fails_once_by_its_name_with_the_cas_words_and_changes_nothing(
    host: Host, code: int, check_mode: bool
) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    before = host.snapshot()
    outcome = host.run(f"{code}\nWhat the CA says!\n".encode(), check_mode=check_mode)
    error = outcome.result["error"]
    assert (outcome.error, error["code"]) == (NAMES.get(code, "unlisted_error"), code)
    assert (error["message"], error["retryable"]) == ("What the CA says!", code in (-14, -22, -154))
    assert error["hint"]
    assert (outcome.result["status_code"], outcome.result["api_calls"]) == (code, 1)
    assert (outcome.result["changed"], outcome.result["files"], outcome.pauses) == (False, [], [])
    assert "What the CA says" in outcome.result["msg"]
    assert str(code) in outcome.result["msg"]
    assert host.snapshot() == before


ORDER = Order(collection_code="Code1234")
QUESTION = Question("CSR", has_csr=True, expect_issued=False, predict=False)


@pytest.mark.parametrize(
    ("first", "submitted"),
    [
        (HttpResponse(504, "text/html", b"<html>"), True),
        (HttpResponse(503, "text/html", b"<html>"), True),
        (HttpResponse(502, "text/html", b""), True),
        (HttpResponse(429, "text/html", b""), False),
        (CallError("the connection was cut", retryable=True), True),
        (CallError("no answer in time", name="timed_out", retryable=True), True),
    ],
)
def test_a_csr_that_arrived_with_a_try_before_was_submitted(first: Any, submitted: bool) -> None:
    transport = ScriptedTransport(first, HELD, PENDING, retries=1)
    enrollment = Enrollment(Client(transport, lambda _seconds: None), ORDER, QUESTION, WaitPolicy(), lambda: 0.0)
    assert enrollment.ask() == Reply(0)
    assert (enrollment.csr_submitted, enrollment.calls) == (submitted, 3)


@pytest.mark.parametrize("put_off", [UNPAID, UNVERIFIED])
def test_a_csr_that_arrived_with_a_question_that_was_put_off_was_submitted(put_off: bytes) -> None:
    client = Client(ScriptedTransport(put_off, HELD, PENDING))
    enrollment = Enrollment(client, ORDER, QUESTION, WaitPolicy(60, 10), lambda: 0.0)
    assert enrollment.ask() is None
    assert not enrollment.csr_submitted
    assert enrollment.ask() is None
    assert enrollment.csr_submitted


def test_the_request_is_returned_after_waiting_too_and_no_failure_shows_the_whole_of_it(host: Host) -> None:
    outcome = host.run(PENDING, PENDING, host.reply(), csr_path=None, wait_timeout=600)
    assert (outcome.result["status"], outcome.result["csr_submitted"]) == ("issued", True)
    assert outcome.result["csr"] == outcome.forms[0]["csr"]
    outcome = host.run(b"-20\nThe CSR was rejected\n", force=True)
    assert outcome.result["csr"] is None
    assert "CERTIFICATE REQUEST" not in outcome.printed


def test_a_lost_answer_is_reported_and_the_next_run_collects(host: Host) -> None:
    outcome = host.run(CallError("the connection to the CA was cut", retryable=True))
    assert outcome.error == "connection_failed"
    assert (outcome.result["error"]["retryable"], outcome.result["error"]["code"]) == (True, None)
    assert host.run(HELD, host.reply()).result["status"] == "issued"


def test_waiting_asks_at_the_interval_until_the_certificate_is_there(host: Host) -> None:
    outcome = host.run(PENDING, PENDING, PENDING, host.reply(), wait_timeout=600, poll_interval=100)
    assert outcome.result["status"] == "issued"
    assert outcome.pauses == [100, 100, 100]
    assert ["csr" in form for form in outcome.forms] == [True, False, False, False]
    assert (outcome.result["csr_submitted"], outcome.result["api_calls"]) == (True, 4)


@pytest.mark.parametrize("answer", [PENDING, UNPAID, UNVERIFIED, b"1\n"])
def test_waiting_goes_on_for_what_can_pass_until_the_time_is_over(host: Host, answer: bytes) -> None:
    waiting: dict[str, Any] = {"csr_path": None, "email": None, "poll_interval": 60}
    outcome = host.run(answer, answer, answer, **waiting, wait_timeout=90)
    assert (outcome.error, outcome.pauses, outcome.result["api_calls"]) == ("still_pending", [60, 30], 3)
    error = outcome.result["error"]
    assert (error["code"], error["retryable"]) == (None, True)
    assert outcome.result["status_code"] == int(answer.split()[0])
    assert "90" in error["message"]
    assert ("Email verification not yet completed" in outcome.result["msg"]) == (answer == UNVERIFIED)
    outcome = host.run(answer, answer, host.reply(), **waiting, wait_timeout=600)
    assert (outcome.result["status"], outcome.pauses) == ("issued", [60, 60])


def test_an_accepted_csr_is_a_change_even_if_waiting_fails(host: Host) -> None:
    outcome = host.run(PENDING, PENDING, wait_timeout=10)
    assert (outcome.error, outcome.result["changed"], outcome.result["csr_submitted"]) == ("still_pending", True, True)


@pytest.mark.parametrize("first", [PENDING, HELD])
@pytest.mark.parametrize("code", [-14, -16, -20, -21])
def test_a_code_after_the_csr_is_an_error_too_and_ends_the_waiting(host: Host, code: int, first: bytes) -> None:
    outcome = host.run(first, f"{code}\nNo\n".encode(), wait_timeout=600)
    assert (outcome.error, len(outcome.pauses)) == (NAMES[code], int(first == PENDING))


def test_the_collection_code_is_sent_alone(host: Host) -> None:
    outcome = host.run(PENDING, collection_code="Code1234")
    assert outcome.forms[0]["collectionCode"] == "Code1234"
    assert not set(ACCOUNT) & set(outcome.forms[0])
    assert "Code1234" not in outcome.printed


STATUS_FORM = {**ACCOUNT, "queryType": "0", "responseEncoding": "0", "showValidityPeriod": "Y"}


def predict(host: Host, answer: bytes, **changes: Any) -> Any:
    """Return the outcome of check mode, which asked once for the status and touched nothing."""
    before = host.snapshot()
    outcome = host.run(answer, check_mode=True, **changes)
    assert outcome.forms == [STATUS_FORM]
    assert host.snapshot() == before
    assert outcome.result["csr_submitted"] is False
    return outcome


@pytest.mark.parametrize(
    ("answer", "changes", "expected"),
    [
        (PENDING, {}, ("pending", True)),
        (MISSES_CSR, {}, ("pending", True)),
        (PENDING, WITHOUT_CSR, ("pending", False)),
        (b"1\n", {}, ("issued", True)),
        (b"2\n01/06/2026 01/06/2027\n", {}, ("issued", True)),
    ],
)
def test_check_mode_predicts_from_the_status_alone(
    host: Host, answer: bytes, changes: dict[str, Any], expected: tuple[str, bool]
) -> None:
    """How check mode and the run agree, the tests of prediction try in each situation."""
    result = predict(host, answer, **changes).result
    assert (result["status"], result["changed"]) == expected
    assert result["certificate"] is None


@pytest.mark.parametrize(("days", "changed"), [(0, False), (200, True)])
@pytest.mark.parametrize("hour", [0, 23])
def test_check_mode_tells_the_same_certificate_from_a_newer_one(
    host: Host, hour: int, days: int, changed: bool
) -> None:
    last = (NOW + timedelta(days=3)).replace(hour=hour, minute=59, second=59)
    host.fill(host.issue(not_after=last))
    shown = (last + timedelta(days=days)).strftime("%d/%m/%Y")
    outcome = predict(host, f"1\n01/01/2026 {shown}\n".encode())
    assert outcome.result["changed"] is changed
    assert ("new order" in outcome.warnings) is not changed
