# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the control API, the records that it gives, and the README that lists it all."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, PATIENCE, PROGRAM, RunningCa
from test_ca.control import VIEWS
from test_ca.faults import FAULTS, Fault
from test_ca.issuing import VARIANTS
from test_ca.orders import Terms
from test_ca.replies import Dialect
from test_ca.revocation import CRL_TROUBLES, REASONS
from test_ca.server import TROUBLES
from test_ca.service import Credentials, Settings

LOGIN_REFUSED = "-16\nIncorrect login details, account is locked, password has expired or your source IP is blocked.\n"


def test_only_who_knows_its_path_reaches_it(ca: RunningCa) -> None:
    assert ca.control("GET", "ready") == {"ready": True, **{k: v for k, v in ca.identity.items() if k != "changed"}}
    secret = ca.identity["control_url"].split("/")[4]
    for guess in ("v1", secret[:-1], secret + "x", secret.swapcase(), ""):
        url = ca.identity["control_url"].replace(secret, guess)
        assert ca.session.get(f"{url}/ready", timeout=PATIENCE).status_code == 404


def test_orders_get_numbers_and_codes_of_their_own(ca: RunningCa) -> None:
    made = ca.control("POST", "orders", [{"email": f"user{n}@example.test"} for n in range(1000)])["created"]
    assert len({order["order_number"] for order in made}) == 1000
    assert len({order["collection_code"] for order in made}) == 1000
    gone = f"orders/{made[0]['order_number']}"
    ca.control("DELETE", gone)
    assert ca.session.get(f"{ca.identity['control_url']}/{gone}", timeout=PATIENCE).status_code == 404
    assert ca.control("DELETE", "orders") == {"orders": []}


def test_existing_orders_and_accounts_can_be_kept(ca: RunningCa) -> None:
    orders = {"orders": [{"order_number": "kept", "email": "a@example.test"}], "existing": "keep"}
    assert ca.control("POST", "orders", orders)["kept"] == []
    assert ca.control("POST", "orders", orders) == {"created": [], "kept": ["kept"]}
    assert ca.control("POST", "orders", []) == {"created": [], "kept": []}
    accounts = {"accounts": [{**ACCOUNT, "password": "another"}], "existing": "keep"}
    assert ca.control("POST", "accounts", accounts) == {"created": [], "kept": [ACCOUNT["login_name"]]}


NONSENSE: dict[tuple[str, str], list[Any]] = {
    ("POST", "orders"): [
        {},
        [1],
        {"email": "no address"},
        {"email": "a@" + "ü" * 80},
        {"email": "a@b.test", "state": "unheard of"},
        {"email": "a@b.test", "surprise": 1},
        *({"email": "a@b.test", "validity_days": days} for days in ("365", True, 0)),
        {"email": "a@b.test", "not_before_days": 9999},
        {"email": "a@b.test", "policy": "not an oid"},
        {"email": "a@b.test", "dialect": {"order": "unheard of"}},
        {"email": "a@b.test", "collection_code": "x" * 17},
        {"email": "a@b.test", "csr": "nonsense"},
        {"email": "a@b.test", "crl_urls": [1]},
    ],
    ("POST", "accounts"): [{"login_name": "x"}],
    ("POST", "faults"): [
        {"fault": "unheard of"},
        {"count": 1},
        {"fault": "certificate", "certificate": "unheard of"},
        {"fault": "delay", "seconds": "long"},
        {"fault": "body", "body": "%"},
        {"fault": "redirect", "location": "x\r\ny: z"},
        {"fault": "http_status", "status": 99},
    ],
    ("POST", "listeners"): [{"trouble": "unheard of"}, {}, "reset"],
    ("POST", "crl"): [
        {"serial_number": "0x1"},
        {"serial_number": "1", "reason": "whim"},
        {"serial_number": "1", "days_ago": -1},
    ],
    ("PATCH", "settings"): [
        [],
        {"lock_after": 0},
        {"no_csr_answer": "maybe"},
        {"dialect": {"unheard": 1}},
        {"placed": {"unheard": 1}},
        {"crl_seconds": 0},
    ],
}


@pytest.mark.parametrize(
    ("method", "path", "body"), [(*place, body) for place, bodies in NONSENSE.items() for body in bodies]
)
def test_what_makes_no_sense_is_refused(ca: RunningCa, method: str, path: str, body: Any) -> None:
    reply = ca.session.request(method, f"{ca.identity['control_url']}/{path}", json=body, timeout=PATIENCE)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_a_body_that_is_no_json_is_refused(ca: RunningCa) -> None:
    url = f"{ca.identity['control_url']}/orders"
    assert ca.session.post(url, data=b"{", timeout=PATIENCE).json() == {"error": "the body is no JSON"}


