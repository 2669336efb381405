# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking the CA: submitting the CSR, collecting, and the one query of check mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._ca import codes
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, require_accepted
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import QUERY_TYPES, Order, Query

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client

_WORTH_WAITING = (codes.AWAITING_PAYMENT, codes.EMAIL_NOT_VERIFIED)


@dataclass
class Inquiry:
    """One order at the CA.

    ``expect_issued`` asks without the CSR first: the certificate is there already, and only its chain is wanted.
    ``csr_held`` becomes true once the CA is known to have the CSR, ``csr_submitted`` if it was this run that gave it.
    """

    client: Client
    order: Order
    csr: str | None
    expect_issued: bool = False
    csr_held: bool = False
    csr_submitted: bool = False
    status_code: int | None = None

    def collect(self) -> Reply:
        """Ask once, or twice if the CA holds the CSR already, and return its reply, of a refusal too. Raises CallError."""
        if self.csr is None or self.csr_held:
            return self._send(Query(return_certificate=True))
        if self.expect_issued:
            self.expect_issued = False
            reply = self._send(Query(return_certificate=True))
            if not is_pending(reply) and not _misses_csr(reply):
                return reply
        return self._submit(self.csr)

    def predict(self, *, has_csr: bool) -> Reply:
        """Ask for the order's status, changing nothing at the CA. Raises CaError, CallError.

        A CA that misses the CSR would get it in a real run: if there is one, that is a pending order.
        """
        reply = self._send(Query(query_type=QUERY_TYPES["status"], show_validity_period=True))
        if has_csr and _misses_csr(reply):
            return Reply(codes.ACCEPTED)
        return require_accepted(reply)

    def _submit(self, csr: str) -> Reply:
        calls = self.client.calls
        reply = self._send(Query(csr=csr, return_certificate=True))
        if reply.code == codes.CSR_ALREADY_PROVIDED:
            self.csr_held = True
            # After a try that stayed without an answer, it was that try which brought the CSR.
            self.csr_submitted = self.client.calls - calls > 1
            return self._send(Query(return_certificate=True))
        if reply.code >= codes.ACCEPTED:
            self.csr_held = self.csr_submitted = True
        return reply

    def _send(self, query: Query) -> Reply:
        reply = self.client.ask(self.order, query)
        self.status_code = reply.code
        return reply


def is_pending(reply: Reply) -> bool:
    """Tell whether the CA accepted the request and attached no certificate: certificates were asked for, so that 1 is not the end."""
    return codes.ACCEPTED <= reply.code < codes.ATTACHED and not reply.certificates


def is_worth_waiting(reply: Reply) -> bool:
    """Tell whether the order can become a certificate by itself: in process, or held up by payment or the mailbox's owner."""
    return is_pending(reply) or reply.code in _WORTH_WAITING


def _misses_csr(reply: Reply) -> bool:
    return reply.code == codes.MISSING_ARGUMENT and "csr" in reply.message.lower()
