# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that the application can number and cut."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import struct
from typing import Any

from cheroot.server import HTTPConnection
from cheroot.wsgi import Gateway_10

ENVIRON_KEY = "test_ca.connection"


class Connection(HTTPConnection):
    """A client's connection. Its number lets a test count connections."""

    _numbers = itertools.count(1)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.number = next(self._numbers)

    def cut(self, reset: bool = False) -> None:
        """End the connection here and now. What the server writes afterwards goes nowhere."""
        with contextlib.suppress(OSError):
            if reset:
                reset_connection(self.socket)
            else:
                self.socket.shutdown(socket.SHUT_RDWR)

    def send_raw(self, data: bytes) -> None:
        """Send bytes past the server, which believes that it has not answered yet."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)


def reset_connection(connected: socket.socket) -> None:
    """Reset a connection as a firewall does. Its descriptor stays open, for whoever still writes to it."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.socket() as unconnected:
        # This closes the connection at once, and with no time to linger that is a reset.
        os.dup2(unconnected.fileno(), connected.fileno(), inheritable=False)


class Gateway(Gateway_10):
    """Hands the connection to the application in the WSGI environment."""

    # cheroot's stubs give the environment no type.
    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """Add the connection."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[ENVIRON_KEY] = self.req.conn
        return environ
