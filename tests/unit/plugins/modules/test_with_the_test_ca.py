# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs against the test CA, over the network and with the real clock: killed at any call, side by side, each code, each form."""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cryptography
import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import STATUS_CODES
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.modules import (
    smime_certificate,
    smime_certificate_info,
    smime_certificates,
    smime_orders,
)
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import run_module
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import encode_key, make_csr_pem, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.killed import run_and_kill, start
from ansible_collections.mailops.smime.tests.unit.plugins.samples import WITH_WORDS, openssl
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, RunningCa

RUNS = 20
NETWORK = ((ssl.SSLSocket, "send"), (ssl.SSLSocket, "recv_into"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    if sys.version_info < (3, 11) or int(cryptography.__version__.split(".")[0]) < 41:
        pytest.skip("the test CA needs Python 3.11 and newer libraries")
    server = RunningCa(tmp_path_factory.mktemp("running") / "state")
    server.control("POST", "accounts", ACCOUNT)
    yield server
    server.stop()


@pytest.fixture
def ca(running: RunningCa) -> RunningCa:
    running.control("DELETE", "calls")
    return running


def run(main: Any, ca: RunningCa, folder: Path, **options: Any) -> str:
    """Return what a module prints."""
    endpoint = {
        "api_url": ca.identity["url"], "api_ca_path": ca.identity["ca_path"], "login_name": "Demo",
        "login_password": "correct horse", "_ansible_remote_tmp": str(folder),
    }  # fmt: skip
    return run_module(main, {**endpoint, **options})


def run_orders(ca: RunningCa, folder: Path, entries: list[dict[str, str]], **options: Any) -> str:
    given = {"orders_path": str(folder / "orders.json"), "place": True, "product": "mailbox_strict", "days": 365}
    return run(smime_orders.main, ca, folder, **{**given, "certificates": entries, **options})


def order(ca: RunningCa, folder: Path, entries: list[dict[str, str]], **options: Any) -> list[dict[str, Any]]:
    """Return what became of each entry; one that is blocked is said to be, with what a person can do."""
    result = json.loads(start(lambda: run_orders(ca, folder, entries, **options))())
    orders: list[dict[str, Any]] = result["orders"]
    for item in orders:
        if item["status"] == "unknown":
            assert result["failed"]
            assert any(item["email"] in line for line in result["attention"])
            assert all(f"state: {state}" in item["error"]["hint"] for state in ("resolved", "forgotten"))
    return orders


def test_a_run_that_is_killed_at_any_call_orders_nothing_twice_and_nothing_never(ca: RunningCa, tmp_path: Path) -> None:
    killed, seen = True, set()
    folders: list[Path] = []
    while killed:
        folder = tmp_path / str(len(folders))
        folder.mkdir()
        folders.append(folder)
        entries = [{"email": f"{name}{folder.name}@example.test"} for name in ("alice", "bob")]
        killed = run_and_kill(lambda f=folder, e=entries: run_orders(ca, f, e), len(folders), *NETWORK)  # type: ignore[misc]
        seen.add(tuple(item["status"] for item in order(ca, folder, entries)))
        assert os.listdir(folder) == ["orders.json"]
    assert seen >= {
        ("placed", "placed"), ("unknown", "placed"), ("open", "placed"), ("open", "unknown"), ("open", "open"),
    }  # fmt: skip
    # Now a person looks at the CA.
    numbers = {item["email"]: item["order_number"] for item in ca.control("GET", "placed")["placed"]}
    for folder in folders:
        entries = [{"email": f"{name}{folder.name}@example.test"} for name in ("alice", "bob")]
        for entry in (item for item, found in zip(entries, order(ca, folder, entries)) if found["status"] == "unknown"):
            state = "resolved" if entry["email"] in numbers else "forgotten"
            number = {"order_number": numbers[entry["email"]]} if state == "resolved" else {}
            assert order(ca, folder, [{**entry, **number}], state=state)[0]["status"] == state
        assert {item["status"] for item in order(ca, folder, entries)} <= {"open", "placed"}
    placed = Counter(item["email"] for item in ca.control("GET", "placed")["placed"])
    assert (len(placed), set(placed.values())) == (2 * len(folders), {1})


def test_runs_side_by_side_order_once(ca: RunningCa, tmp_path: Path) -> None:
    entries = [{"email": f"{name}.side@example.test"} for name in ("alice", "bob")]
    runs = [start(partial(run_orders, ca, tmp_path, entries)) for _number in range(5)]
    found = Counter(item["status"] for finish in runs for item in json.loads(finish())["orders"])
    assert found == {"placed": 2, "open": 8}
    placed = [item["email"] for item in ca.control("GET", "placed")["placed"]]
    assert [placed.count(entry["email"]) for entry in entries] == [1, 1]


def test_whole_runs_side_by_side_share_what_all_mailboxes_have_in_common(ca: RunningCa, tmp_path: Path) -> None:
    """Each has an order, a key and a certificate of its own; root and intermediate are one file for all."""
    waiting = []
    for number in range(RUNS):
        email = f"side{number}@example.test"
        own = {name: str(tmp_path / f"{number}.{name}") for name in ("path", "privatekey_path", "fullchain_path")}
        common = {name: str(tmp_path / name) for name in ("root_path", "chain_path")}
        placed = ca.order(email=email)["order_number"]
        options = {"email": email, "order_number": placed, "privatekey_type": "ECC", "privatekey_create": True}
        waiting.append(start(partial(run, smime_certificate.main, ca, tmp_path, **own, **common, **options)))
    results = [json.loads(finish()) for finish in waiting]
    assert [result.get("status") for result in results] == ["issued"] * RUNS, results
    assert sum(item["kind"] == "root" for result in results for item in result["files"]) >= 1
    assert (tmp_path / "root_path").read_bytes() == Path(ca.identity["root_path"]).read_bytes()
    chain = (tmp_path / "chain_path").read_bytes()
    for number, result in enumerate(results):
        own_certificate = (tmp_path / f"{number}.path").read_bytes()
        assert (tmp_path / f"{number}.fullchain_path").read_bytes() == own_certificate + chain
        assert result["certificate"]["emails"] == [f"side{number}@example.test"]
        assert (
            certificates.load_pem(own_certificate)[0].public_key
            == keys.load((tmp_path / f"{number}.privatekey_path").read_bytes(), None, "").public_key
        )
    assert len(os.listdir(tmp_path)) == 3 * RUNS + 2


# In which forms it comes, the tests of the client and of ordering try.
@pytest.mark.parametrize(
    ("body", "status"), [(WITH_WORDS[0], 200), (WITH_WORDS[-1], 503), (b"<html>Forbidden</html>", 403)]
)
def test_a_refused_login_is_one_call_and_no_other_mailbox_of_the_list_is_attempted(
    ca: RunningCa, tmp_path: Path, body: bytes, status: int
) -> None:
    ca.fault("body", status=status, body=base64.b64encode(body).decode(), count=2)
    emails = [f"{name}@example.test" for name in ("alice", "bob", "carol")]
    entries = [{"email": email, "order_number": email} for email in emails]
    files = {name: f"{tmp_path}/{{email}}.{name}" for name in ("path", "privatekey_path")}
    key = {"privatekey_type": "ECC", "privatekey_create": True}
    result = json.loads(
        start(partial(run, smime_certificates.main, ca, tmp_path, certificates=entries, **files, **key))()
    )
    first, *others = result["certificates"]
    assert (first["error"]["name"], first["error"]["code"], first["error"]["retryable"]) == ("login_failed", -16, False)
    assert "account" in first["error"]["hint"]
    assert [item["status"] for item in others] == ["not_attempted"] * 2
    for email in emails[1:]:
        assert any(
            line.startswith(f"not attempted: {email}: the CA had refused the login") for line in result["attention"]
        )
    orders = order(ca, tmp_path, [{"email": email} for email in emails])
    assert [item["status"] for item in orders] == ["failed", "not_attempted", "not_attempted"]
    assert orders[0]["error"]["name"] == "login_failed"
    assert [call["endpoint"] for call in ca.calls()] == ["collect", "order"]


# What makes the CA say each code of the page: the terms of the order, or else a fault, and options; and words of the CA.
CODES: dict[int, tuple[dict[str, Any], dict[str, Any], str]] = {
    -1: ({}, {}, "not made over https"),
    -2: ({}, {}, "Unrecognised argument"),
    -3: (
        {"no_csr_answer": "missing_argument"},
        {"csr_content": None, "privatekey_content": encode_key(make_key()).decode(), "email": None},
        "'csr' argument",
    ),
    -4: ({}, {"order_number": "there-is-no-such-order"}, "'orderNumber' argument"),
    -13: ({}, {"csr_content": "rsa"}, "key size"),
    -14: ({}, {}, "unknown error"),
    -16: ({}, {"login_name": "barred"}, "account is locked"),
    -17: ({}, {}, "GET rather than POST"),
    -18: ({}, {}, "already been provided"),
    -20: ({}, {"csr_content": "dsa"}, "has been rejected"),
    -21: ({"state": "revoked"}, {}, "has been revoked"),
    -22: ({"state": "awaiting_payment"}, {}, "awaiting payment"),
    -153: ({"state": "unsupported_product"}, {}, "product type"),
    -154: ({"state": "email_not_verified"}, {}, "verification"),
}


def make_weak_csr(folder: Path, algorithm: str) -> str:
    """Return a request for a key that no CA takes: of 1024 bits."""
    (folder / "dsa").write_bytes(openssl("dsaparam", "1024", data=b""))
    new = {"rsa": "rsa:1024", "dsa": f"dsa:{folder / 'dsa'}"}[algorithm]
    options = ("-sha256", "-nodes", "-keyout", str(folder / "weak.key"), "-subj", "/CN=bob")
    return openssl("req", "-new", "-newkey", new, *options, data=b"").decode()


@pytest.mark.parametrize("code", STATUS_CODES)
def test_each_code_of_the_page_ends_in_its_error_with_the_cas_words_and_leaves_no_file(
    ca: RunningCa, tmp_path: Path, code: int
) -> None:
    terms, options, words = CODES[code]
    placed = ca.order(**terms)
    ca.control(
        "POST", "accounts", {"accounts": [{**ACCOUNT, "login_name": "barred", "locked": True}], "existing": "keep"}
    )
    if not terms and not options:
        ca.fault("code", code=code, order_number=placed["order_number"], count=2)
    usual = {
        "email": "alice@example.test",
        "order_number": placed["order_number"],
        "csr_content": make_csr_pem(make_key()),
    }
    given = {**usual, "path": str(tmp_path / "cert.pem"), **options}
    if given["csr_content"] in ("rsa", "dsa"):
        given["csr_content"] = make_weak_csr(tmp_path, given["csr_content"])
    result = json.loads(start(partial(run, smime_certificate.main, ca, tmp_path, **given))())
    error = result["error"]
    assert (error["name"], error["code"], result["status_code"]) == (STATUS_CODES[code].name, code, code)
    assert words in error["message"]
    assert error["message"] in result["msg"]
    assert error["hint"]
    assert (result["changed"], result["csr_submitted"], len(ca.calls())) == (False, False, 2 if code == -18 else 1)
    assert not (tmp_path / "cert.pem").exists()


TEXTS = ("base64", "javascript")
# What the page allows: query, type and encodings; and how many certificates there are for it.
FORMS: list[tuple[str, str, tuple[str, ...], int]] = [
    ("status", "individual", TEXTS, 0), ("certificate", "individual", TEXTS, 1), ("chain", "individual", TEXTS, 2),
    ("all", "individual", TEXTS, 3), ("all", "netscape", TEXTS, 3), ("all", "pkcs7", (*TEXTS, "binary"), 3),
    ("all", "cmmf", TEXTS, 3),
]  # fmt: skip
ANOTHER_DIALECT = {
    "order": "end_entity_first", "armour": "none", "line_end": "crlf", "js_bare": True, "js_quote": "single",
    "cmmf_certificate": "implicit", "cmmf_ca_pubs": "sequence",
}  # fmt: skip


@pytest.mark.parametrize("dialect", [{}, ANOTHER_DIALECT])
def test_each_form_that_the_page_has_is_asked_for_and_read(
    ca: RunningCa, tmp_path: Path, dialect: dict[str, Any]
) -> None:
    number = ca.issued(make_csr_pem(make_key()), dialect=dialect)["order_number"]
    ca.control("DELETE", "calls")
    for query, kind, encodings, count in FORMS:
        for encoding in encodings:
            form = {"query_type": query, "response_type": kind, "response_encoding": encoding}
            shown = {"show_validity_period": True} if encoding == "base64" and query in ("status", "all") else {}
            asked = {"order_number": number, "response_mime_type": "application/x-mail", **form, **shown}
            said = json.loads(start(partial(run, smime_certificate_info.main, ca, tmp_path, **asked))())
            found = said["order"]
            assert (found["status"], found["status_code"]) == ("issued", 2 if count else 1), form
            assert (len(found["certificates"]), found["content_type"]) == (count, "application/x-mail"), form
            assert found["not_after"] or not shown
    calls = ca.calls()
    assert {call["values"]["queryType"] for call in calls} == {"0", "1", "2", "3"}
    assert {call["values"].get("responseType", "3") for call in calls} == {"1", "2", "3", "4"}
    assert not {"csr", "returnCertificate"} & {name for call in calls for name in call["arguments"]}
