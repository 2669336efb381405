# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the CA, and one order's calls: submitting the CSR, collecting, waiting, and the one query of check mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils._ca import codes
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, WaitPolicy
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, require_accepted
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import QUERY_TYPES, Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import StillPendingError

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._context import Clock

_WORTH_WAITING = (codes.AWAITING_PAYMENT, codes.EMAIL_NOT_VERIFIED)


@dataclass(frozen=True)
class Question:
    """What the CA is to be asked.

    ``csr`` is PEM, or None if there is none to submit; ``has_csr`` is true also for one that is built only when it is
    needed. ``expect_issued`` asks without the CSR first: the certificate is there, and only its chain is wanted.
    ``predict`` asks for the status alone, changing nothing at the CA.
    """

    csr: str | None
    has_csr: bool
    expect_issued: bool
    predict: bool

    def to_values(self) -> dict[str, Any]:
        """Return what ``Question(**values)`` makes the same question of, on another host."""
        return asdict(self)


class Asking(Protocol):
    """One question under way: an Enrollment at the CA, or the answer that another host brought."""

    due: float | None
    calls: int
    status_code: int | None
    csr_submitted: bool

    @property
    def csr(self) -> str | None:
        """Return the CSR that goes with the question, in PEM."""

    def ask(self) -> Reply | None:
        """Return the reply, or None if it is to be asked again when ``due``. Raises SmimeError."""


class Access(Protocol):
    """The way to the CA."""

    def require_open(self) -> None:
        """Raise NotAttemptedError or SmimeError if no question can be asked."""

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:
        """Return the question under way."""


@dataclass
class DirectAccess:
    """The CA is asked from here, over one client."""

    client: Client
    clock: Clock

    def require_open(self) -> None:
        """Raise NotAttemptedError after a refused login."""
        self.client.require_open()

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:
        """Return the question under way at the CA."""
        return Enrollment(self.client, order, build_question(), wait_policy, self.clock.monotonic)


@dataclass
class Enrollment:
    """One order at the CA.

    ``due`` is when to ask again (monotonic seconds), while the CA is waited for. ``csr_held`` becomes true once the CA
    is known to have the CSR, ``csr_submitted`` if it was this one that gave it. ``calls`` counts what was sent.
    """

    client: Client
    order: Order
    question: Question
    wait_policy: WaitPolicy
    monotonic: Callable[[], float]
    due: float | None = None
    calls: int = 0
    status_code: int | None = None
    csr_submitted: bool = False
    csr_held: bool = False
    _deadline: float | None = None
    _looked: bool = False
    _brought: bool = False

    @property
    def csr(self) -> str | None:
        """Return the CSR that goes with the question, in PEM."""
        return self.question.csr

    def ask(self) -> Reply | None:
        """Ask once, or twice if the CA holds the CSR already; return its reply, or None if it is to be asked again when ``due``.

        The reply to an order in process has no certificates. Raises StillPendingError when the time to wait is over,
        CaError, CallError, NotAttemptedError.
        """
        self.due = None
        calls = self.client.calls
        try:
            if self.question.predict:
                return self._predict()
            reply = self._collect()
        finally:
            self.calls += self.client.calls - calls
        if self.wait_policy.wait_timeout and _is_worth_waiting(reply):
            self._put_off(reply)
            return None
        return require_accepted(reply)

    def _predict(self) -> Reply:
        """Ask for the order's status, changing nothing at the CA.

        A CA that misses the CSR would get it in a real run: if there is one, that is a pending order.
        """
        reply = self._send(Query(query_type=QUERY_TYPES["status"], show_validity_period=True))
        if self.question.has_csr and _misses_csr(reply):
            return Reply(codes.ACCEPTED)
        return require_accepted(reply)

    def _collect(self) -> Reply:
        csr = self.question.csr
        if csr is None or self.csr_held:
            return self._send(Query(return_certificate=True))
        if self.question.expect_issued and not self._looked:
            self._looked = True
            reply = self._send(Query(return_certificate=True))
            if not is_pending(reply) and not _misses_csr(reply):
                return reply
        return self._submit(csr)

    def _submit(self, csr: str) -> Reply:
        lost = self.client.lost
        reply = self._send(Query(csr=csr, return_certificate=True))
        if reply.code == codes.CSR_ALREADY_PROVIDED:
            self.csr_held = True
            # After a try that stayed without an answer, or was only put off, it was that try which brought the CSR.
            self.csr_submitted = self.csr_submitted or self._brought or self.client.lost > lost
            return self._send(Query(return_certificate=True))
        self._brought = reply.code in _WORTH_WAITING
        if reply.code >= codes.ACCEPTED:
            self.csr_held = self.csr_submitted = True
        return reply

    def _send(self, query: Query) -> Reply:
        reply = self.client.ask(self.order, query)
        self.status_code = reply.code
        return reply

    def _put_off(self, reply: Reply) -> None:
        now = self.monotonic()
        if self._deadline is None:
            self._deadline = now + self.wait_policy.wait_timeout
        if now >= self._deadline:
            said = f"; the CA says: {reply.message}" if reply.message else ""
            raise StillPendingError(
                f"the certificate was not issued within the {self.wait_policy.wait_timeout} seconds of wait_timeout{said}",
                hint="Run the task again later: it goes on where this run ended.",
                retryable=True,
            )
        self.due = min(now + self.wait_policy.poll_interval, self._deadline)


def is_pending(reply: Reply) -> bool:
    """Tell whether the CA accepted the request and attached no certificate: certificates were asked for, so that 1 is not the end."""
    return codes.ACCEPTED <= reply.code < codes.ATTACHED and not reply.certificates


def _is_worth_waiting(reply: Reply) -> bool:
    """Tell whether the order can become a certificate by itself: in process, or held up by payment or the mailbox's owner."""
    return is_pending(reply) or reply.code in _WORTH_WAITING


def _misses_csr(reply: Reply) -> bool:
    return reply.code == codes.MISSING_ARGUMENT and "csr" in reply.message.lower()


def make_client(params: Mapping[str, Any], clock: Clock) -> Client:
    """Return a client for the endpoint of ``params``. Nothing is sent yet."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport

    endpoint = Endpoint(params["api_url"], params["api_ca_path"], params["api_timeout"], params["api_retries"])
    return Client(Transport(endpoint), clock.sleep)
