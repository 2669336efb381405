# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every response type in every encoding that the page allows, and the dialects."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import certificates, children, openssl, subjects
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import RunningCa

ROOT, ISSUER, LEAF = "mailops.smime test root", "mailops.smime test issuer", "alice@example.test"
STATUS_STRINGS = {"none": [], "string": ["UTF8STRING"], "sequence": ["SEQUENCE"]}
READERS = {"1": ("nseq",), "2": ("pkcs7", "-print_certs")}


def unwrap(text: str) -> bytes:
    """Take Base64 out of its armour."""
    return base64.b64decode("".join(line for line in text.splitlines() if "-----" not in line))


@pytest.fixture
def order(ca: RunningCa, csr: str) -> dict[str, Any]:
    """Give an order that is issued."""
    return ca.issued(csr)


@pytest.mark.parametrize(("query", "expected"), [("1", [ROOT, ISSUER, LEAF]), ("2", [LEAF]), ("3", [ROOT, ISSUER])])
def test_individual_certificates(ca: RunningCa, order: dict[str, Any], query: str, expected: list[str]) -> None:
    reply = ca.ask(order, queryType=query)
    assert reply.text.startswith("2\n-----BEGIN CERTIFICATE-----\n")
    assert reply.text.endswith("-----END CERTIFICATE-----\n")
    assert subjects(reply.text) == expected
    assert reply.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(("kind", "encoding"), [("1", "0"), ("1", "2"), ("2", "0"), ("2", "1"), ("2", "2")])
def test_bundles_are_what_openssl_reads(ca: RunningCa, order: dict[str, Any], kind: str, encoding: str) -> None:
    reply = ca.ask(order, responseType=kind, responseEncoding=encoding)
    if encoding == "1":
        printed = openssl(*READERS[kind], "-inform", "DER", data=reply.content)
    else:
        armoured = reply.text.removeprefix("2\n")
        if encoding == "2":
            armoured = json.loads(re.findall(r"g_ccc = (\".*\");", reply.text)[0])
        printed = openssl(*READERS[kind], data=armoured.encode())
    assert subjects(printed) == [ROOT, ISSUER, LEAF]


# Each value of a column beside each of every other column.
@pytest.mark.parametrize(
    ("tagging", "ca_pubs", "trailing", "status_string"),
    [
        ("bare", "flat", False, "none"),
        ("bare", "sequence", True, "string"),
        ("bare", "flat", False, "sequence"),
        ("implicit", "sequence", True, "none"),
        ("implicit", "flat", False, "string"),
        ("implicit", "flat", True, "sequence"),
        ("explicit", "flat", True, "none"),
        ("explicit", "sequence", False, "string"),
        ("explicit", "sequence", False, "sequence"),
    ],
)
def test_cmmf_in_all_taggings(
    ca: RunningCa, order: dict[str, Any], tagging: str, ca_pubs: str, trailing: bool, status_string: str
) -> None:
    dialect = {"cmmf_certificate": tagging, "cmmf_ca_pubs": ca_pubs, "cmmf_status_string": status_string}
    ca.change(order, dialect={**dialect, "cmmf_trailing": trailing})
    singles = [unwrap(text) for text in certificates(ca.ask(order).text)]
    authorities, responses = children(unwrap(ca.ask(order, responseType="4").text[2:]))
    assert (authorities.name, responses.name) == ("cont [ 1 ]", "SEQUENCE")
    above = children(authorities.der)
    if ca_pubs == "sequence":
        assert len(above) == 1
        above = children(above[0].der)
    (response,) = children(responses.der)
    number, status, pair, *rest = children(response.der)
    assert [number.name, status.name, pair.name] == ["INTEGER", "SEQUENCE", "SEQUENCE"]
    assert [element.name for element in rest] == ["OCTET STRING"] * trailing
    assert [element.name for element in children(status.der)] == ["INTEGER", *STATUS_STRINGS[status_string]]
    (certificate,) = children(pair.der)
    assert certificate.name == ("SEQUENCE" if tagging == "bare" else "cont [ 0 ]")
    if tagging == "explicit":
        (certificate,) = children(certificate.der)
    assert [*(element.der for element in above), b"\x30" + certificate.der[1:]] == singles


def test_javascript_declares_code_and_certificates(ca: RunningCa, order: dict[str, Any]) -> None:
    reply = ca.ask(order, responseEncoding="2")
    assert reply.headers["Content-Type"] == "text/javascript"
    code, text = re.fullmatch(r"var g_errorCode = (\d+);\nvar g_ccc = (\".*\");\n", reply.text).groups()  # type: ignore[union-attr]
    assert code == "2"
    assert json.loads(text) + "\n" == ca.ask(order).text.removeprefix("2\n")


def test_status_and_errors_are_javascript_if_that_was_asked_for_and_text_in_place_of_a_structure(
    ca: RunningCa, order: dict[str, Any]
) -> None:
    assert ca.ask(order, responseEncoding="2", queryType="0").text == "var g_errorCode = 1;\n"
    refused = ca.ask(order, responseEncoding="2", loginPassword="wrong")
    assert refused.text.startswith('var g_errorCode = -16;\nvar g_errorMessage = "Incorrect login details')
    assert refused.headers["Content-Type"] == "text/javascript"
    binary = {"responseType": "2", "responseEncoding": "1"}
    assert ca.ask(ca.order(no_csr_answer="pending"), **binary).content == b"0\n"
    assert ca.ask(order, loginPassword="wrong", **binary).content.startswith(b"-16\nIncorrect")


