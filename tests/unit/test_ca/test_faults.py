# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand strike as they are told, and only then."""

from __future__ import annotations

import base64
import socket
import ssl
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, openssl, subjects, verifies
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PATIENCE, RunningCa

MEBIBYTE = 1024 * 1024


def test_a_cut_is_a_cut(ca: RunningCa) -> None:
    """No byte of a reply arrives, and the connection ends."""
    ca.fault("cut")
    context = ssl.create_default_context(cafile=ca.identity["ca_path"])
    body = b"queryType=1"
    head = b"POST /products/download/RequestAndCollectSMIME HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", ca.identity["port"]), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(head + body)
        assert secure.recv(1) == b""


def test_a_cut_before_has_no_effect_on_the_order(ca: RunningCa, csr: str) -> None:
    order = ca.order()
    ca.fault("cut", count=2)
    for _attempt in range(2):
        with pytest.raises(requests.ConnectionError):
            ca.ask(order, csr=csr, returnCertificate="Y")
    assert ca.code(order, csr=csr, returnCertificate="Y") == 2
    assert [(call["code"], call["http_status"]) for call in ca.calls()] == [(None, None), (None, None), (2, 200)]


def test_a_cut_after_loses_the_answer_alone(ca: RunningCa, csr: str) -> None:
    order = ca.order()
    ca.fault("cut_after")
    with pytest.raises(requests.ConnectionError):
        ca.ask(order, csr=csr, returnCertificate="Y")
    assert ca.code(order, csr=csr) == -18
    assert ca.code(order) == 2


