# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write replies: every response type in every encoding of the page, and in the dialects that a client must all read."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from test_ca.arguments import Call, Code, Refusal, choice
from test_ca.issuing import UTF8_STRING, Chain, tlv

TEXT = "text/plain"
JAVASCRIPT = "text/javascript"
LINE_WIDTH = 64
QUOTES = {"double": '"', "single": "'"}
PEM_LABELS = MappingProxyType({1: "CERTIFICATE", 2: "PKCS7", 4: "CMMF"})
SEQUENCE, SET, INTEGER, OCTET_STRING, OID = 0x30, 0x31, 0x02, 0x04, 0x06
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

NETSCAPE_CERTIFICATE_SEQUENCE = bytes.fromhex("60 86 48 01 86 F8 42 02 05")  # 2.16.840.1.113730.2.5
PKCS7_DATA = bytes.fromhex("2A 86 48 86 F7 0D 01 07 01")  # 1.2.840.113549.1.7.1
PKCS7_SIGNED_DATA = bytes.fromhex("2A 86 48 86 F7 0D 01 07 02")  # 1.2.840.113549.1.7.2


@dataclass(frozen=True)
class Dialect:
    """How replies are written. Every field has a plain default; orders can ask for another."""

    order: str = choice("root_first", "end_entity_first", "shuffled")
    armour: str = choice("normal", "page", "none")
    line_end: str = choice("lf", "crlf")
    trailing: str = ""
    label: str = ""
    js_var: bool = True
    js_quote: str = choice("double", "single")
    js_lines: str = choice("escape", "continuation", "concat")
    js_code: str = choice("number", "quoted")
    js_message: bool = True
    js_bare: bool = False
    cmmf_certificate: str = choice("explicit", "implicit", "bare")
    cmmf_ca_pubs: str = choice("flat", "sequence")
    cmmf_status_string: str = choice("none", "string", "sequence")
    cmmf_trailing: bool = False
    order_keys: str = choice("page", "lower", "upper")

    @property
    def newline(self) -> str:
        """The line end itself."""
        return "\r\n" if self.line_end == "crlf" else "\n"


@dataclass(frozen=True)
class Answer:
    """What goes back to the client. `code` is none when it was not the endpoint that answered."""

    code: int | None
    body: bytes
    content_type: str = TEXT


def refuse(refusal: Refusal, dialect: Dialect, javascript: bool, content_type: str | None) -> Answer:
    """Answer with a code below zero and its text."""
    if javascript:
        text = declare(dialect, refusal.code, message=refusal.text)
        return Answer(refusal.code, text.encode(), content_type or JAVASCRIPT)
    return Answer(refusal.code, (f"{refusal.code}{dialect.newline}{refusal.text}{dialect.newline}").encode())


def report(call: Call, chain: Chain | None, dialect: Dialect) -> Answer:
    """Answer with the status, and with certificates if the call asked for them and they exist."""
    if chain is None:
        return report_status(call, Code.IN_PROCESS, dialect)
    if call.query_type == 0:
        return report_status(call, Code.AVAILABLE, dialect, validity_line(call, chain))
    if call.response_encoding == 1:
        return Answer(Code.ATTACHED, bundle(call, chain, dialect), call.response_mime_type or TEXT)
    data = encode(call, chain, dialect)
    if call.response_encoding == 2:
        text = declare(dialect, Code.ATTACHED, data=data) + dialect.trailing
        return Answer(Code.ATTACHED, text.encode(), call.response_mime_type or JAVASCRIPT)
    lines = [str(int(Code.ATTACHED)), *validity_line(call, chain), *data.splitlines()]
    text = "".join(line + dialect.newline for line in lines) + dialect.trailing
    return Answer(Code.ATTACHED, text.encode(), call.response_mime_type or TEXT)


def report_status(call: Call, code: Code, dialect: Dialect, lines: Sequence[str] = ()) -> Answer:
    """Answer with a status that comes without certificates."""
    if call.response_encoding == 2:
        return Answer(code, declare(dialect, code).encode(), call.response_mime_type or JAVASCRIPT)
    # A status of zero is always text/plain, one above it takes the type that was asked for.
    content_type = call.response_mime_type if code > 0 else None
    text = "".join(line + dialect.newline for line in (str(int(code)), *lines))
    return Answer(code, text.encode(), content_type or TEXT)


def validity_line(call: Call, chain: Chain) -> list[str]:
    """Show the validity period as DD/MM/YYYY DD/MM/YYYY if it was asked for."""
    if not call.show_validity_period:
        return []
    certificate = chain.end_entity
    days = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    return [" ".join(day.strftime("%d/%m/%Y") for day in days)]


def encode(call: Call, chain: Chain, dialect: Dialect) -> str:
    """Write the certificates as Base64 text."""
    bare_script = call.response_encoding == 2 and dialect.js_bare
    if call.response_type == 3:
        certificates = select(call, chain, dialect)
        if bare_script and len(certificates) == 1:
            return base64.b64encode(certificates[0]).decode()
        return "\n".join(armour(der, "CERTIFICATE", dialect) for der in certificates)
    der = bundle(call, chain, dialect)
    if bare_script:
        return base64.b64encode(der).decode()
    if dialect.armour == "none":
        return wrap(der)
    return armour(der, dialect.label or PEM_LABELS[call.response_type], dialect)


