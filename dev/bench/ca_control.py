# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark asks of the test CA beside calls."""

from __future__ import annotations

import contextlib
import http
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping

from loopback_ca import IDLE_SECONDS, Authority

from bench import bare_client
from bench.controller import FailedError


def open_account(authority: Authority, login: Mapping[str, str]) -> None:
    """Have the test CA know an account."""
    account = {"login_name": login["login_name"], "password": login["login_password"]}
    if _ask(authority, "POST", "accounts", json.dumps(account)) != http.HTTPStatus.CREATED:
        raise FailedError("the test CA took no account")


@contextlib.contextmanager
def staying_awake(authority: Authority) -> Iterator[None]:
    """Keep the test CA from ending by itself while nobody calls it, as when keys are made for minutes."""
    over = threading.Event()

    def poke() -> None:
        while not over.wait(IDLE_SECONDS / 3):
            _ask(authority, "GET", "ready")

    thread = threading.Thread(target=poke, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _ask(authority: Authority, method: str, name: str, body: str | None = None) -> int:
    connection = bare_client.connect(authority.control_url, authority.ca_path)
    path = f"{urllib.parse.urlsplit(authority.control_url).path}/{name}"
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
