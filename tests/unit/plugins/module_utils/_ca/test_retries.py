# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried again and with which pauses, and what is never tried again."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import read_retry_after
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import (
    PATH,
    answer,
    cut,
    format_answer,
    refuse_handshake,
    reset,
    send,
    stall,
    stall_handshake,
)

FORM = {"collectionCode": "hunter2"}
ORDER = Order(collection_code="hunter2")


def find_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection_is_tried_again_with_growing_pauses(net: Any) -> None:
    client = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=3)
    with pytest.raises(CallError) as caught:
        client.send(FORM)
    assert caught.value.name == "connection_failed"
    assert caught.value.retryable
    assert client.calls == 4
    assert len(net.pauses) == 3
    assert net.pauses == sorted(set(net.pauses))


def test_pauses_never_exceed_a_minute(net: Any) -> None:
    client = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=12)
    with pytest.raises(CallError):
        client.send(FORM)
    assert len(net.pauses) == 12
    assert max(net.pauses) <= 60


def test_without_retries_there_is_one_try(net: Any) -> None:
    client = net.connect(f"https://127.0.0.1:{find_closed_port()}{PATH}", retries=0)
    with pytest.raises(CallError):
        client.send(FORM)
    assert (client.calls, net.pauses) == (1, [])


@pytest.mark.parametrize("fault", [cut, reset, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0")])
def test_a_connection_that_ends_before_the_answer_is_tried_again(net: Any, fault: Any) -> None:
    server = net.serve(fault, fault, answer(b"0\n"))
    client = net.connect(server)
    assert client.send(FORM).body == b"0\n"
    assert client.calls == len(server.received) == 3
    assert len(net.pauses) == 2
    assert net.pauses[0] < net.pauses[1]


@pytest.mark.parametrize("fault", [cut, reset])
def test_the_tries_have_an_end(net: Any, fault: Any) -> None:
    server = net.serve(fault, fault, fault, answer(b"0\n"))
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=2).send(FORM)
    assert caught.value.name == "connection_failed"
    assert len(server.received) == 3


def test_a_handshake_that_is_cut_is_tried_again(net: Any) -> None:
    client = net.connect(net.serve(answer(b"0\n"), greetings=(refuse_handshake,)))
    # The greeting of the second connection is the handshake itself.
    assert client.send(FORM).body == b"0\n"
    assert client.calls == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(net: Any, status: int) -> None:
    server = net.serve(answer(b"busy", status), answer(b"busy", status), answer(b"0\n"))
    client = net.connect(server)
    assert client.send(FORM).body == b"0\n"
    assert (client.calls, len(net.pauses)) == (3, 2)
    assert net.pauses[0] < net.pauses[1]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_busy_has_its_answer_returned(net: Any, status: int) -> None:
    server = net.serve(*[answer(b"busy", status)] * 5)
    assert net.connect(server, retries=2).send(FORM).status == status
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 408, 500, 501, 505])
def test_any_other_http_error_is_not_asked_again(net: Any, status: int) -> None:
    server = net.serve(answer(b"no", status), answer(b"0\n"))
    assert net.connect(server).send(FORM).status == status
    assert (len(server.received), net.pauses) == (1, [])


@pytest.mark.parametrize("body", [b"0\n", b"-14\nAn unknown error occurred!\n", b"1\n01/01/2026 01/01/2027\n"])
@pytest.mark.parametrize("status", [200, 500, 503])
def test_an_answer_of_the_ca_is_never_asked_for_again(net: Any, body: bytes, status: int) -> None:
    server = net.serve(answer(body, status), answer(b"0\n"))
    assert net.connect(server).send(FORM).body == body
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
        ("12\x1e", 1),
        ("12\x0b", 1),
        ("9" * 5000, 60),
    ],
)
def test_retry_after_is_honoured_up_to_a_minute(value: str, pause: float | None) -> None:
    read = read_retry_after(value, 1)
    assert 0 <= read <= 60 if pause is None else read == pause


def test_the_pause_is_the_server_s(net: Any) -> None:
    net.connect(net.serve(answer(b"busy", 503, Retry_After="7"), answer(b"0\n"))).send(FORM)
    assert net.pauses == [7]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
def test_a_redirect_is_refused_and_not_followed(net: Any, status: int) -> None:
    elsewhere = net.serve(answer(b"0\n"))
    server = net.serve(answer(b"", status, Location=elsewhere.url), answer(b"0\n"))
    client = net.connect(server)
    with pytest.raises(CallError) as caught:
        client.ask(ORDER, Query())
    assert caught.value.name == "redirected"
    assert (len(server.received), elsewhere.connections, client.calls) == (1, 0, 1)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_after_a_failure_the_next_post_works(net: Any) -> None:
    server = net.serve(cut, send(format_answer(b"0\n")))
    client = net.connect(server, retries=0)
    with pytest.raises(CallError):
        client.send(FORM)
    assert client.send(FORM).body == b"0\n"


LOST = [
    (cut, 1),
    (reset, 1),
    (send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0"), 1),
    (stall, 1),
    (answer(b"", 502), 1),
    (answer(b"", 503), 1),
    (answer(b"", 504), 1),
    (answer(b"", 429), 0),
    (answer(b"0\n"), 0),
]


@pytest.mark.parametrize(("step", "lost"), LOST)
def test_what_may_have_arrived_and_stayed_without_an_answer_is_counted(net: Any, step: Any, lost: int) -> None:
    client = net.connect(net.serve(step, answer(b"0\n")), timeout=1.0, retries=1)
    assert client.send(FORM).body == b"0\n"
    assert client.lost == lost


@pytest.mark.parametrize("greeting", [refuse_handshake, stall_handshake])
def test_what_fails_before_there_is_a_connection_cannot_have_arrived(net: Any, greeting: Any) -> None:
    client = net.connect(net.serve(greetings=(greeting,)), timeout=0.5, retries=0)
    with pytest.raises(CallError):
        client.send(FORM)
    assert (client.calls, client.lost) == (1, 0)


def test_a_connection_that_takes_too_long_cannot_have_arrived(net: Any) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # What waits in the queue fills it: nobody takes it out.
        with contextlib.ExitStack() as waiting:
            for _place in range(4):
                other = waiting.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(address)
            client = net.connect(f"https://127.0.0.1:{address[1]}{PATH}", timeout=0.5, retries=0)
            with pytest.raises(CallError) as caught:
                client.send(FORM)
    assert caught.value.name == "timed_out"
    assert (client.calls, client.lost) == (1, 0)
