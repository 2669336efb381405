# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal keeps every order, or nothing is sent."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._journal import PlacedOrder, parse, write
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE

MOMENT = datetime(2026, 11, 28, 1, 2, 3, tzinfo=timezone.utc)
ORDER = PlacedOrder(
    ALICE, "mailbox_strict", 365, "id1", "placed", MOMENT, "4711", "AbCd", "12.00", False, -154, MOMENT, MOMENT, True
)  # fmt: skip
BARE = PlacedOrder("bob@example.test", None, None, "id2", "sent", MOMENT)


def line(**changes: Any) -> dict[str, Any]:
    """Return a good order as JSON has it, with other values; one that is ... is left out."""
    whole = {**json.loads(write([ORDER]))["orders"][0], **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def test_what_is_written_is_read_again() -> None:
    assert parse(write([ORDER, BARE]), "j") == [ORDER, BARE]
    assert parse(write([]), "j") == []


def test_a_person_can_read_it() -> None:
    text = write([ORDER, BARE]).decode()
    assert len(text.splitlines()) == 4
    assert json.loads(text)["version"] == 1
    assert line() == {
        "email": ALICE, "product": "mailbox_strict", "days": 365, "id": "id1", "state": "placed",
        "placed_at": "2026-11-28T01:02:03Z", "order_number": "4711", "collection_code": "AbCd", "cost": "12.00", "test": False,
        "last_code": -154, "last_asked": "2026-11-28T01:02:03Z", "reminded_at": "2026-11-28T01:02:03Z", "collected": True,
    }  # fmt: skip


def test_what_somebody_wrote_beside_it_stays() -> None:
    data = json.dumps({"version": 1, "orders": [line(note="paid by card")]}).encode()
    assert json.loads(write(parse(data, "j")))["orders"][0]["note"] == "paid by card"


def test_no_text_of_an_order_shows_its_code() -> None:
    assert "AbCd" not in repr(ORDER)


DAMAGED = {
    "blank": b" \n",
    "no JSON": b"not JSON",
    "cut": write([ORDER])[:-20],
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "no version": b'{"orders": []}',
    "a version that is none": b'{"version": "1", "orders": []}',
    "an old version": b'{"version": 0, "orders": []}',
    "no orders": b'{"version": 1}',
    "an order that is none": b'{"version": 1, "orders": [1]}',
    **{
        f"{name}: {value}": json.dumps({"version": 1, "orders": [line(**{name: value})]}).encode()
        for name, value in {
            "email": None, "days": "365", "id": 7, "state": "lost", "placed_at": "yesterday", "last_asked": "2026-11-28",
            "order_number": 4711, "test": "no", "collected": 1, "last_code": True,
        }.items()
    },
    "no state": json.dumps({"version": 1, "orders": [line(state=...)]}).encode(),
    "one id twice": json.dumps({"version": 1, "orders": [line(), line()]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_journal_is_refused(data: bytes) -> None:
    with pytest.raises(FileError, match="damaged") as caught:
        parse(data, "/orders.json")
    assert "/orders.json" in caught.value.message
    assert "AbCd" not in str(caught.value.describe())


def test_a_newer_journal_is_refused() -> None:
    with pytest.raises(FileError, match="newer"):
        parse(b'{"version": 2, "orders": {}}', "j")
