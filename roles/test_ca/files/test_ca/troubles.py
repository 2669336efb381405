# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners on demand that trouble a client before it can send a request."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import MappingProxyType

from cryptography import x509

from test_ca.authority import TLS_ROOT, TlsTerms, load_or_make, make_root, write_tls
from test_ca.fields import FieldError, choice, update
from test_ca.listeners import Greeting, Http, Listener, Respond, reset

CLIENT_HELLO = 16 * 1024
SECONDS_OF_SILENCE = 600
STRANGER = "tls-stranger"


def close(_connected: socket.socket, _over: Event) -> None:
    """Close the connection at once."""


def reset_at_once(connected: socket.socket, _over: Event) -> None:
    """Reset the connection at once."""
    reset(connected)


def close_in_handshake(connected: socket.socket, _over: Event) -> None:
    """Close the connection after the client's first words."""
    connected.recv(CLIENT_HELLO)


def reset_in_handshake(connected: socket.socket, _over: Event) -> None:
    """Reset the connection after the client's first words."""
    connected.recv(CLIENT_HELLO)
    reset(connected)


def keep_silent(_connected: socket.socket, over: Event) -> None:
    """Take the connection and never say a word."""
    over.wait(SECONDS_OF_SILENCE)


def speak_http(connected: socket.socket, _over: Event) -> None:
    """Answer in clear, as a server does that has no TLS on this port."""
    connected.recv(CLIENT_HELLO)
    connected.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def make_noise(connected: socket.socket, _over: Event) -> None:
    """Answer with what is neither TLS nor anything else."""
    connected.recv(CLIENT_HELLO)
    connected.sendall(bytes(range(256)) * 4)


# What a listener does with a connection (nothing: it refuses them), or what is wrong with its certificate.
TROUBLES: Mapping[str, Greeting | TlsTerms | None] = MappingProxyType(
    {
        "refused": None,
        "close": close,
        "reset": reset_at_once,
        "close_in_handshake": close_in_handshake,
        "reset_in_handshake": reset_in_handshake,
        "silent": keep_silent,
        "http": speak_http,
        "noise": make_noise,
        "wrong_name": TlsTerms(names=(x509.DNSName("elsewhere.test"),)),
        "expired": TlsTerms(first_day=-30, last_day=-1),
        "not_yet_valid": TlsTerms(first_day=7),
        "unknown_issuer": TlsTerms(),
    }
)


@dataclass(frozen=True)
class Wanted:
    """A listener as the control API takes it."""

    trouble: str = choice(*TROUBLES)


@dataclass
class Troubles:
    """The listeners that were asked for. Each is opened once, and stays."""

    address: str
    directory: Path
    respond: Respond
    listeners: dict[str, Listener] = field(default_factory=dict)

    def open(self, wanted: object) -> None:
        """Open a listener, unless it is open."""
        if not isinstance(wanted, Mapping) or "trouble" not in wanted:
            raise FieldError("'trouble' is needed")
        trouble = update(Wanted(), wanted).trouble
        if trouble not in self.listeners:
            self.listeners[trouble] = Listener(self.address, 0, self._greeting(trouble))
            self.listeners[trouble].open()

    def stop(self) -> None:
        """Close them all."""
        for listener in self.listeners.values():
            listener.stop()

    def _greeting(self, trouble: str) -> Greeting | None:
        kind = TROUBLES[trouble]
        if not isinstance(kind, TlsTerms):
            return kind
        # The endpoint itself is behind it, so that a client that does not look at the certificate is served and counted.
        stem = STRANGER if trouble == "unknown_issuer" else TLS_ROOT
        root = load_or_make(self.directory, stem, lambda: make_root("mailops.smime test CA, another TLS root"))
        return Http(self.respond, *write_tls(self.directory, f"tls-{trouble}", root, kind))
