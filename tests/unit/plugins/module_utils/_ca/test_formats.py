# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four structures: Netscape's and PKCS #7 as openssl writes them, and CMMF, which no library writes, in every tagging."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.formats import (
    read_cmmf,
    read_individual,
    read_netscape,
    read_pkcs7,
)
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import (
    NETSCAPE_OID,
    UTF8_STRING,
    encode,
    integer,
    sequence,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import fixture_chain, openssl, read_fixture, unwrap

ROOT, INTERMEDIATE, END_ENTITY = CHAIN = fixture_chain()
GRANTED = sequence(integer(0))
TEXT = encode(UTF8_STRING, "granted, \u00e4".encode())
CERTIFICATES = [END_ENTITY, b"\xa0" + END_ENTITY[1:], encode(0xA0, END_ENTITY)]  # bare, implicit, explicit
CA_PUBS = [encode(0xA1, ROOT, INTERMEDIATE), encode(0xA1, sequence(ROOT, INTERMEDIATE))]  # implicit, explicit
STATUSES = [
    GRANTED,
    sequence(integer(1)),  # with modifications
    sequence(integer(0), TEXT),
    sequence(integer(0), sequence(TEXT, TEXT)),
    sequence(integer(0), TEXT, encode(0x03, b"\x07\x80")),  # with a failure's bits
]


def respond(certificate: bytes = END_ENTITY, status: bytes = GRANTED, tail: bytes = b"") -> bytes:
    return sequence(integer(1), status, sequence(certificate), tail)


def cmmf(*responses: bytes, ca_pubs: bytes = b"") -> bytes:
    return sequence(ca_pubs, sequence(*responses))


def test_cmmf_is_read_in_every_tagging() -> None:
    for certificate, ca_pubs, status, tail in itertools.product(
        CERTIFICATES, CA_PUBS, STATUSES, [b"", encode(0x04, b"info")]
    ):
        assert read_cmmf(cmmf(respond(certificate, status, tail), ca_pubs=ca_pubs)) == CHAIN
    assert all(read_cmmf(cmmf(respond(certificate))) == [END_ENTITY] for certificate in CERTIFICATES)


BESIDE = sequence(END_ENTITY, encode(0xA0, sequence()), encode(0xA1, sequence()))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (cmmf(respond(), ca_pubs=encode(0xA1, ROOT)), [ROOT, END_ENTITY]),
        (cmmf(respond(), ca_pubs=encode(0xA1, sequence(ROOT))), [ROOT, END_ENTITY]),
        (cmmf(respond(), ca_pubs=encode(0xA1)), [END_ENTITY]),
        (cmmf(respond(), ca_pubs=encode(0xA1, sequence())), [END_ENTITY]),
        (cmmf(respond(), respond(encode(0xA0, INTERMEDIATE))), [END_ENTITY, INTERMEDIATE]),
        (cmmf(sequence(integer(1), GRANTED), ca_pubs=CA_PUBS[0]), [ROOT, INTERMEDIATE]),
        (cmmf(sequence(integer(1), GRANTED, BESIDE)), [END_ENTITY]),
    ],
    ids=["one above", "one above, explicit", "none above", "none above, explicit", "two", "none", "more in the pair"],
)
def test_cmmf_holds_any_number_of_certificates(data: bytes, expected: list[bytes]) -> None:
    assert read_cmmf(data) == expected


@pytest.mark.parametrize("status", [2, 3, 4, 5, -1, 255])
def test_a_status_of_cmmf_that_is_no_grant_is_refused(status: int) -> None:
    with pytest.raises(ReplyError, match="not granted"):
        read_cmmf(cmmf(respond(status=sequence(integer(status)))))


def test_an_encrypted_certificate_is_called_one() -> None:
    with pytest.raises(ReplyError, match="encrypted"):
        read_cmmf(cmmf(respond(encode(0xA1, END_ENTITY))))


