# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused login can lock the account: it is recognised in every form, and nothing more is sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import read_refusal, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import NotAttemptedError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    BINARY,
    JAVASCRIPT,
    PKCS7,
    armour,
    ask,
    fixture_chain,
)
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer

ORDER = Order(order_number="12345", login_name="name", login_password="hunter2")
WORDS = "Incorrect login details"
WITH_WORDS = [
    f"-16\n{WORDS}\n".encode(),
    f"-16\r\n{WORDS}\r\n".encode(),
    f"-16\r{WORDS}".encode(),
    f"-16\n\n{WORDS}".encode(),
    f"-16 {WORDS}\n".encode(),
    f"-16\t{WORDS}".encode(),
    f"-16: {WORDS}\n".encode(),
    f"-16:{WORDS}\n".encode(),
    f"-16, {WORDS}".encode(),
    f"-16; {WORDS}".encode(),
    f"\r\n \n-16\n{WORDS}".encode(),
    f"\ufeff-16\n{WORDS}".encode(),
    f"\ufeff -16: {WORDS}".encode(),
    f"-16\n{WORDS}".encode("utf-16"),
    f"-16 {WORDS}".encode("utf-16-be"),
    f"<html><body>\n-16 {WORDS}".encode(),
    f"g_errorCode=-16;g_errorMessage='{WORDS}'".encode(),
    f'var g_errorCode = "-16";\nvar g_errorMessage = "{WORDS}";\nvar g_ccc = "";\n'.encode(),
    f"var g_ccc='';\nvar g_errorMessage='{WORDS}', g_errorCode='-' + '16';".encode(),
    f"\ufeffg_errorCode=`-16`;g_errorMessage=`{WORDS}`".encode(),
]
BARE = [
    b"-16",
    b"-16\n",
    b'"-16"',
    b"var g_errorCode=-16",
    b"var g_errorCode=-16;var g_errorMessage=(oops)",
    b"<script>g_errorCode = -16;</script>",
    b'{"errorCode": -16, "errorMessage": "no"}',
    b"errorCode=-16&errorMessage=no",
    b"g_errorCode/**/=-16",
]
STATUSES = [200, 201, 302, 400, 401, 403, 404, 429, 500, 502, 503, 504]
QUERIES = [Query(query_type=0), ask(), ask(PKCS7), ask(PKCS7, BINARY), ask(response_encoding=JAVASCRIPT)]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("body", [*WITH_WORDS, *BARE])
def test_a_refusal_is_read_in_every_form_whatever_was_asked_for(body: bytes, query: Query) -> None:
    reply = read_reply(body, query)
    assert reply == read_refusal(body)
    assert reply.code == LOGIN_FAILED
    if body in WITH_WORDS:
        assert reply.message == WORDS


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", [*WITH_WORDS, *BARE])
def test_a_refused_login_is_one_post_and_the_last(net: Any, body: bytes, status: int) -> None:
    server = net.serve(*[answer(body, status)] * 5)
    client = net.connect(server)
    assert client.ask(ORDER, Query(csr="MIIB")).code == LOGIN_FAILED
    with pytest.raises(NotAttemptedError):
        client.ask(ORDER, Query())
    assert (len(server.received), client.calls, net.pauses) == (1, 1, [])


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", b"<html>Forbidden</html>", b"0\n", b"2\n", b"-20\nThe CSR has been rejected!\n"])
def test_http_s_own_refusals_are_refused_logins_whatever_the_body_says(net: Any, body: bytes, status: int) -> None:
    server = net.serve(*[answer(body, status, Content_Encoding="gzip" if body == b"2\n" else "identity")] * 2)
    client = net.connect(server)
    reply = client.ask(ORDER, Query())
    assert reply.code == LOGIN_FAILED
    assert str(status) in reply.message
    with pytest.raises(NotAttemptedError):
        client.ask(ORDER, Query())
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0\n",
        b"1\n",
        b"16\nlogin",
        b"- 16",
        b"-",
        b"-9999999999\nlong",
        b"2\n-16\n",
        b"var g_errorCode=2;var g_ccc='-16'",
        b"<html>503-16 Service Unavailable",
        b"<!-- 16 -->",
        b"2\n" + armour(fixture_chain()[0]).encode(),
        b"-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_is_no_refusal_is_not_taken_for_one(body: bytes) -> None:
    assert read_refusal(body) is None
