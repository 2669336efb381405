# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A broken connection never disturbs another one."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from http.client import HTTPConnection

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PATIENCE, RunningCa
from test_ca.listeners import Delivery, Http, Listener, Request, say

# More connections than a server that shares its threads would have.
CONNECTIONS = 30


def test_no_connection_inherits_what_openssl_remembers_for_a_thread() -> None:
    """OpenSSL keeps the error of a broken connection in its thread; from 3.2 on, the next read there fails with it."""
    memory = threading.local()

    def respond(_request: Request, send: Callable[[Delivery], None]) -> None:
        found = getattr(memory, "trace", "nothing")
        memory.trace = "the error of another connection"
        send(say(200, found.encode(), "text/plain"))

    listener = Listener("127.0.0.1", 0, Http(respond))
    listener.open()
    try:
        for _connection in range(CONNECTIONS):
            client = HTTPConnection("127.0.0.1", listener.port, timeout=PATIENCE)
            client.request("GET", "/")
            assert client.getresponse().read() == b"nothing"
            client.close()
    finally:
        listener.stop()


def test_after_broken_connections_all_others_are_served(ca: RunningCa) -> None:
    for fault, reset in itertools.product(("cut", "cut_after", "cut_body", "raw"), (False, True)):
        ca.fault(fault, count=CONNECTIONS // 4, reset=reset)
        for _connection in range(CONNECTIONS // 4):
            with ca.connect() as broken, pytest.raises(requests.RequestException):
                broken.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE)
    for _connection in range(CONNECTIONS):
        with ca.connect() as sound:
            assert sound.get(f"{ca.identity['control_url']}/settings", timeout=PATIENCE).ok
            assert sound.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE).text.startswith("-3\n")


def test_a_connection_that_is_left_in_the_middle_disturbs_nobody(ca: RunningCa) -> None:
    ca.fault("delay", count=CONNECTIONS, slow_bytes=1, slow_seconds=0.05)
    for _connection in range(CONNECTIONS):
        with ca.connect() as impatient:
            impatient.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE, stream=True).close()
    assert ca.post({"queryType": "1"}).text.startswith("-3\n")


def test_half_a_call_is_none(ca: RunningCa) -> None:
    port = int(ca.identity["http_url"].split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as leaving:
        leaving.sendall(b"POST /products/!AutoApplyOrder HTTP/1.1\r\nContent-Length: 99\r\n\r\nproduct=794")
        leaving.shutdown(socket.SHUT_WR)
        assert leaving.recv(1) == b""
    assert ca.calls() == []
