# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoked certificates and their list, with openssl as the judge."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, openssl, verifies
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PATIENCE, RunningCa
from cryptography import x509


@pytest.fixture(autouse=True)
def _forget(ca: RunningCa) -> None:
    ca.control("DELETE", "crl")


def fetch(ca: RunningCa, scheme: str = "http", **options: Any) -> requests.Response:
    options = {"timeout": PATIENCE, "allow_redirects": False, **options}
    return ca.session.get(ca.control("GET", "crl")["urls"][scheme], **options)


def collect(ca: RunningCa, csr: str, **terms: object) -> tuple[dict[str, Any], list[str]]:
    order = ca.order(**terms)
    return order, certificates(ca.ask(order, csr=csr, returnCertificate="Y").text)


def urls_in(certificate: str) -> list[str]:
    return re.findall(r"URI:(\S+)", openssl("x509", "-noout", "-text", data=certificate.encode()))


def passes(ca: RunningCa, folder: Path, chain: list[str], der: bytes) -> bool:
    """Tell whether openssl takes the certificate, given this list."""
    (folder / "list.pem").write_text(openssl("crl", "-inform", "DER", data=der))
    options = ("-crl_check", "-CRLfile", str(folder / "list.pem"))
    return verifies(folder, chain[2], chain[1], Path(ca.identity["root_path"]), *options)


def test_certificates_say_where_their_list_is_if_that_is_wanted(ca: RunningCa, ec_csr: str) -> None:
    assert urls_in(collect(ca, ec_csr)[1][2]) == []
    for scheme in ("http", "https"):
        ca.control("PATCH", "settings", {"crl": scheme})
        (url,) = urls_in(collect(ca, ec_csr)[1][2])
        assert url == ca.control("GET", "crl")["urls"][scheme]
        assert ca.session.get(url, timeout=PATIENCE).headers["Content-Type"] == "application/pkix-crl"
    others = ["ldap://127.0.0.1/cn=list", "http://127.0.0.1:9/list"]
    assert urls_in(collect(ca, ec_csr, crl_urls=others)[1][2]) == others


def test_a_revoked_certificate_is_on_the_list_and_no_other(ca: RunningCa, ec_csr: str, tmp_path: Path) -> None:
    (order, chain), (_other, sound) = collect(ca, ec_csr), collect(ca, ec_csr)
    assert passes(ca, tmp_path, chain, fetch(ca).content)
    ca.control("POST", f"orders/{order['order_number']}/revoke")
    for scheme in ("http", "https"):
        assert not passes(ca, tmp_path, chain, fetch(ca, scheme).content)
        assert passes(ca, tmp_path, sound, fetch(ca, scheme).content)
    assert ca.code(order) == -21


@pytest.mark.parametrize(
    ("reason", "code"), [("unspecified", None), ("keyCompromise", "01"), ("certificateHold", "06")]
)
def test_the_list_says_why_and_when(ca: RunningCa, ec_csr: str, reason: str, code: str | None) -> None:
    order, _chain = collect(ca, ec_csr)
    ca.control("POST", f"orders/{order['order_number']}/revoke", {"reason": reason, "days_ago": 3})
    printed = openssl("asn1parse", "-inform", "DER", data=fetch(ca).content)
    assert re.findall(r"0A01(..)$", printed, re.MULTILINE) == ([code] if code else [])
    times = [text[:6] for text in re.findall(r"UTCTIME +:(\d+)Z", printed)]
    assert times[0] > times[2]


def test_any_serial_number_can_be_revoked_and_all_forgotten(ca: RunningCa) -> None:
    ca.control("POST", "crl", {"serial_number": "4711", "reason": "superseded"})
    assert "1267" in openssl("crl", "-inform", "DER", "-noout", "-text", data=fetch(ca).content)
    assert ca.control("GET", "crl")["revoked"] == [{"serial_number": "4711", "reason": "superseded", "days_ago": 0}]
    assert ca.control("DELETE", "crl")["revoked"] == []


def test_who_asked_for_the_list_is_counted(ca: RunningCa) -> None:
    fetch(ca)
    ca.control("PATCH", "settings", {"crl_trouble": "garbage"})
    fetch(ca, "https")
    assert ca.control("GET", "crl")["fetches"] == [
        {"scheme": "http", "trouble": "none"},
        {"scheme": "https", "trouble": "garbage"},
    ]
    assert ca.calls() == []


@pytest.mark.parametrize(
    "trouble", ["expired", "not_yet_valid", "wrong_signature", "wrong_issuer", "unknown_extension"]
)
def test_a_list_that_openssl_does_not_take(ca: RunningCa, ec_csr: str, tmp_path: Path, trouble: str) -> None:
    _order, chain = collect(ca, ec_csr)
    ca.control("PATCH", "settings", {"crl_trouble": trouble})
    assert not passes(ca, tmp_path, chain, fetch(ca).content)


def test_a_list_of_what_is_new_since_another_says_so(ca: RunningCa) -> None:
    """Releases of openssl differ in whether they take it."""
    ca.control("PATCH", "settings", {"crl_trouble": "delta"})
    found = x509.load_der_x509_crl(fetch(ca).content).extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert found.critical


def test_a_list_that_is_none(ca: RunningCa) -> None:
    found = {}
    for trouble in ("garbage", "empty", "truncated", "pem", "redirect", "not_found", "unavailable"):
        ca.control("PATCH", "settings", {"crl_trouble": trouble})
        reply = fetch(ca)
        found[trouble] = (reply.status_code, reply.content[:1])
    assert found == {
        "garbage": (200, b"<"),
        "empty": (200, b""),
        "truncated": (200, b"0"),
        "pem": (200, b"-"),
        "redirect": (302, b""),
        "not_found": (404, b"n"),
        "unavailable": (503, b"t"),
    }


def test_a_list_that_does_not_come_to_an_end(ca: RunningCa) -> None:
    ca.control("PATCH", "settings", {"crl_trouble": "too_large"})
    with fetch(ca, stream=True) as reply:
        assert int(reply.headers["Content-Length"]) > 32 * 1024 * 1024
    for trouble in ("cut", "silent"):
        ca.control("PATCH", "settings", {"crl_trouble": trouble})
        with pytest.raises(requests.RequestException):
            fetch(ca, timeout=0.5)


def test_a_list_is_good_for_as_long_as_was_told(ca: RunningCa) -> None:
    ca.control("PATCH", "settings", {"crl_seconds": 3600})
    printed = openssl("asn1parse", "-inform", "DER", data=fetch(ca).content)
    begins, ends = (int(text[6:8]) for text in re.findall(r"UTCTIME +:(\d+)Z", printed)[:2])
    assert (ends - begins) % 24 == 1


def test_without_tls_there_is_the_list_alone_unless_the_endpoint_is_wanted(there: Path) -> None:
    server = RunningCa(there)
    assert server.identity["http_url"] is None
    base = server.control("GET", "crl")["urls"]["http"].removesuffix("/crl/issuer.crl")
    for path in ("/products/download/RequestAndCollectSMIME", "/test-ca/v1/ready", "/"):
        assert server.session.get(base + path, timeout=PATIENCE).status_code == 404
    server.stop()
