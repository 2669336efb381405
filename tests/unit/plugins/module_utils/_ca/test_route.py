# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the CA as the host describes it: proxies of the environment, and whom the client trusts, which is nobody else."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.connection import check_proxy
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, FileError, OptionError
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    LOOPBACK,
    Issued,
    issue_server,
    issue_server_root,
)
from ansible_collections.mailops.smime.tests.unit.plugins.tls_server import answer, speak_plain_http
from cryptography import x509

FORM = {"loginPassword": "hunter2"}


REFUSAL = b"HTTP/1.1 403 hunter2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BOTH_CASES = [variable for name in ("https_proxy", "all_proxy") for variable in (name, name.upper())]


@pytest.mark.parametrize("variable", BOTH_CASES)
def test_the_call_goes_by_way_of_the_proxy(net: Any, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    proxy = net.serve_plain(REFUSAL)
    monkeypatch.setenv(variable, proxy.url)
    server = net.serve(answer(b"0\n"))
    error, client = net.refuse(server, retries=3)
    # It counts who fails to log in, too.
    assert (error.name, error.retryable, client.calls) == ("connection_failed", False, 1)
    assert "403" in error.message
    assert (server.connections, len(proxy.asked), client.lost) == (0, 1, 0)
    assert proxy.asked[0].startswith("CONNECT 127.0.0.1:")
    assert "hunter2" not in proxy.asked[0]


@pytest.mark.parametrize("proxy_variable", BOTH_CASES)
@pytest.mark.parametrize(("variable", "url"), [("NO_PROXY", "http://127.0.0.1:9"), ("no_proxy", "no proxy at all")])
def test_an_excepted_host_is_called_directly(
    net: Any, monkeypatch: pytest.MonkeyPatch, variable: str, proxy_variable: str, url: str
) -> None:
    monkeypatch.setenv(proxy_variable, url)
    monkeypatch.setenv(variable, "127.0.0.1")
    server = net.serve(answer(b"0\n"), answer(b"0\n"))
    client = net.connect(server)
    assert [client.send(FORM).status for _post in range(2)] == [200, 200]
    assert server.connections == 1


def test_a_proxy_for_http_alone_is_not_asked(net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "no proxy at all")
    assert net.connect(net.serve(answer(b"0\n"))).send(FORM).status == 200


# What is no usable proxy, by the part of it that its error names. P4ss, Sec and ret are parts of passwords.
BAD = {
    "127.0.0.1:9": [
        *(f"http://user:{secret}@127.0.0.1:9" for secret in (
            "P4ss#Secret", "P4ss/Secret", "P4ss?Secret", "1234#Secret", "1234/Secret", "P4ss\\Secret", "P4ss Secret", "P4ss@Secret#",
            "%E2%82%ACP4ss",
        )),
        "user:P4ss#Secret@127.0.0.1:9", "socks5h://user:P4ss@127.0.0.1:9",
    ],
    "127.0.0.1": [
        "http://127.0.0.1:port", "http://127.0.0.1:99999", "http://127.0.0.1:0", "127.0.0.1:port", "http://127.0.0.1:9\x1b[0m",
        "http://127.0.0.1:9?P4ss", "http://127.0.0.1:9#P4ss",
    ],
    "http://": ["http://user:P4ss@", "http://", "http://:9", "http://[::1"],
    "user": ["http://user:P4ss", "user:P4ss"],
    "ftp://127.0.0.1:9": ["ftp://127.0.0.1:9"],
    "socks5://127.0.0.1:9": ["socks5://127.0.0.1:9"],
    "a..b": ["http://a..b:9"],
    "aaaa": ["http://" + "a" * 64 + ":9"],
    "no proxy at all": ["no proxy at all"],
}  # fmt: skip


@pytest.mark.parametrize(("url", "named"), [(url, named) for named, urls in BAD.items() for url in urls])
def test_a_proxy_that_is_none_is_named_at_once_and_without_its_password(
    net: Any, monkeypatch: pytest.MonkeyPatch, url: str, named: str
) -> None:
    monkeypatch.setenv("https_proxy", url)
    server = net.serve(answer(b"0\n"))
    client = net.connect(server)
    with pytest.raises(OptionError) as caught:
        client.send(FORM)
    error = caught.value
    assert named in error.message
    assert "proxy" in error.message
    assert "https_proxy" in error.hint
    assert error.message.isprintable()
    assert not any(part in str(error.describe()) for part in ("P4ss", "Sec", "1234", "ret@"))
    assert (client.calls, client.lost, net.pauses, server.connections, error.retryable) == (0, 0, [], 0, False)


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy.example.test:3128", "http://proxy.example.test:3128/", "https://proxy.example.test", "proxy.example.test:3128",
        "http://user:P4ss%23%40%2F@proxy.example.test:3128", "http://user@[::1]:3128", "http://us%C3%A4r:@10.0.0.1",
        "user:P4ss@proxy:3128", "HTTP://proxy:3128", "", None,
    ],
)  # fmt: skip
def test_a_proxy_that_is_one_is_taken(url: str | None) -> None:
    check_proxy(url)


def test_what_a_proxy_says_about_its_refusal_is_not_repeated(net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = net.serve_plain(b"HTTP/1.1 407 you said dXNlcjpQNHNz, P4ss\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//user:P4ss@"))
    error, client = net.refuse("https://127.0.0.1:1/")
    assert "407" in error.message
    assert "dXNl" not in error.message
    assert "P4ss" not in error.message
    assert client.calls == 1


@pytest.mark.parametrize("kind", ["missing", "pipe", "device", "socket"])
def test_a_ca_path_that_is_no_file_is_refused_without_waiting_for_it(net: Any, tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "other"
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(FileError, match="api_ca_path"):
        net.connect("https://127.0.0.1:1/", ca_path=str(path)).send(FORM)


def test_a_ca_path_may_be_a_folder(net: Any, tmp_path: Path) -> None:
    error, _client = net.refuse(net.serve(answer(b"0\n")), ca_path=str(tmp_path))
    assert error.name == "tls_failed"


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"]
)
def test_a_ca_path_without_certificates_is_a_file_error(net: Any, data: bytes) -> None:
    server = net.serve(answer(b"0\n"))
    with pytest.raises(FileError, match="api_ca_path"):
        net.connect(server, ca_path=net.save("junk.pem", data)).send(FORM)
    assert server.connections == 0


def test_a_private_key_is_no_ca_path(net: Any, server_root: Issued) -> None:
    with pytest.raises(FileError) as caught:
        net.connect("https://127.0.0.1:1/", ca_path=net.save("key.pem", server_root.key_pem)).send(FORM)
    assert "BEGIN" not in caught.value.message


def refuse(net: Any, server: Any, **options: Any) -> CallError:
    """Return the error of a TLS failure, which is never tried again and tells no secret."""
    error: CallError
    error, client = net.refuse(server, **options)
    assert error.name == "tls_failed"
    assert not error.retryable
    assert (client.calls, net.pauses, server.received) == (1, [], [])
    # What is wrong, as the library of this host puts it.
    assert "certificate" in error.message or "doesn't match 'other" in error.message
    return error


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
    error, _client = net.refuse(server, retries=0)
    assert error.name == "tls_failed"


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
