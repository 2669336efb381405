# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: queued through the control API, each for the next calls that it fits."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from test_ca.arguments import FieldError, choice, update
from test_ca.issuing import VARIANTS
from test_ca.listeners import Delivery, say
from test_ca.replies import Answer

OVER_ONE_MEBIBYTE = 1024 * 1024 + 64 * 1024
HTML = "text/html"
PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\n"
    b"<body><h1>We will be back soon</h1></body></html>\n"
)
# Never a reply, and the same on every run. It begins with a byte that is neither a digit, nor "-", nor DER.
GARBAGE = b"\xff" + b"".join(hashlib.sha256(bytes([turn])).digest() for turn in range(32))


def deliver(answer: Answer) -> Delivery:
    """Send an answer as it is. The endpoint speaks with HTTP status 200, whatever its own code."""
    return say(200, answer.body, answer.content_type)


def substitute(status: int, body: bytes = b"", content_type: str = HTML) -> Callable[[Fault, Answer], Delivery]:
    """Give a fault that sends something that the endpoint never said; the fault's own fields win."""

    def make(fault: Fault, answer: Answer) -> Delivery:
        del answer
        content = fault.content(body)
        headers = [("Content-Type", fault.content_type or content_type)]
        headers += [("Retry-After", fault.retry_after)] if fault.retry_after else []
        headers += [("Location", fault.location)] if fault.fault == "redirect" else []
        return Delivery(fault.status or status, tuple(headers), content, None if fault.chunked else len(content))

    return make


def send(fault: Fault, answer: Answer) -> Delivery:
    """Send what the endpoint says."""
    del fault
    return deliver(answer)


def cut(fault: Fault, answer: Answer) -> Delivery:
    """Close the connection without a word."""
    del fault, answer
    return Delivery(None, cut=True)


