# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call does to an order, and what it is told about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from test_ca.arguments import Call
from test_ca.codes import Code, Refusal
from test_ca.issuing import Chain
from test_ca.orders import Order
from test_ca.signing_requests import read_request

FINAL_STATES: Mapping[str, Code] = MappingProxyType(
    {"revoked": Code.REVOKED, "unsupported_product": Code.UNSUPPORTED_PRODUCT}
)
BLOCKED_STATES: Mapping[str, Code] = MappingProxyType(
    {"awaiting_payment": Code.AWAITING_PAYMENT, "email_not_verified": Code.EMAIL_NOT_VERIFIED}
)


def advance(order: Order, call: Call, no_csr_answer: str, issue: Callable[[Order], Chain]) -> Chain | None:
    """Take an order as far as this call allows: its chain if it is issued, none while it is in process."""
    if order.terms.state in FINAL_STATES:
        raise Refusal(FINAL_STATES[order.terms.state])
    if call.csr is not None:
        accept_request(order, call.csr)
    refuse_while_blocked(order)
    if order.chain is not None:
        return order.chain
    if order.request is None:
        if (order.terms.no_csr_answer or no_csr_answer) == "missing_argument":
            raise Refusal(Code.MISSING_ARGUMENT, "csr")
        return None
    # "whether to initiate the certificate issuance process in case all conditions for issuance have been met"
    order.started = order.started or call.return_certificate
    if not order.started or must_wait(order):
        return None
    order.chain = issue(order)
    return order.chain


def accept_request(order: Order, text: str) -> None:
    """Keep the order's first request."""
    if order.request is not None:
        raise Refusal(Code.CSR_ALREADY_PROVIDED)
    order.request = read_request(text)


def refuse_while_blocked(order: Order) -> None:
    """Refuse an unpaid or unverified order, unless its time of refusal is over."""
    code = BLOCKED_STATES.get(order.terms.state)
    if code is None or order.blocked == 0:
        return
    if order.blocked is not None:
        order.blocked -= 1
    raise Refusal(code)


def must_wait(order: Order) -> bool:
    """Count a query of an order in process."""
    if order.waiting == 0:
        return False
    if order.waiting is not None:
        order.waiting -= 1
    return True
