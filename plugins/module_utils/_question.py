# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be asked of the CA about one certificate, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
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

    @property
    def csr(self) -> str | None:
        """Return the CSR that goes with the question, in PEM."""

    def ask(self) -> Reply | None:
        """Return the reply, or None if it is to be asked again when ``due``. Raises SmimeError."""


class Access(Protocol):
    """The way to the CA."""

    def require_open(self) -> None:
        """Raise NotAttemptedError or SmimeError if no question can be asked."""

    def open(self, order: Order, build_question: Callable[[], Question], patience: Patience) -> Asking:
        """Return the question under way."""


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

    def open(self, order: Order, build_question: Callable[[], Question], patience: Patience) -> Asking:
        """Return the question as an inquiry at the CA."""
        from ansible_collections.mailops.smime.plugins.module_utils._inquiry import Inquiry

        return Inquiry(self.client, order, build_question(), patience, self.clock)
