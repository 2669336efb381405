# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is issued and revoked, seen with openssl's eyes; and which requests are refused."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, make_csr, openssl, verifies
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import PATIENCE, RunningCa
from cryptography import x509

REJECTED = "-20\nThe CSR has been rejected!\n"
UNSUPPORTED = "-13\nThe CSR uses an unsupported key size\n"


def issue(ca: RunningCa, csr: str, **terms: object) -> str:
    """Have a certificate issued and let openssl print it."""
    order = ca.order(**terms)
    text = ca.ask(order, csr=csr, returnCertificate="Y", queryType="2").text
    return openssl("x509", "-noout", "-text", "-nameopt", "RFC2253", data=certificates(text)[0].encode())


def test_the_certificate_is_for_signing_mail(ca: RunningCa, csr: str, tmp_path: Path) -> None:
    text = ca.ask(ca.order(), csr=csr, returnCertificate="Y").text
    root, intermediate, end_entity = certificates(text)
    assert root == Path(ca.identity["root_path"]).read_text()
    assert verifies(tmp_path, end_entity, intermediate, Path(ca.identity["root_path"]), "-x509_strict")


def test_the_certificate_says_what_was_ordered(ca: RunningCa, csr: str) -> None:
    printed = issue(ca, csr, email="Bob@example.test", common_name="Bob B.")
    assert "email:Bob@example.test" in printed
    assert "Subject: emailAddress=Bob@example.test,CN=Bob B.\n" in printed
    assert re.search(r"Extended Key Usage: *\n *E-mail Protection\n", printed)
    assert re.findall(r"Policy: (\S+)", printed) == ["2.23.140.1.5.1.2"]
    assert "Digital Signature, Key Encipherment" in printed


def test_policy_and_client_use_can_be_chosen(ca: RunningCa, ec_csr: str) -> None:
    printed = issue(ca, ec_csr, policy="2.23.140.1.5.3.3", client_auth=True)
    assert re.findall(r"Policy: (\S+)", printed) == ["2.23.140.1.5.3.3"]
    assert "E-mail Protection, TLS Web Client Authentication" in printed
    assert "Digital Signature, Key Agreement" in printed


@pytest.mark.parametrize(("validity", "offset"), [(365, 0), (90, -60), (30, -31), (10, 5)])
def test_validity_is_whole_days(ca: RunningCa, ec_csr: str, validity: int, offset: int) -> None:
    today = datetime.now(UTC).date()
    printed = issue(ca, ec_csr, validity_days=validity, not_before_days=offset)
    begins, ends = re.findall(r"Not (?:Before|After ): (.*) GMT", printed)
    first, last = (datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=UTC) for text in (begins, ends))
    # The day may turn between the two looks at the clock.
    assert first.date() - timedelta(days=offset) in (today, today + timedelta(days=1))
    assert (first.hour, first.minute, first.second) == (0, 0, 0)
    assert last == first + timedelta(days=validity, seconds=-1)


@pytest.mark.parametrize(
    ("number", "written", "contents"),
    [
        ("1.3.6.1.4.1.311.20.2", "06092B0601040182371402", "1E080055007300650072"),
        ("1.3.6.1.4.1.311.21.7", "06092B0601040182371507", "300A06022A03020164020101"),
    ],
)
def test_the_microsoft_template_is_taken_over(
    ca: RunningCa, tmp_path: Path, number: str, written: str, contents: str
) -> None:
    extra = ("-addext", f"{number}=DER:{contents}")
    csr = make_csr(tmp_path, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", extra=extra)
    text = ca.ask(ca.order(), csr=csr, returnCertificate="Y", queryType="2").text
    der = base64.b64decode("".join(certificates(text)[0].splitlines()[1:-1]))
    assert bytes.fromhex(f"{written}04{len(contents) // 2:02X}{contents}") in der


@pytest.mark.parametrize(
    ("email", "written"),
    [("a@münchen.example", "a@xn--mnchen-3ya.example"), ("jürgen@example.test", "1.3.6.1.5.5.7.8.9")],
)
def test_mailboxes_beyond_ascii(ca: RunningCa, ec_csr: str, email: str, written: str) -> None:
    order = ca.order(email=email)
    text = ca.ask(order, csr=ec_csr, returnCertificate="Y", queryType="2").text
    certificate = certificates(text)[0].encode()
    printed = openssl("x509", "-noout", "-ext", "subjectAltName", data=certificate)
    assert written in printed or "othername" in printed


@pytest.mark.parametrize(
    ("algorithm", "option", "answer"),
    [
        ("RSA", "rsa_keygen_bits:3072", "2\n"),
        ("EC", "ec_paramgen_curve:P-384", "2\n"),
        ("EC", "ec_paramgen_curve:P-521", "2\n"),
        ("ED25519", None, "2\n"),
        ("RSA", "rsa_keygen_bits:1024", UNSUPPORTED),
        ("EC", "ec_paramgen_curve:secp224r1", UNSUPPORTED),
        ("EC", "ec_paramgen_curve:secp256k1", UNSUPPORTED),
    ],
)
def test_keys_that_mail_certificates_may_hold_and_others(
    ca: RunningCa, tmp_path: Path, algorithm: str, option: str | None, answer: str
) -> None:
    asked = make_csr(tmp_path, "-algorithm", algorithm, *(("-pkeyopt", option) if option else ()))
    assert ca.ask(ca.order(), csr=asked, returnCertificate="Y").text.startswith(answer)


def test_ways_to_write_a_csr(ca: RunningCa, csr: str) -> None:
    bare = "".join(csr.splitlines()[1:-1])
    for text in (csr.replace("\n", "\r\n"), bare, csr.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")):
        assert ca.code(ca.order(), csr=text, returnCertificate="Y") == 2


def test_csrs_that_are_refused_and_not_kept(ca: RunningCa, csr: str) -> None:
    der = bytearray(base64.b64decode("".join(csr.splitlines()[1:-1])))
    der[-1] ^= 1  # breaks the signature
    order = ca.order()
    for text in ("nonsense", "QUJD", csr[:-100], csr.replace("+", " "), base64.b64encode(der).decode()):
        if text != csr:
            assert ca.ask(order, csr=text, returnCertificate="Y").text == REJECTED
    assert ca.code(order, csr=csr, returnCertificate="Y") == 2


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
