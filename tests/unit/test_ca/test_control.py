# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: orders in bulk, the record of calls, settings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, RunningCa


def test_it_is_ready(ca: RunningCa) -> None:
    ready = ca.control("GET", "ready")
    assert ready["ready"] is True
    assert ready["pid"] == ca.identity["pid"]


def test_orders_get_numbers_and_codes_of_their_own(ca: RunningCa) -> None:
    made = ca.control("POST", "orders", [{"email": f"user{n}@example.test"} for n in range(5000)])["created"]
    assert len({order["order_number"] for order in made}) == 5000
    assert len({order["collection_code"] for order in made}) == 5000
    for order in made[10:]:
        ca.control("DELETE", f"orders/{order['order_number']}") if order is made[10] else None
    assert (
        ca.session.get(f"{ca.identity['control_url']}/orders/{made[10]['order_number']}", timeout=30).status_code == 404
    )


def test_existing_orders_and_accounts_can_be_kept(ca: RunningCa) -> None:
    orders = {"orders": [{"order_number": "kept", "email": "a@example.test"}], "existing": "keep"}
    assert ca.control("POST", "orders", orders)["kept"] == []
    assert ca.control("POST", "orders", orders) == {"created": [], "kept": ["kept"]}
    accounts = {"accounts": [{**ACCOUNT, "password": "another"}], "existing": "keep"}
    assert ca.control("POST", "accounts", accounts) == {"created": [], "kept": [ACCOUNT["login_name"]]}


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"email": "no address"},
        {"email": "a@b.test", "state": "unheard of"},
        {"email": "a@b.test", "surprise": 1},
        {"email": "a@b.test", "validity_days": "365"},
        {"email": "a@b.test", "validity_days": True},
        {"email": "a@b.test", "validity_days": 0},
        {"email": "a@b.test", "not_before_days": 9999},
        {"email": "a@b.test", "policy": "not an oid"},
        {"email": "a@" + "ü" * 80},
        {"email": "a@b.test", "dialect": {"order": "unheard of"}},
        {"email": "a@b.test", "collection_code": "x" * 17},
        {"email": "a@b.test", "csr": "nonsense"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(ca: RunningCa, terms: dict[str, Any]) -> None:
    reply = ca.session.post(f"{ca.identity['control_url']}/orders", json=terms, timeout=30)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_calls_are_recorded_without_secrets(ca: RunningCa, csr: str) -> None:
    order = ca.order()
    ca.ask(order, csr=csr, returnCertificate="Y", responseType="2")
    ca.post({"surprising secret": "x"})
    first, second = ca.calls()
    assert first["values"] == {
        "orderNumber": order["order_number"],
        "queryType": "1",
        "returnCertificate": "Y",
        "responseType": "2",
    }
    assert (first["method"], first["had_csr"], first["code"], first["http_status"]) == ("POST", True, 2, 200)
    assert first["arguments"] == [
        "loginName",
        "loginPassword",
        "orderNumber",
        "queryType",
        "csr",
        "returnCertificate",
        "responseType",
    ]
    assert (second["arguments"], second["code"]) == (["?"], -2)
    assert second["sequence"] == first["sequence"] + 1


def test_connections_can_be_told_apart(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    with ca.connect() as own:
        for _call in range(3):
            own.post(ca.identity["url"], data={"queryType": "0"}, timeout=30)
    ca.ask(order)
    connections = [call["connection"] for call in ca.calls()]
    assert len(set(connections[:3])) == 1
    assert connections[3] not in connections[:3]


def test_calls_side_by_side_are_counted(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    ca.control("POST", "faults", {"fault": "delay", "seconds": 3})
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ca.ask, order)
        while not ca.calls():
            pass
        ca.ask(order)
        slow.result()
    ca.ask(order)
    assert [call["under_way"] for call in ca.calls()] == [1, 2, 1]


def test_settings_are_checked(ca: RunningCa) -> None:
    url = f"{ca.identity['control_url']}/settings"
    unfit: list[Any] = [{"lock_after": 0}, {"no_csr_answer": "maybe"}, {"dialect": {"unheard": 1}}, []]
    for changes in unfit:
        assert ca.session.patch(url, json=changes, timeout=30).status_code == 400
