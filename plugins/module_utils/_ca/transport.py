# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call to the CA and its answer. The only file that knows the HTTP library, which it imports at the first call."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._ca.connection import Watch, check_ca_path, check_proxy
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, MissingLibraryError

MAX_BODY = 1024 * 1024
_CHUNK = 16 * 1024
# As http.client tells it. What follows is the proxy's own text.
_TUNNEL = re.compile(r"Tunnel connection failed: (\d+)")


@dataclass(frozen=True)
class Endpoint:
    """Where the CA listens, and how patient we are: ``timeout`` in seconds for a whole call, ``retries`` on top of the first try."""

    url: str
    ca_path: str | None = None
    timeout: float = 30
    retries: int = 3


@dataclass(frozen=True)
class HttpResponse:
    """What came back over HTTP. A body in an encoding that nobody asked for is left unread, and ``encoded`` is true."""

    status: int
    content_type: str
    body: bytes
    retry_after: str = ""
    encoded: bool = False


@dataclass
class Transport:
    """One kept-alive connection to the CA."""

    endpoint: Endpoint
    _session: Any = None
    _watch: Watch = field(default_factory=Watch)

    @property
    def sent(self) -> bool:
        """Tell whether the last POST began to leave, so that it may have arrived."""
        return self._watch.sent

    def open(self) -> None:
        """Make ready for a POST, and send nothing.

        Raises FileError for an unusable ``ca_path``, OptionError for an unusable proxy, MissingLibraryError without the library.
        """
        if self._session is None:
            self._session = _open_session(self._watch, self.endpoint)

    def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
        """POST ``form`` once, to the endpoint or to another ``url`` of its host, and return whatever answer comes.

        Raises CallError (connection_failed, tls_failed, timed_out, reply_too_large), and what ``open`` raises.
        """
        return self._call("POST", url or self.endpoint.url, MAX_BODY, data=form)

    def get(self, limit: int) -> HttpResponse:
        """GET the endpoint's URL once, which may be one without TLS, with a body of ``limit`` octets at most. Raises as ``post`` does."""
        return self._call("GET", self.endpoint.url, limit)

    def _call(self, method: str, url: str, limit: int, **options: Any) -> HttpResponse:
        self.open()
        self._watch.expired = self._watch.sent = False
        timer = threading.Timer(self.endpoint.timeout, self._watch.cut)
        timer.daemon = True
        timer.start()
        try:
            with _named_failures(self._watch):
                response = self._session.request(
                    method,
                    url,
                    **options,
                    timeout=self.endpoint.timeout,
                    # Given per request: a bundle named in the environment would win over the session's.
                    verify=self.endpoint.ca_path or True,
                    allow_redirects=False,
                    stream=True,
                )
                with contextlib.closing(response):
                    return _read_response(response, self._watch, limit)
        except CallError:
            self.close()
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close the connection, if there was one."""
        if self._session is not None:
            self._session.close()
            self._session = None
        self._watch.forget()


def _open_session(watch: Watch, endpoint: Endpoint) -> Any:
    try:
        import requests
        from requests.cookies import RequestsCookieJar
        from requests.utils import get_environ_proxies, select_proxy
    except ImportError as error:
        raise MissingLibraryError("requests", traceback.format_exc()) from error
    check_ca_path(endpoint.ca_path)
    check_proxy(select_proxy(endpoint.url, get_environ_proxies(endpoint.url)))

    class NoCookies(RequestsCookieJar):
        def extract_cookies(self, response: Any, request: Any) -> None:
            """Keep none."""

    session = requests.Session()
    adapter = _make_adapter(watch)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    session.cookies = NoCookies()
    # Keeps the library from sending a password of ~/.netrc along.
    session.auth = lambda request: request
    # Keeps the library from looking where a redirect goes: it would read the whole of its body, however large.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign] # noqa: ARG005 - as the library calls it
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "mailops.smime"})
    return session


def _make_adapter(watch: Watch) -> Any:
    """Return the library's adapter with connections that ``watch`` sees, and without its reading of headers."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    pools = {"https": _make_pool(HTTPSConnectionPool, watch), "http": _make_pool(HTTPConnectionPool, watch)}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, **pools}
            return manager

        def build_response(self, _request: Any, resp: Any) -> Any:
            # The library's own looks for a character set and for cookies: hostile headers end it.
            response = requests.Response()
            response.status_code, response.raw, response.headers = resp.status, resp, resp.headers
            return response

    return Adapter()


def _make_pool(base: Any, watch: Watch) -> Any:
    """Return the library's pool of connections as one whose connections ``watch`` sees."""

    class Connection(base.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            sock: socket.socket = super()._new_conn()
            watch.remember(sock)
            return sock

        def request(self, *args: Any, **kwargs: Any) -> Any:
            watch.sent = True
            return super().request(*args, **kwargs)

    class Pool(base):  # type: ignore[misc]
        ConnectionCls = Connection

    return Pool


@contextlib.contextmanager
def _named_failures(watch: Watch) -> Iterator[None]:
    """Turn the exceptions of the HTTP library, and what it lets through, into ours."""
    from http.client import HTTPException

    import requests
    from urllib3.exceptions import HTTPError

    try:
        yield
        watch.check()
    except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
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
            # A proxy that refuses us does so again, and may count how often.
            retryable=_TUNNEL.match(str(causes[-1])) is None,
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
    refused = _TUNNEL.match(str(cause))
    if refused is not None:
        return f"the proxy of this host refuses to connect to it (HTTP status {refused.group(1)})"
    return str(cause)


def _is_tls_failure(causes: list[BaseException]) -> bool:
    import requests

    # A connection that is cut inside TLS is a cut connection.
    if any(isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)) for cause in causes):
        return False
    return any(isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError)) for cause in causes)


def _read_response(response: Any, watch: Watch, limit: int) -> HttpResponse:
    encodings = response.headers.get("Content-Encoding", "").lower().replace(",", " ").split()
    encoded = any(encoding != "identity" for encoding in encodings)
    body = b"" if encoded else _read_body(response, watch, limit)
    content_type, retry_after = (response.headers.get(name, "") for name in ("Content-Type", "Retry-After"))
    return HttpResponse(response.status_code, content_type, body, retry_after, encoded)


def _read_body(response: Any, watch: Watch, limit: int) -> bytes:
    """Return the body as it came over the wire. What belongs to another status than 200 is read as far as that is easy."""
    body = bytearray()
    try:
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            watch.check()
            body += chunk
            if len(body) > limit:
                raise CallError(
                    f"the reply is larger than {limit} bytes",
                    name="reply_too_large",
                    hint="Check api_url and any proxy in between: no chain of certificates is that large.",
                )
        watch.check()
        if _was_cut(response, len(body)):
            raise CallError(
                "the connection to the CA was cut in the middle of the reply",
                hint="Run the task again.",
                retryable=True,
            )
    except Exception:
        if response.status_code == 200:
            raise
        watch.expired = False
    return bytes(body)


def _was_cut(response: Any, size: int) -> bool:
    """Tell whether a reply ended too early, with ``size`` octets of its body."""
    announced = response.headers.get("Content-Length", "")
    # The library takes headers that were cut off for all of them.
    if not announced and "Transfer-Encoding" not in response.headers:
        return size == 0 and response.status_code == 200
    # Older releases of it take a body that was cut off for a whole one.
    countable = announced.isascii() and announced.isdigit()
    # Python makes no number of more than 4300 digits.
    return countable and (len(announced) > 4300 or size < int(announced))
