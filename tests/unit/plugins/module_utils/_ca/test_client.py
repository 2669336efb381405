# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query in, the CA's reply out; and no secret in anything that is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, require_accepted
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    CaError,
    CallError,
    OptionError,
    ReplyError,
    SmimeError,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour, fixture_chain
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer, send

ORDER = Order(order_number="12345", login_name="name", login_password="hunter2")
HTML = b"<html><body>Bad Gateway</body></html>"


def tell(error: BaseException) -> str:
    """Return all that an error could tell a user."""
    return repr(error) + repr(vars(error))


def test_a_reply_is_read_over_the_wire(net: Any) -> None:
    body = "2\n" + "".join(armour(item) for item in fixture_chain())
    server = net.serve(answer(body.encode()))
    client = net.connect(server)
    assert client.ask(ORDER, Query(return_certificate=True)) == Reply(2, certificates=tuple(fixture_chain()))
    assert client.calls == 1
    assert server.received[0].form == {
        "loginName": "name",
        "loginPassword": "hunter2",
        "orderNumber": "12345",
        "queryType": "1",
        "returnCertificate": "Y",
        "responseType": "3",
        "responseEncoding": "0",
    }


def test_calls_are_counted_over_all_tries(net: Any) -> None:
    client = net.connect(net.serve(answer(b"", 503), answer(b"", 503), answer(b"0\n"), answer(b"0\n")))
    client.ask(ORDER, Query())
    client.ask(ORDER, Query())
    assert client.calls == 4


@pytest.mark.parametrize("order", [Order(), Order(order_number="1" * 129, login_name="n", login_password="p")])
def test_a_wrong_order_is_refused_before_anything_is_sent(order: Order) -> None:
    client = Client(ScriptedTransport())
    with pytest.raises(OptionError):
        client.ask(order, Query())
    assert client.calls == 0


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


@pytest.mark.parametrize("status", [400, 404, 407, 500, 501])
@pytest.mark.parametrize("body", [b"", HTML, b"2\n", b"0\n"])
def test_an_http_error_is_named(status: int, body: bytes) -> None:
    with pytest.raises(CallError) as caught:
        Client(ScriptedTransport(HttpResponse(status, "text/html", body))).ask(ORDER, Query())
    assert caught.value.name == "http_error"
    assert str(status) in caught.value.message
    assert caught.value.retryable == (status >= 500)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_http_error_that_stays_is_named(net: Any, status: int) -> None:
    server = net.serve(*[answer(HTML, status)] * 3)
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=2).ask(ORDER, Query())
    assert caught.value.name == "http_error"
    assert caught.value.retryable
    assert len(server.received) == 3


@pytest.mark.parametrize("body", [b"", HTML, b"OK\n"])
def test_a_page_of_somebody_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        Client(ScriptedTransport(body)).ask(ORDER, Query())
    assert caught.value.name == "reply_unreadable"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n"])
def test_an_answer_that_is_cut_in_its_head_is_a_call_error(net: Any, head: bytes) -> None:
    with pytest.raises(CallError):
        net.connect(net.serve(send(head)), retries=0).ask(ORDER, Query())


def test_a_code_below_zero_becomes_its_error() -> None:
    with pytest.raises(CaError) as caught:
        require_accepted(Reply(-20, "The CSR has been rejected!"))
    assert caught.value.name == "csr_rejected"
    assert caught.value.message == "The CSR has been rejected!"


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_code_from_zero_on_is_accepted(code: int) -> None:
    assert require_accepted(Reply(code)) == Reply(code)


def test_no_error_of_a_call_tells_a_secret(net: Any) -> None:
    order = Order(order_number="1", login_name="n", login_password="hunter2", collection_code="hunter3")
    bodies = [answer(b"hunter2 hunter3"), answer(b"hunter2", 500), answer(b"hunter3", 302, Location="/?hunter3")]
    client = net.connect(net.serve(*bodies), retries=0)
    for _body in bodies:
        with pytest.raises(CallError) as caught:
            client.ask(order, Query())
        assert "hunter" not in tell(caught.value)
