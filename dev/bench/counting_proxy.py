# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A door on loopback in front of the CA that counts what goes through."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

CHUNK = 64 * 1024
TIMEOUT = 60


@dataclass
class Traffic:
    """Connections, and bytes to and from the CA: of TLS, its handshakes included."""

    connections: int = 0
    sent: int = 0
    received: int = 0


@dataclass
class Proxy:
    """Where to connect instead of to the CA, and what was counted so far."""

    url: str
    target: tuple[str, int]
    listener: socket.socket
    traffic: Traffic = field(default_factory=Traffic)

    def serve(self) -> None:
        """Pass connections on, one after the other, until the listener is closed."""
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            self.traffic.connections += 1
            with client, socket.create_connection(self.target, TIMEOUT) as server:
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                answers = threading.Thread(target=self._pass_on, args=(server, client, "received"), daemon=True)
                answers.start()
                self._pass_on(client, server, "sent")
                answers.join(TIMEOUT)

    def _pass_on(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                setattr(self.traffic, direction, getattr(self.traffic, direction) + len(data))
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def counting(url: str) -> Iterator[Proxy]:
    """Open a proxy in front of ``url`` for as long as it is needed."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        own = parts._replace(netloc=f"{parts.hostname}:{port}").geturl()
        proxy = Proxy(own, (parts.hostname or "", parts.port or 443), listener)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(TIMEOUT)
