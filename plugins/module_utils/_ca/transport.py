# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying one POST to the CA and its answer back. The only file that knows the HTTP library, which it imports at the first call."""

from __future__ import annotations

import contextlib
import email.utils
import re
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._ca.watch import Watch
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, FileError, MissingLibraryError

MAX_BODY = 1024 * 1024
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# An answer of the CA that is a refusal, whatever the HTTP status says.
REFUSAL = re.compile(rb"\s*-\d{1,9}\s*(\n|\Z)")
_BUSY = (429, 502, 503, 504)
_CHUNK = 16 * 1024


@dataclass(frozen=True)
class Endpoint:
    """Where the CA listens, and how patient we are: ``timeout`` in seconds for a whole call, ``retries`` on top of the first try."""

    url: str
    ca_path: str | None = None
    timeout: float = 30
    retries: int = 3


@dataclass(frozen=True)
class HttpResponse:
    """What came back over HTTP."""

    status: int
    content_type: str
    body: bytes


@dataclass
class Transport:
    """One kept-alive connection to the CA.

    ``calls`` counts the POSTs that were begun, ``lost`` those that may have arrived and stayed without an answer.
    """

    endpoint: Endpoint
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    lost: int = 0
    _session: Any = None
    _watch: Watch = field(default_factory=Watch)

    def post(self, form: dict[str, str]) -> HttpResponse:
        """POST ``form``, again after connection errors, timeouts and busy answers, as often as the endpoint's ``retries`` say.

        Raises CallError (connection_failed, tls_failed, timed_out, http_error, redirected, reply_too_large), FileError for
        an unusable ``ca_path`` and MissingLibraryError without the HTTP library. What the CA says is never retried here.
        """
        for failed in range(self.endpoint.retries + 1):
            pause = min(FIRST_PAUSE * 2**failed, LONGEST_PAUSE)
            last = failed == self.endpoint.retries
            try:
                response, body = self._post_once(form)
            except CallError as error:
                if last or not error.retryable:
                    raise
            else:
                answer = HttpResponse(response.status_code, response.headers.get("Content-Type", ""), body)
                if last or answer.status not in _BUSY or REFUSAL.match(body):
                    return answer
                pause = _read_retry_after(response.headers.get("Retry-After"), pause)
            self.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close the connection, if there was one."""
        if self._session is not None:
            self._session.close()
            self._session = None
        self._watch.forget()

    def _post_once(self, form: dict[str, str]) -> tuple[Any, bytes]:
        if self._session is None:
            self._session = _open_session(self._watch, self.endpoint)
        self.calls += 1
        self._watch.expired = False
        timer = threading.Timer(self.endpoint.timeout, self._watch.cut)
        timer.daemon = True
        timer.start()
        try:
            with _named_failures(self._watch):
                response = self._session.post(
                    self.endpoint.url,
                    data=form,
                    timeout=self.endpoint.timeout,
                    # Given per request: a bundle named in the environment would win over the session's.
                    verify=self.endpoint.ca_path or True,
                    allow_redirects=False,
                    stream=True,
                )
                with contextlib.closing(response):
                    self._watch.check()
                    _refuse_redirect(response)
                    body = _read_body(response, self._watch)
                    self._watch.check()
                    return response, body
        except CallError as error:
            self.lost += error.name in ("timed_out", "connection_failed") and not _never_connected(error)
            self.close()
            raise
        finally:
            timer.cancel()


def _open_session(watch: Watch, endpoint: Endpoint) -> Any:
    try:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.connectionpool import HTTPSConnectionPool
    except ImportError as error:
        raise MissingLibraryError("requests", traceback.format_exc()) from error
    _check_ca_path(endpoint.ca_path)

    class Connection(HTTPSConnectionPool.ConnectionCls):  # type: ignore[valid-type,misc]
        def _new_conn(self) -> socket.socket:
            sock: socket.socket = super()._new_conn()
            watch.remember(sock)
            return sock

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"https": Pool}

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": Pool}
            return manager

    session = requests.Session()
    session.mount("https://", Adapter())
    # Keeps the library from sending a password of ~/.netrc along.
    session.auth = lambda request: request
    # Keeps the library from looking where a redirect goes: it would read the whole of its body, however large.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign] # noqa: ARG005 - as the library calls it
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "mailops.smime"})
    return session


def _check_ca_path(ca_path: str | None) -> None:
    if ca_path is None:
        return
    try:
        with open(ca_path, "rb"):
            pass
        ssl.create_default_context().load_verify_locations(ca_path)
    except IsADirectoryError:
        return
    except (OSError, ValueError) as error:
        raise FileError(
            f"api_ca_path: {ca_path} is not a file of CA certificates: {error}",
            hint="Name a PEM file that this host can read, or leave api_ca_path out to use the system's CAs.",
        ) from error


@contextlib.contextmanager
def _named_failures(watch: Watch) -> Iterator[None]:
    """Turn the exceptions of the HTTP library, and what it lets through, into ours."""
    import requests
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        causes = list(_walk_causes(error))
        watch.expired = watch.expired or isinstance(error, requests.Timeout)
        watch.check()
        if _is_tls_failure(causes):
            raise CallError(
                f"the TLS connection to the CA failed: {_tell(causes[-1], answered=False)}",
                name="tls_failed",
                hint="Check the host name in api_url, the clock of this host, and api_ca_path if the CA is a private one.",
            ) from error
        raise CallError(
            f"the connection to the CA failed: {_tell(causes[-1])}",
            hint="Check api_url, name resolution, the firewall and the proxy of this host, then run the task again.",
            retryable=True,
        ) from error


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what it wraps; the HTTP library keeps causes in ``reason`` and ``args`` too."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        wrapped = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
        current = next((item for item in wrapped if isinstance(item, BaseException)), None)


def _tell(cause: BaseException, *, answered: bool = True) -> str:
    """Return the text of ``cause``, unless it could quote what came back: a server can repeat what it was sent, the password too."""
    from http.client import HTTPException

    # In a handshake, a ValueError is what is wrong with the server's certificate, and all that can be told of it.
    quoting = isinstance(cause, ValueError) and not isinstance(cause, UnicodeError) and answered
    if isinstance(cause, HTTPException) or quoting:
        return f"the answer is not HTTP ({type(cause).__name__})"
    return str(cause)


def _is_tls_failure(causes: list[BaseException]) -> bool:
    import requests

    # A connection that is cut inside TLS is a cut connection.
    if any(isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)) for cause in causes):
        return False
    return any(isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError)) for cause in causes)


def _never_connected(error: CallError) -> bool:
    """Tell whether the call failed before there was a connection."""
    from urllib3.exceptions import NewConnectionError

    return any(isinstance(cause, NewConnectionError) for cause in _walk_causes(error))


def _refuse_redirect(response: Any) -> None:
    if 300 <= response.status_code < 400:
        raise CallError(
            f"the CA answered with a redirect (HTTP status {response.status_code})",
            name="redirected",
            hint="It was not followed: it would carry the password elsewhere. Correct api_url.",
        )


def _read_body(response: Any, watch: Watch) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        watch.check()
        body += chunk
        if len(body) > MAX_BODY:
            raise CallError(
                f"the reply is larger than {MAX_BODY} bytes",
                name="reply_too_large",
                hint="Check api_url and any proxy in between: no chain of certificates is that large.",
            )
    if _was_cut(response, len(body)):
        raise CallError(
            "the connection to the CA was cut in the middle of the reply", hint="Run the task again.", retryable=True
        )
    return bytes(body)


def _was_cut(response: Any, size: int) -> bool:
    """Tell whether a reply ended too early, with ``size`` octets of its body."""
    announced = response.headers.get("Content-Length", "")
    # The library takes headers that were cut off for all of them.
    if not announced and "Transfer-Encoding" not in response.headers:
        return size == 0 and response.status_code == 200
    # Older releases of it take a body that was cut off for a whole one.
    countable = announced.isascii() and announced.isdigit() and "Content-Encoding" not in response.headers
    # Python makes no number of more than 4300 digits.
    return countable and (len(announced) > 4300 or size < int(announced))


def _read_retry_after(value: str | None, pause: float) -> float:
    """Return the seconds to wait: the header's (RFC 9110, 10.2.3; a number or a date), a minute at most, or ``pause``."""
    if not value:
        return pause
    if value.isascii() and value.strip().isdigit():
        return min(float(value), LONGEST_PAUSE)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return min(max(moment.timestamp() - time.time(), 0.0), LONGEST_PAUSE)
    except (TypeError, ValueError, IndexError, OverflowError):
        return pause
