# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners that trouble a client before it can send a request: in the connection, or in the TLS handshake."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import Any

from cryptography import x509

from test_ca.authority import TLS_ROOT, TlsTerms, write_tls
from test_ca.connections import reset_connection
from test_ca.fields import FieldError, choice, update
from test_ca.keystore import load_or_make, make_root
from test_ca.listeners import Listener, in_url

CLIENT_HELLO = 16 * 1024
SECONDS_OF_SILENCE = 600
STRANGER = "tls-stranger"
Greeting = Callable[[socket.socket, Event], None]


def reset(connected: socket.socket, over: Event) -> None:
    """Reset the connection at once."""
    del over
    reset_connection(connected)


def reset_in_handshake(connected: socket.socket, over: Event) -> None:
    """Reset the connection after the client's first words."""
    connected.recv(CLIENT_HELLO)
    reset(connected, over)


def close_in_handshake(connected: socket.socket, over: Event) -> None:
    """Close the connection after the client's first words."""
    del over
    connected.recv(CLIENT_HELLO)


def keep_silent(connected: socket.socket, over: Event) -> None:
    """Take the connection and never say a word."""
    del connected
    over.wait(SECONDS_OF_SILENCE)


def speak_http(connected: socket.socket, over: Event) -> None:
    """Answer in clear, as a server does that has no TLS on this port."""
    del over
    connected.recv(CLIENT_HELLO)
    connected.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def make_noise(connected: socket.socket, over: Event) -> None:
    """Answer with what is neither TLS nor anything else."""
    del over
    connected.recv(CLIENT_HELLO)
    connected.sendall(bytes(range(256)) * 4)


GREETINGS: Mapping[str, Greeting] = MappingProxyType(
    {
        "close": lambda _connected, _over: None,
        "reset": reset,
        "close_in_handshake": close_in_handshake,
        "reset_in_handshake": reset_in_handshake,
        "silent": keep_silent,
        "http": speak_http,
        "noise": make_noise,
    }
)
CERTIFICATES: Mapping[str, TlsTerms] = MappingProxyType(
    {
        "wrong_name": TlsTerms(names=(x509.DNSName("elsewhere.test"),)),
        "expired": TlsTerms(first_day=-30, last_day=-1),
        "not_yet_valid": TlsTerms(first_day=7),
        "unknown_issuer": TlsTerms(),
    }
)
REFUSED = "refused"


class RawListener:
    """Accepts connections and greets each in its own way; without a greeting it refuses them."""

    def __init__(self, address: str, greeting: Greeting | None) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # Bound without listening, a port refuses connections and nobody else can take it.
        self._socket = socket.socket(family)
        self._socket.bind((address, 0))
        self._over = Event()
        self.port = int(self._socket.getsockname()[1])
        if greeting is not None:
            self._socket.listen()
            Thread(target=self._accept, args=(greeting,), name="trouble", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self, greeting: Greeting) -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _client = self._socket.accept()
                Thread(target=self._greet, args=(connected, greeting), name="greeting", daemon=True).start()

    def _greet(self, connected: socket.socket, greeting: Greeting) -> None:
        with connected, contextlib.suppress(OSError):
            greeting(connected, self._over)


@dataclass(frozen=True)
class Wanted:
    """A listener as the control API takes it."""

    trouble: str = choice(REFUSED, *GREETINGS, *CERTIFICATES)


@dataclass
class Troubles:
    """The listeners that were asked for. Each is opened once, and stays."""

    address: str = "127.0.0.1"
    directory: Path = Path()
    application: Any = None

    def __post_init__(self) -> None:
        self._listeners: dict[str, RawListener | Listener] = {}
        self._bases: dict[str, str] = {}

    def prepare(self, address: str, directory: Path, application: object) -> None:
        """Say where to listen, where to keep certificates, and what is behind a listener whose certificate is wrong."""
        self.address, self.directory, self.application = address, directory, application

    def open(self, wanted: object) -> None:
        """Open a listener, unless it is open."""
        if not isinstance(wanted, Mapping) or "trouble" not in wanted:
            raise FieldError("'trouble' is needed")
        trouble = update(Wanted(), wanted).trouble
        if trouble in self._listeners:
            return
        if trouble in CERTIFICATES:
            listener = self._open_tls(trouble)
            port = listener.open()
            self._listeners[trouble] = listener
        else:
            raw = RawListener(self.address, GREETINGS.get(trouble))
            self._listeners[trouble], port = raw, raw.port
        self._bases[trouble] = f"https://{in_url(self.address)}:{port}"

    def describe(self) -> dict[str, str]:
        """Give where each trouble listens, as a URL without a path."""
        return dict(self._bases)

    def stop(self) -> None:
        """Close them all."""
        for listener in self._listeners.values():
            listener.stop()

    def _open_tls(self, trouble: str) -> Listener:
        """Serve the endpoint itself, so that a client that does not look at the certificate is served and counted."""
        stem = STRANGER if trouble == "unknown_issuer" else TLS_ROOT
        root = load_or_make(self.directory, stem, lambda: make_root("mailops.smime test CA, another TLS root"))
        listener = Listener(self.address, 0, self.application)
        listener.secure(*write_tls(self.directory, f"tls-{trouble}", root, CERTIFICATES[trouble]))
        return listener
