# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of orders that stand in a journal: which order it is, and what the journal says afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._journal import PlacedOrder, write
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host

OWN = "CodeOfAlice"
NOTHING = {"order_number": None, "login_name": None, "login_password": None}
ORDER = PlacedOrder(ALICE, "mailbox_strict", 365, "id1", "placed", NOW - timedelta(days=2), "4711", "CodeOfAlice")


def with_journal(host: Host, *orders: PlacedOrder) -> dict[str, Any]:
    """Write a journal, and return the options of a task that has nothing else to say which order it is."""
    host.write("orders.json", write(orders)).chmod(0o600)
    return {**NOTHING, "orders_path": host.path("orders.json")}


def read(host: Host) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(host.read("orders.json"))["orders"][0]
    return order


def change(**values: Any) -> PlacedOrder:
    return PlacedOrder(**{**vars(ORDER), **values})


def test_the_code_is_taken_from_the_journal_and_what_became_of_it_is_noted(host: Host) -> None:
    options = with_journal(host, ORDER)
    outcome = host.run(PENDING, **options)
    assert outcome.forms[0]["collectionCode"] == "CodeOfAlice"
    assert "loginPassword" not in outcome.forms[0]
    assert "CodeOfAlice" not in outcome.printed
    order = read(host)
    assert (order["last_code"], order["last_asked"], order["collected"]) == (0, f"{NOW:%Y-%m-%dT%H:%M:%SZ}", False)
    assert host.run(b"-154\nEmail verification not yet completed!\n", **options).error == "email_not_verified"
    assert read(host)["last_code"] == -154
    assert host.run(host.reply(), **options).result["status"] == "issued"
    order = read(host)
    assert (order["last_code"], order["collected"], order["order_number"]) == (2, True, "4711")


def test_an_order_without_a_code_needs_the_login(host: Host) -> None:
    options = with_journal(host, change(collection_code=None))
    assert "login_name" in host.run(**options).result["msg"]
    login = {"login_name": "name", "login_password": "hunter2"}
    assert host.run(PENDING, **{**options, **login}).forms[0]["orderNumber"] == "4711"


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ([ORDER, change(id="id2", collection_code="Newer", placed_at=NOW)], "Newer"),
        ([change(collection_code="Newer", placed_at=NOW), change(id="id2")], "Newer"),
        ([ORDER, change(id="id2", placed_at=NOW, state="unknown", order_number=None, collection_code=None)], OWN),
        ([ORDER, change(id="id2", placed_at=NOW, test=True, collection_code="Test")], OWN),
        ([ORDER, change(id="id2", placed_at=NOW, email="bob@example.test", collection_code="Bobs")], OWN),
        ([change(email="Alice@EXAMPLE.test")], OWN),
        ([change(collected=True)], OWN),
    ],
)
def test_the_newest_order_of_the_mailbox_counts(host: Host, orders: list[PlacedOrder], code: str) -> None:
    assert host.run(PENDING, **with_journal(host, *orders)).forms[0]["collectionCode"] == code


def test_what_is_given_counts_and_the_journal_is_left_alone(host: Host) -> None:
    options = with_journal(host, ORDER)
    before = host.read("orders.json")
    assert host.run(PENDING, **{**options, "collection_code": "Given"}).forms[0]["collectionCode"] == "Given"
    assert host.read("orders.json") == before


@pytest.mark.parametrize("orders", [(), (change(state="failed", order_number=None, collection_code=None),)])
def test_without_an_order_the_journal_is_named_and_nothing_is_sent(host: Host, orders: Any) -> None:
    outcome = host.run(**with_journal(host, *orders))
    assert outcome.error == "invalid_option"
    assert "orders.json has no order of this mailbox" in outcome.result["msg"]
    # A good certificate needs none.
    host.fill()
    assert host.run(**with_journal(host, *orders)).result["status"] == "valid"


def test_a_damaged_journal_is_named_and_nothing_is_sent(host: Host) -> None:
    options = with_journal(host, ORDER)
    host.write("orders.json", b"")
    outcome = host.run(**options)
    assert (outcome.error, outcome.result["api_calls"]) == ("file_error", 0)


def test_check_mode_asks_and_notes_nothing(host: Host) -> None:
    options = with_journal(host, ORDER)
    before = host.read("orders.json")
    assert host.run(PENDING, check_mode=True, **options).result["status"] == "pending"
    assert host.read("orders.json") == before


def test_what_cannot_be_noted_costs_no_certificate(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    options = with_journal(host, ORDER)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise FileError("the disk is full")

    monkeypatch.setattr("ansible_collections.mailops.smime.plugins.module_utils._journal.Journal.put", fail)
    outcome = host.run(host.reply(), **options)
    assert outcome.result["status"] == "issued"
    assert "the disk is full" in outcome.warnings


def test_a_journal_needs_the_mailbox(host: Host) -> None:
    assert "orders_path needs email" in host.run(**with_journal(host, ORDER), email=None).result["msg"]
