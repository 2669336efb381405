# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every decoder of bytes that the CA controls, as functions from bytes to nothing: one row a decoder.

A decoder here may return, or raise what its docstring in the collection promises. Anything else is a defect: another
exception, or an answer that breaks a rule stated below. The property tests and the pathological inputs
use this table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils import _verify as verification
from ansible_collections.mailops.smime.plugins.module_utils._ca import formats
from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import LONGEST_PAUSE, Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import MAX_BODY
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError, ReplyError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers, crl, der
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.inspection import Criteria, inspect_certificate, sort
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW, make_rsa_authority
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.raw_connection import RawTransport

PASSWORD = "correct horse"
ORDER = Order("12345", "name", PASSWORD)
MOST_OCTETS = 2 * MAX_BODY + 8 * 1024 * 1024
LONGEST_ERROR = 5000  # characters: what an administrator's terminal still shows


@dataclass(frozen=True)
class Decoder:
    """What is tried: ``run`` with the body of a reply, or with a part of it in the form that ``suffix`` names."""

    run: Callable[[bytes], None]
    raises: tuple[type[Exception], ...] = (SmimeError,)

    def accepts(self, data: bytes) -> bool:
        """Tell whether ``data`` was read to the end. Raises what no decoder may raise."""
        try:
            self.run(data)
        except Exception as error:
            if not isinstance(error, self.raises):
                raise
            assert len(str(error)) <= LONGEST_ERROR, f"an error of {len(str(error))} characters"
            assert PASSWORD not in str(error), "an error with the password"
            return False
        return True


def _read_as(query: Query) -> Callable[[bytes], None]:
    def run(body: bytes) -> None:
        _use(read_reply(body, query, ORDER.secrets))

    return run


def _use(reply: Reply) -> None:
    """Do with a reply all that the modules do with it."""
    assert replies.from_values(json.loads(json.dumps(replies.to_values(reply)))) == reply
    assert len(reply.certificates) <= 100
    assert len(reply.message) <= 500
    assert reply.message.isprintable()
    assert PASSWORD not in reply.message
    replies.require_accepted(reply)
    told: list[str] = []
    _use_pool(list(verification.load_reply(reply, told.append)))
    assert sum(map(len, told)) < LONGEST_ERROR


def _use_pool(pool: list[Certificate]) -> None:
    ordered = sort(pool)
    assert set(ordered) == set(pool)
    for item in ordered[:4]:
        _use_certificate(item)
    for trusted in (None, tuple(pool[:1])):
        try:
            chain = paths.build(ordered[0], pool, trusted, NOW) if ordered else None
        except CheckError as error:
            assert len(error.message) <= LONGEST_ERROR
        else:
            assert chain is None or set(chain.chain) <= set(pool)


def _use_certificate(item: Certificate) -> None:
    json.dumps(certificates.describe(item, NOW))
    json.dumps(inspect_certificate(item, Criteria(NOW, item.public_key, ALICE)))
    if len(item.der) < 500_000:
        assert certificates.load_pem(item.to_pem())[0].public_key == item.public_key


def _read_der(data: bytes) -> None:
    """Walk all of the tree, as far as its limits let us."""
    left = [der.read_whole(data)]
    for _step in range(10_000):
        if not left:
            break
        element = left.pop()
        assert data[element.start : element.end] == element.encoded
        assert element.start < element.content <= element.end <= len(data)
        if element.tag & 0x20:
            children = element.children()
            assert b"".join(child.encoded for child in children) == element.value
            left += children


def _read_structure(read_certificates: Callable[[bytes], list[bytes]]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        for certificate in read_certificates(data):
            # What is taken out is a part of what came in; CMMF's implicit tag alone is written anew.
            assert certificate in data or certificate[1:] in data
            assert der.read_whole(certificate).tag in range(256)

    return run


def _load_certificate(data: bytes) -> None:
    _use_certificate(certificates.load_der(data))


def _load_pem(data: bytes) -> None:
    _use_pool(certificates.load_pem(data)[:20])


def _load_pkcs7(data: bytes) -> None:
    _use_pool(containers.load_pkcs7(data)[:20])


def _exchange(data: bytes) -> None:
    """Give ``data`` to the real HTTP library as all that the server sends, headers first; twice, since it may be retried."""
    transport = RawTransport(data, retries=1)
    client = Client(transport, transport.pause)
    try:
        exchange = client.exchange(ORDER, Query())
        assert len(exchange.response.body) <= MAX_BODY
        json.dumps(exchange.response.content_type)
    finally:
        transport.close()
        # What may be read: headers (the library's limits), a body, and what the library reads ahead.
        assert transport.taken <= MOST_OCTETS, transport.taken
        assert all(0 <= pause <= LONGEST_PAUSE for pause in transport.pauses), transport.pauses
        assert client.calls <= 2


def _look_up(data: bytes) -> None:
    """Whatever a list is, it says something of a certificate, and nothing else happens."""
    issued = make_rsa_authority().intermediate, make_rsa_authority().root
    own, issuer = (certificates.load_der(item.der) for item in issued)
    said = crl.look_up(crl.load(data), own, issuer, NOW)
    json.dumps(crl.describe(said))
    assert (said.status == "unknown") == bool(said.why)


DECODERS = {
    "reply_status": Decoder(_read_as(Query(query_type=0))),
    "reply_individual": Decoder(_read_as(Query(show_validity_period=True))),
    "reply_netscape": Decoder(_read_as(Query(response_type=1))),
    "reply_pkcs7": Decoder(_read_as(Query(response_type=2))),
    "reply_cmmf": Decoder(_read_as(Query(response_type=4))),
    "reply_binary": Decoder(_read_as(Query(response_type=2, response_encoding=1))),
    "reply_javascript": Decoder(_read_as(Query(response_encoding=2))),
    "http": Decoder(_exchange),
    "der": Decoder(_read_der, (ReplyError,)),
    "structure_individual": Decoder(_read_structure(formats.read_individual), (ReplyError,)),
    "structure_netscape": Decoder(_read_structure(formats.read_netscape), (ReplyError,)),
    "structure_pkcs7": Decoder(_read_structure(formats.read_pkcs7), (ReplyError,)),
    "structure_cmmf": Decoder(_read_structure(formats.read_cmmf), (ReplyError,)),
    "certificate": Decoder(_load_certificate, (ValueError,)),
    "pem": Decoder(_load_pem, (ValueError,)),
    "pkcs7": Decoder(_load_pkcs7, (ValueError,)),
    "crl": Decoder(_look_up, (ValueError,)),
}