def test_calls_are_recorded_without_secrets(ca: RunningCa, csr: str) -> None:
    order = ca.order()
    ca.ask(order, csr=csr, returnCertificate="Y", responseType="2")
    ca.post({"surprising secret": "x"})
    first, second = ca.calls()
    values = {"orderNumber": order["order_number"], "queryType": "1", "returnCertificate": "Y", "responseType": "2"}
    assert first["values"] == values
    assert set(first["arguments"]) == {*values, "loginName", "loginPassword", "csr"}
    known = ("endpoint", "method", "had_csr", "code", "http_status")
    assert [first[name] for name in known] == ["collect", "POST", True, 2, 200]
    assert (second["arguments"], second["code"]) == (["?"], -2)
    assert second["sequence"] == first["sequence"] + 1
    assert ACCOUNT["password"] not in json.dumps(ca.calls())


def test_connections_can_be_told_apart(ca: RunningCa) -> None:
    with ca.connect() as own:
        for _call in range(3):
            own.post(ca.identity["url"], data={"queryType": "0"}, timeout=PATIENCE)
    ca.post({"queryType": "0"})
    connections = [call["connection"] for call in ca.calls()]
    assert len(set(connections[:3])) == 1
    assert connections[3] not in connections[:3]


def test_calls_side_by_side_are_counted(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    ca.fault("delay", seconds=30)
    with ThreadPoolExecutor(1) as pool, ca.connect() as another:
        slow = pool.submit(another.post, ca.identity["url"], data={"queryType": "0"}, timeout=0.5)
        while not ca.calls():
            pass
        ca.ask(order)
        assert isinstance(slow.exception(), OSError)
    first, second = (call["under_way"] for call in ca.calls())
    assert second == first + 1


def test_wrong_details_are_refused_without_saying_which(ca: RunningCa) -> None:
    name, password = ACCOUNT["login_name"], ACCOUNT["password"]
    for wrong in ({"loginPassword": "wrong"}, {"loginPassword": password.upper()}, {"loginName": name.lower()}):
        assert ca.ask(ca.order(), **wrong).text == LOGIN_REFUSED
    assert ca.ask(ca.order(), loginName="nobody").text == LOGIN_REFUSED


def test_repeated_failures_lock_the_account_until_it_is_unlocked(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending")
    for _attempt in range(4):
        assert ca.code(order, loginPassword="wrong") == -16
    assert ca.code(order) == 0  # and the failures are forgotten
    for _attempt in range(5):
        assert ca.code(order, loginPassword="wrong") == -16
    assert ca.ask(order).text == LOGIN_REFUSED
    assert ca.control("POST", f"accounts/{ACCOUNT['login_name']}/unlock")["locked"] is False
    assert ca.code(order) == 0


def test_an_order_is_hidden_from_other_accounts_and_its_code_needs_none(ca: RunningCa) -> None:
    order = ca.order(no_csr_answer="pending", login_name="somebody else")
    assert ca.ask(order).text == "-4\nThe value of the 'orderNumber' argument is invalid!\n"
    code = order["collection_code"]
    assert ca.post({"collectionCode": code, "queryType": "1"}).text == "0\n"
    assert ca.code(order, collectionCode=code, loginPassword="wrong", orderNumber="no such") == 0
    assert ca.control("GET", "accounts")["accounts"][0]["failures"] == 0


@pytest.mark.parametrize(
    "head",
    [
        b"POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
        b"NONSENSE\r\n",
        b"GET /\xff HTTP/1.1\r\n",
    ],
)
def test_http_that_makes_no_sense_ends_its_own_connection(ca: RunningCa, head: bytes) -> None:
    port = int(ca.identity["http_url"].split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as strange:
        strange.sendall(head + b"Connection: close\r\n\r\n")
        assert re.search(rb"\b4\d\d\b", strange.recv(4096))
    assert ca.control("GET", "ready")


README = (PROGRAM.parents[1] / "README.md").read_text(encoding="utf-8")


def names(*records: type) -> list[str]:
    return [field.name for record in records for field in fields(record)]


@pytest.mark.parametrize(
    ("section", "listed"),
    [
        ("Control API", {re.sub(r"\(\.\+\)", "NUMBER", pattern.split("/")[0]) for _method, pattern, _view in VIEWS}),
        ("Control API", names(Credentials, Settings)),
        ("Orders", names(Terms)),
        ("Revocation", {*CRL_TROUBLES, *REASONS}),
        ("Dialects", names(Dialect)),
        ("Faults", {*FAULTS, *VARIANTS, *names(Fault)}),
        ("Listeners", TROUBLES),
    ],
)
def test_a_section_lists_all(section: str, listed: Iterable[str]) -> None:
    text = re.split(rf"^##+ {section}$", README, flags=re.MULTILINE)[1].split("\n## ")[0].split("\n### ")[0]
    words = set(re.findall(r"\w+", text))
    assert not set(listed) - words