def test_netscape_s_sequence_is_read_in_its_order() -> None:
    stored = unwrap(read_fixture("netscape/sequence.pem"))
    assert read_netscape(stored) == CHAIN
    assert sequence(NETSCAPE_OID, encode(0xA0, sequence(*CHAIN))) == stored, "our few lines write what openssl writes"
    made_now = openssl("nseq", "-toseq", data=read_fixture("individual/certificates.pem"))
    assert read_netscape(unwrap(made_now)) == CHAIN


@pytest.mark.parametrize("name", ["certificates.der", "end_entity_first.der"])
def test_every_certificate_of_openssl_s_pkcs7_is_read_once(name: str) -> None:
    assert sorted(read_pkcs7(read_fixture(f"pkcs7/{name}"))) == sorted(CHAIN)


@pytest.mark.parametrize(
    "data",
    [
        # ContentInfo of signedData, without the content that is OPTIONAL there, and with an empty one.
        "300b06092a864886f70d010702",
        "300d06092a864886f70d010702a000",
        "301206092a864886f70d010702a00530030201ff",
    ],
)
def test_signed_data_without_content_does_not_end_the_interpreter(data: str) -> None:
    # In a process of its own: the library's crash would take all other tests along.
    program = (
        "import sys\n"
        f"from {read_pkcs7.__module__} import read_pkcs7\n"
        f"from {ReplyError.__module__} import ReplyError\n"
        "try:\n"
        f"    read_pkcs7(bytes.fromhex('{data}'))\n"
        "except ReplyError:\n"
        "    sys.exit(7)\n"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 7


def test_a_certificate_by_itself_is_itself() -> None:
    assert [read_individual(item) for item in CHAIN] == [[item] for item in CHAIN]


ANYTHING_ELSE = {
    read_individual: [b"\x02\x01\x05", ROOT[:-1], ROOT + b"\x00"],
    read_pkcs7: [b"\x30\x00", ROOT, read_fixture("pkcs7/certificates.der")[:-1]],
    read_netscape: [
        sequence(),
        sequence(NETSCAPE_OID),
        sequence(NETSCAPE_OID, encode(0xA0)),
        sequence(NETSCAPE_OID, encode(0xA1, sequence())),
        sequence(NETSCAPE_OID, encode(0xA0, encode(0x31))),
        sequence(NETSCAPE_OID, encode(0xA0, sequence()), sequence()),
        sequence(bytes.fromhex("06092a864886f70d010702"), encode(0xA0, sequence())),
        sequence(NETSCAPE_OID, encode(0xA0, sequence())) + b"\x00",
        encode(0x31, NETSCAPE_OID, encode(0xA0, sequence())),
        ROOT,
    ],
    read_cmmf: [
        sequence(), sequence(encode(0xA1, ROOT)), sequence(sequence(), sequence()),
        sequence(encode(0xA1, ROOT), sequence(), sequence()), encode(0x31, sequence(respond())),
        cmmf(respond()) + b"\x00", cmmf(respond(), ca_pubs=encode(0xA1, integer(5))),
        cmmf(respond(), ca_pubs=encode(0xA1, sequence(integer(5)))), cmmf(respond(), ca_pubs=encode(0xA2, ROOT)),
        cmmf(integer(1)), cmmf(sequence()), cmmf(sequence(integer(1))), cmmf(sequence(GRANTED, integer(1))),
        cmmf(sequence(integer(1), sequence())), cmmf(sequence(integer(1), sequence(TEXT))),
        cmmf(sequence(integer(1), GRANTED, sequence())), cmmf(respond(encode(0xA0))),
        cmmf(respond(encode(0xA0, integer(1)))), cmmf(respond(encode(0x80, b"\x01"))),
        cmmf(respond(sequence(integer(1)))), cmmf(respond(END_ENTITY[:-1])),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("read", "data"), [(read, data) for read, structures in ANYTHING_ELSE.items() for data in (b"", b"0", *structures)]
)
def test_anything_else_is_unreadable(read: object, data: bytes) -> None:
    assert callable(read)
    with pytest.raises(ReplyError):
        read(data)
