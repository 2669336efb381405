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

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
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


@pytest.mark.parametrize("fault", ["another host", "expired", "an unknown CA", "no CA path"])
def test_a_certificate_that_deserves_no_trust_is_refused(net: Any, fault: str) -> None:
    identity, options = None, {}
    if fault == "another host":
        identity = issue_server(net.root, x509.DNSName("other.example.test"))
    if fault == "expired":
        identity = issue_server(net.root, LOOPBACK, datetime(2002, 1, 1, tzinfo=timezone.utc))
    if fault == "an unknown CA":
        options["ca_path"] = net.save("other.pem", issue_server_root("Other Root").pem)
    if fault == "no CA path":
        options["ca_path"] = None
    error = refuse(net, net.serve(answer(b"0\n"), identity=identity), **options)
    assert ("api_ca_path" in error.hint) or fault != "no CA path"


def test_a_server_without_tls_is_refused(net: Any) -> None:
    server = net.serve(answer(b"0\n"), greetings=(speak_plain_http,))
    with pytest.raises(CallError) as caught:
        net.connect(server, retries=0).send(FORM)
    assert caught.value.name == "tls_failed"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_the_environment_neither_opens_what_the_ca_path_closes_nor_closes_what_it_opens(
    net: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    other = net.save("other.pem", issue_server_root("Other Root").pem)
    monkeypatch.setenv(variable, net.ca_path)
    refuse(net, net.serve(answer(b"0\n")), ca_path=other)
    monkeypatch.setenv(variable, other)
    client = net.connect(net.serve(answer(b"0\n"), answer(b"0\n")))
    assert [client.send(FORM).status for _post in range(2)] == [200, 200]