def cut_body(fault: Fault, answer: Answer) -> Delivery:
    """Close the connection in the middle of the body."""
    del fault
    return replace(deliver(answer), body=answer.body[: len(answer.body) // 2], cut=True)


def truncate(fault: Fault, answer: Answer) -> Delivery:
    """Send half the body, as if that were all."""
    del fault
    return deliver(replace(answer, body=answer.body[: len(answer.body) // 2]))


def raw(fault: Fault, answer: Answer) -> Delivery:
    """Send what may be no HTTP at all, and close the connection."""
    del answer
    return Delivery(None, cut=True, raw=fault.content(b""))


def oversized(fault: Fault, answer: Answer) -> Delivery:
    """Send more than any reply can hold."""
    line = b"A" * 64 + b"\n"
    body = b"2\n-----BEGIN CERTIFICATE-----\n" + line * (fault.size // len(line) + 1)
    return substitute(200, body[: fault.size], "text/plain")(fault, answer)


@dataclass(frozen=True)
class Kind:
    """One row of the table: whether the endpoint does its work before the fault strikes, and what is sent."""

    has_effect: bool
    make: Callable[[Fault, Answer], Delivery]


FAULTS: Mapping[str, Kind] = MappingProxyType(
    {
        "delay": Kind(True, send),
        "cut": Kind(False, cut),
        "cut_after": Kind(True, cut),
        "cut_body": Kind(True, cut_body),
        "truncated": Kind(True, truncate),
        "raw": Kind(False, raw),
        "http_status": Kind(False, substitute(503, PAGE)),
        "redirect": Kind(False, substitute(302)),
        "html": Kind(False, substitute(200, PAGE)),
        "garbage": Kind(False, substitute(200, GARBAGE, "application/octet-stream")),
        "empty": Kind(False, substitute(200, b"", "text/plain")),
        "oversized": Kind(False, oversized),
        "code": Kind(False, send),
        "body": Kind(False, substitute(200, b"", "text/plain")),
        "certificate": Kind(True, send),
    }
)


@dataclass(frozen=True)
class Fault:
    """One kind of trouble. Which fields matter depends on the kind; `seconds` goes with all but `certificate`."""

    fault: str = choice(*FAULTS)
    endpoint: str = choice("", "collect", "order", "resend")  # empty: whichever is called
    order_number: str | None = None  # none: whatever order is asked for
    email: str | None = None  # none: whatever mailbox it is about
    count: int = 1
    skip: int = 0  # let so many calls pass first
    process: bool | None = None  # none: as the table says
    seconds: float = 0.0  # pause before anything is sent
    slow_bytes: int = 0  # then send so many bytes at a time
    slow_seconds: float = 0.05  # with this pause between
    status: int = 0
    retry_after: str = ""
    location: str = "https://127.0.0.1:9/elsewhere"
    body: str | None = None  # base64
    text: str | None = None  # the same, as text
    content_type: str = ""
    code: int = -14
    message: str | None = None
    size: int = OVER_ONE_MEBIBYTE
    chunked: bool = False
    reset: bool = False  # a cut connection is reset, not closed
    certificate: str = ""

    @property
    def has_effect(self) -> bool:
        """Tell whether the call has its effect all the same."""
        return FAULTS[self.fault].has_effect if self.process is None else self.process

    def content(self, default: bytes) -> bytes:
        """Give the body to send."""
        if self.body is not None:
            return base64.b64decode(self.body, validate=True)
        return default if self.text is None else self.text.encode()

    def deliver(self, answer: Answer) -> Delivery:
        """Turn an answer into what the fault makes of it."""
        made = FAULTS[self.fault].make(self, answer)
        return replace(
            made, seconds=self.seconds, slow_bytes=self.slow_bytes, slow_seconds=self.slow_seconds, reset=self.reset
        )


def read_fault(wanted: object) -> Fault:
    """Read a fault from JSON."""
    fault = update(Fault(), wanted)
    if not isinstance(wanted, dict) or "fault" not in wanted:
        raise FieldError(f"'fault' must be one of: {', '.join(FAULTS)}")
    if fault.fault == "certificate" and fault.certificate not in VARIANTS:
        raise FieldError(f"'certificate' must be one of: {', '.join(VARIANTS)}")
    check_numbers(fault)
    if any(mark in text for text in (fault.location, fault.retry_after, fault.content_type) for mark in "\r\n"):
        raise FieldError("a header cannot hold a line break")
    try:
        fault.content(b"")
    except binascii.Error as error:
        raise FieldError("'body' must be base64") from error
    return fault


def check_numbers(fault: Fault) -> None:
    """Refuse numbers that no fault can have."""
    if fault.count < 1 or fault.skip < 0 or not 0 <= fault.seconds <= 3600 or not 0 <= fault.slow_seconds <= 60:
        raise FieldError("'count' must be 1 or more, 'skip', 'seconds' and 'slow_seconds' not negative")
    if fault.slow_bytes < 0 or not 0 <= fault.size <= 64 * OVER_ONE_MEBIBYTE:
        raise FieldError("'slow_bytes' and 'size' must not be negative, 'size' not beyond 68 MiB")
    if fault.status and not 200 <= fault.status <= 599:
        raise FieldError("'status' must be an HTTP status from 200 to 599")


@dataclass(frozen=True)
class Occasion:
    """A moment at which a fault can strike: a call, or the moment when certificates are put into its reply."""

    endpoint: str
    order_number: str | None
    email: str | None
    certificate: bool = False


@dataclass
class Queued:
    """A fault that waits for its calls."""

    fault: Fault
    skip: int
    count: int

    def fits(self, occasion: Occasion) -> bool:
        """Tell whether a fault is meant for an occasion."""
        fault = self.fault
        return (
            (fault.fault == "certificate") is occasion.certificate
            and fault.endpoint in ("", occasion.endpoint)
            and fault.order_number in (None, occasion.order_number)
            and fault.email in (None, occasion.email)
        )


class FaultQueue:
    """The faults to come, first in, first out."""

    def __init__(self) -> None:
        self._queue: list[Queued] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        self._queue.append(Queued(fault, fault.skip, fault.count))

    def clear(self) -> None:
        """Drop all faults."""
        self._queue.clear()

    def take(self, occasion: Occasion) -> Fault | None:
        """Take the fault for an occasion, if there is one."""
        for queued in self._queue:
            if not queued.fits(occasion):
                continue
            if queued.skip > 0:
                queued.skip -= 1
                return None
            queued.count -= 1
            if queued.count == 0:
                self._queue.remove(queued)
            return queued.fault
        return None

    def describe(self) -> list[dict[str, object]]:
        """List the faults that still wait."""
        return [{**vars(queued.fault), "skip": queued.skip, "count": queued.count} for queued in self._queue]
