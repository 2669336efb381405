# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the authority until it is told to stop, or until nobody has asked for long enough."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from test_ca.arguments import COLLECT
from test_ca.authority import TLS_ROOT, load_authority, prepare_tls
from test_ca.control import Control
from test_ca.endpoint import COLLECT_ENDPOINT
from test_ca.fields import FieldError
from test_ca.listeners import Delivery, Http, Listener, Request, check_loopback, say
from test_ca.ordering import ORDER_ENDPOINT, RESEND_ENDPOINT
from test_ca.revocation import PATH as CRL_PATH
from test_ca.service import Service, change_settings
from test_ca.state import LOG as LOG_NAME
from test_ca.state import prepare_directory, remove_ready, take_lock, write_ready
from test_ca.troubles import Troubles

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
ENDPOINTS = {endpoint.page.path: endpoint for endpoint in (COLLECT_ENDPOINT, ORDER_ENDPOINT, RESEND_ENDPOINT)}
NOT_FOUND = say(404, b"not found\n", "text/plain")
LOG = logging.getLogger("test_ca")


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


class Listeners:
    """The sockets of a server, and what is said on each."""

    def __init__(self, service: Service, options: Options) -> None:
        self.service = service
        # Whoever knows this path controls the CA; every other user of this machine reaches the port.
        self.control_path = f"/test-ca/{secrets.token_urlsafe(16)}/v1/"
        self.identity: dict[str, object] = {}
        self.main = Listener(options.address, options.port, Http(self.respond, *prepare_tls(service.directory)))
        self.plain = Listener(options.address, 0, Http(self.respond_plainly))
        self.shows_endpoint_plainly = options.http
        service.revocations.urls.update(
            http=f"http://{self.plain.base}{CRL_PATH}", https=f"https://{self.main.base}{CRL_PATH}"
        )
        self.troubles = Troubles(options.address, service.directory, self.respond)
        self.control = Control(service, self.troubles, self.identity)

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
        self.troubles.stop()
        for listener in (self.main, self.plain):
            listener.stop()

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
