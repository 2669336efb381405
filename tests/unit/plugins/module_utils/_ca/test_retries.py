# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried again and with which pauses, what is never tried again, and what may have arrived all the same."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client, read_retry_after
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import (
    PATH,
    answer,
    cut,
    refuse_handshake,
    reset,
    send,
    stall,
    stall_handshake,
)

FORM = {"collectionCode": "hunter2"}
ORDER = Order(collection_code="hunter2")
SHORT_BODY = send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0")


@pytest.mark.parametrize("retries", [0, 3, 12])
def test_a_refused_connection_is_tried_again_with_growing_pauses_of_a_minute_at_most(net: Any, retries: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{probe.getsockname()[1]}{PATH}"
    error, client = net.refuse(url, retries=retries)
    assert (error.name, error.retryable) == ("connection_failed", True)
    assert (client.calls, client.lost) == (retries + 1, 0)
    assert net.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60][:retries]


@pytest.mark.parametrize("fault", [cut, reset, SHORT_BODY])
def test_a_connection_that_ends_before_the_answer_is_tried_again_until_the_tries_end(net: Any, fault: Any) -> None:
    server = net.serve(fault, fault, answer(b"0\n"), *[fault] * 3, answer(b"0\n"))
    client = net.connect(server, retries=2)
    assert client.send(FORM).body == b"0\n"
    assert (client.calls, len(net.pauses)) == (3, 2)
    with pytest.raises(CallError) as caught:
        client.send(FORM)
    assert caught.value.name == "connection_failed"
    assert len(server.received) == 6
    assert client.send(FORM).body == b"0\n"


def test_a_handshake_that_is_cut_is_tried_again(net: Any) -> None:
    client = net.connect(net.serve(answer(b"0\n"), greetings=(refuse_handshake,)))
    # The greeting of the second connection is the handshake itself.
    assert client.send(FORM).body == b"0\n"
    assert client.calls == 2


def send_scripted(retries: int, *responses: HttpResponse) -> tuple[HttpResponse, list[float]]:
    """Return the response that the client takes and its pauses; all ``responses`` must have been asked for."""
    pauses: list[float] = []
    transport = ScriptedTransport(*responses, retries=retries)
    response = Client(transport, pauses.append).send(FORM)
    assert transport.steps == []
    return response, pauses


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_until_the_tries_end(status: int) -> None:
    busy, good = HttpResponse(status, "", b"busy"), HttpResponse(200, "", b"0\n")
    assert send_scripted(3, busy, busy, good) == (good, [1, 2])
    assert send_scripted(2, busy, busy, busy) == (busy, [1, 2])
    assert send_scripted(3, HttpResponse(status, "", b"busy", retry_after="7"), good) == (good, [7])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 408, 500, 501, 505])
def test_any_other_http_error_is_not_asked_again(status: int) -> None:
    assert send_scripted(3, HttpResponse(status, "", b"no"))[1] == []


@pytest.mark.parametrize("body", [b"0\n", b"-14\nAn unknown error occurred!\n", b"1\n01/01/2026 01/01/2027\n"])
def test_an_answer_of_the_ca_is_never_asked_for_again(body: bytes) -> None:
    assert [send_scripted(3, HttpResponse(status, "", body))[1] for status in (200, 500, 503)] == [[], [], []]


@pytest.mark.parametrize(
    ("pause", "values"),
    [
        (0, ["0", "Thu, 01 Jan 1970 00:00:00 GMT"]),
        (7, ["7", " 7 "]),
        (60, ["60", "61", "86400", "9" * 400, "9" * 5000, "Fri, 31 Dec 2899 23:59:59 GMT"]),
        # What cannot be read is as if it were not there.
        (1, ["", "-5", "1.5", "soon", "\u00b2", "NaN", "12\x1e", "12\x0b"]),
        (1, ["Thu, 99 Foo 1970 00:00:00 GMT", "Thu, 01 Jan 99999999 00:00:00 GMT"]),
    ],
)
def test_retry_after_is_honoured_up_to_a_minute(pause: float, values: list[str]) -> None:
    assert [read_retry_after(value, 1) for value in values] == [pause] * len(values)
    assert 0 <= read_retry_after("Friday, 31-Dec-99 23:59:59 GMT", 1) <= 60


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


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        (cut, 1), (reset, 1), (SHORT_BODY, 1), (stall, 1), (answer(b"", 502), 1), (answer(b"", 503), 1), (answer(b"", 504), 1),
        (answer(b"", 429), 0), (answer(b"0\n"), 0),
    ],
)  # fmt: skip
def test_what_may_have_arrived_and_stayed_without_an_answer_is_counted(net: Any, step: Any, lost: int) -> None:
    client = net.connect(net.serve(step, answer(b"0\n")), timeout=0.5, retries=1)
    assert client.send(FORM).body == b"0\n"
    assert client.lost == lost


@pytest.mark.parametrize(
    ("greeting", "name"), [(refuse_handshake, "connection_failed"), (stall_handshake, "timed_out")]
)
def test_what_fails_before_there_is_a_connection_cannot_have_arrived(net: Any, greeting: Any, name: str) -> None:
    error, client = net.refuse(net.serve(greetings=(greeting,)), timeout=0.5, retries=0)
    assert (error.name, client.calls, client.lost) == (name, 1, 0)


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
            error, client = net.refuse(f"https://127.0.0.1:{address[1]}{PATH}", timeout=0.5, retries=0)
    assert error.name == "timed_out"
    assert (client.calls, client.lost) == (1, 0)
