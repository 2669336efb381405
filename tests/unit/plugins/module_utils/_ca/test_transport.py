# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One POST over real TLS: the connection, the answer, the size and the time."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import MAX_BODY
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import (
    PATH,
    answer,
    cut,
    dribble,
    format_answer,
    send,
    send_junk_below_tls,
    stall,
)

FORM = {"loginName": "n\u00e4me", "loginPassword": "hunter2 &=+%", "csr": "MIIB\nMIIC"}
ORDER = Order(collection_code="Code1234")
SHORT = {"timeout": 0.3, "retries": 0}
OK = b"HTTP/1.1 200 OK\r\n"
LOST = {
    "body shorter than announced": format_answer(b"x" * 100)[:-40],
    "cut inside the headers": OK + b"Content-Type: text/plain\r\nContent-Le",
    "cut inside a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "cut between chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a chunk without a length": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "cut inside the status line": b"HTTP/1.1 200",
    "cut after the status line": OK,
    "no http": b"this is no HTTP\r\n\r\n",
    "nul": b"\x00" * 100,
    "a header without end": OK + b"X: " + b"y" * 100_000,
}


def test_the_form_arrives_as_it_was_given(net: Any) -> None:
    server = net.serve(answer(b"0\n"))
    result = net.connect(server).send(FORM)
    assert (result.status, result.content_type, result.body) == (200, "text/plain", b"0\n")
    (request,) = server.received
    assert request.line == f"POST {PATH} HTTP/1.1"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == FORM
    assert b"hunter2" not in request.line.encode()


def test_several_posts_share_one_connection_which_opens_with_the_first_and_anew_after_a_close(net: Any) -> None:
    server = net.serve(*(answer(b"%d\n" % number) for number in range(4)))
    client = net.connect(server)
    client.transport.close()
    assert (client.calls, server.connections) == (0, 0)
    assert [client.send(FORM).body for _post in range(3)] == [b"0\n", b"1\n", b"2\n"]
    assert (client.calls, server.connections, net.pauses) == (3, 1, [])
    client.transport.close()
    assert client.send(FORM).body == b"3\n"
    assert server.connections == 2


def test_a_kept_connection_that_the_server_has_closed_costs_no_error(net: Any) -> None:
    client = net.connect(net.serve(send(format_answer(b"0\n", headers={"Connection": "close"})), answer(b"1\n")))
    assert [client.send(FORM).body for _post in range(2)] == [b"0\n", b"1\n"]


def test_a_body_up_to_the_limit_is_read_whole(net: Any) -> None:
    sizes = 0, 1, MAX_BODY - 1, MAX_BODY
    client = net.connect(net.serve(*(answer(b"x" * size) for size in sizes)))
    assert [client.send(FORM).body for _size in sizes] == [b"x" * size for size in sizes]


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.mark.parametrize("head", [f"Content-Length: {MAX_BODY + 1}", "Connection: close", "Transfer-Encoding: chunked"])
def test_a_larger_body_is_refused_however_it_is_announced(net: Any, head: str) -> None:
    body = b"x" * (MAX_BODY + 1)
    data = chunk(body) + chunk(b"") if "chunked" in head else body
    server = net.serve(send(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + data))
    error, client = net.refuse(server)
    assert error.name == "reply_too_large"
    assert (client.calls, net.pauses) == (1, [])


def test_a_body_without_end_is_refused(net: Any) -> None:
    error, _client = net.refuse(net.serve(dribble(OK + b"\r\n", b"x" * 500_000)))
    assert error.name == "reply_too_large"


@pytest.mark.parametrize("data", LOST.values(), ids=LOST)
def test_an_answer_that_is_not_whole_is_a_failed_connection_and_asked_for_again(net: Any, data: bytes) -> None:
    server = net.serve(send(data), send(data), answer(b"0\n"))
    error, _client = net.refuse(server, retries=0)
    assert error.name == "connection_failed"
    assert error.hint
    client = net.connect(server, retries=1)
    assert client.send(FORM).body == b"0\n"
    assert client.calls == 2


