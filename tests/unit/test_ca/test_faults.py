# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand strike as they are told, and only then."""

from __future__ import annotations

import base64
import socket
import ssl
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, openssl, subjects, verifies
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PATIENCE, RunningCa

MEBIBYTE = 1024 * 1024
ANY = {"queryType": "1"}
Exceptions = type[Exception] | tuple[type[Exception], ...]


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


@pytest.mark.parametrize(("fault", "reached"), [("cut", False), ("cut_after", True), ("cut_body", True)])
def test_a_cut_loses_the_reply_and_the_call_or_the_reply_alone(
    ca: RunningCa, csr: str, fault: str, reached: bool
) -> None:
    order = ca.order()
    ca.fault(fault)
    with pytest.raises(requests.RequestException):
        ca.ask(order, csr=csr, returnCertificate="Y")
    assert ca.code(order, csr=csr, returnCertificate="Y") == (-18 if reached else 2)
    assert ca.code(order) == 2
    assert [call["code"] for call in ca.calls()] == ([2, -18, 2] if reached else [None, 2, 2])


def test_no_byte_or_half_of_a_reply_arrives(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    whole = ca.ask(order).content
    ca.fault("truncated")
    assert ca.ask(order).content == whole[: len(whole) // 2]
    ca.fault("cut")
    assert talk(ca) == b""
    ca.fault("raw", text="HTTP/1.1 200 OK\r\nContent-Ty", slow_bytes=7, slow_seconds=0.01)
    assert talk(ca) == b"HTTP/1.1 200 OK\r\nContent-Ty"
    assert (ca.calls()[-1]["fault"], ca.calls()[-1]["http_status"]) == ("raw", None)


@pytest.mark.parametrize("fault", ["cut", "cut_body", "raw"])
def test_a_cut_can_be_a_reset(ca: RunningCa, fault: str) -> None:
    ca.fault(fault, reset=True)
    with pytest.raises(ConnectionResetError):
        talk(ca, below_tls=True)


def test_a_delay_outlasts_the_client_and_a_slow_reply_is_whole(ca: RunningCa, csr: str) -> None:
    order = ca.issued(csr)
    whole = ca.ask(order).content
    ca.fault("delay", slow_bytes=100, slow_seconds=0)
    assert ca.ask(order).content == whole
    ca.fault("delay", seconds=20)
    with pytest.raises(requests.ReadTimeout):
        ca.post(ANY, timeout=0.2)


@pytest.mark.parametrize("process", [None, True])
def test_a_fault_in_place_of_the_reply_has_no_effect_unless_it_is_to_have_one(
    ca: RunningCa, csr: str, process: bool | None
) -> None:
    order = ca.order()
    ca.fault("http_status", process=process)
    assert ca.ask(order, csr=csr).status_code == 503
    assert ca.code(order, csr=csr) == (-18 if process else 0)


def test_replies_that_the_endpoint_never_gives(ca: RunningCa) -> None:
    for status in (429, 500, 502, 503, 504):
        ca.fault("http_status", status=status, retry_after="7")
        reply = ca.post(ANY)
        assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    ca.fault("redirect", status=307, location="https://127.0.0.1:9/x")
    reply = ca.post(ANY, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (307, "https://127.0.0.1:9/x")
    for fault, start, kind in (
        ("html", b"<!DOCTYPE html>", "text/html"),
        ("garbage", b"\xff", "application/octet-stream"),
        ("empty", b"", "text/plain"),
    ):
        ca.fault(fault)
        reply = ca.post(ANY)
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, kind)
        assert reply.content[: len(start) or None] == start
    ca.fault("body", body=base64.b64encode(b"2\n\x00rubbish").decode(), content_type="application/x-odd")
    reply = ca.post(ANY)
    assert (reply.content, reply.headers["Content-Type"]) == (b"2\n\x00rubbish", "application/x-odd")
    for chunked in (False, True):
        ca.fault("oversized", chunked=chunked)
        reply = ca.post(ANY)
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
    for message in (None, "Something else"):
        ca.fault("code", code=code, message=message)
        assert ca.post(ANY).text == f"{code}\n{message or text}\n"


def test_faults_wait_for_their_order_and_their_turn(ca: RunningCa) -> None:
    order, other = ca.order(), ca.order(email="bob@example.test")
    ca.fault("http_status", order_number=order["order_number"], skip=1)
    assert [ca.ask(asked).status_code for asked in (other, order, other, order, order)] == [200, 200, 200, 503, 200]
    ca.fault("http_status", email="bob@example.test", count=2)
    assert [ca.ask(asked).status_code for asked in (other, order, other, other)] == [503, 200, 503, 200]
    ca.fault("http_status", order_number=order["order_number"])
    assert ca.post({"collectionCode": order["collection_code"], "queryType": "0"}).status_code == 503


# Whether openssl takes the certificate under the CA's root, how many certificates come with it, and what is wrong in it.
WRONG = {
    "other_key": (True, 2, "key"),
    "other_email": (True, 2, "mailbox"),
    "not_smime": (False, 2, None),
    "expired": (False, 2, None),
    "not_yet_valid": (False, 2, None),
    "broken_chain": (False, 2, None),
    "other_root": (False, 2, None),
    "missing_chain": (False, 0, None),
    "missing_intermediate": (False, 1, None),
    "expired_issuer": (False, 2, None),
    "missing_root": (True, 1, None),
    "cross_signed": (True, 5, None),
    "unrelated": (True, 5, None),
    "duplicates": (True, 5, None),
}


def spoiled(ca: RunningCa, csr: str, kind: str) -> tuple[str, list[str]]:
    """Collect a wrong certificate; the right one must come back afterwards."""
    order = ca.order()
    ca.fault("certificate", certificate=kind)
    found = certificates(ca.ask(order, csr=csr, returnCertificate="Y").text)
    assert found != certificates(ca.ask(order).text)
    return found[-1], found[:-1]


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_certificates(ca: RunningCa, csr: str, tmp_path: Path, kind: str) -> None:
    valid, count, wrong = WRONG[kind]
    leaf, above = spoiled(ca, csr, kind)
    assert verifies(tmp_path, leaf, "".join(above), Path(ca.identity["root_path"])) is valid
    assert len(above) == count
    assert len({leaf, *above}) == (3 if kind == "duplicates" else 1 + count)
    key = openssl("x509", "-noout", "-pubkey", data=leaf.encode())
    assert (key != openssl("req", "-noout", "-pubkey", data=csr.encode())) is (wrong == "key")
    assert (subjects(leaf) != ["alice@example.test"]) is (wrong == "mailbox")


def test_a_stranger_s_chain_is_sound_in_itself(ca: RunningCa, csr: str, tmp_path: Path) -> None:
    leaf, (root, issuer) = spoiled(ca, csr, "other_root")
    (tmp_path / "stranger.pem").write_text(root)
    assert verifies(tmp_path, leaf, issuer, tmp_path / "stranger.pem")
    leaf, above = spoiled(ca, csr, "cross_signed")
    without_root = "".join(pem for pem in above if pem != Path(ca.identity["root_path"]).read_text())
    (tmp_path / "stranger.pem").write_text(
        next(pem for pem in above if subjects(pem) == ["mailops.smime stranger root"])
    )
    assert verifies(tmp_path, leaf, without_root, tmp_path / "stranger.pem", "-partial_chain")


def test_a_wrong_certificate_waits_for_a_reply_that_holds_one(ca: RunningCa, csr: str) -> None:
    order = ca.order(no_csr_answer="pending")
    ca.fault("certificate", certificate="other_email")
    assert [ca.code(order), ca.code(order, csr=csr, returnCertificate="Y", queryType="0")] == [0, 1]
    assert subjects(ca.ask(order, queryType="2").text) == ["mallory@elsewhere.test"]


HANDSHAKES: dict[str, Exceptions] = {
    "refused": ConnectionRefusedError,
    "reset": ConnectionResetError,
    "close": (ssl.SSLEOFError, ConnectionResetError),  # what the client said is not read any more
    "reset_in_handshake": ConnectionResetError,
    "close_in_handshake": (ssl.SSLEOFError, ssl.SSLZeroReturnError),  # the release of Python decides
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
    assert ca.control("POST", "listeners", [{"trouble": trouble}])["listeners"][trouble] == url
    assert ca.control("GET", "listeners")["listeners"][trouble] == url
    context = ssl.create_default_context(cafile=ca.identity["ca_path"])
    with (
        pytest.raises(HANDSHAKES[trouble]),
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=0.5) as plain,
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass
    if HANDSHAKES[trouble] is ssl.SSLCertVerificationError:
        # Who does not look at the certificate is served, and counted.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=PATIENCE) as plain:
            careless = context.wrap_socket(plain)
            careless.sendall(f"POST {urlsplit(url).path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n".encode())
            assert careless.recv(4096).endswith(b"missing!\n")
            careless.close()
