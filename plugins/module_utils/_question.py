# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be asked of the CA about one certificate, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils._errors import SmimeError

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
    from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order
    from ansible_collections.mailops.smime.plugins.module_utils._clock import Clock


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


@dataclass(frozen=True)
class Patience:
    """How long an order is waited for, and how often it is asked meanwhile, in seconds."""

    wait_timeout: int = 0
    poll_interval: int = 60


class Asking(Protocol):
    """One question under way: an Inquiry at the CA, or the answer that another host brought."""

    due: float | None
    calls: int
    status_code: int | None
    csr_submitted: bool

    def ask(self) -> Reply | None:
        """Return the reply, or None if it is to be asked again when ``due``. Raises SmimeError."""


class Access(Protocol):
    """The way to the CA."""

    def require_open(self) -> None:
        """Raise NotAttemptedError or SmimeError if no question can be asked."""

    def open(self, order: Order, question: Question, patience: Patience) -> Asking:
        """Return ``question`` under way."""


class ElsewhereError(Exception):
    """The question is asked on another host."""

    def __init__(self, question: Question) -> None:
        super().__init__("the CA is asked on another host")
        self.question = question


@dataclass
class DirectAccess:
    """The CA is asked from here, over one client. ``make_client`` is called for the first question: it imports what calls need."""

    make_client: Callable[[], Client]
    clock: Clock
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """Return the one client."""
        if self._client is None:
            self._client = self.make_client()
        return self._client

    def require_open(self) -> None:
        """Raise NotAttemptedError after a refused login."""
        self.client.require_open()

    def open(self, order: Order, question: Question, patience: Patience) -> Asking:
        """Return ``question`` as an inquiry at the CA."""
        from ansible_collections.mailops.smime.plugins.module_utils._inquiry import Inquiry

        return Inquiry(self.client, order, question, patience, self.clock)


@dataclass(frozen=True)
class PostponedAccess:
    """The CA is asked on another host: each question ends the run here. ``refusal`` is why it will not be asked."""

    refusal: SmimeError | None = None

    def require_open(self) -> None:
        """Raise the refusal, before anything is created for a question that will not be asked."""
        if self.refusal is not None:
            raise self.refusal

    def open(self, order: Order, question: Question, patience: Patience) -> Asking:  # noqa: ARG002 - only asked elsewhere
        """Raise ElsewhereError."""
        raise ElsewhereError(question)


@dataclass
class Answer:
    """What another host brought back from the CA, as an Asking: a reply, an error, or word that no call was made."""

    reply: Reply | None
    error: Exception | None
    calls: int
    status_code: int | None
    csr_submitted: bool
    due: float | None = None

    def ask(self) -> Reply | None:
        """Return the reply, or raise what was raised there."""
        if self.error is not None:
            raise self.error
        return self.reply


@dataclass(frozen=True)
class AnsweredAccess:
    """The CA was asked on another host."""

    answer: Answer

    def require_open(self) -> None:
        """The question was asked already."""

    def open(self, order: Order, question: Question, patience: Patience) -> Asking:  # noqa: ARG002 - asked already
        """Return the answer."""
        return self.answer


def write_answer(asking: Asking, reply: Reply | None, error: SmimeError | None) -> dict[str, Any]:
    """Return an answer as values that JSON can carry to the target."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies

    return {
        "reply": replies.to_values(reply) if reply is not None else None,
        "error": error.describe() if error is not None else None,
        "api_calls": asking.calls,
        "status_code": asking.status_code,
        "csr_submitted": asking.csr_submitted,
    }


def read_answer(values: Mapping[str, Any]) -> Answer:
    """Return the answer that ``write_answer`` wrote."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies

    error = values["error"]
    return Answer(
        reply=replies.from_values(values["reply"]) if values["reply"] is not None else None,
        error=SmimeError(**error) if error is not None else None,
        calls=values["api_calls"],
        status_code=values["status_code"],
        csr_submitted=values["csr_submitted"],
    )
