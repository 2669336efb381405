# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a reply, section "Response" of RequestAndCollectSMIME: a pure function from bytes to values."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._ca import codes, formats
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import (
    QUERY_TYPES,
    RESPONSE_ENCODINGS,
    RESPONSE_TYPES,
    Query,
)
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509.der import read_element

_FORMATS = {
    RESPONSE_TYPES["netscape"]: formats.read_netscape,
    RESPONSE_TYPES["pkcs7"]: formats.read_pkcs7,
    RESPONSE_TYPES["individual"]: formats.read_individual,
    RESPONSE_TYPES["cmmf"]: formats.read_cmmf,
}

# A line of text, which no DER is.
_STATUS_LINE = re.compile(rb"\s*\d{1,9}\s*(\n|\Z)")
_STATUS = re.compile(r"[0-9]{1,9}\Z")
# A code below 0 at the beginning, whatever stands before it unseen and after it: a message, in the same line or the next.
_REFUSAL = re.compile(r"""[^!-~]*(?:<[^<>]{0,500}>[^!-~]*)*["']?(-[0-9]{1,9})(?![0-9])["'\s:;,.]*""")
# The same under its name, in JavaScript, JSON or a form.
_NAMED_REFUSAL = re.compile(r"""errorcode[^0-9a-z-]{0,12}(-[0-9]{1,9})(?![0-9])""", re.IGNORECASE)
_VALIDITY = re.compile(r"(\d{2})/(\d{2})/(\d{4})[ \t]+(\d{2})/(\d{2})/(\d{4})\Z")
_MESSAGE_LENGTH = 500
_MAX_CERTIFICATES = 100


@dataclass(frozen=True)
class Validity:
    """The validity line: the first and the last second, in UTC, at which the certificate is valid."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Reply:
    """A reply of the CA. ``certificates`` are DER, in the order of the reply; ``message`` is the CA's text, often empty."""

    code: int
    message: str = ""
    validity: Validity | None = None
    certificates: tuple[bytes, ...] = ()


def read_reply(body: bytes, query: Query, secrets: tuple[str, ...] = ()) -> Reply:
    """Return what the CA answered to ``query`` with ``body``, with ``secrets`` taken out of its text.

    Raises ReplyError if it is none of the page's forms.
    """
    refusal = read_refusal(body, secrets)
    if refusal is not None:
        return refusal
    # The text "0" is the byte 0x30, with which DER begins: so a line of text comes first.
    if query.response_encoding == RESPONSE_ENCODINGS["binary"] and not _STATUS_LINE.match(body):
        return Reply(codes.ATTACHED, certificates=_read_structures([_drop_line_end(body)], query))
    text = body.decode("utf-8", errors="replace").lstrip("\ufeff")
    if query.response_encoding == RESPONSE_ENCODINGS["javascript"] and "g_errorCode" in text:
        return _read_javascript(text, query)
    return _read_text(text, query)


def read_refusal(body: bytes, secrets: tuple[str, ...] = ()) -> Reply | None:
    """Return the reply if ``body`` is a code below 0, in whatever form and whatever was asked for, or else None."""
    # In UTF-16, every other octet is a null.
    text = body.decode("utf-8", errors="replace").replace("\0", "")
    first = _REFUSAL.match(text)
    if first is not None:
        return Reply(int(first.group(1)), message=_clean(text[first.end() :], secrets))
    if "errorcode" not in text.lower():
        return None
    try:
        declared = formats.read_declarations(text)
        code, message = declared.code, declared.message
    except ReplyError:
        named = _NAMED_REFUSAL.search(text)
        code, message = named.group(1) if named is not None else "", ""
    return Reply(int(code), message=_clean(message, secrets)) if _REFUSAL.fullmatch(code) else None


def is_answer(body: bytes) -> bool:
    """Tell whether ``body`` begins as the CA's answers do, whatever HTTP says about it."""
    return read_refusal(body) is not None or _STATUS_LINE.match(body) is not None


