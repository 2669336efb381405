# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: queued through the control API, each for the next calls that it fits."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from test_ca.fields import FieldError, choice, update
from test_ca.issuing import VARIANTS

OVER_ONE_MEBIBYTE = 1024 * 1024 + 64 * 1024
# The names, and whether the endpoint does its work before the fault strikes.
PROCESSED = {
    "delay": True,
    "cut": False,
    "cut_after": True,
    "cut_body": True,
    "truncated": True,
    "raw": False,
    "http_status": False,
    "redirect": False,
    "html": False,
    "garbage": False,
    "empty": False,
    "oversized": False,
    "code": False,
    "body": False,
    "certificate": True,
}


@dataclass(frozen=True)
class Fault:
    """One kind of trouble. Which fields matter depends on the kind; `seconds` goes with all but `certificate`."""

    fault: str = choice(*PROCESSED)
    order_number: str | None = None  # none: whatever order is asked for
    count: int = 1
    skip: int = 0  # let so many calls pass first
    process: bool | None = None  # none: as PROCESSED says
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
    def processes(self) -> bool:
        """Tell whether the call has its effect all the same."""
        return PROCESSED[self.fault] if self.process is None else self.process

    def content(self, default: bytes) -> bytes:
        """Give the body to send."""
        if self.body is not None:
            return base64.b64decode(self.body, validate=True)
        return default if self.text is None else self.text.encode()


def read_fault(wanted: object) -> Fault:
    """Read a fault from JSON."""
    fault = update(Fault(), wanted)
    if not isinstance(wanted, dict) or "fault" not in wanted:
        raise FieldError(f"'fault' must be one of: {', '.join(PROCESSED)}")
    if fault.fault == "certificate" and fault.certificate not in VARIANTS:
        raise FieldError(f"'certificate' must be one of: {', '.join(VARIANTS)}")
    if fault.count < 1 or fault.skip < 0 or not 0 <= fault.seconds <= 3600 or not 0 <= fault.slow_seconds <= 60:
        raise FieldError("'count' must be 1 or more, 'skip', 'seconds' and 'slow_seconds' not negative")
    if fault.status and not 200 <= fault.status <= 599:
        raise FieldError("'status' must be an HTTP status from 200 to 599")
    if any(
        character in field for field in (fault.location, fault.retry_after, fault.content_type) for character in "\r\n"
    ):
        raise FieldError("a header cannot hold a line break")
    try:
        fault.content(b"")
    except binascii.Error as error:
        raise FieldError("'body' must be base64") from error
    return fault


@dataclass
class Queued:
    """A fault that waits for its calls."""

    fault: Fault
    skip: int
    count: int

    def fits(self, order_number: str | None, certificate: bool) -> bool:
        """Tell whether a fault is meant for a call; certificates have their own moment."""
        if (self.fault.fault == "certificate") is not certificate:
            return False
        return self.fault.order_number in (None, order_number)


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

    def take(self, order_number: str | None, certificate: bool = False) -> Fault | None:
        """Take the fault for a call of an order, if there is one."""
        for queued in self._queue:
            if not queued.fits(order_number, certificate):
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
