# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaign begins with: the fixtures, what the test CA answers in each form, what was kept, and the costly patterns."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import requests
from ansible_collections.mailops.smime.tests.unit.plugins import samples
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    encode_key,
    issue_ca,
    make_csr_pem,
    make_key,
    make_rsa_authority,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import corpus, pathological
from loopback_ca import running_authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n0\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n0\n\r\n0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 429 Busy\r\nRetry-After: Mon, 23 Nov 2026 10:00:00 GMT\r\n\r\n",
    b"HTTP/1.0 302 Found\r\nLocation: https://[::1]/\r\nSet-Cookie: a=b; Max-Age=1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n-16\nIncorrect login details\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    + bytes.fromhex("1f8b08000000000000ff33e00200a6a44b6c02000000"),
)
JAVASCRIPT = (
    b"var g_errorCode = -20;\nvar g_errorMessage = 'The CSR has been rejected!';\n",
    b'g_errorCode="2";g_ccc=\'MIIB\\\nAA==\' + "\\n\\x41\\u0042";',
)
TEXTS = (
    b"0\n",
    b"1\n14/05/2013 13/05/2014\n",
    b"-16\nIncorrect login details\n",
    b"-3: The 'csr' argument is missing!",
    b"",
)
FORMS: dict[str, dict[str, object]] = {
    "reply_status": {"queryType": 0},
    "reply_individual": {"queryType": 1, "showValidityPeriod": "Y"},
    "reply_netscape": {"queryType": 1, "responseType": 1},
    "reply_pkcs7": {"queryType": 1, "responseType": 2},
    "reply_cmmf": {"queryType": 1, "responseType": 4},
    "reply_binary": {"queryType": 1, "responseType": 2, "responseEncoding": 1},
    "reply_javascript": {"queryType": 1, "responseEncoding": 2},
}
DIALECTS: tuple[dict[str, object], ...] = (
    {},
    {"armour": "page", "line_end": "crlf", "js_quote": "single", "js_lines": "continuation", "cmmf_certificate": "implicit"},
    {"armour": "none", "trailing": "attached", "js_lines": "concat", "js_code": "quoted", "js_bare": True,
     "cmmf_certificate": "bare", "cmmf_ca_pubs": "sequence", "cmmf_status_string": "sequence"},
)  # fmt: skip


def structures() -> dict[str, bytes]:
    """Return the fixtures' chain in the form that each structure's decoder reads; a glance takes RSA keys only."""
    chain = samples.fixture_chain()
    root, intermediate, end_entity = chain
    response = sequence(integer(1), sequence(integer(0)), sequence(end_entity))
    authority = make_rsa_authority()
    plain = [authority.issue(key=make_rsa_key()), authority.intermediate, authority.root]
    netscape = "".join(samples.read_text("netscape/sequence.pem").splitlines()[1:-1])
    return {
        "structure_individual": end_entity,
        "structure_netscape": base64.b64decode(netscape),
        "structure_pkcs7": samples.read_fixture("pkcs7/certificates.der"),
        "structure_cmmf": sequence(encode(0xA1, root, intermediate), sequence(response)),
        "certificate": end_entity,
        "chain": b"".join(reversed(chain)),
        "pkcs7": samples.read_fixture("pkcs7/certificates.der"),
        "pem": samples.read_fixture("individual/certificates.pem"),
        "glance": b"".join(item.pem for item in plain[:2]),
        "glance_certificate": plain[0].der,
        "glance_chain": b"".join(item.der for item in plain),
        "glance_key": samples.unwrap(encode_key(make_rsa_key(), traditional=True)),
        "a key in PKCS #8": samples.unwrap(encode_key(make_rsa_key())),
    }


def collect(name: str, answers: dict[str, list[bytes]]) -> Iterator[bytes]:
    """Return the seeds of one decoder; ``answers`` are those of the test CA."""
    yield from corpus.read(name)
    shaped = structures()
    yield from answers.get(name, [])
    if name == "http":
        yield from HEADERS
        yield from (b"HTTP/1.1 200 OK\r\n\r\n" + body for body in answers["reply_individual"])
    elif name.startswith(("reply_", "armour", "javascript")):
        yield from TEXTS
        yield from JAVASCRIPT
        yield from (body for bodies in answers.values() for body in bodies)
    else:
        yield from shaped.values()
        yield from (shaped[name],) if name in shaped else ()
        yield issue_ca("seed").der


def collect_costly(name: str, size: int) -> Iterator[bytes]:
    """Return the patterns for one decoder, each of about ``size`` octets."""
    for pattern in pathological.PATTERNS.values():
        if name in pattern.decoders:
            yield pattern.make(size)


def ask_test_ca(folder: Path) -> dict[str, list[bytes]]:
    """Return what the test CA answers in each form and several dialects, by the decoder that reads it: refused, then issued."""
    answers: dict[str, list[bytes]] = {name: [] for name in FORMS}
    orders = [
        {"order_number": f"{number}", "collection_code": f"CODE{number}", "email": ALICE, "dialect": dialect}
        for number, dialect in enumerate(DIALECTS)
    ]
    without: dict[str, object] = {}
    with_csr: dict[str, object] = {"csr": make_csr_pem(make_key()), "returnCertificate": "Y"}
    with running_authority(folder, orders) as authority, requests.Session() as session:
        session.trust_env = False
        session.verify = authority.ca_path
        for order in orders:
            for more in (with_csr, without):
                for name, form in FORMS.items():
                    fields = {"collectionCode": order["collection_code"], "responseEncoding": 0, **form, **more}
                    answers[name].append(session.post(authority.url, fields, timeout=20).content)
    return answers
