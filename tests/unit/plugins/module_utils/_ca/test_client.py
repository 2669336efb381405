# Copyright: (c) 2026, mailops.smime contributors
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
    client = Client(net.connect(server))
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
    client = Client(net.connect(net.serve(answer(b"", 503), answer(b"", 503), answer(b"0\n"), answer(b"0\n"))))
    client.ask(ORDER, Query())
    client.ask(ORDER, Query())
    assert client.calls == 4


@pytest.mark.parametrize("order", [Order(), Order(order_number="1" * 129, login_name="n", login_password="p")])
def test_a_wrong_order_is_refused_before_anything_is_sent(order: Order) -> None:
    transport = ScriptedTransport()
    with pytest.raises(OptionError):
        Client(transport).ask(order, Query())
    assert transport.calls == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://user:hunter2@127.0.0.1:1/", "junk"])
def test_a_wrong_url_is_refused_before_anything_is_sent(net: Any, url: str) -> None:
    transport = net.connect(url)
    with pytest.raises(OptionError):
        Client(transport).ask(ORDER, Query())
    assert transport.calls == 0


@pytest.mark.parametrize(
    "host",
    ["a" * 64 + ".example.test", "-", "%", "exa%mple.test", "..", "\u00e4" * 70 + ".test", "*", "a..b", "[::1%25x]"],
)
def test_a_host_that_cannot_be_gives_no_traceback(net: Any, host: str) -> None:
    with pytest.raises(SmimeError):
        Client(net.connect(f"https://{host}/", retries=0, timeout=5)).ask(ORDER, Query())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 501])
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
        Client(net.connect(server, retries=2)).ask(ORDER, Query())
    assert caught.value.name == "http_error"
    assert caught.value.retryable
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_the_cas_error_counts_whatever_the_http_status_says(status: int) -> None:
    reply = Client(ScriptedTransport(HttpResponse(status, "", b"-16\r\nIncorrect login details\r\n"))).ask(
        ORDER, Query()
    )
    assert reply == Reply(-16, "Incorrect login details")


@pytest.mark.parametrize("body", [b"", HTML, b"OK\n"])
def test_a_page_of_somebody_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        Client(ScriptedTransport(body)).ask(ORDER, Query())
    assert caught.value.name == "reply_unreadable"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n"])
def test_an_answer_that_is_cut_in_its_head_is_a_call_error(net: Any, head: bytes) -> None:
    with pytest.raises(CallError):
        Client(net.connect(net.serve(send(head)), retries=0)).ask(ORDER, Query())


def test_a_code_below_zero_becomes_its_error() -> None:
    with pytest.raises(CaError) as caught:
        require_accepted(Reply(-20, "The CSR has been rejected!"))
    assert caught.value.name == "csr_rejected"
    assert caught.value.message == "The CSR has been rejected!"


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_code_from_zero_on_is_accepted(code: int) -> None:
    assert require_accepted(Reply(code)) == Reply(code)


SECRETS = ["hunter2", "two  spaces", "tab\there", " edges ", "b\u00e4r", "(a+b)*", "no\u00a0break", "nul\x01l"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("option", ["login_password", "collection_code"])
def test_a_secret_that_the_ca_repeats_is_taken_out(secret: str, option: str) -> None:
    values = {"order_number": "1", "login_name": "n", "login_password": "p", option: secret}
    body = f"-4\nThe value '{secret}' of the argument is invalid, and so is {secret}!\n".encode()
    reply = Client(ScriptedTransport(body)).ask(Order(**values), Query())
    told = reply.message
    assert told.startswith("The value '")
    pieces = [secret, " ".join(secret.split()), secret.strip(), *secret.split()]
    assert not any(piece in told for piece in pieces)


@pytest.mark.parametrize("shift", range(0, 10, 3))
def test_a_secret_at_the_end_of_a_long_text_is_taken_out_whole(shift: int) -> None:
    # Wherever a long text is cut, no half of a secret remains.
    secret = "correct-horse-battery"
    order = Order(order_number="1", login_name="n", login_password=secret)
    text = "x" * shift + secret * 200
    reply = Client(ScriptedTransport(f"-4\n{text}\n".encode())).ask(order, Query())
    assert "correct" not in reply.message


def test_no_error_of_a_call_tells_a_secret(net: Any) -> None:
    order = Order(order_number="1", login_name="n", login_password="hunter2", collection_code="hunter3")
    bodies = [answer(b"hunter2 hunter3"), answer(b"hunter2", 500), answer(b"hunter3", 302, Location="/?hunter3")]
    client = Client(net.connect(net.serve(*bodies), retries=0))
    for _body in bodies:
        with pytest.raises(CallError) as caught:
            client.ask(order, Query())
        assert "hunter" not in tell(caught.value)
