# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server on loopback, and what opens connections to it."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    LOOPBACK,
    Issued,
    issue_server,
    issue_server_root,
)
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import TlsServer


@dataclass
class Net:
    """Starts servers, opens transports to them, and closes both after the test."""

    folder: Path
    root: Issued
    identity: Issued
    stack: ExitStack
    pauses: list[float] = field(default_factory=list)

    @property
    def ca_path(self) -> str:
        return self.save("ca.pem", self.root.pem)

    def save(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def serve(self, *steps: Any, identity: Issued | None = None, greetings: tuple[Any, ...] = ()) -> TlsServer:
        identity = identity or self.identity
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.save("server.pem", identity.pem), self.save("server.key", identity.key_pem))
        return self.stack.enter_context(TlsServer(context, *steps, greetings=greetings))

    def serve_plain(self, said: bytes) -> Any:
        """Return a server without TLS that says the same to whatever it is ``asked``."""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(f"{self.requestline}\n{self.headers}")
                self.wfile.write(said)

            do_CONNECT = do_GET  # noqa: N815

            def log_message(self, *_arguments: Any) -> None:
                """Print nothing."""

        server: Any = self.stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        server.asked, server.url = [], f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.stack.callback(server.shutdown)
        return server

    def connect(self, server: TlsServer | str, **options: Any) -> Client:
        """Return a client whose pauses are recorded, and take no time."""
        url = server if isinstance(server, str) else server.url
        endpoint = Endpoint(url, **{"ca_path": self.ca_path, "timeout": 20, "retries": 3, **options})
        client = Client(Transport(endpoint), self.pauses.append)
        self.stack.callback(client.transport.close)
        return client

    def refuse(self, server: TlsServer | str, **options: Any) -> tuple[CallError, Client]:
        """Send a form with a password, and return the error that this must end in, and the client."""
        client = self.connect(server, **options)
        with pytest.raises(CallError) as caught:
            client.send({"loginPassword": "hunter2"})
        assert "hunter2" not in caught.value.message + caught.value.hint
        return caught.value, client


@pytest.fixture(scope="session")
def server_root() -> Issued:
    return issue_server_root()


@pytest.fixture(scope="session")
def server_identity(server_root: Issued) -> Issued:
    return issue_server(server_root, LOOPBACK)


@pytest.fixture
def net(tmp_path: Path, server_root: Issued, server_identity: Issued) -> Iterator[Net]:
    with ExitStack() as stack:
        yield Net(tmp_path, server_root, server_identity, stack)
