# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an answer to what goes over the wire, with a fault's trouble on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event
from types import MappingProxyType

from flask import Response

from test_ca.connections import Connection
from test_ca.faults import Fault
from test_ca.replies import Answer

HTML = "text/html"
PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\n"
    "<body><h1>We will be back soon</h1></body></html>\n"
)
# Never a reply, and the same on every run. It begins with a byte that is neither a digit, nor "-", nor DER.
GARBAGE = b"\xff" + b"".join(hashlib.sha256(bytes([turn])).digest() for turn in range(32))


@dataclass(frozen=True)
class Delivery:
    """A reply ready to be sent. `status` is none when the connection is cut instead."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    announced: int | None  # Content-Length; none: sent in chunks
    cut: bool = False
    reset: bool = False
    raw: bytes | None = None  # sent in place of everything above
    seconds: float = 0.0
    slow_bytes: int = 0
    slow_seconds: float = 0.0


def deliver(answer: Answer) -> Delivery:
    """Send an answer as it is. The endpoint speaks with HTTP status 200, whatever its own code."""
    return Delivery(200, (("Content-Type", answer.content_type),), answer.body, len(answer.body))


def with_body(fault: Fault, status: int, body: bytes, content_type: str, *headers: tuple[str, str]) -> Delivery:
    """Send something that the endpoint never said."""
    content = fault.content(body)
    kind = ("Content-Type", fault.content_type or content_type)
    announced = None if fault.chunked else len(content)
    return Delivery(fault.status or status, (kind, *headers), content, announced)


def cut(fault: Fault, answer: Answer) -> Delivery:
    """Close the connection without a word."""
    del fault, answer
    return Delivery(None, (), b"", 0, cut=True)


def cut_body(fault: Fault, answer: Answer) -> Delivery:
    """Close the connection in the middle of the body."""
    whole = deliver(answer)
    del fault
    return Delivery(whole.status, whole.headers, answer.body[: len(answer.body) // 2], len(answer.body), cut=True)


def truncate(fault: Fault, answer: Answer) -> Delivery:
    """Send half the body, as if that were all."""
    del fault
    return deliver(Answer(answer.code, answer.body[: len(answer.body) // 2], answer.content_type))


def raw(fault: Fault, answer: Answer) -> Delivery:
    """Send what may be no HTTP at all, and close the connection."""
    del answer
    return Delivery(None, (), b"", 0, cut=True, raw=fault.content(b""))


def http_status(fault: Fault, answer: Answer) -> Delivery:
    """Answer like a proxy in distress."""
    del answer
    retry = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    return with_body(fault, 503, PAGE.encode(), HTML, *retry)


def redirect(fault: Fault, answer: Answer) -> Delivery:
    """Send the client elsewhere."""
    del answer
    return with_body(fault, 302, b"", HTML, ("Location", fault.location))


def oversized(fault: Fault, answer: Answer) -> Delivery:
    """Send more than any reply can hold."""
    del answer
    line = b"A" * 64 + b"\n"
    body = b"2\n-----BEGIN CERTIFICATE-----\n" + line * (fault.size // len(line) + 1)
    return with_body(fault, 200, body[: fault.size], "text/plain")


MAKERS: Mapping[str, Callable[[Fault, Answer], Delivery]] = MappingProxyType(
    {
        "delay": lambda _fault, answer: deliver(answer),
        "cut": cut,
        "cut_after": cut,
        "cut_body": cut_body,
        "truncated": truncate,
        "raw": raw,
        "http_status": http_status,
        "redirect": redirect,
        "html": lambda fault, _answer: with_body(fault, 200, PAGE.encode(), HTML),
        "garbage": lambda fault, _answer: with_body(fault, 200, GARBAGE, "application/octet-stream"),
        "empty": lambda fault, _answer: with_body(fault, 200, b"", "text/plain"),
        "oversized": oversized,
        "code": lambda _fault, answer: deliver(answer),
        "body": lambda fault, _answer: with_body(fault, 200, b"", "text/plain"),
    }
)


def spoil(fault: Fault, answer: Answer) -> Delivery:
    """Turn an answer into what the fault makes of it."""
    made = MAKERS[fault.fault](fault, answer)
    return replace(
        made, seconds=fault.seconds, slow_bytes=fault.slow_bytes, slow_seconds=fault.slow_seconds, reset=fault.reset
    )


def respond(delivery: Delivery, connection: Connection | None, stopping: Event) -> Response:
    """Build the response; pauses end early when the server stops."""
    headers = list(delivery.headers)
    if delivery.announced is not None:
        headers.append(("Content-Length", str(delivery.announced)))
    stopping.wait(delivery.seconds)
    if delivery.cut and delivery.status is None and connection is not None:
        for drop in drip(delivery, delivery.raw or b"", stopping):
            connection.send_raw(drop)
        connection.cut(delivery.reset)
    response = Response(send(delivery, connection, stopping), status=delivery.status or 503)
    response.headers.clear()
    response.headers.extend(headers)
    response.direct_passthrough = True
    return response


def send(delivery: Delivery, connection: Connection | None, stopping: Event) -> Iterator[bytes]:
    """Yield the body, in drops if it is to be slow, and cut the connection after it if that is wanted."""
    yield from drip(delivery, delivery.body, stopping)
    if delivery.cut and connection is not None:
        connection.cut(delivery.reset)


def drip(delivery: Delivery, data: bytes, stopping: Event) -> Iterator[bytes]:
    """Yield data in drops if it is to be slow, else at once."""
    step = delivery.slow_bytes or len(data) or 1
    for start in range(0, len(data), step):
        if start:
            stopping.wait(delivery.slow_seconds)
        yield data[start : start + step]