def test_the_body_of_an_error_that_was_cut_is_read_as_far_as_it_came(net: Any) -> None:
    server = net.serve(send(b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\n-16\nno\n"), answer(b"0\n"))
    assert net.connect(server).ask(ORDER, Query()).code == LOGIN_FAILED
    assert len(server.received) == 1


BOMB = zlib.compress(bytes(5 * MAX_BODY))
ENCODINGS = ["gzip", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "gzip, identity", "GZIP", "junk", "\xff"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_that_was_not_asked_for_is_refused_and_left_unread(net: Any, encoding: str) -> None:
    bodies = BOMB, b"0\n", b"-16\nno\n"
    server = net.serve(*[answer(body, Content_Encoding=encoding) for body in bodies])
    client = net.connect(server)
    for _body in bodies:
        with pytest.raises(ReplyError) as caught:
            client.ask(ORDER, Query())
        assert (caught.value.name, caught.value.retryable) == ("reply_unreadable", False)
        assert "Content-Encoding" in caught.value.message
        assert encoding not in caught.value.message
    assert [item.headers["accept-encoding"] for item in server.received] == ["identity"] * 3


def test_no_encoding_may_be_named(net: Any) -> None:
    encodings = "identity", "Identity", "", "identity, identity"
    client = net.connect(net.serve(*(answer(b"0\n", Content_Encoding=encoding) for encoding in encodings)))
    assert [client.ask(ORDER, Query()).code for _encoding in encodings] == [0] * 4


@pytest.mark.parametrize("status", [302, 500, 503])
def test_an_encoded_page_of_an_error_is_that_error_and_not_asked_for_again(net: Any, status: int) -> None:
    server = net.serve(*[answer(BOMB, status, Content_Encoding="deflate")] * 2)
    with pytest.raises(CallError) as caught:
        net.connect(server).ask(ORDER, Query())
    assert caught.value.name == ("redirected" if status < 400 else "http_error")
    assert len(server.received) == 1


def test_a_break_of_tls_in_the_middle_of_the_body_is_a_call_error(net: Any) -> None:
    server = net.serve(send_junk_below_tls(OK + b"Content-Length: 100\r\n\r\n0\n"))
    with pytest.raises(CallError):
        net.connect(server, retries=0).send(FORM)


SLOW = {
    "silence": stall,
    "headers": dribble(OK, b"X: y\r\n"),
    "the status line": dribble(b"HTTP/1.1 2", b"0"),
    "a body of known length": dribble(OK + b"Content-Length: 100000\r\n\r\n", b"0"),
    "chunks": dribble(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n0\r\n"),
    "a body up to the connection's end": dribble(OK + b"Connection: close\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
def test_an_answer_that_takes_too_long_is_timed_out(net: Any, step: Any) -> None:
    error, _client = net.refuse(net.serve(step), **SHORT)
    assert error.name == "timed_out"
    assert "api_timeout" in error.hint
    assert error.retryable


def test_a_kept_connection_that_falls_silent_is_timed_out(net: Any) -> None:
    client = net.connect(net.serve(answer(b"0\n"), dribble(OK + b"\r\n", b"0")), timeout=0.5, retries=0)
    client.send(FORM)
    with pytest.raises(CallError) as caught:
        client.send(FORM)
    assert caught.value.name == "timed_out"


def test_the_passwords_of_the_netrc_file_stay_there(net: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login nobody password hunter2\ndefault login nobody password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    server = net.serve(answer(b"0\n"))
    net.connect(server).send(FORM)
    assert "authorization" not in server.received[0].headers


def test_no_cookie_is_carried_along(net: Any) -> None:
    server = net.serve(answer(b"0\n", Set_Cookie="session=1; Path=/"), answer(b"0\n"), cut)
    client = net.connect(server)
    client.send(FORM)
    assert client.send(FORM).body == b"0\n"
    assert [item.headers.get("cookie") for item in server.received] == [None, None]


def test_a_list_is_fetched_by_get_within_the_limits_of_all_calls(net: Any) -> None:
    """What a certificate names: its own limit of size, the time of a call, no redirect, nothing of the login."""
    steps = answer(b"a list"), answer(b"x" * 11), answer(b"", 302, Location="https://127.0.0.1:9/"), stall
    server = net.serve(*steps)
    transport = net.connect(server, timeout=0.5).transport
    assert transport.get(10).body == b"a list"
    with pytest.raises(CallError, match="larger than 10 bytes"):
        transport.get(10)
    assert transport.get(10).status == 302
    with pytest.raises(CallError) as caught:
        transport.get(10)
    assert caught.value.name == "timed_out"
    assert [item.line.split()[0] for item in server.received] == ["GET"] * 4
    assert not {"authorization", "cookie"} & {name.lower() for item in server.received for name in item.headers}


def test_a_list_is_fetched_without_tls_too(net: Any) -> None:
    server = net.serve_plain(b"HTTP/1.0 200 OK\r\n\r\na list")
    response = net.connect(f"{server.url}/own.crl").transport.get(100)
    assert (response.status, response.body) == (200, b"a list")
    assert server.asked[0].startswith("GET /own.crl ")
