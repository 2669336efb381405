# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the authority until it is told to stop, or until nobody has asked for long enough."""

from __future__ import annotations

import logging
import os
import signal
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from test_ca.application import create_application, create_endpoint
from test_ca.authority import TLS_ROOT, load_authority, prepare_tls
from test_ca.control import PREFIX
from test_ca.endpoint import PATH
from test_ca.fields import FieldError
from test_ca.listeners import Listener, check_loopback, in_url
from test_ca.service import Service, change_settings
from test_ca.state import LOG as LOG_NAME
from test_ca.state import prepare_directory, remove_ready, take_lock, write_ready

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
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
    service = Service(load_authority(directory), stop=lambda: os.kill(os.getpid(), signal.SIGTERM))
    sow(service, options)
    identity: dict[str, object] = {}
    listeners = open_listeners(service, options, directory, identity)
    try:
        write_ready(directory, identity)
        LOG.info("listening on port %s", identity["port"])
        Thread(target=watch, args=(service, options.idle_timeout), name="idle watch", daemon=True).start()
        LOG.info("stopping after %s", signal.Signals(signal.sigwait(STOP_SIGNALS)).name)
    finally:
        service.stopping.set()
        service.troubles.stop()
        for listener in listeners:
            listener.stop()
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


def open_listeners(service: Service, options: Options, directory: Path, identity: dict[str, object]) -> list[Listener]:
    """Open the sockets and fill in the identity that ready.json and the control API give."""
    certificate, key = prepare_tls(directory)
    main = Listener(options.address, options.port, create_application(service, identity))
    main.secure(certificate, key)
    service.troubles.prepare(options.address, directory, main.wsgi_app)
    plain = Listener(options.address, 0, create_endpoint(service, secure=False)) if options.http else None
    port = main.open()
    base = f"https://{in_url(options.address)}:{port}"
    identity.update(
        url=base + PATH,
        control_url=base + PREFIX,
        pid=os.getpid(),
        port=port,
        ca_path=str(directory / f"{TLS_ROOT}.pem"),
        root_path=str(directory / "root.pem"),
        http_url=f"http://{in_url(options.address)}:{plain.open()}{PATH}" if plain else None,
        instance=uuid.uuid4().hex,
    )
    return [main, plain] if plain else [main]


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
