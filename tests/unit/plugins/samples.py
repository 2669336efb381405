# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixture files, and the forms in which the CA may send them."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from cryptography import x509
from cryptography.hazmat.primitives import serialization

FIXTURES = Path(__file__).resolve().parent / "fixtures"

NETSCAPE, PKCS7, INDIVIDUAL, CMMF = 1, 2, 3, 4
BASE64, BINARY, JAVASCRIPT = 0, 1, 2


def read_fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def read_text(name: str) -> str:
    return read_fixture(name).decode("ascii")


def fixture_chain() -> list[bytes]:
    """Return the DER of the fixtures' root, intermediate and end entity."""
    text = read_fixture("individual/certificates.pem")
    blocks = [block + b"-----END CERTIFICATE-----\n" for block in text.split(b"-----END CERTIFICATE-----\n")[:-1]]
    return [x509.load_pem_x509_certificate(block).public_bytes(serialization.Encoding.DER) for block in blocks]


def ask(response_type: int = INDIVIDUAL, response_encoding: int = BASE64, query_type: int = 1) -> Query:
    return Query(query_type=query_type, response_type=response_type, response_encoding=response_encoding)


# What can be asked for: of a binary reply, the page knows one type.
QUERIES = [
    ask(response_type, encoding)
    for response_type in (NETSCAPE, PKCS7, INDIVIDUAL, CMMF)
    for encoding in (BASE64, BINARY, JAVASCRIPT)
    if encoding != BINARY or response_type == PKCS7
]


# A refused login in every form, with the CA's words and without, and the HTTP statuses that it may come with.
WORDS = "Incorrect login details"
WITH_WORDS = [
    *(f"-16{between}{WORDS}\n".encode() for between in ("\n", "\r\n", "\r", "\n\n", " ", "\t", ": ", ":", ", ", "; ")),
    *(f"{before}-16\n{WORDS}".encode() for before in ("\r\n \n", "\ufeff", "\ufeff ", "<html><body>\n")),
    f"-16\n{WORDS}".encode("utf-16"),
    f"-16 {WORDS}".encode("utf-16-be"),
    f"g_errorCode=-16;g_errorMessage='{WORDS}'".encode(),
    f'var g_errorCode = "-16";\nvar g_errorMessage = "{WORDS}";\nvar g_ccc = "";\n'.encode(),
    f"var g_ccc='';\nvar g_errorMessage='{WORDS}', g_errorCode='-' + '16';".encode(),
    f"\ufeffg_errorCode=`-16`;g_errorMessage=`{WORDS}`".encode(),
]
BARE = [
    b"-16", b"-16\n", b'"-16"', b"var g_errorCode=-16", b"var g_errorCode=-16;var g_errorMessage=(oops)",
    b"<script>g_errorCode = -16;</script>", b'{"errorCode": -16, "errorMessage": "no"}',
    b"errorCode=-16&errorMessage=no", b"g_errorCode/**/=-16",
]  # fmt: skip
STATUSES = [200, 201, 302, 400, 401, 403, 404, 429, 500, 502, 503, 504]


def wrap(data: bytes, width: int = 64) -> str:
    """Return base64 in lines, the last one ended."""
    encoded = base64.b64encode(data).decode("ascii")
    return "".join(encoded[start : start + width] + "\n" for start in range(0, len(encoded), width))


def armour(data: bytes, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{wrap(data)}-----END {label}-----\n"


def unwrap(pem: bytes) -> bytes:
    """Return what the one block of a PEM file says."""
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


def openssl(*arguments: str, data: bytes) -> bytes:
    """Return what openssl makes of ``data``, or skip the test where there is none."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl on this machine")
    return subprocess.run([program, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout
