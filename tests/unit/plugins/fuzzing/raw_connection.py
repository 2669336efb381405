# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that says the same bytes to whoever connects, without a network: the real transport and the real HTTP library read them."""

from __future__ import annotations

import io
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._ca import transport
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport
from urllib3.connectionpool import HTTPSConnectionPool

URL = "https://ca.example.test/RequestAndCollectSMIME"


class _Socket:
    """A connection on which all has been said already: what is to be read is in ``file``."""

    def __init__(self, file: io.BytesIO) -> None:
        self.file = file

    def makefile(self, *_arguments: Any, **_options: Any) -> io.BytesIO:
        return self.file

    def sendall(self, _data: bytes) -> None:
        """Take the request."""

    def settimeout(self, _seconds: float) -> None:
        """Never wait."""

    def shutdown(self, _how: int) -> None:
        """Be over."""

    def close(self) -> None:
        """Be over."""


class RawTransport(Transport):
    """A Transport to a server that answers ``data``, the same to each try.

    ``pauses`` are those that a client makes with ``pause``, ``taken`` is how many octets the last try read of the answer at most.
    """

    def __init__(self, data: bytes, retries: int = 0) -> None:
        super().__init__(Endpoint(URL, timeout=20, retries=retries))
        self.pauses: list[float] = []
        self.taken = 0
        self.data = data

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        # Else the library would ask the socket whether it is still there.
        self.close()

    def open(self) -> None:
        """Open the transport's own session, and put a connection of ours below it."""
        if self._session is not None:
            return
        raw = self

        class File(io.BytesIO):
            def close(self) -> None:
                if not self.closed:
                    raw.taken = self.tell()
                super().close()

        class Connection(HTTPSConnectionPool.ConnectionCls):  # type: ignore[valid-type,misc]
            def connect(self) -> None:
                self.sock = _Socket(File(raw.data))
                self.is_verified = True

        class Pool(HTTPSConnectionPool):
            ConnectionCls = Connection

        session = transport._open_session(self._watch, self.endpoint)
        adapter: Any = session.get_adapter(URL)
        adapter.poolmanager.pool_classes_by_scheme = {"https": Pool}
        # TLS is not tried here, and each input would read the bundle of CAs anew.
        adapter.cert_verify = lambda *_arguments, **_options: None
        self._session = session
