# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxies that the environment names: requests go by way of them, but for hosts that are excepted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer

FORM = {"loginPassword": "hunter2"}


class Proxy:
    """Refuses whatever it is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    opened = Proxy()
    yield opened
    opened.close()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_call_goes_by_way_of_it(net: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, proxy.url)
    server = net.serve(answer(b"0\n"))
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=0).post(FORM)
    assert caught.value.name == "connection_failed"
    assert (server.connections, len(proxy.asked)) == (0, 1)
    assert proxy.asked[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"hunter2" not in proxy.asked[0]


def test_an_excepted_host_is_called_directly(net: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = net.serve(answer(b"0\n"), answer(b"0\n"))
    transport = net.connect(server)
    assert [transport.post(FORM).status for _post in range(2)] == [200, 200]
    assert (server.connections, proxy.asked) == (1, [])
