# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the authority until it is told to stop or nobody asks any more: its listeners, right ones and those that trouble clients."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import Any

from cryptography import x509

from test_ca.arguments import COLLECT, FieldError, choice, update
from test_ca.authority import STRANGER, TLS_ROOT, TlsTerms, load_authority, write_tls
from test_ca.control import Control
from test_ca.endpoints import COLLECT_ENDPOINT, ORDER_ENDPOINT, RESEND_ENDPOINT
from test_ca.listeners import Delivery, Greeting, Http, Listener, Request, check_loopback, reset, say
from test_ca.revocation import CRL_PATH
from test_ca.service import Service, change_settings
from test_ca.state import LOG as LOG_NAME
from test_ca.state import prepare_directory, remove_ready, take_lock, write_ready

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
ENDPOINTS = {endpoint.page.path: endpoint for endpoint in (COLLECT_ENDPOINT, ORDER_ENDPOINT, RESEND_ENDPOINT)}
NOT_FOUND = say(404, b"not found\n", "text/plain")
LOG = logging.getLogger("test_ca")
CLIENT_HELLO = 16 * 1024
SECONDS_OF_SILENCE = 600


@dataclass(frozen=True)
class Options:
    """How a server is started."""

    directory: Path
    address: str = "127.0.0.1"
    port: int = 0
    http: bool = False
    idle_timeout: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    seed: Mapping[str, Any] = field(default_factory=dict, repr=False)


def run(options: Options) -> None:
    """Serve until a signal, the control API or idleness ends it. Leaves no listener and no ready.json behind."""
    # Threads inherit the mask, so that the signal waits for sigwait below and nobody else.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    check_loopback(options.address)
    os.umask(0o077)
    directory = prepare_directory(options.directory)
    take_lock(directory)  # held to the very end: a free lock says that the process is gone
    remove_ready(directory)
    start_log(directory)
    service = Service(directory, load_authority(directory), stop=lambda: os.kill(os.getpid(), signal.SIGTERM))
    listeners = Listeners(service, options)
    sow(service, options)
    try:
        listeners.open()
        write_ready(directory, listeners.identity)
        LOG.info("listening on port %s", listeners.identity["port"])
        Thread(target=watch, args=(service, options.idle_timeout), name="idle watch", daemon=True).start()
        LOG.info("stopping after %s", signal.Signals(signal.sigwait(STOP_SIGNALS)).name)
    finally:
        service.stopping.set()
        listeners.stop()
        remove_ready(directory)


def start_log(directory: Path) -> None:
    """Write server.log. Only lines of our own making go there, and none of them holds a secret."""
    handler = logging.FileHandler(directory / LOG_NAME, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False


def sow(service: Service, options: Options) -> None:
    """Fill the service with the settings, accounts and orders it starts with."""
    unknown = options.seed.keys() - {"settings", "accounts", "orders"}
    if unknown:
        raise FieldError(f"unknown in the seed: {', '.join(sorted(unknown))}")
    service.settings = change_settings(service.settings, options.seed.get("settings", {}))
    service.settings = change_settings(service.settings, options.settings)
    for account in options.seed.get("accounts", []):
        service.add_account(account)
    for order in options.seed.get("orders", []):
        service.add_order(order)


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


class Listeners:
    """The sockets of a server, and what is said on each. One that troubles clients is opened when it is asked for, and stays."""

    def __init__(self, service: Service, options: Options) -> None:
        self.service = service
        # Whoever knows this path controls the CA; every other user of this machine reaches the port.
        self.control_path = f"/test-ca/{secrets.token_urlsafe(16)}/v1/"
        self.identity: dict[str, object] = {}
        tls = write_tls(service.directory, "tls-server", TlsTerms())
        self.address = options.address
        self.main = Listener(options.address, options.port, Http(self.respond, *tls))
        self.plain = Listener(options.address, 0, Http(self.respond_plainly))
        self.shows_endpoint_plainly = options.http
        service.revocations.urls.update(
            http=f"http://{self.plain.base}{CRL_PATH}", https=f"https://{self.main.base}{CRL_PATH}"
        )
        self.troubles: dict[str, Listener] = {}
        self.control = Control(service, self.identity, self.troubles, self.open_trouble)

    def open(self) -> None:
        """Accept connections, and fill in the identity that ready.json and the control API give."""
        self.identity.update(
            url=f"https://{self.main.base}{COLLECT.path}",
            control_url=f"https://{self.main.base}{self.control_path}".rstrip("/"),
            pid=os.getpid(),
            port=self.main.port,
            ca_path=str(self.service.directory / f"{TLS_ROOT}.pem"),
            root_path=str(self.service.directory / "root.pem"),
            http_url=f"http://{self.plain.base}{COLLECT.path}" if self.shows_endpoint_plainly else None,
            instance=uuid.uuid4().hex,
        )
        for listener in (self.main, self.plain):
            listener.open()

    def stop(self) -> None:
        """Close them all."""
        for listener in (*self.troubles.values(), self.main, self.plain):
            listener.stop()

    def open_trouble(self, wanted: object) -> None:
        """Open a listener that troubles its clients, unless it is open."""
        if not isinstance(wanted, Mapping) or "trouble" not in wanted:
            raise FieldError("'trouble' is needed")
        trouble = update(Wanted(), wanted).trouble
        if trouble in self.troubles:
            return
        kind = TROUBLES[trouble]
        if isinstance(kind, TlsTerms):
            # The endpoint itself is behind it: a client that does not look at the certificate is served and counted.
            root_stem = STRANGER if trouble == "unknown_issuer" else TLS_ROOT
            tls = write_tls(self.service.directory, f"tls-{trouble}", kind, root_stem)
            kind = Http(self.respond, *tls)
        self.troubles[trouble] = Listener(self.address, 0, kind)
        self.troubles[trouble].open()

    def respond(self, request: Request, send: Callable[[Delivery], None]) -> None:
        """Answer over TLS: the endpoint, and the control API for those who know its path."""
        control, path = request.path[: len(self.control_path)], request.path[len(self.control_path) :]
        with self.service.touching():
            if endpoint := ENDPOINTS.get(request.path):
                endpoint.serve(self.service, request, send)
            elif request.path == CRL_PATH:
                send(self._crl("https"))
            elif secrets.compare_digest(control.encode(), self.control_path.encode()):
                send(self.control.serve(request, path))
            else:
                send(NOT_FOUND)

    def respond_plainly(self, request: Request, send: Callable[[Delivery], None]) -> None:
        """Answer without TLS: the endpoint refuses, if it is there at all, and the revocation list is served."""
        with self.service.touching():
            endpoint = ENDPOINTS.get(request.path)
            if endpoint and self.shows_endpoint_plainly:
                endpoint.serve(self.service, request, send, secure=False)
            elif request.path == CRL_PATH:
                send(self._crl("http"))
            else:
                send(NOT_FOUND)

    def _crl(self, scheme: str) -> Delivery:
        settings = self.service.settings
        with self.service.lock:
            return self.service.revocations.deliver(scheme, settings.crl_trouble, settings.crl_seconds)


def watch(service: Service, idle_timeout: float) -> None:
    """Stop the server when no request has come for the given time; zero means never."""
    if idle_timeout <= 0:
        return
    while not service.stopping.is_set():
        remaining = service.last_request + idle_timeout - time.monotonic()
        if remaining <= 0:
            LOG.info("idle for %g seconds", idle_timeout)
            service.stop()
            return
        service.stopping.wait(remaining)
