# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies as the CA may send them, and what damage makes of them: strategies for hypothesis."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from typing import Any

from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, issue_ca, make_authority
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import (
    NETSCAPE_OID,
    SIGNED_DATA_OID,
    encode,
    integer,
    nest,
    sequence,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour, fixture_chain, wrap
from hypothesis import strategies as st

MARKS = ("utf8", "\u00e4\u00f6", "xn--", "\u200d", "\ud7ff", "=", "+/", "-----")


@lru_cache(maxsize=None)
def stock() -> tuple[bytes, ...]:
    """Return the certificates that replies are made of: two chains, and one with a mailbox beyond ASCII."""
    authority = make_authority()
    mailbox = encode(0x0C, "\u00e4lice@example.test".encode())
    return (
        *fixture_chain(), authority.root.der, authority.intermediate.der, authority.issue().der,
        authority.issue(utf8_mailboxes=(mailbox,), policies=("2.23.140.1.5.1.2",)).der, issue_ca(ALICE).der,
    )  # fmt: skip


def certificates() -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.sampled_from(stock()), min_size=1, max_size=5)


def bundle(response_type: int, chain: list[bytes], tagging: int) -> list[bytes]:
    """Return the structures of a response type around ``chain``; ``tagging`` chooses one of CMMF's ways."""
    if response_type == 1:
        return [sequence(NETSCAPE_OID, encode(0xA0, sequence(*chain)))]
    if response_type == 2:
        signed = sequence(integer(1), b"\x31\x00", sequence(), encode(0xA0, *chain), b"\x31\x00")
        return [sequence(SIGNED_DATA_OID, encode(0xA0, signed))]
    if response_type == 3:
        return chain
    own = (chain[-1], encode(0xA0, chain[-1]), b"\xa0" + chain[-1][1:])[tagging % 3]
    above = [encode(0xA1, *((sequence(*chain[:-1]),) if tagging % 2 else chain[:-1]))] if chain[1:] else []
    return [sequence(*above, sequence(sequence(integer(1), sequence(integer(0)), sequence(own))))]


# How the armour of each response type is called.
LABELS = {
    1: ("CERTIFICATE", "NETSCAPE CERTIFICATE SEQUENCE"),
    2: ("PKCS7", "PKCS #7 SIGNED DATA", "CMS"),
    3: ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"),
    4: ("CMMF", "CERTIFICATE"),
}


@st.composite
def bodies(draw: Any, response_type: int) -> tuple[list[bytes], bytes]:
    """Return the certificates of a good reply in base64, and the reply."""
    chain = draw(certificates())
    structures = bundle(response_type, chain, draw(st.integers(0, 5)))
    dress = draw(st.sampled_from(["bare", "page", *LABELS[response_type]]))
    if dress == "bare":
        text = "".join(wrap(item, draw(st.sampled_from([64, 76, 100_000]))) for item in structures)
    elif dress == "page":
        text = "".join(
            f"----- BEGIN CERTIFICATE -----\n{wrap(item)}---- END CERTIFICATE -----\n" for item in structures
        )
    else:
        text = "".join(armour(item, dress) for item in structures)
    validity = draw(st.sampled_from(["", "14/05/2013 13/05/2014\n"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    tail = draw(st.sampled_from(["", "\nCertificate attached\n"]))
    return chain, f"2\n{validity}{text}{tail}".replace("\n", newline).encode()


@st.composite
def declarations(draw: Any, response_type: int = 3) -> tuple[list[bytes], bytes]:
    """Return the certificates of a good reply in JavaScript, and the reply."""
    chain = draw(certificates())
    quote = draw(st.sampled_from(["'", '"']))
    joint = draw(st.sampled_from(["\\n", "\\n\\\n", f"\\n{quote} +\n {quote}", "\\x0a", "\\u000a"]))
    structures = bundle(response_type, chain, draw(st.integers(0, 5)))
    label = draw(st.sampled_from(LABELS[response_type]))
    payload = joint.join("".join(armour(item, label) for item in structures).splitlines())
    word = draw(st.sampled_from(["var ", "", "window."]))
    code = draw(st.sampled_from(["2", "'2'", '"2"']))
    return chain, f"{word}g_errorCode = {code};\n{word}g_ccc={quote}{payload}{quote};\n".encode()


def wrapped(data: bytes) -> bytes:
    return b"2\n" + base64.b64encode(data)


# What is put into the middle of something good: ends, lengths that cannot be, nesting, text of every kind.
SHARDS = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([mark.encode() for mark in MARKS]),
    st.sampled_from(
        [b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\xa0\x84\x7f\xff\xff\xff", b"\x1f\x81\x00", b"\x30\x82\xff\xff"]
    ),
    st.sampled_from(
        [b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----", b"' + '", b"\\u00", b"\\\n", b"\r", b"\x00"]
    ),
    st.integers(1, 120).map(nest),
    st.sampled_from([b"-16\n", b"2\n", b"99/99/9999 31/02/2020\n", b"correct horse"]),
)


@st.composite
def damaged(draw: Any, good: st.SearchStrategy[bytes]) -> bytes:
    """Return something good that a few accidents have happened to."""
    data: bytes = draw(good)
    for _accident in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.sampled_from([0, 0, 1, 2, 7, 300]))
        kind = draw(st.sampled_from(["shard", "shard", "cut", "double", "turn"]))
        piece = data[start:end]
        if kind == "cut":
            data = data[:start]
        elif kind == "shard":
            data = data[:start] + draw(SHARDS) + data[end:]
        elif kind == "double":
            data = data[:end] + piece + data[end:]
        else:
            data = data[:start] + bytes(octet ^ 0x80 for octet in piece) + data[end:]
    return data


# Values as JSON can bring them.
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def altered(draw: Any, values: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Return ``values`` with one of them, somewhere, left out, renamed or replaced by anything else."""
    whole: dict[str, Any] = json.loads(json.dumps(draw(values)))
    place = whole
    while True:
        name = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or draw(st.booleans()):
            break
        place = place[name]
    before = place.pop(name)
    if draw(st.integers(0, 3)):
        place[draw(st.sampled_from([name, name, name, "other"]))] = draw(st.one_of(JSON, st.just([before])))
    return whole