def test_a_cut_in_the_body(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    ca.fault("cut_body")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ca.ask(order)
    assert ca.code(order) == 2


def test_a_truncated_reply_is_whole_for_http(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    whole = ca.ask(order).content
    ca.fault("truncated")
    assert ca.ask(order).content == whole[: len(whole) // 2]


def test_a_delay_outlasts_the_client(ca: RunningCa) -> None:
    ca.fault("delay", seconds=20)
    with pytest.raises(requests.ReadTimeout):
        ca.post({"queryType": "1"}, timeout=0.5)


def test_a_slow_reply_is_still_the_reply(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    whole = ca.ask(order).content
    ca.fault("delay", slow_bytes=100, slow_seconds=0)
    assert ca.ask(order).content == whole


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_http_statuses(ca: RunningCa, csr: str, status: int) -> None:
    order = ca.order()
    ca.fault("http_status", status=status, retry_after="7")
    reply = ca.ask(order, csr=csr)
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert ca.code(order, csr=csr) == 0


def test_redirects(ca: RunningCa) -> None:
    ca.fault("redirect", status=307, location="https://127.0.0.1:9/x")
    reply = ca.post({"queryType": "1"}, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (307, "https://127.0.0.1:9/x")


def test_replies_that_are_none(ca: RunningCa) -> None:
    for fault in ("html", "garbage", "empty"):
        ca.fault(fault)
    page, garbage, nothing = (ca.post({"queryType": "1"}) for _call in range(3))
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert page.text.startswith("<!DOCTYPE html>")
    assert garbage.content[0] == 0xFF
    assert nothing.content == b""


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_reply(ca: RunningCa, chunked: bool) -> None:
    ca.fault("oversized", chunked=chunked)
    reply = ca.post({"queryType": "1"})
    assert len(reply.content) > MEBIBYTE
    assert ("Content-Length" in reply.headers) is not chunked


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-14, "An unknown error occurred!"),
        (-21, "The certificate has been revoked!"),
        (-99, "An unknown error occurred!"),
    ],
)
def test_any_code_can_be_provoked(ca: RunningCa, code: int, text: str) -> None:
    order = ca.order()
    ca.fault("code", code=code)
    assert ca.ask(order).text == f"{code}\n{text}\n"
    ca.fault("code", code=code, message="Something else")
    assert ca.ask(order).text == f"{code}\nSomething else\n"


def test_any_body_can_be_sent(ca: RunningCa) -> None:
    ca.fault("body", body=base64.b64encode(b"2\n\x00rubbish").decode(), content_type="application/x-odd")
    reply = ca.post({"queryType": "1"})
    assert (reply.content, reply.headers["Content-Type"]) == (b"2\n\x00rubbish", "application/x-odd")


def test_faults_wait_for_their_order_and_their_turn(ca: RunningCa, csr: str) -> None:
    order, other = ca.issued(csr), ca.issued(csr)
    ca.fault("http_status", order_number=order["order_number"], skip=1)
    assert [ca.ask(asked).status_code for asked in (other, order, other, order, order)] == [200, 200, 200, 503, 200]


def test_a_fault_finds_its_order_by_collection_code(ca: RunningCa) -> None:
    order = ca.order()
    ca.fault("http_status", order_number=order["order_number"])
    assert ca.post({"collectionCode": order["collection_code"], "queryType": "0"}).status_code == 503


def spoiled(ca: RunningCa, csr: str, kind: str) -> tuple[str, list[str]]:
    """Collect a wrong certificate; the right one must come back afterwards."""
    order = ca.order()
    ca.fault("certificate", certificate=kind)
    found = certificates(ca.ask(order, csr=csr, returnCertificate="Y").text)
    good = certificates(ca.ask(order).text)
    assert found != good
    return found[-1], found[:-1]


def public_key(certificate: str) -> str:
    return openssl("x509", "-noout", "-pubkey", data=certificate.encode())


@pytest.mark.parametrize(
    ("kind", "valid"),
    [
        ("other_key", True),
        ("other_email", True),
        ("not_smime", False),
        ("expired", False),
        ("not_yet_valid", False),
        ("broken_chain", False),
        ("other_root", False),
        ("missing_chain", False),
    ],
)
def test_wrong_certificates(ca: RunningCa, csr: str, tmp_path: Path, kind: str, valid: bool) -> None:
    leaf, above = spoiled(ca, csr, kind)
    assert verifies(tmp_path, leaf, "".join(above), Path(ca.identity["root_path"])) is valid
    asked_for = openssl("req", "-noout", "-pubkey", data=csr.encode())
    assert (public_key(leaf) == asked_for) is (kind != "other_key")
    assert (subjects(leaf) == ["alice@example.test"]) is (kind != "other_email")
    assert (above == []) is (kind == "missing_chain")


def test_a_stranger_s_chain_is_sound_in_itself(ca: RunningCa, csr: str, tmp_path: Path) -> None:
    leaf, (root, issuer) = spoiled(ca, csr, "other_root")
    (tmp_path / "root.pem").write_text(root)
    assert verifies(tmp_path, leaf, issuer, tmp_path / "root.pem")


@pytest.mark.parametrize("kind", ["cross_signed", "unrelated", "missing_root"])
def test_chains_that_are_sound_for_who_looks_for_them(ca: RunningCa, csr: str, tmp_path: Path, kind: str) -> None:
    leaf, above = spoiled(ca, csr, kind)
    assert verifies(tmp_path, leaf, "".join(above), Path(ca.identity["root_path"]))
    assert len(above) == {"cross_signed": 5, "unrelated": 5, "missing_root": 1}[kind]


def test_a_cross_signed_chain_holds_up_to_the_stranger_s_root_too(ca: RunningCa, csr: str, tmp_path: Path) -> None:
    leaf, above = spoiled(ca, csr, "cross_signed")
    (strangers_root,) = (
        pem for pem in above if "stranger root" in openssl("x509", "-noout", "-subject", data=pem.encode())
    )
    (tmp_path / "stranger.pem").write_text(strangers_root)
    without_root = "".join(pem for pem in above if pem != Path(ca.identity["root_path"]).read_text())
    assert verifies(tmp_path, leaf, without_root, tmp_path / "stranger.pem", "-partial_chain")


@pytest.mark.parametrize("kind", ["missing_intermediate", "expired_issuer"])
def test_chains_that_do_not_hold(ca: RunningCa, csr: str, tmp_path: Path, kind: str) -> None:
    leaf, above = spoiled(ca, csr, kind)
    assert not verifies(tmp_path, leaf, "".join(above), Path(ca.identity["root_path"]))
    assert len(above) == {"missing_intermediate": 1, "expired_issuer": 2}[kind]


def test_certificates_sent_twice(ca: RunningCa, csr: str) -> None:
    leaf, above = spoiled(ca, csr, "duplicates")
    assert len({leaf, *above}) == 3
    assert len(above) == 5


def test_a_wrong_certificate_waits_for_a_reply_that_holds_one(ca: RunningCa, csr: str) -> None:
    order = ca.order(no_csr_answer="pending")
    ca.fault("certificate", certificate="other_email")
    assert [ca.code(order), ca.code(order, csr=csr, returnCertificate="Y", queryType="0")] == [0, 1]
    assert subjects(ca.ask(order, queryType="2").text) == ["mallory@elsewhere.test"]


def talk(ca: RunningCa, below_tls: bool = False) -> bytes:
    """Call the endpoint by hand, and return all that comes back; below TLS, with what a TLS library hides."""
    context = ssl.create_default_context(cafile=ca.identity["ca_path"])
    head = b"POST /products/download/RequestAndCollectSMIME HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n"
    said = b""
    with (
        socket.create_connection(("127.0.0.1", ca.identity["port"]), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(head + b"queryType=1")
        receive = partial(socket.socket.recv, secure) if below_tls else secure.recv
        while data := receive(4096):
            said += data
    return said


def test_raw_bytes_are_all_that_is_sent(ca: RunningCa) -> None:
    ca.fault("raw", text="HTTP/1.1 200 OK\r\nContent-Ty", slow_bytes=7, slow_seconds=0.01)
    assert talk(ca) == b"HTTP/1.1 200 OK\r\nContent-Ty"
    assert (ca.calls()[0]["fault"], ca.calls()[0]["http_status"]) == ("raw", None)


@pytest.mark.parametrize("fault", ["cut", "cut_body", "raw"])
def test_a_cut_can_be_a_reset(ca: RunningCa, csr: str, fault: str) -> None:
    order = ca.issued(csr)
    ca.fault(fault, reset=True)
    with pytest.raises(ConnectionResetError):
        talk(ca, below_tls=True)
    assert ca.code(order) == 2


HANDSHAKES: dict[str, type[Exception] | tuple[type[Exception], ...]] = {
    "refused": ConnectionRefusedError,
    "reset": ConnectionResetError,
    "close": (ssl.SSLEOFError, ConnectionResetError),  # what the client said is not read any more
    "reset_in_handshake": ConnectionResetError,
    "close_in_handshake": ssl.SSLEOFError,
    "silent": TimeoutError,
    "http": ssl.SSLError,
    "noise": ssl.SSLError,
    "wrong_name": ssl.SSLCertVerificationError,
    "expired": ssl.SSLCertVerificationError,
    "not_yet_valid": ssl.SSLCertVerificationError,
    "unknown_issuer": ssl.SSLCertVerificationError,
}


@pytest.mark.parametrize("trouble", HANDSHAKES)
def test_a_trouble_before_the_request(ca: RunningCa, trouble: str) -> None:
    url = ca.control("POST", "listeners", {"trouble": trouble})["listeners"][trouble]
    assert ca.control("POST", "listeners", {"trouble": trouble})["listeners"][trouble] == url
    assert ca.control("GET", "listeners")["listeners"][trouble] == url
    context = ssl.create_default_context(cafile=ca.identity["ca_path"])
    port = urlsplit(url).port
    with (
        pytest.raises(HANDSHAKES[trouble]),
        socket.create_connection(("127.0.0.1", port), timeout=2) as plain,
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


@pytest.mark.parametrize("trouble", ["wrong_name", "expired", "not_yet_valid", "unknown_issuer"])
def test_who_does_not_look_at_a_certificate_is_served(ca: RunningCa, trouble: str) -> None:
    url = ca.control("POST", "listeners", [{"trouble": trouble}])["listeners"][trouble]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urlopen(Request(url, data=b"queryType=1"), context=context, timeout=PATIENCE) as reply:  # noqa: S310
        assert reply.read().startswith(b"-3")


def test_a_trouble_that_makes_no_sense_is_refused(ca: RunningCa) -> None:
    for wanted in ({"trouble": "unheard of"}, {}, "reset"):
        url = f"{ca.identity['control_url']}/listeners"
        assert ca.session.post(url, json=wanted, timeout=30).status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [
        {"fault": "unheard of"},
        {"count": 1},
        {"fault": "certificate", "certificate": "unheard of"},
        {"fault": "delay", "seconds": "long"},
        {"fault": "body", "body": "%"},
        {"fault": "redirect", "location": "x\r\ny: z"},
        {"fault": "http_status", "status": 99},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(ca: RunningCa, wanted: dict[str, Any]) -> None:
    url = f"{ca.identity['control_url']}/faults"
    assert ca.session.post(url, json=wanted, timeout=30).status_code == 400
