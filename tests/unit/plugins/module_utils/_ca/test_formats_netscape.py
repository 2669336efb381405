# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netscape Certificate Sequences, as openssl writes them."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.formats import read_netscape
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.samples import fixture_chain, openssl, read_fixture

OID = bytes.fromhex("06096086480186f8420205")


def decode_pem(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


def test_a_stored_sequence_of_openssl_is_read_in_its_order() -> None:
    assert read_netscape(decode_pem(read_fixture("netscape/sequence.pem"))) == fixture_chain()


def test_a_sequence_that_openssl_makes_now_is_read() -> None:
    pem = openssl("nseq", "-toseq", data=read_fixture("individual/certificates.pem"))
    assert read_netscape(decode_pem(pem)) == fixture_chain()


def test_our_few_lines_write_what_openssl_writes() -> None:
    ours = sequence(OID, encode(0xA0, sequence(*fixture_chain())))
    assert ours == decode_pem(read_fixture("netscape/sequence.pem"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        sequence(),
        sequence(OID),
        sequence(OID, encode(0xA0)),
        sequence(OID, encode(0xA1, sequence())),
        sequence(OID, encode(0xA0, encode(0x31))),
        sequence(OID, encode(0xA0, sequence()), sequence()),
        sequence(bytes.fromhex("06092a864886f70d010702"), encode(0xA0, sequence())),
        sequence(OID, encode(0xA0, sequence())) + b"\x00",
        encode(0x31, OID, encode(0xA0, sequence())),
        fixture_chain()[0],
    ],
)
def test_anything_else_is_unreadable(data: bytes) -> None:
    with pytest.raises(ReplyError):
        read_netscape(data)
