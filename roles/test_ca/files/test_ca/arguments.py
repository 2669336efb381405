# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what is sent: a call's arguments, as strictly as the pages describe them, and the JSON objects of the control API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import parse_qsl

Record = TypeVar("Record")
ALLOWED = "allowed"
FORM = "application/x-www-form-urlencoded"
MIME_TYPE = re.compile(r"[!#$&^_.+\w-]+/[!#$&^_.+\w-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)


class Code(IntEnum):
    """Every code that the page lists."""

    ATTACHED = 2
    AVAILABLE = 1
    IN_PROCESS = 0
    NOT_HTTPS = -1
    UNRECOGNISED_ARGUMENT = -2
    MISSING_ARGUMENT = -3
    INVALID_ARGUMENT = -4
    UNSUPPORTED_KEY_SIZE = -13
    UNKNOWN_ERROR = -14
    LOGIN_FAILED = -16
    NOT_POST = -17
    CSR_ALREADY_PROVIDED = -18
    CSR_REJECTED = -20
    REVOKED = -21
    AWAITING_PAYMENT = -22
    UNSUPPORTED_PRODUCT = -153
    EMAIL_NOT_VERIFIED = -154


TEXTS = MappingProxyType(
    {
        Code.NOT_HTTPS: "Request was not made over https!",
        Code.UNRECOGNISED_ARGUMENT: "Unrecognised argument!",
        Code.MISSING_ARGUMENT: "The '{argument}' argument is missing!",
        Code.INVALID_ARGUMENT: "The value of the '{argument}' argument is invalid!",
        Code.UNSUPPORTED_KEY_SIZE: "The CSR uses an unsupported key size",
        Code.UNKNOWN_ERROR: "An unknown error occurred!",
        Code.LOGIN_FAILED: (
            "Incorrect login details, account is locked, password has expired or your source IP is blocked."
        ),
        Code.NOT_POST: "Request used GET rather than POST!",
        Code.CSR_ALREADY_PROVIDED: "A CSR has already been provided.",
        Code.CSR_REJECTED: "The CSR has been rejected!",
        Code.REVOKED: "The certificate has been revoked!",
        Code.AWAITING_PAYMENT: "Still awaiting payment!",
        Code.UNSUPPORTED_PRODUCT: "Unsupported product type!",
        Code.EMAIL_NOT_VERIFIED: "Email verification not yet completed!",
    }
)


class Refusal(Exception):
    """The call is answered with a code below zero; `argument` fills the text's placeholder."""

    def __init__(self, code: int, argument: str = "", text: str | None = None) -> None:
        super().__init__(code)
        self.code = int(code)
        self.argument = argument
        self.text = text_of(code, argument) if text is None else text


def text_of(code: int, argument: str = "") -> str:
    """Give the page's text for a code; an unlisted code gets the one for an unknown error."""
    try:
        return TEXTS[Code(code)].format(argument=argument)
    except (KeyError, ValueError):
        return TEXTS[Code.UNKNOWN_ERROR]


@dataclass(frozen=True)
class Argument:
    """One row of the page's table."""

    name: str
    max_length: int
    allowed: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    # An empty value of these counts as none at all; everywhere else it is an invalid one.
    empty_is_missing: bool = False
    secret: bool = False

    def accepts(self, value: str) -> bool:
        """Tell whether a value fits this row."""
        if len(value) > self.max_length or not value:
            return False
        if any("\ud800" <= character <= "\udfff" for character in value):
            return False  # bytes that are no UTF-8, see parse_form
        if self.pattern is not None and not self.pattern.fullmatch(value):
            return False
        return not self.allowed or value in self.allowed


@dataclass(frozen=True)
class Page:
    """What one call takes, as its page describes it."""

    name: str
    path: str
    rows: tuple[Argument, ...]
    unrecognised: str

    def find(self, name: str) -> Argument | None:
        """Find an argument's row; names are case-insensitive at these endpoints."""
        return next((row for row in self.rows if row.name.lower() == name.lower()), None)


LOGIN = (
    Argument("loginName", 64, empty_is_missing=True, secret=True),
    Argument("loginPassword", 128, empty_is_missing=True, secret=True),
)
COLLECT = Page(
    "collect",
    "/products/download/RequestAndCollectSMIME",
    (
        *LOGIN,
        Argument("orderNumber", 128, empty_is_missing=True),
        Argument("collectionCode", 16, empty_is_missing=True, secret=True),
        Argument("csr", 32767, secret=True),
        Argument("returnCertificate", 1, allowed=frozenset("YN")),
        Argument("queryType", 1, allowed=frozenset("0123"), empty_is_missing=True),
        Argument("responseType", 1, allowed=frozenset("1234")),
        Argument("responseEncoding", 1, allowed=frozenset("012")),
        Argument("responseMimeType", 255, pattern=MIME_TYPE),
        Argument("showValidityPeriod", 1, allowed=frozenset("YN")),
    ),
    unrecognised="Unrecognised argument!",
)


@dataclass(frozen=True)
class Call:
    """A call whose arguments are all in order."""

    query_type: int
    response_type: int
    response_encoding: int
    response_mime_type: str | None
    show_validity_period: bool
    return_certificate: bool
    order_number: str | None
    csr: str | None = field(repr=False)
    login_name: str | None = field(repr=False)
    login_password: str | None = field(repr=False)
    collection_code: str | None = field(repr=False)


@dataclass(frozen=True)
class Form:
    """What was posted, before any judgement."""

    page: Page
    pairs: tuple[tuple[str, str], ...] = field(repr=False)

    def first(self, name: str) -> str | None:
        """Give the first value of an argument, or none."""
        wanted = name.lower()
        return next((value for given, value in self.pairs if given.lower() == wanted and value), None)

    def fitting(self, name: str) -> str | None:
        """Give the first value of an argument if it fits its row."""
        row, value = self.page.find(name), self.first(name)
        return value if row and value and row.accepts(value) else None

    def names(self) -> list[str]:
        """List the arguments by their proper names; a name that the page does not know is not repeated."""
        return [row.name if (row := self.page.find(given)) else "?" for given, _value in self.pairs]

    def public_values(self) -> dict[str, str]:
        """Give the values that may be logged."""
        rows = ((self.page.find(given), value) for given, value in self.pairs)
        return {row.name: value[: row.max_length] for row, value in rows if row and not row.secret}

    def values(self) -> dict[str, str]:
        """Give each argument its one value, under the name that the page uses; refuse unknown and doubled ones."""
        values: dict[str, str] = {}
        seen: set[str] = set()
        for given, value in self.pairs:
            row = self.page.find(given)
            if row is None:
                shown = "".join(mark for mark in given[:64] if mark.isprintable())
                raise Refusal(Code.UNRECOGNISED_ARGUMENT, text=self.page.unrecognised.format(argument=shown))
            if row.name in seen:
                raise Refusal(Code.INVALID_ARGUMENT, row.name)
            seen.add(row.name)
            if value or not row.empty_is_missing:
                values[row.name] = value
        return values

    def check(self, values: Mapping[str, str], *required: str) -> None:
        """Name the first argument that is required and absent, or the first whose value does not fit its row."""
        for name in required:
            if name not in values:
                raise Refusal(Code.MISSING_ARGUMENT, name)
        for row in self.page.rows:
            if row.name in values and not row.accepts(values[row.name]):
                raise Refusal(Code.INVALID_ARGUMENT, row.name)


def parse_form(page: Page, body: bytes, content_type: str) -> Form:
    """Split a body into arguments. Another kind of body than the pages ask for holds none."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        return Form(page, ())
    text = body.decode("ascii", errors="surrogateescape")
    return Form(page, tuple(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")))


def read_call(form: Form) -> Call:
    """Judge the arguments in the order unknown, doubled, missing, invalid, ill-combined."""
    values = form.values()
    login = () if "collectionCode" in values else ("loginName", "loginPassword", "orderNumber")
    form.check(values, *login, "queryType")
    call = Call(
        query_type=int(values["queryType"]),
        response_type=int(values.get("responseType", "3")),
        response_encoding=int(values.get("responseEncoding", "0")),
        response_mime_type=values.get("responseMimeType"),
        show_validity_period=values.get("showValidityPeriod", "N") == "Y",
        return_certificate=values.get("returnCertificate", "N") == "Y",
        order_number=values.get("orderNumber"),
        csr=values.get("csr"),
        login_name=values.get("loginName"),
        login_password=values.get("loginPassword"),
        collection_code=values.get("collectionCode"),
    )
    check_combination(call)
    return call


def check_combination(call: Call) -> None:
    """Hold the conditions in the rows of responseType, responseEncoding and showValidityPeriod."""
    if call.response_type != 3 and call.query_type != 1:
        raise Refusal(Code.INVALID_ARGUMENT, "responseType")
    if call.response_encoding == 1 and (call.query_type, call.response_type) != (1, 2):
        raise Refusal(Code.INVALID_ARGUMENT, "responseEncoding")
    if call.show_validity_period and call.response_encoding != 0:
        raise Refusal(Code.INVALID_ARGUMENT, "showValidityPeriod")


class FieldError(ValueError):
    """A JSON object does not fit; the message names the field."""


def choice(default: str, *others: str) -> Any:
    """Declare a field that takes one of a few words; the first is the default."""
    # It is called in the bodies of dataclasses, through this function.
    # pylint: disable-next=invalid-field-call
    return field(default=default, metadata={ALLOWED: (default, *others)})


def update(record: Record, changes: object) -> Record:
    """Give a copy of a record with some fields changed, each checked against its type and its words."""
    if not isinstance(changes, Mapping):
        raise FieldError("a JSON object is expected")
    kind: Any = type(record)
    known = {field.name: field for field in fields(kind)}
    types = read_types(kind)
    for name, value in changes.items():
        if name not in known:
            raise FieldError(f"unknown field {name!r}, known are: {', '.join(known)}")
        check_value(name, value, types[name], known[name].metadata.get(ALLOWED))
    copy: Record = replace(record, **changes)  # type: ignore[type-var]
    return copy


@cache
def read_types(kind: Any) -> dict[str, Any]:
    """Give the types of a record's fields; working them out is slow."""
    return get_type_hints(kind)


def check_value(name: str, value: object, kind: Any, allowed: tuple[str, ...] | None) -> None:
    """Refuse a value of another type, or a word that is not one of those allowed."""
    if allowed is not None and value not in allowed:
        raise FieldError(f"{name!r} must be one of: {', '.join(allowed)}")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return
    kinds = tuple(
        getattr(one, "__origin__", one) for one in (get_args(kind) if isinstance(kind, UnionType) else (kind,))
    )
    if (isinstance(value, bool) and bool not in kinds) or not isinstance(value, kinds):
        raise FieldError(f"{name!r} must be of type {getattr(kind, '__name__', kind)}")
