# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ending a call whose time is over, wherever it hangs."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError


@dataclass
class Watch:
    """The connection in use, to cut it when a call's time is over: a timeout of the library is for one read only."""

    handle: socket.socket | None = None
    expired: bool = False
    # Whether the request itself began to leave: what failed before cannot have arrived.
    sent: bool = False

    def remember(self, sock: socket.socket) -> None:
        """Keep a handle of our own on the TCP connection: the library wraps, hides and drops its own."""
        self.forget()
        self.handle = sock.dup()

    def forget(self) -> None:
        """Let go of the connection."""
        if self.handle is not None:
            self.handle.close()
            self.handle = None

    def cut(self) -> None:
        """End the connection: whoever reads from it wakes up."""
        self.expired = True
        if self.handle is not None:
            with contextlib.suppress(OSError):
                self.handle.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise CallError if the time is over: a connection that was cut can look like one that ended."""
        if self.expired:
            raise CallError(
                "the CA did not answer in time",
                name="timed_out",
                hint="Check that the CA can be reached from this host, or raise api_timeout.",
                retryable=True,
            )
