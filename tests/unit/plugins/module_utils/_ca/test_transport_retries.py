# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried again and with which pauses, and what is never tried again."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import (
    PATH,
    answer,
    cut,
    format_answer,
    refuse_handshake,
    reset,
    send,
)

FORM = {"collectionCode": "hunter2"}


def find_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection_is_tried_again_with_growing_pauses(net: Any) -> None:
    transport = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=3)
    with pytest.raises(CallError) as caught:
        transport.post(FORM)
    assert caught.value.name == "connection_failed"
    assert caught.value.retryable
    assert transport.calls == 4
    assert len(net.pauses) == 3
    assert net.pauses == sorted(set(net.pauses))


def test_pauses_never_exceed_a_minute(net: Any) -> None:
    transport = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=12)
    with pytest.raises(CallError):
        transport.post(FORM)
    assert len(net.pauses) == 12
    assert max(net.pauses) <= 60


def test_without_retries_there_is_one_try(net: Any) -> None:
    transport = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=0)
    with pytest.raises(CallError):
        transport.post(FORM)
    assert (transport.calls, net.pauses) == (1, [])


@pytest.mark.parametrize("fault", [cut, reset, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0")])
def test_a_connection_that_ends_before_the_answer_is_tried_again(net: Any, fault: Any) -> None:
    server = net.serve(fault, fault, answer(b"0\n"))
    transport = net.connect(server)
    assert transport.post(FORM).body == b"0\n"
    assert transport.calls == len(server.received) == 3
    assert len(net.pauses) == 2
    assert net.pauses[0] < net.pauses[1]


@pytest.mark.parametrize("fault", [cut, reset])
def test_the_tries_have_an_end(net: Any, fault: Any) -> None:
    server = net.serve(fault, fault, fault, answer(b"0\n"))
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=2).post(FORM)
    assert caught.value.name == "connection_failed"
    assert len(server.received) == 3


def test_a_handshake_that_is_cut_is_tried_again(net: Any) -> None:
    transport = net.connect(net.serve(answer(b"0\n"), greetings=(refuse_handshake,)))
    # The greeting of the second connection is the handshake itself.
    assert transport.post(FORM).body == b"0\n"
    assert transport.calls == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(net: Any, status: int) -> None:
    server = net.serve(answer(b"busy", status), answer(b"busy", status), answer(b"0\n"))
    transport = net.connect(server)
    assert transport.post(FORM).body == b"0\n"
    assert (transport.calls, len(net.pauses)) == (3, 2)
    assert net.pauses[0] < net.pauses[1]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_busy_has_its_answer_returned(net: Any, status: int) -> None:
    server = net.serve(*[answer(b"busy", status)] * 5)
    assert net.connect(server, retries=2).post(FORM).status == status
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 408, 500, 501, 505])
def test_any_other_http_error_is_not_asked_again(net: Any, status: int) -> None:
    server = net.serve(answer(b"no", status), answer(b"0\n"))
    assert net.connect(server).post(FORM).status == status
    assert (len(server.received), net.pauses) == (1, [])


@pytest.mark.parametrize(
    "body", [b"-16\nIncorrect login details\n", b"-14\nAn unknown error occurred!\n", b"-22\n", b"0\n"]
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_of_the_ca_is_never_asked_for_again(net: Any, body: bytes, status: int) -> None:
    server = net.serve(answer(body, status), answer(b"0\n"))
    assert net.connect(server).post(FORM).body == body
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_refused_login_is_not_repeated_whatever_the_http_status_says(net: Any, status: int) -> None:
    # Each failed login can lock the account; the client takes such a body for the CA's answer.
    server = net.serve(answer(b"-16\nIncorrect login details\n", status), answer(b"0\n"))
    assert net.connect(server).post(FORM).body.startswith(b"-16")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("60", 60),
        ("61", 60),
        ("86400", 60),
        ("9" * 400, 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 2899 23:59:59 GMT", 60),
        ("Friday, 31-Dec-99 23:59:59 GMT", None),
        ("", 1),
        ("-5", 1),
        ("1.5", 1),
        ("soon", 1),
        ("Thu, 99 Foo 1970 00:00:00 GMT", 1),
        ("Thu, 01 Jan 99999999 00:00:00 GMT", 1),
        ("\u00b2", 1),
        ("NaN", 1),
    ],
)
def test_retry_after_is_honoured_up_to_a_minute(net: Any, value: str, pause: float | None) -> None:
    server = net.serve(answer(b"busy", 503, Retry_After=value), answer(b"0\n"))
    assert net.connect(server).post(FORM).body == b"0\n"
    assert len(net.pauses) == 1
    if pause is None:
        assert 0 <= net.pauses[0] <= 60
    else:
        assert net.pauses == [pause]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
def test_a_redirect_is_refused_and_not_followed(net: Any, status: int) -> None:
    elsewhere = net.serve(answer(b"0\n"))
    server = net.serve(answer(b"", status, Location=elsewhere.url), answer(b"0\n"))
    transport = net.connect(server)
    with pytest.raises(CallError) as caught:
        transport.post(FORM)
    assert caught.value.name == "redirected"
    assert (len(server.received), elsewhere.connections, transport.calls) == (1, 0, 1)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_after_a_failure_the_next_post_works(net: Any) -> None:
    server = net.serve(answer(b"", 302, Location="/"), send(format_answer(b"0\n")))
    transport = net.connect(server, retries=0)
    with pytest.raises(CallError):
        transport.post(FORM)
    assert transport.post(FORM).body == b"0\n"
