# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is issued, seen with openssl's eyes; and which requests are refused."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, make_csr, openssl, verifies
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import RunningCa

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
