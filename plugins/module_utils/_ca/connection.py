# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the CA as this host describes it, checked before anything is sent, and ending a call whose time is over."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, FileError, OptionError

_HINT = (
    "Correct https_proxy, or all_proxy, in the environment of the task: http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with "
    "all but letters and digits of USER and PASSWORD percent-encoded (%23 for #, %2F for /, %40 for @)."
)


def check_ca_path(ca_path: str | None) -> None:
    """Raise FileError unless ``ca_path`` is a file of certificates, a directory, or not given. Hangs at nothing."""
    if ca_path is None:
        return
    try:
        # What never ends, or hangs whoever opens it, is no bundle.
        descriptor = os.open(ca_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            kind = os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)
        if stat.S_ISDIR(kind):
            return
        if not stat.S_ISREG(kind):
            raise ValueError("it is neither a file nor a directory")
        # Only read, to see what is wrong with it: the HTTP library makes the context that counts.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_path)
    except (OSError, ValueError) as error:
        raise FileError(
            f"api_ca_path: {ca_path} is not a file of CA certificates: {error}",
            hint="Name a PEM file that this host can read, or leave api_ca_path out to use the system's CAs.",
        ) from error


def check_proxy(url: str | None) -> None:
    """Raise OptionError unless ``url`` is a proxy that can be used, of HTTP and with a host, or there is none."""
    if not url:
        return
    fault = _find_fault(url)
    if fault:
        raise OptionError(
            f"the proxy of this host's environment, {name_proxy(url)}, cannot be used: {fault}; nothing was sent",
            hint=_HINT,
        )


def name_proxy(url: str) -> str:
    """Return ``url`` without user name, password and whatever else could be a piece of them."""
    scheme, mark, rest = url.rpartition("://") if "@" not in url.partition("://")[0] else ("", "", url)
    before, at, place = rest.rpartition("@")
    if at:
        shown = f"********@{place}"
    else:
        # What looks like a port and is none may be a password whose host is missing.
        host, colon, port = before.partition(":") if before else place.partition(":")
        shown = place if not colon or place.startswith("[") or port.rstrip("/").isdigit() else f"{host}:********"
    named = f"{scheme}{mark}{shown}"
    return named if named.isprintable() else repr(named)


def _find_fault(url: str) -> str:
    # As the HTTP library reads it.
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return "its host or its port cannot be read"
    if parts.scheme not in ("http", "https"):
        return "it is no HTTP proxy"
    if not host or port == 0:
        return "it has no host, or no port"
    if not url.isprintable() or " " in url:
        return "it holds a space or a control character"
    if parts.query or parts.fragment or "#" in url or "?" in url or "@" in parts.path or "\\" in url:
        return "something stands behind its host and port"
    return (
        ""
        if _is_sendable(parts.username) and _is_sendable(parts.password)
        else "its user name or password cannot be sent"
    )


def _is_sendable(part: str | None) -> bool:
    # HTTP's basic authentication, as the library speaks it, knows no other characters.
    return all(ord(character) < 256 for character in unquote(part or ""))


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
