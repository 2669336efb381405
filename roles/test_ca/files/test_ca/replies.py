# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a reply into the form that a call asked for (section Response)."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from test_ca import structures
from test_ca.arguments import Call
from test_ca.codes import Code, Refusal
from test_ca.dialects import Dialect
from test_ca.issuing import Chain
from test_ca.javascript import declare

TEXT = "text/plain"
JAVASCRIPT = "text/javascript"
LINE_WIDTH = 64


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
    return armour(der, dialect.label or structures.PEM_LABELS[call.response_type], dialect)


def bundle(call: Call, chain: Chain, dialect: Dialect) -> bytes:
    """Write the one structure that responseType asks for."""
    if call.response_type == 4:
        authorities = [to_der(certificate) for certificate in chain.above]
        if dialect.order == "root_first":
            authorities.reverse()
        return structures.cmmf(to_der(chain.end_entity), authorities, dialect)
    write = structures.netscape_sequence if call.response_type == 1 else structures.pkcs7
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
