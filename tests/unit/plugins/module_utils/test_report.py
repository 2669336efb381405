# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure says to an administrator."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._batch import find_attention
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._errors import CaError, CallError
from ansible_collections.mailops.smime.plugins.module_utils._options import label
from ansible_collections.mailops.smime.plugins.module_utils._report import explain
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host


def test_messages_name_the_mailbox_or_else_the_file_and_the_order_without_control_characters() -> None:
    assert label("alice@example.test", "/cert.pem", Order("7")) == "alice@example.test (order 7)"
    assert label(None, "/cert.pem", Order(collection_code="x")) == "/cert.pem (the order of the collection code)"
    assert label("a\x1b[2J@example.test", "", Order("7")) == r"'a\x1b[2J@example.test' (order 7)"


def test_a_failure_says_for_whom_what_why_and_what_to_do(host: Host) -> None:
    error = CaError("Still awaiting payment!", name="awaiting_payment", code=-22, hint="Pay the order.")
    told = explain(error, "alice@example.test (order 1)")
    assert told == "alice@example.test (order 1): Still awaiting payment! (code -22, awaiting_payment). Pay the order."
    told = explain(CallError("the CA did not answer in time", name="timed_out"), "x")
    assert "(timed_out)" in told
    assert len(explain(CallError("what a server says" * 10_000), "x")) < 10_000
    for email in ("alice@example.test", None):
        told = host.run(b"-22\n", csr_path=None, email=email).result["msg"]
        assert (email or host.path("cert.pem")) in told
        assert "12345" in told


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_keys_of_a_result_and_of_an_error_are_always_there(host: Host, check_mode: bool) -> None:
    always = {"changed", "reasons", "certificate", "status_code", "api_calls", "csr_submitted", "csr", "files"}
    for outcome in (host.run(b"0\n", check_mode=check_mode), host.run(b"-22\n", check_mode=check_mode)):
        assert always <= set(outcome.result)
        assert ("error" in outcome.result) is outcome.failed
        assert ("status" in outcome.result) is not outcome.failed
    assert set(outcome.result["error"]) == {"code", "name", "message", "hint", "retryable"}


def entry(email: str, status: str, days: int | None, **more: Any) -> dict[str, Any]:
    certificate = {"days_remaining": days} if days is not None else None
    return {"email": email, "status": status, "certificate": certificate, "reasons": [], "status_code": 2, **more}


def test_whose_certificate_ends_first_needs_a_person_first() -> None:
    results = [
        entry("waiting", "pending", None),
        entry("later", "failed", 20, msg="later (order 1): it failed."),
        entry("good", "valid", 200),
        entry("due", "valid", 3, reasons=["expiring"]),
        entry("mended", "valid", 3, reasons=["expiring"], status_code=None),
        entry("ended", "failed", -2, msg="ended (order 2): it failed."),
        entry("new", "not_attempted", None),
        # The controller is to ask first.
        entry("asked", "failed", None, question={}),
    ]
    told = find_attention(results)
    assert [line.split(": ")[:2] for line in told] == [
        ["not attempted", "new"], ["failed", "ended (order 2)"], ["renewal due", "due"],
        ["failed", "later (order 1)"], ["pending", "waiting"],
    ]  # fmt: skip
