# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every response type in every encoding that the page allows, in every dialect of lines, armour and order."""

from __future__ import annotations

import base64
import itertools

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import read_reply
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import integer, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import (
    CMMF,
    INDIVIDUAL,
    JAVASCRIPT,
    NETSCAPE,
    PKCS7,
    armour,
    ask,
    fixture_chain,
    read_fixture,
    read_text,
    wrap,
)

VALIDITY = "01/01/2020 31/12/2060\n"


def build_structures(response_type: int) -> list[bytes]:
    """Return what the CA would encode: openssl's work, or for CMMF that of a few lines."""
    if response_type == NETSCAPE:
        return [base64.b64decode("".join(read_text("netscape/sequence.pem").splitlines()[1:-1]))]
    if response_type == PKCS7:
        return [read_fixture("pkcs7/certificates.der")]
    if response_type == INDIVIDUAL:
        return fixture_chain()
    root, intermediate, end_entity = fixture_chain()
    ca_pubs = b"\xa1\x82" + len(root + intermediate).to_bytes(2, "big") + root + intermediate
    response = sequence(integer(1), sequence(integer(0)), sequence(end_entity))
    return [sequence(ca_pubs, sequence(response))]


LABELS = {
    NETSCAPE: ("CERTIFICATE", "NETSCAPE CERTIFICATE SEQUENCE"),
    PKCS7: ("PKCS7", "PKCS #7 SIGNED DATA", "CMS"),
    INDIVIDUAL: ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"),
    CMMF: ("CMMF", "CERTIFICATE"),
}
DRESSES = [
    (response_type, dress)
    for response_type, labels in LABELS.items()
    for dress in (*labels, "page", "bare", "one line", "blank lines")
]


def dress_up(structures: list[bytes], dress: str) -> str:
    if dress == "bare":
        return "".join(wrap(item) for item in structures)
    if dress == "one line":
        return "".join(wrap(item, 100_000) for item in structures)
    if dress == "blank lines":
        return "\n".join(wrap(item, 76) for item in structures)
    if dress == "page":
        return "".join(
            f"----- BEGIN CERTIFICATE -----\n{wrap(item)}---- END CERTIFICATE -----\n" for item in structures
        )
    return "".join(armour(item, dress) for item in structures)


@pytest.mark.parametrize(("response_type", "dress"), DRESSES)
@pytest.mark.parametrize("validity", ["", VALIDITY])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\nCertificate attached\n"])
def test_base64_is_read_in_every_dress(response_type: int, dress: str, validity: str, newline: str, tail: str) -> None:
    body = f"2\n{validity}{dress_up(build_structures(response_type), dress)}{tail}".replace("\n", newline)
    reply = read_reply(body.encode(), ask(response_type))
    assert reply.code == 2
    assert set(reply.certificates) == set(fixture_chain())
    assert (reply.validity is not None) == bool(validity)


@pytest.mark.parametrize(("response_type", "dress"), DRESSES)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_javascript_is_read_in_every_dress(response_type: int, dress: str, quote: str) -> None:
    payload = dress_up(build_structures(response_type), dress).replace("\n", "\\n")
    body = f"var g_errorCode = 2;\nvar g_ccc = {quote}{payload}{quote};\n"
    reply = read_reply(body.encode(), ask(response_type, JAVASCRIPT))
    assert reply.code == 2
    assert set(reply.certificates) == set(fixture_chain())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_individual_certificates_are_taken_in_any_order(order: tuple[int, ...]) -> None:
    chain = fixture_chain()
    body = "2\n" + "".join(armour(chain[place]) for place in order)
    assert read_reply(body.encode(), ask()).certificates == tuple(chain[place] for place in order)


def test_names_between_the_certificates_are_passed_over() -> None:
    body = "2\n" + "".join(f"subject=CN = x\nissuer=CN = y\n\n{armour(item)}\n" for item in fixture_chain())
    assert read_reply(body.encode(), ask()).certificates == tuple(fixture_chain())


@pytest.mark.parametrize("separator", ["", " ", "\n\n\n"])
def test_certificates_without_line_breaks_between_them_are_read(separator: str) -> None:
    body = "2\n" + separator.join(armour(item).replace("\n", "") for item in fixture_chain())
    assert read_reply(body.encode(), ask()).certificates == tuple(fixture_chain())
