# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that sends and does nothing else: what it takes is the CA's own time."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.parse
from collections.abc import Mapping, Sequence

from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query, build_form

from bench.controller import FailedError

TIMEOUT = 60


def write_form(order_number: str, login: Mapping[str, str], csr: str) -> dict[str, str]:
    """Return the form that the module sends for a first issue."""
    return build_form(Order(order_number, **login), Query(csr=csr, return_certificate=True))


def send(url: str, ca_path: str, forms: Sequence[Mapping[str, str]]) -> float:
    """POST ``forms`` over one connection, one after the other, and return the seconds. Raises FailedError for a refusal."""
    path = urllib.parse.urlsplit(url).path
    bodies = [urllib.parse.urlencode(form) for form in forms]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection = connect(url, ca_path)
    start = time.perf_counter()
    try:
        for body in bodies:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse().read()
            if b"BEGIN CERTIFICATE" not in answer:
                raise FailedError(f"the test CA did not issue for the bare client: {answer[:80]!r}")
    finally:
        connection.close()
    return time.perf_counter() - start


def connect(url: str, ca_path: str) -> http.client.HTTPSConnection:
    """Return a connection to the test CA, not open yet."""
    parts = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=ca_path)
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=TIMEOUT, context=context)
