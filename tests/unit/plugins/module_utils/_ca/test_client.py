# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query in, the CA's reply out; a refused login, which can lock the account, is seen in every form and is the last call."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_refusal, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query, build_form
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    CallError,
    NotAttemptedError,
    OptionError,
    SmimeError,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BARE,
    QUERIES,
    STATUSES,
    WITH_WORDS,
    WORDS,
    armour,
    fixture_chain,
)
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer

ORDER = Order(order_number="12345", login_name="name", login_password="hunter2")
HTML = b"<html><body>Bad Gateway</body></html>"


def test_a_reply_is_read_over_the_wire(net: Any) -> None:
    body = "2\n" + "".join(map(armour, fixture_chain()))
    server = net.serve(answer(b"", 503), answer(body.encode()), answer(f"-16\n{WORDS}".encode(), 503))
    client = net.connect(server)
    assert client.ask(ORDER, Query(return_certificate=True)) == Reply(2, certificates=tuple(fixture_chain()))
    assert server.received[0].form == build_form(ORDER, Query(return_certificate=True))
    assert client.ask(ORDER, Query()) == Reply(LOGIN_FAILED, WORDS)
    with pytest.raises(NotAttemptedError):
        client.ask(ORDER, Query())
    assert client.calls == len(server.received) == 3


@pytest.mark.parametrize("body", [*WITH_WORDS, *BARE])
def test_a_refused_login_is_seen_in_every_form_and_the_last_call(body: bytes) -> None:
    expected = Reply(LOGIN_FAILED, WORDS if body in WITH_WORDS else read_reply(body, Query()).message)
    assert read_refusal(body) == expected
    assert all(read_reply(body, query) == expected for query in [Query(query_type=0), *QUERIES])
    for status in STATUSES:
        client = Client(ScriptedTransport(HttpResponse(status, "text/plain", body), retries=3))
        assert client.ask(ORDER, Query(csr="MIIB")) == expected
        with pytest.raises(NotAttemptedError):
            client.ask(ORDER, Query())
        assert client.calls == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", b"<html>Forbidden</html>", b"0\n", b"2\n", b"-20\nThe CSR has been rejected!\n"])
def test_http_s_own_refusals_are_refused_logins_whatever_the_body_says(body: bytes, status: int) -> None:
    for encoded in (False, True):
        client = Client(ScriptedTransport(HttpResponse(status, "", b"" if encoded else body, "", encoded), retries=3))
        reply = client.ask(ORDER, Query())
        assert reply.code == LOGIN_FAILED
        assert str(status) in reply.message
        with pytest.raises(NotAttemptedError):
            client.ask(ORDER, Query())


@pytest.mark.parametrize(
    "body",
    [
        b"", b"0\n", b"16\nlogin", b"- 16", b"-", b"-9999999999\nlong", b"2\n-16\n", b"var g_errorCode=2;var g_ccc='-16'",
        b"<html>503-16 Service Unavailable", b"<!-- 16 -->", b"2\n" + armour(fixture_chain()[0]).encode(),
        b"-----BEGIN CERTIFICATE-----",
    ],
)  # fmt: skip
def test_what_is_no_refusal_is_not_taken_for_one(body: bytes) -> None:
    assert read_refusal(body) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://user:hunter2@127.0.0.1:1/", "junk"])
def test_a_wrong_url_is_refused_before_anything_is_sent(net: Any, url: str) -> None:
    client = net.connect(url)
    with pytest.raises(OptionError):
        client.ask(ORDER, Query())
    assert client.calls == 0


@pytest.mark.parametrize(
    "host",
    ["a" * 64 + ".example.test", "-", "%", "exa%mple.test", "..", "\u00e4" * 70 + ".test", "*", "a..b", "[::1%25x]"],
)
def test_a_host_that_cannot_be_gives_no_traceback(net: Any, host: str) -> None:
    with pytest.raises(SmimeError):
        net.connect(f"https://{host}/", retries=0, timeout=5).ask(ORDER, Query())


@pytest.mark.parametrize("status", [400, 404, 407, 429, 500, 501, 502, 503, 504])
def test_an_http_error_is_named(status: int) -> None:
    for body in (b"", HTML, b"2\n", b"0\n"):
        with pytest.raises(CallError) as caught:
            Client(ScriptedTransport(HttpResponse(status, "text/html", body))).ask(ORDER, Query())
        assert caught.value.name == "http_error"
        assert str(status) in caught.value.message
        assert caught.value.retryable == (status >= 500 or status == 429)


def test_no_error_of_a_call_tells_a_secret(net: Any) -> None:
    order = Order(order_number="1", login_name="n", login_password="hunter2", collection_code="hunter3")
    bodies = [answer(b"hunter2 hunter3"), answer(b"hunter2", 500), answer(b"hunter3", 302, Location="/?hunter3")]
    client = net.connect(net.serve(*bodies), retries=0)
    for _body in bodies:
        with pytest.raises(CallError) as caught:
            client.ask(order, Query())
        assert "hunter" not in repr(caught.value) + repr(vars(caught.value))