def bundle(call: Call, chain: Chain, dialect: Dialect) -> bytes:
    """Write the one structure that responseType asks for."""
    if call.response_type == 4:
        authorities = [to_der(certificate) for certificate in chain.above]
        if dialect.order == "root_first":
            authorities.reverse()
        return cmmf(to_der(chain.end_entity), authorities, dialect)
    write = netscape_sequence if call.response_type == 1 else pkcs7
    return write(select(call, chain, dialect))


def select(call: Call, chain: Chain, dialect: Dialect) -> list[bytes]:
    """Choose the certificates that queryType asks for, in the dialect's order."""
    upwards = [*([chain.end_entity] if call.query_type != 3 else []), *(chain.above if call.query_type != 2 else ())]
    if dialect.order == "root_first":
        upwards.reverse()
    elif dialect.order == "shuffled":
        # No chance here: a test must see the same on every run. Neither end stands where it belongs.
        upwards = upwards[1:] + upwards[:1] if len(upwards) < 3 else [upwards[1], upwards[0], *upwards[2:]]
    return [to_der(certificate) for certificate in upwards for _copy in range(2 if chain.doubled else 1)]


def to_der(certificate: x509.Certificate) -> bytes:
    """Give a certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)


def armour(der: bytes, label: str, dialect: Dialect) -> str:
    """Put header and footer around Base64, as everybody does or as the page's own sample prints them."""
    if dialect.armour == "page":
        return f"----- BEGIN {label} -----\n{wrap(der)}\n---- END {label} -----"
    return f"-----BEGIN {label}-----\n{wrap(der)}\n-----END {label}-----"


def wrap(der: bytes) -> str:
    """Write Base64 in lines."""
    return "\n".join(textwrap.wrap(base64.b64encode(der).decode(), LINE_WIDTH))


def declare(dialect: Dialect, code: int, message: str | None = None, data: str | None = None) -> str:
    """Declare g_errorCode, and g_errorMessage and g_ccc where there is something to put in them."""
    quote = QUOTES[dialect.js_quote]
    number = f"{quote}{code}{quote}" if dialect.js_code == "quoted" else str(code)
    lines = [statement(dialect, "g_errorCode", number)]
    if message is not None and dialect.js_message:
        lines.append(statement(dialect, "g_errorMessage", literal(dialect, message)))
    if data is not None:
        lines.append(statement(dialect, "g_ccc", literal(dialect, data)))
    return "".join(line + dialect.newline for line in lines)


def statement(dialect: Dialect, name: str, value: str) -> str:
    """Assign a value, with or without `var`."""
    return f"{'var ' if dialect.js_var else ''}{name} = {value};"


def literal(dialect: Dialect, text: str) -> str:
    """Quote a text; `js_lines` tells how its line ends are written."""
    quote = QUOTES[dialect.js_quote]
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").split("\n")
    if dialect.js_lines == "continuation":
        body = f"\\n\\{dialect.newline}".join(escaped)
    elif dialect.js_lines == "concat":
        body = f"\\n{quote} +{dialect.newline}{quote}".join(escaped)
    else:
        body = "\\n".join(escaped)
    return f"{quote}{body}{quote}"


def netscape_sequence(certificates: Sequence[bytes]) -> bytes:
    """Write a Netscape Certificate Sequence."""
    return tlv(
        SEQUENCE,
        tlv(OID, NETSCAPE_CERTIFICATE_SEQUENCE),
        tlv(CONTEXT_0, tlv(SEQUENCE, *certificates)),
    )


def pkcs7(certificates: Sequence[bytes]) -> bytes:
    """Write a certs-only SignedData (RFC 2315, 9.1), in the order given: authorities seldom sort the set."""
    signed_data = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\x01"),
        tlv(SET),
        tlv(SEQUENCE, tlv(OID, PKCS7_DATA)),
        tlv(CONTEXT_0, *certificates),
        tlv(SET),
    )
    return tlv(SEQUENCE, tlv(OID, PKCS7_SIGNED_DATA), tlv(CONTEXT_0, signed_data))


def cmmf(end_entity: bytes, authorities: Sequence[bytes], dialect: Dialect) -> bytes:
    """Write a CertRepContent of the CMMF draft with one response, in one of the taggings that are about."""
    response = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\x01"),
        tlv(SEQUENCE, tlv(INTEGER, b"\x00"), cmmf_status_text(dialect)),
        tlv(SEQUENCE, cmmf_certificate(end_entity, dialect)),
        tlv(OCTET_STRING, b"mailops") if dialect.cmmf_trailing else b"",
    )
    return tlv(SEQUENCE, cmmf_authorities(authorities, dialect), tlv(SEQUENCE, response))


def cmmf_status_text(dialect: Dialect) -> bytes:
    """Write the optional statusString."""
    text = tlv(UTF8_STRING, b"granted")
    return {"none": b"", "string": text, "sequence": tlv(SEQUENCE, text)}[dialect.cmmf_status_string]


def cmmf_certificate(certificate: bytes, dialect: Dialect) -> bytes:
    """Write the certificate bare, or under [0]."""
    if dialect.cmmf_certificate == "implicit":
        return bytes([CONTEXT_0]) + certificate[1:]  # the tag replaces that of the SEQUENCE
    return tlv(CONTEXT_0, certificate) if dialect.cmmf_certificate == "explicit" else certificate


def cmmf_authorities(authorities: Sequence[bytes], dialect: Dialect) -> bytes:
    """Write caPubs, with or without an inner SEQUENCE; it is left out when there is nothing to say."""
    if not authorities:
        return b""
    return tlv(CONTEXT_1, tlv(SEQUENCE, *authorities) if dialect.cmmf_ca_pubs == "sequence" else b"".join(authorities))
