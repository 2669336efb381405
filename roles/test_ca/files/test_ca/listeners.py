# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listen on loopback and speak HTTP, with or without TLS.

Each connection has a thread of its own, from its handshake to its end: OpenSSL keeps the errors of a broken connection
for the thread that met them, and the next connection of that thread would fail with them.
"""

from __future__ import annotations

import ipaddress
import itertools
import logging
import re
import socket
import ssl
import struct
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Condition, Event, Thread
from urllib.parse import unquote

HANDSHAKE_SECONDS = 10
IDLE_CONNECTION_SECONDS = 60
LAST_ANSWERS_SECONDS = 1.0
PAUSE = 0.1
BACKLOG = 128
LARGEST_BODY = re.compile(r"[0-9]{1,7}")
LOG = logging.getLogger("test_ca")
Greeting = Callable[[socket.socket, Event], None]


@dataclass(frozen=True)
class Request:
    """A request as it came in. `connection` numbers the connections since the start."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes = field(repr=False)
    connection: int = 0


@dataclass(frozen=True)
class Delivery:
    """What is sent back. `status` is none when the connection ends without a reply."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    announced: int | None = None  # Content-Length; none: sent in chunks
    cut: bool = False  # the connection ends after the body
    reset: bool = False  # with a reset
    raw: bytes | None = None  # sent in place of status, headers and body
    seconds: float = 0.0  # pause before anything is sent
    slow_bytes: int = 0  # then so many bytes at a time
    slow_seconds: float = 0.0  # with this pause between


def say(status: int, body: bytes, content_type: str, *headers: tuple[str, str]) -> Delivery:
    """Build a plain reply."""
    return Delivery(status, (("Content-Type", content_type), *headers), body, len(body))


Respond = Callable[[Request, Callable[[Delivery], None]], None]


class Busy:
    """Counts what is going on at the moment."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    def __enter__(self) -> int:
        """Count one more, and tell how many there are."""
        with self._changed:
            self._count += 1
            return self._count

    def __exit__(self, *_error: object) -> None:
        """Count one less."""
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until nothing goes on, but not for longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, seconds)


class Listener:
    """One listening socket. Each connection is greeted in a thread of its own; without a greeting all are refused."""

    def __init__(self, address: str, port: int, greeting: Greeting | None) -> None:
        check_loopback(address)
        self._greeting = greeting
        self._over = Event()
        # Bound without listening, a port refuses connections and nobody else can take it.
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        self.base = f"{f'[{address}]' if ':' in address else address}:{self.port}"
        if greeting is not None:
            self._socket.listen(BACKLOG)

    @property
    def port(self) -> int:
        """The port that it has."""
        return int(self._socket.getsockname()[1])

    def open(self) -> None:
        """Begin to accept connections."""
        if self._greeting is not None:
            Thread(target=self._accept, args=(self._greeting,), name=f"port {self.port}", daemon=True).start()

    def stop(self) -> None:
        """Accept no more, and let what is being answered come to its end, for a moment."""
        self._over.set()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        except OSError:
            LOG.debug("a listener that did not listen is closed")
        self._socket.close()
        if isinstance(self._greeting, Http):
            self._greeting.busy.wait(LAST_ANSWERS_SECONDS)

    def _accept(self, greeting: Greeting) -> None:
        while not self._over.is_set():
            try:
                connected, _client = self._socket.accept()
                Thread(target=self._greet, args=(greeting, connected), name="connection", daemon=True).start()
            except (OSError, RuntimeError) as error:  # too many files or threads, or the end
                if not self._over.wait(PAUSE):
                    LOG.warning("no connection accepted: %s", type(error).__name__)

    def _greet(self, greeting: Greeting, connected: socket.socket) -> None:
        """Neither an error's text nor the values in its frames may reach the log: they can hold what a client sent."""
        try:
            with connected:
                greeting(connected, self._over)
        except OSError as error:
            LOG.info("a connection ended with %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001  (a bug ends this connection, and is told)
            LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))


class Http:
    """The greeting of a listener that speaks HTTP, over TLS if it has a certificate."""

    def __init__(self, respond: Respond, certificate: Path | None = None, key: Path | None = None) -> None:
        self.respond = respond
        self.busy = Busy()
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)

    def __call__(self, connected: socket.socket, over: Event) -> None:
        """Shake hands if that is wanted, and answer requests until one of both sides has enough."""
        connected.settimeout(HANDSHAKE_SECONDS)
        if self.context is None:
            Conversation(connected, self, over)
            return
        with self.context.wrap_socket(connected, server_side=True) as secured:
            Conversation(secured, self, over)


class Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_CONNECTION_SECONDS
    disable_nagle_algorithm = True
    _numbers = itertools.count(1)

    def __init__(self, connected: socket.socket, http: Http, over: Event) -> None:
        self._http = http
        self._over = over
        self._number = next(self._numbers)
        super().__init__(connected, connected.getpeername(), None)  # type: ignore[arg-type]  # the server is not used

    def answer(self) -> None:
        """Read a request, and send what there is to say about it."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not LARGEST_BODY.fullmatch(length):
            self.send_error(413 if length.isdecimal() else 400)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True  # the client went away in the middle: half a call is none
            return
        path, _mark, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=unquote(path),
            query=query,
            content_type=self.headers.get("Content-Type", ""),
            body=body,
            connection=self._number,
        )
        with self._http.busy:
            self._http.respond(request, self._deliver)

    # The names that the library looks for.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (the library's name)
        """Log nothing: requests hold secrets, and the endpoint logs its calls by itself."""

    def _deliver(self, delivery: Delivery) -> None:
        """Send a reply as it is told; pauses end early when the server stops."""
        self._over.wait(delivery.seconds)
        if delivery.raw is not None:
            self._send_slowly(delivery.raw, delivery)
        elif delivery.status is not None:
            self._send_reply(delivery)
        if delivery.cut:
            self.close_connection = True
            if delivery.reset:
                reset(self.connection)

    def _send_reply(self, delivery: Delivery) -> None:
        chunked = delivery.announced is None
        head = [f"HTTP/1.1 {delivery.status} {self.responses.get(delivery.status or 0, ('Trouble',))[0]}"]
        head += [f"{name}: {value}" for name, value in delivery.headers]
        head.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {delivery.announced}")
        if self.close_connection:
            head.append("Connection: close")
        start = ("\r\n".join(head) + "\r\n\r\n").encode()
        body = b"" if self.command == "HEAD" else delivery.body
        if not chunked and not delivery.slow_bytes:
            self.wfile.write(start + body)
            return
        self.wfile.write(start)
        self._send_slowly(body, delivery, chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _send_slowly(self, data: bytes, delivery: Delivery, chunked: bool = False) -> None:
        for drop in drops(data, delivery.slow_bytes):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(drop), drop) if chunked else drop)
            if delivery.slow_bytes:
                self._over.wait(delivery.slow_seconds)


def drops(data: bytes, size: int) -> Iterator[bytes]:
    """Yield data in pieces of a size, or at once without one."""
    step = size or len(data) or 1
    return (data[start : start + step] for start in range(0, len(data), step))


def reset(connected: socket.socket) -> None:
    """Have a connection end with a reset, as a firewall ends it: with no time to linger, closing it is one."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def check_loopback(address: str) -> None:
    """Refuse every address but the machine's own."""
    try:
        own = ipaddress.ip_address(address).is_loopback
    except ValueError:
        own = False
    if not own:
        raise ValueError(f"{address!r} is not a loopback address")
