# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listeners: cheroot with TLS, and without it for those who forget the s in https."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import sys
import traceback as tracebacks
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from test_ca.connections import Connection, Gateway

THREADS = 10
KEPT_CONNECTIONS = 100
IDLE_CONNECTION_SECONDS = 60
HANDSHAKE_SECONDS = 2
LARGEST_BODY = 64 * 1024 * 1024
LOG = logging.getLogger("test_ca")


class HastyAdapter(BuiltinSSLAdapter):
    """TLS that loses its patience soon: cheroot shakes hands in the thread that accepts all connections."""

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        """Shake hands. cheroot sets its own timeout afterwards."""
        sock.settimeout(HANDSHAKE_SECONDS)
        secured: tuple[ssl.SSLSocket, dict[str, Any]] = super().wrap(sock)  # type: ignore[no-untyped-call]
        return secured


class Listener(Server):
    """One listening socket with its threads."""

    ConnectionClass = Connection
    keep_alive_conn_limit = KEPT_CONNECTIONS
    max_request_body_size = LARGEST_BODY

    def __init__(self, address: str, port: int, application: Callable[..., Any]) -> None:
        super().__init__(
            (check_loopback(address), port),
            application,
            numthreads=THREADS,
            server_name="localhost",
            timeout=IDLE_CONNECTION_SECONDS,
            shutdown_timeout=1,
            request_queue_size=64,
        )
        self.gateway = Gateway
        self._thread = Thread(target=self.serve, name="listener", daemon=True)

    def secure(self, certificate: Path, key: Path) -> None:
        """Speak TLS."""
        self.ssl_adapter = HastyAdapter(str(certificate), str(key))

    def open(self) -> int:
        """Listen, and give the port."""
        self.prepare()
        self._thread.start()
        return int(self.bind_addr[1])

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Log where something went wrong. Messages and values can hold what a client sent, so they stay out."""
        del msg
        kind, _error, frames = sys.exc_info()
        name = kind.__name__ if kind else "message"
        LOG.log(level, "server: %s", name)
        if traceback:
            LOG.debug("%s", "".join(tracebacks.format_tb(frames)))


def check_loopback(address: str) -> str:
    """Refuse every address but the machine's own: this CA trusts whoever reaches it."""
    try:
        own = ipaddress.ip_address(address).is_loopback
    except ValueError:
        own = False
    if not own:
        raise ValueError(f"{address!r} is not a loopback address")
    return address


def in_url(address: str) -> str:
    """Write an address as a URL wants it."""
    return f"[{address}]" if ":" in address else address
