# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the client trusts: the system's CAs or api_ca_path, and nobody else."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import issue_server, issue_server_root
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer, speak_plain_http
from cryptography import x509

FORM = {"loginPassword": "hunter2"}


def refuse(net: Any, server: Any, **options: Any) -> CallError:
    """Return the error of a TLS failure, which is never tried again and tells no secret."""
    client = net.connect(server, **options)
    with pytest.raises(CallError) as caught:
        client.send(FORM)
    assert caught.value.name == "tls_failed"
    assert not caught.value.retryable
    assert (client.calls, net.pauses, server.received) == (1, [], [])
    assert "hunter2" not in caught.value.message + caught.value.hint
    # What is wrong, as the library of this host puts it.
    assert "certificate" in caught.value.message or "doesn't match 'other" in caught.value.message
    return caught.value


def test_a_certificate_for_another_host_is_refused(net: Any) -> None:
    other = issue_server(net.root, x509.DNSName("other.example.test"))
    refuse(net, net.serve(answer(b"0\n"), identity=other))


def test_a_certificate_of_an_unknown_ca_is_refused(net: Any) -> None:
    refuse(net, net.serve(answer(b"0\n")), ca_path=net.save("other.pem", issue_server_root("Other Root").pem))


def test_without_a_ca_path_a_private_ca_is_refused(net: Any) -> None:
    error = refuse(net, net.serve(answer(b"0\n")), ca_path=None)
    assert "api_ca_path" in error.hint


def test_an_expired_certificate_is_refused(net: Any) -> None:
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    expired = issue_server(net.root, address, datetime(2002, 1, 1, tzinfo=timezone.utc))
    refuse(net, net.serve(answer(b"0\n"), identity=expired))


def test_a_server_without_tls_is_refused(net: Any) -> None:
    server = net.serve(answer(b"0\n"), greetings=(speak_plain_http,))
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=0).send(FORM)
    assert caught.value.name == "tls_failed"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_the_environment_does_not_open_what_the_ca_path_closes(
    net: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, net.ca_path)
    refuse(net, net.serve(answer(b"0\n")), ca_path=net.save("other.pem", issue_server_root("Other Root").pem))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_the_environment_does_not_close_what_the_ca_path_opens(
    net: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, net.save("other.pem", issue_server_root("Other Root").pem))
    server = net.serve(answer(b"0\n"), answer(b"0\n"))
    client = net.connect(server)
    assert [client.send(FORM).status for _post in range(2)] == [200, 200]
