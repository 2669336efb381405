# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogues with the CA: what is sent, in which order, and what each answer leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import (
    CSR_ALREADY_PROVIDED,
    STATUS_CODES,
    error_for,
)
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Enrollment, Question
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, WaitPolicy
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, PENDING, Host

MISSES_CSR = b"-3\nThe 'csr' argument is missing!\n"
MISSES_OTHER = b"-3\nThe 'orderNumber' argument is missing!\n"
UNPAID = b"-22\nStill awaiting payment!\n"
UNVERIFIED = b"-154\nEmail verification not yet completed!\n"
ACCOUNT = {"loginName": "name", "loginPassword": "hunter2", "orderNumber": "12345"}


def test_the_first_post_carries_the_csr_and_asks_for_everything(host: Host) -> None:
    outcome = host.run(PENDING)
    (form,) = outcome.forms
    assert form == {
        **ACCOUNT,
        "csr": host.read("request.csr").decode(),
        "queryType": "1",
        "responseType": "3",
        "responseEncoding": "0",
        "returnCertificate": "Y",
    }


def test_an_accepted_csr_is_a_pending_order_and_a_change(host: Host) -> None:
    before = host.snapshot()
    outcome = host.run(PENDING)
    assert not outcome.failed
    result = outcome.result
    assert (result["status"], result["status_code"], result["api_calls"]) == ("pending", 0, 1)
    assert (result["csr_submitted"], result["changed"], result["files"]) == (True, True, [])
    assert result["csr"] == host.read("request.csr").decode()
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
        outcome = host.run(answer, csr_path=None, email=None)
        assert ["csr" in form for form in outcome.forms] == [False]
        assert (outcome.result["status"], outcome.result["changed"]) == expected


def test_a_ca_that_misses_the_csr_names_it_in_the_error(host: Host) -> None:
    outcome = host.run(MISSES_CSR, csr_path=None, email=None)
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


CODES = [-99, *(code for code in STATUS_CODES if code != CSR_ALREADY_PROVIDED)]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("check_mode", [False, True])
def test_each_code_fails_once_by_its_name_with_the_cas_words_and_changes_nothing(
    host: Host, code: int, check_mode: bool
) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    before = host.snapshot()
    outcome = host.run(f"{code}\nWhat the CA says!\n".encode(), check_mode=check_mode)
    error = outcome.result["error"]
    assert (outcome.error, error["code"]) == (error_for(code, "").name, code)
    assert error["message"] == "What the CA says!"
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


def test_a_csr_that_was_built_is_in_the_result_after_waiting_too(host: Host) -> None:
    outcome = host.run(PENDING, PENDING, host.reply(), csr_path=None, wait_timeout=600)
    assert outcome.result["status"] == "issued"
    assert "BEGIN CERTIFICATE REQUEST" in outcome.result["csr"]
    assert outcome.result["csr"].split() == outcome.forms[0]["csr"].split()


def test_a_code_after_the_held_csr_is_an_error_too(host: Host) -> None:
    assert host.run(HELD, b"-21\nThe certificate has been revoked!\n").error == "certificate_revoked"


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


@pytest.mark.parametrize("code", [-14, -16, -20, -21])
def test_waiting_ends_at_once_for_what_cannot_pass(host: Host, code: int) -> None:
    outcome = host.run(PENDING, f"{code}\nNo\n".encode(), wait_timeout=600)
    assert outcome.error == error_for(code, "").name
    assert len(outcome.pauses) == 1


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


@pytest.mark.parametrize("answer", [PENDING, MISSES_CSR])
def test_check_mode_predicts_the_csr_that_an_order_still_needs(host: Host, answer: bytes) -> None:
    outcome = predict(host, answer)
    assert (outcome.result["status"], outcome.result["changed"]) == ("pending", True)


def test_check_mode_predicts_no_change_for_an_order_in_process_without_a_csr(host: Host) -> None:
    outcome = predict(host, PENDING, csr_path=None, email=None)
    assert (outcome.result["status"], outcome.result["changed"]) == ("pending", False)


@pytest.mark.parametrize("answer", [b"1\n01/06/2026 01/06/2027\n", b"2\n01/06/2026 01/06/2027\n", b"1\n"])
def test_check_mode_predicts_all_files_of_an_issued_certificate(host: Host, answer: bytes) -> None:
    outcome = predict(host, answer)
    assert (outcome.result["status"], outcome.result["changed"]) == ("issued", True)
    assert set(outcome.kinds) == {"certificate", "chain", "fullchain"}
    assert outcome.result["certificate"] is None


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


def test_check_mode_sees_an_expired_certificate_that_the_ca_still_holds(host: Host) -> None:
    last = (NOW - timedelta(days=3)).replace(hour=23, minute=59, second=59)
    host.fill(host.issue(not_after=last))
    outcome = predict(host, f"1\n01/01/2026 {last:%d/%m/%Y}\n".encode())
    assert outcome.error == "certificate_expired"


def test_check_mode_mends_nothing_and_says_what_it_would(host: Host) -> None:
    host.fill()
    (host.folder / "fullchain.pem").unlink()
    before = host.snapshot()
    outcome = host.run(check_mode=True)
    assert (outcome.result["changed"], outcome.kinds, outcome.result["api_calls"]) == (True, ["fullchain"], 0)
    assert host.snapshot() == before