@pytest.mark.parametrize(
    ("dialect", "pattern"),
    [
        ({"js_var": False}, r'g_errorCode = 2;\ng_ccc = ".*";\n'),
        ({"js_quote": "single"}, r"var g_errorCode = 2;\nvar g_ccc = '.*\\n.*';\n"),
        ({"js_code": "quoted"}, r'var g_errorCode = "2";\nvar g_ccc = ".*";\n'),
        ({"js_bare": True}, r'var g_errorCode = 2;\nvar g_ccc = "[A-Za-z0-9+/=]+";\n'),
        ({"js_lines": "continuation"}, r'var g_errorCode = 2;\nvar g_ccc = "[^\n]*\\n\\\n(?s:.*)";\n'),
        ({"js_lines": "concat"}, r'var g_errorCode = 2;\nvar g_ccc = "[^\n]*\\n" \+\n"(?s:.*)";\n'),
        ({"trailing": "// done\n"}, r'var g_errorCode = 2;\nvar g_ccc = ".*";\n// done\n'),
    ],
)
def test_javascript_dialects(ca: RunningCa, order: dict[str, Any], dialect: dict[str, object], pattern: str) -> None:
    ca.change(order, dialect=dialect)
    assert re.fullmatch(pattern, ca.ask(order, responseEncoding="2", responseType="2").text)


def test_the_mime_type_follows_the_page(ca: RunningCa, order: dict[str, Any]) -> None:
    wish = {"responseMimeType": "application/x-x509-user-cert"}
    pending = ca.order(no_csr_answer="pending")
    assert ca.ask(order, **wish).headers["Content-Type"] == wish["responseMimeType"]
    assert ca.ask(order, queryType="0", **wish).headers["Content-Type"] == wish["responseMimeType"]
    assert ca.ask(pending, **wish).headers["Content-Type"] == "text/plain"
    assert ca.ask(order, loginPassword="wrong", **wish).headers["Content-Type"] == "text/plain"
    assert ca.ask(order, responseEncoding="2", **wish).headers["Content-Type"] == wish["responseMimeType"]
    binary = {"responseType": "2", "responseEncoding": "1"}
    assert ca.ask(order, **binary).headers["Content-Type"] == "text/plain"
    assert ca.ask(order, **binary, **wish).headers["Content-Type"] == wish["responseMimeType"]


def test_the_validity_line_stands_after_the_code_of_every_query_that_has_a_certificate(
    ca: RunningCa, order: dict[str, Any]
) -> None:
    leaf = certificates(ca.ask(order, queryType="2").text)[0]
    dates = re.findall(r"=(.*) \d\d:\d\d:\d\d (.*) GMT", openssl("x509", "-noout", "-dates", data=leaf.encode()))
    days = [datetime.strptime(" ".join(date), "%b %d %Y").replace(tzinfo=UTC).strftime("%d/%m/%Y") for date in dates]
    for query, code in enumerate("1222"):
        lines = ca.ask(order, queryType=str(query), showValidityPeriod="Y").text.splitlines()
        assert lines[:2] == [code, " ".join(days)]
        assert ca.ask(order, queryType=str(query), showValidityPeriod="N").text.splitlines()[1:2] != lines[1:2]
    assert ca.ask(ca.order(no_csr_answer="pending"), showValidityPeriod="Y").text == "0\n"


@pytest.mark.parametrize(
    ("arrangement", "expected"),
    [
        ("root_first", [ROOT, ISSUER, LEAF]),
        ("end_entity_first", [LEAF, ISSUER, ROOT]),
        ("shuffled", [ISSUER, LEAF, ROOT]),
    ],
)
def test_the_order_of_certificates(ca: RunningCa, order: dict[str, Any], arrangement: str, expected: list[str]) -> None:
    ca.change(order, dialect={"order": arrangement})
    assert subjects(ca.ask(order).text) == expected
    for kind, reader in READERS.items():
        text = ca.ask(order, responseType=kind).text.removeprefix("2\n")
        assert subjects(openssl(*reader, data=text.encode())) == expected


def test_the_page_s_own_armour(ca: RunningCa, order: dict[str, Any]) -> None:
    ca.change(order, dialect={"armour": "page"})
    lines = ca.ask(order).text.splitlines()
    assert lines[1] == "----- BEGIN CERTIFICATE -----"
    assert lines[-1] == "---- END CERTIFICATE -----"


@pytest.mark.parametrize("kind", ["1", "2", "4"])
def test_bundles_without_armour(ca: RunningCa, order: dict[str, Any], kind: str) -> None:
    armoured = unwrap(ca.ask(order, responseType=kind).text[2:])
    ca.change(order, dialect={"armour": "none"})
    text = ca.ask(order, responseType=kind).text
    assert "-" not in text
    assert unwrap(text[2:]) == armoured


def test_line_ends_and_what_follows(ca: RunningCa, order: dict[str, Any]) -> None:
    plain = ca.ask(order, showValidityPeriod="Y").text
    ca.change(order, dialect={"line_end": "crlf", "trailing": "\r\nCertificate attached\r\n"})
    assert ca.ask(order, showValidityPeriod="Y").text == plain.replace("\n", "\r\n") + "\r\nCertificate attached\r\n"


def test_a_dialect_can_be_set_for_all_orders_and_overruled_by_one(ca: RunningCa, order: dict[str, Any]) -> None:
    ca.control("PATCH", "settings", {"dialect": {"order": "end_entity_first", "line_end": "crlf"}})
    assert subjects(ca.ask(order).text.replace("\r", "")) == [LEAF, ISSUER, ROOT]
    ca.change(order, dialect={"line_end": "lf"})
    assert "\r" not in ca.ask(order).text
    assert subjects(ca.ask(order).text) == [LEAF, ISSUER, ROOT]