def require_accepted(reply: Reply) -> Reply:
    """Return ``reply``. Raises CaError if its code is below 0."""
    if reply.code < 0:
        raise codes.error_for(reply.code, reply.message)
    return reply


def _read_javascript(text: str, query: Query) -> Reply:
    declarations = formats.read_declarations(text)
    code = _read_code(declarations.code)
    return Reply(code, certificates=_read_payload(code, declarations.payload, query))


def _read_text(text: str, query: Query) -> Reply:
    first, _newline, rest = text.lstrip().partition("\n")
    code = _read_code(first)
    second, _newline, after = rest.partition("\n")
    validity = _read_validity(second.strip())
    payload = rest if validity is None else after
    return Reply(code, validity=validity, certificates=_read_payload(code, payload, query))


def _read_code(line: str) -> int:
    line = line.strip()
    if _STATUS.match(line) is None:
        raise ReplyError(
            "the reply does not begin with a status code",
            hint="Check api_url and any proxy in between: the answer is not the endpoint's.",
        )
    return int(line)


def _read_validity(line: str) -> Validity | None:
    match = _VALIDITY.match(line)
    if match is None:
        return None
    day, month, year, last_day, last_month, last_year = (int(group) for group in match.groups())
    try:
        not_before = datetime(year, month, day, tzinfo=timezone.utc)
        last = datetime(last_year, last_month, last_day, tzinfo=timezone.utc)
    except ValueError as error:
        raise ReplyError("the validity period in the reply is not a pair of dates") from error
    # The page: not before 00:00:00 GMT, not after 23:59:59 GMT.
    return Validity(not_before, last + timedelta(hours=23, minutes=59, seconds=59))


def _read_payload(code: int, payload: str, query: Query) -> tuple[bytes, ...]:
    if query.query_type == QUERY_TYPES["status"] or (code < codes.ATTACHED and "BEGIN" not in payload):
        return ()
    return _read_structures(formats.read_blocks(payload), query)


def _drop_line_end(body: bytes) -> bytes:
    """Return the DER in ``body`` without a line end after it, which all other replies have."""
    end = read_element(body).end
    return body if body[end:].strip() else body[:end]


def _read_structures(structures: list[bytes], query: Query) -> tuple[bytes, ...]:
    read_certificates = _FORMATS[query.response_type]
    certificates = [certificate for structure in structures for certificate in read_certificates(structure)]
    if not certificates:
        raise ReplyError("the CA says that certificates are attached, and there are none in its reply")
    if len(certificates) > _MAX_CERTIFICATES:
        raise ReplyError(f"the reply holds {len(certificates)} certificates, which is more than any chain")
    # Each certificate once: a CA that sends the chain twice says no more with it.
    return tuple(dict.fromkeys(certificates))


def _clean(message: str, secrets: tuple[str, ...]) -> str:
    """Return the CA's text as one line that is safe to print, and without secrets."""
    line = " ".join(mask(message, secrets).split())
    return "".join(character if character.isprintable() else " " for character in line)[:_MESSAGE_LENGTH]


def to_values(reply: Reply) -> dict[str, Any]:
    """Return a reply as values that JSON can carry: certificates in base64, times in ISO 8601."""
    period = reply.validity
    return {
        "code": reply.code,
        "message": reply.message,
        "validity": [period.not_before.isoformat(), period.not_after.isoformat()] if period is not None else None,
        "certificates": [base64.b64encode(der).decode("ascii") for der in reply.certificates],
    }


def from_values(values: Mapping[str, Any]) -> Reply:
    """Return the reply that ``to_values`` wrote. Raises KeyError, TypeError or ValueError for any other values."""
    period = values["validity"]
    if not isinstance(values["code"], int) or not isinstance(values["message"], str):
        raise TypeError("a code or a message of another type")
    return Reply(
        code=values["code"],
        message=values["message"],
        validity=Validity(*(datetime.fromisoformat(moment) for moment in period)) if period is not None else None,
        certificates=tuple(base64.b64decode(encoded) for encoded in values["certificates"]),
    )
