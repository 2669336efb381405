# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real TLS server on loopback that does what a list of steps says, one step a request."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Callable
from urllib.parse import parse_qs

PATH = "/products/download/RequestAndCollectSMIME"

Step = Callable[["Connection"], bool]
Greeting = Callable[[socket.socket], bool]


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        fields = parse_qs(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        return {name: values[0] for name, values in fields.items()}


@dataclass(frozen=True)
class Connection:
    """What a step sees: the socket inside TLS, and the event that ends the test."""

    socket: ssl.SSLSocket
    over: threading.Event


class TlsServer:
    """Listens on 127.0.0.1 while it is used as a context manager."""

    def __init__(self, context: ssl.SSLContext, *steps: Step, greetings: tuple[Greeting, ...] = ()) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._context = context
        self._steps = list(steps)
        self._greetings = list(greetings)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}{PATH}"

    def __enter__(self) -> TlsServer:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, ValueError):
            if self._greetings and not self._greetings.pop(0)(plain):
                return
            with self._context.wrap_socket(plain, server_side=True) as secure:
                self._open.append(secure)
                with secure.makefile("rb") as stream:
                    while self._answer(secure, stream):
                        pass

    def _answer(self, secure: ssl.SSLSocket, stream: object) -> bool:
        readline, read = stream.readline, stream.read  # type: ignore[attr-defined]
        line = readline().decode("latin-1").strip()
        if not line:
            return False
        headers: dict[str, str] = {}
        while True:
            name, _colon, value = readline().decode("latin-1").partition(":")
            if not name.strip():
                break
            headers[name.lower()] = value.strip()
        self.received.append(Received(line, headers, read(int(headers.get("content-length", "0")))))
        return self._steps.pop(0)(Connection(secure, self._over)) if self._steps else False


def format_answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    lines = {"Content-Type": "text/plain", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body


def answer(body: bytes, status: int = 200, **headers: str) -> Step:
    """Answer in full and keep the connection."""
    return send(format_answer(body, status, {name.replace("_", "-"): value for name, value in headers.items()}), True)


def send(data: bytes, keep: bool = False) -> Step:
    """Send these bytes; then keep the connection, or end it."""

    def step(connection: Connection) -> bool:
        connection.socket.sendall(data)
        return keep

    return step


def cut(connection: Connection) -> bool:
    """End the connection without an answer."""
    return False


def reset(connection: Connection) -> bool:
    """Reset the connection, as a firewall does."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close(connection.socket)
    return False


def send_junk_below_tls(data: bytes) -> Step:
    """Send ``data`` inside TLS, and then octets that are no TLS record."""

    def step(connection: Connection) -> bool:
        connection.socket.sendall(data)
        socket.socket.send(connection.socket, b"this is no TLS record at all")
        connection.over.wait(10)
        return False

    return step


def dribble(head: bytes, piece: bytes) -> Step:
    """Send ``head``, and then ``piece`` again and again: never silent, and done long after every timeout of the tests."""

    def step(connection: Connection) -> bool:
        connection.socket.sendall(head)
        for _piece in range(100):
            if connection.over.wait(0.02):
                break
            connection.socket.sendall(piece)
        return False

    return step


def stall(connection: Connection) -> bool:
    """Read the request and say nothing."""
    connection.over.wait(10)
    return False


def stall_handshake(plain: socket.socket) -> bool:
    """Take the connection and never begin with TLS."""
    with contextlib.suppress(OSError):
        while plain.recv(4096):
            pass
    return False


def refuse_handshake(plain: socket.socket) -> bool:
    """Take the connection and close it."""
    return False


def speak_plain_http(plain: socket.socket) -> bool:
    """Answer in clear, as a server does that has no TLS on this port."""
    plain.recv(4096)
    plain.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return False
