# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that cost a careless decoder far more than their size: one row a pattern, each as large as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import issue_ca
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import (
    NETSCAPE_OID,
    SIGNED_DATA_OID,
    encode,
    integer,
    nest,
    sequence,
)

_AUTHORITY = issue_ca("a")


@dataclass(frozen=True)
class Pattern:
    """``make`` returns an input of about so many octets for the decoders named."""

    decoders: tuple[str, ...]
    make: Callable[[int], bytes]


def repeat(piece: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: before + piece * max(1, (size - len(before) - len(after)) // len(piece)) + after


def fill(*wrapping: Callable[[bytes], bytes], piece: bytes) -> Callable[[int], bytes]:
    """Return ``piece`` many times, wrapped by one function after the other."""

    def make(size: int) -> bytes:
        data = piece * (size // len(piece))
        for wrap in wrapping:
            data = wrap(data)
        return data

    return make


def _extend(oid: bytes, *items: bytes) -> bytes:
    return rewrite(extensions=sequence(encode(0x06, oid), encode(0x04, sequence(*items))))


def many_names(size: int) -> bytes:
    names = (f"{number:06}@example.test".encode() for number in range(size // 21))
    return _extend(b"\x55\x1d\x11", *(encode(0x81, name) for name in names))


def long_address(size: int) -> bytes:
    return _extend(b"\x55\x1d\x11", encode(0x81, b"a" * size + b"@example.test"))


def many_usages(size: int) -> bytes:
    return _extend(b"\x55\x1d\x25", *(encode(0x06, b"\x2b\x06\x01" + _number(each)) for each in range(size // 8)))


def many_policies(size: int) -> bytes:
    policies = (encode(0x06, b"\x67\x81\x0c\x01\x05\x01" + _number(number)) for number in range(size // 13))
    return _extend(b"\x55\x1d\x20", *(sequence(policy) for policy in policies))


def many_extensions(size: int) -> bytes:
    oids = (b"\x2b\x06\x01\x04\x01" + _number(number) for number in range(size // 20))
    return rewrite(extensions=b"".join(sequence(encode(0x06, oid), encode(0x04, b"\x05\x00")) for oid in oids))


def many_attributes(size: int) -> bytes:
    attribute = encode(0x31, sequence(encode(0x06, b"\x55\x04\x0b"), encode(0x0C, b"a")))
    return rewrite(subject=sequence(attribute * (size // len(attribute))))


def _number(number: int) -> bytes:
    """Return one arc of an object identifier, always in three octets' worth of numbers."""
    number += 1 << 14
    return bytes([0x80 | number >> 14, 0x80 | number >> 7 & 0x7F, number & 0x7F])


def large_key(size: int) -> bytes:
    """Return a certificate for an RSA key of that many octets, as which nothing but a prime number is missing."""
    modulus = encode(0x02, b"\x00" + b"\xff" * size)
    algorithm = sequence(encode(0x06, bytes.fromhex("2a864886f70d010101")), b"\x05\x00")
    key = sequence(modulus, encode(0x02, b"\x01\x00\x01"))
    return rewrite(public_key=sequence(algorithm, encode(0x03, b"\x00" + key)))


def rewrite(subject: bytes | None = None, public_key: bytes | None = None, extensions: bytes | None = None) -> bytes:
    """Return a certificate with another subject, key or other extensions; its signature is that of before."""
    tbs, algorithm, signature = der.read_whole(_AUTHORITY.der).children()
    fields = [field.encoded for field in tbs.children()]
    if subject is not None:
        fields[5] = subject
    if public_key is not None:
        fields[6] = public_key
    if extensions is not None:
        fields[7] = encode(0xA3, sequence(extensions))
    return sequence(sequence(*fields), algorithm.encoded, signature.encoded)


_TEXT = ("reply_individual", "reply_pkcs7")
_MESSAGE = ("reply_status",)
_JAVASCRIPT = ("reply_javascript",)
_STRUCTURES = ("structure_individual", "structure_netscape", "structure_pkcs7", "structure_cmmf", "der")
_OK = b"HTTP/1.1 200 OK\r\n"

PATTERNS = {
    "beginnings": Pattern(_TEXT, repeat(b"-----BEGIN CERTIFICATE-----\n", b"2\n")),
    "ends": Pattern(_TEXT, repeat(b"-----END CERTIFICATE-----\n", b"2\n")),
    "half a marker": Pattern(_TEXT, repeat(b"-----BEGIN ", b"2\n")),
    "long labels": Pattern(_TEXT, repeat(b"-----BEGIN " + b"A" * 39, b"2\n")),
    "dashes": Pattern(_TEXT, repeat(b"-", b"2\n")),
    "empty blocks": Pattern(_TEXT, repeat(b"-----BEGIN A-----\n-----END A-----\n", b"2\n")),
    "small blocks": Pattern(_TEXT, repeat(b"-----BEGIN A-----\nMAA=\n-----END A-----\n", b"2\n")),
    "one line of base64": Pattern(_TEXT, repeat(b"A", b"2\n")),
    "small bare blocks": Pattern(_TEXT, repeat(b"MAA=\n", b"2\n")),
    "empty lines": Pattern(_TEXT, repeat(b"\n", b"2\n")),
    "lines of a letter": Pattern(_TEXT, repeat(b"A\n\n", b"2\n")),
    "padding": Pattern(_TEXT, repeat(b"=", b"2\n")),
    "digits": Pattern(_MESSAGE, repeat(b"9", b"-")),
    "spaces before the code": Pattern(("reply_individual", "reply_binary"), repeat(b" ", b"", b"2\n")),
    "spaces after the code": Pattern(_MESSAGE, repeat(b" ", b"-1")),
    "a message of words": Pattern(_MESSAGE, repeat(b"a ", b"-20\n")),
    "a message of passwords": Pattern(_MESSAGE, repeat(b"correct horse", b"-20\n")),
    "broken characters": Pattern(_MESSAGE, repeat(b"\xf0\x9f", b"-20\n")),
    **{
        f"a message in a coat of {piece!r}": Pattern(_MESSAGE, repeat(piece, b"-20\n"))
        for piece in (b"%25", b"&amp;", b"\\\\", b"=3D", b"QUJDREVG ", b"<b>", b"+", b"41424344 ")
    },
    "sums": Pattern(_JAVASCRIPT, repeat(b"'a'+", b"g_errorCode = 2; g_ccc = ")),
    "signs": Pattern(_JAVASCRIPT, repeat(b" +", b"g_errorCode = 2")),
    "backslashes": Pattern(_JAVASCRIPT, repeat(b"\\", b"g_errorCode = 2; g_ccc = '")),
    "escapes": Pattern(_JAVASCRIPT, repeat(b"\\x41", b"g_errorCode = 2; g_ccc = '")),
    "joined lines": Pattern(_JAVASCRIPT, repeat(b"\\\n", b"g_errorCode = 2; g_ccc = '")),
    "lines in a string": Pattern(_JAVASCRIPT, repeat(b"\n", b"g_errorCode = 2; g_ccc = '", b"'")),
    "quotes in a string": Pattern(_JAVASCRIPT, repeat(b'"', b"g_errorCode = 2; g_ccc = '", b"'")),
    "declarations": Pattern(_JAVASCRIPT, repeat(b"g_errorCode = 2;", b"")),
    "declarations without a sign": Pattern(_JAVASCRIPT, repeat(b"g_errorCode ", b"g_errorCode = 2;")),
    "assignments": Pattern(_JAVASCRIPT, repeat(b"g_errorCode=", b"g_errorCode = ")),
    "strings without an end": Pattern(_JAVASCRIPT, repeat(b"g_ccc='", b"g_errorCode = 2;")),
    "gaps": Pattern(_JAVASCRIPT, repeat(b"g_errorCode = 2" + b" " * 999, b"")),
    "deep sequences": Pattern((*_STRUCTURES, "certificate", "pkcs7", "reply_binary"), nest),
    "deep tags": Pattern(_STRUCTURES, lambda size: nest(size, 0xA0)),
    "empty elements": Pattern(_STRUCTURES, fill(sequence, piece=b"\x30\x00")),
    "a length beyond the end": Pattern(_STRUCTURES, repeat(b"\xff", b"\x30\x84")),
    "long lengths": Pattern(_STRUCTURES, fill(sequence, piece=b"\x30\x84\x00\x00\x00\x00")),
    "netscape's elements": Pattern(
        ("structure_netscape", "reply_binary"),
        fill(sequence, lambda data: sequence(NETSCAPE_OID, encode(0xA0, data)), piece=_AUTHORITY.der),
    ),
    "the elements of PKCS #7": Pattern(
        ("structure_pkcs7", "pkcs7", "reply_binary"),
        fill(
            lambda data: sequence(
                SIGNED_DATA_OID, encode(0xA0, sequence(integer(1), b"\x31\x00", sequence(), encode(0xA0, data)))
            ),
            piece=_AUTHORITY.der,
        ),
    ),
    "the responses of CMMF": Pattern(
        ("structure_cmmf",),
        fill(sequence, sequence, piece=sequence(integer(1), sequence(integer(0)), sequence(_AUTHORITY.der))),
    ),
    "a large key": Pattern(("certificate",), large_key),
    "many names": Pattern(("certificate",), many_names),
    "a long address": Pattern(("certificate",), long_address),
    "many usages": Pattern(("certificate",), many_usages),
    "many policies": Pattern(("certificate",), many_policies),
    "many extensions": Pattern(("certificate",), many_extensions),
    "many attributes": Pattern(("certificate",), many_attributes),
    "header lines": Pattern(("http",), repeat(b"A: b\r\n", _OK, b"\r\n0\n")),
    "a long header": Pattern(("http",), repeat(b"a", _OK + b"A: ", b"\r\n\r\n0\n")),
    "digits of a length": Pattern(("http",), repeat(b"9", _OK + b"Content-Length: ", b"\r\n\r\n0\n")),
    "digits of a pause": Pattern(("http",), repeat(b"9", b"HTTP/1.1 503 Busy\r\nRetry-After: ", b"\r\n\r\n0\n")),
    "spaces of a pause": Pattern(("http",), repeat(b" ", b"HTTP/1.1 503 Busy\r\nRetry-After: 1", b"1\r\n\r\n0\n")),
    "cookies": Pattern(("http",), repeat(b"Set-Cookie: a=b; expires=Mon, 1\r\n", _OK, b"\r\n0\n")),
    "small chunks": Pattern(
        ("http",), repeat(b"1\r\na\r\n", _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n")
    ),
    "interim answers": Pattern(("http",), repeat(b"HTTP/1.1 100 Continue\r\n\r\n", b"", _OK + b"\r\n0\n")),
    "an endless body": Pattern(("http",), repeat(b"a", _OK + b"\r\n")),
    "an endless redirect": Pattern(("http",), repeat(b"a", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")),
}
