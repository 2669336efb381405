# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of the endpoint's calls, for tests to read. It never holds a secret."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

from test_ca.arguments import Form

KEPT = 100_000


@dataclass(frozen=True)
class Request:
    """A call as it came in."""

    method: str
    content_type: str
    query_string: bool
    body: bytes = field(repr=False)
    connection: int
    under_way: int = 1


@dataclass(frozen=True)
class Record:
    """What was asked and what was answered. `code` is none where the endpoint had no say.

    `under_way` counts the calls that were being answered when this one came, itself included.
    """

    sequence: int
    method: str
    connection: int
    under_way: int
    arguments: list[str]
    values: dict[str, str]
    had_csr: bool
    code: int | None
    http_status: int | None
    fault: str | None

    def line(self) -> str:
        """Write one line for the log."""
        asked = " ".join(f"{name}={self.values.get(name, '***')!r}" for name in self.arguments)
        return (
            f"call {self.sequence} connection {self.connection} {self.method} [{asked}]"
            f" -> code {self.code} http {self.http_status} fault {self.fault}"
        )


class CallLog:
    """All calls since the start, or since the log was cleared."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=KEPT)
        self._numbers = itertools.count(1)

    def add(self, request: Request, form: Form, code: int | None, http_status: int | None, fault: str | None) -> Record:
        """Record a call."""
        record = Record(
            sequence=next(self._numbers),
            method=request.method,
            connection=request.connection,
            under_way=request.under_way,
            arguments=form.names(),
            values=form.public_values(),
            had_csr=form.first("csr") is not None,
            code=code,
            http_status=http_status,
            fault=fault,
        )
        self._records.append(record)
        return record

    def clear(self) -> None:
        """Forget all calls; the numbers go on."""
        self._records.clear()

    def describe(self) -> list[dict[str, object]]:
        """List the calls, oldest first."""
        return [dict(vars(record)) for record in self._records]
