# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run over orders tells: a result for each mailbox, counts, and who needs a person. No code is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _journal as journals
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import require_answer
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import EMAIL_NOT_VERIFIED
from ansible_collections.mailops.smime.plugins.module_utils._ca.ordering import (
    PAYMENT_REQUIRED,
    PLACED,
    UNKNOWN_ERROR,
    OrderReply,
    to_error,
)
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, FileError, ReplyError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._journal import PlacedOrder
from ansible_collections.mailops.smime.plugins.module_utils._order_plan import OrderEntry

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse

# What a result can say, in the order in which somebody should look at it.
STATUSES = (
    "unknown", "failed", "not_attempted", "needed", "placed", "open", "reminded", "resolved", "forgotten", "not_needed",
)  # fmt: skip


_WHAT_A_PERSON_DOES = (
    "It is not ordered again by itself. Look at the partner portal whether the order exists. If it does, run this module once with "
    "state: resolved and its order_number (and collection_code); if not, with state: forgotten."
)


@dataclass(frozen=True)
class Sent:
    """How one POST ended: with a reply, or without a status that can be read. ``arrived`` is false if it certainly did not."""

    reply: OrderReply | None
    error: SmimeError | None
    arrived: bool


@dataclass
class OrderResult:
    """What became of one entry."""

    entry: OrderEntry
    status: str
    order: PlacedOrder | None = None
    payment_required: bool = False
    error: SmimeError | None = None
    changed: bool = False

    def to_values(self) -> dict[str, Any]:
        """Return the entry's part of the module's result; no code is in it."""
        values = {
            "email": self.entry.email,
            "status": self.status,
            "changed": self.changed,
            "order_number": self.order.order_number if self.order is not None else None,
            "cost": self.order.cost if self.order is not None else None,
            "payment_required": self.payment_required,
        }
        return {**values, "error": self.error.describe()} if self.error is not None else values


def judge_outcome(entry: OrderEntry, order: PlacedOrder, sent: Sent) -> OrderResult:
    """Return the entry's result, with the order as it is to be noted. One that may exist is ``unknown``."""
    reply = sent.reply
    if reply is not None and reply.code >= PLACED and reply.order_number:
        placed = replace(
            order,
            state=journals.PLACED,
            order_number=reply.order_number,
            collection_code=reply.collection_code or None,
            cost=reply.cost or None,
            last_code=reply.code,
        )
        return OrderResult(entry, "placed", placed, payment_required=reply.code == PAYMENT_REQUIRED, changed=True)
    if reply is not None and reply.code < PLACED and reply.code != UNKNOWN_ERROR:
        failed = replace(order, state=journals.FAILED, last_code=reply.code)
        return OrderResult(entry, "failed", failed, error=to_error(reply), changed=True)
    if not sent.arrived:
        return OrderResult(entry, "failed", replace(order, state=journals.FAILED), error=sent.error, changed=True)
    unknown = replace(order, state=journals.UNKNOWN, last_code=reply.code if reply is not None else None)
    why = to_error(reply) if reply is not None and reply.code < PLACED else sent.error
    why = why or ReplyError("the CA accepted the order, and its number cannot be read")
    return OrderResult(entry, "unknown", unknown, error=_tell_unknown(why), changed=True)


def explain_response(response: HttpResponse) -> SmimeError:
    """Return what is wrong with a response that has no status of the CA."""
    try:
        require_answer(response)
    except CallError as error:
        return error
    return ReplyError("the reply does not begin with a status code")


def _tell_unknown(why: SmimeError) -> SmimeError:
    return SmimeError(
        f"whether the order was placed is not known: {why.message}",
        name=why.name,
        hint=_WHAT_A_PERSON_DOES,
        code=why.code,
    )


def tell_known(order: PlacedOrder) -> SmimeError:
    sent = f"an order was sent on {order.placed_at:%Y-%m-%d at %H:%M} UTC, and whether it was placed is not known"
    return SmimeError(sent, name="unknown_error", hint=_WHAT_A_PERSON_DOES, code=order.last_code)


def tell_unnoted(result: OrderResult, failure: FileError) -> FileError:
    number = result.order.order_number if result.order is not None else None
    said = f"the CA placed it as order {number}" if number else f"the order is {result.status}"
    then = f"state: resolved and order_number: {number}" if number else "state: forgotten, if the CA does not have it"
    return FileError(
        f"{said}, and that could not be noted: {failure.message}",
        hint=f"Mend that, then run this module once with {then}. Until then nothing is ordered for this mailbox.",
    )


def summarize(results: Sequence[OrderResult], api_calls: int) -> dict[str, Any]:
    """Return the result of all entries. With a ``msg`` it failed."""
    counted = Counter(result.status for result in results)
    whole: dict[str, Any] = {
        "changed": any(result.changed for result in results),
        "orders": [result.to_values() for result in results],
        "summary": {status: counted[status] for status in STATUSES},
        "api_calls": api_calls,
        "attention": list_attention(results),
    }
    failed = [result for result in results if result.error is not None]
    if failed:
        named = ", ".join(f"{result.entry.email} ({result.error.name if result.error else ''})" for result in failed)
        whole["msg"] = f"{len(failed)} of {len(results)} mailboxes failed: {named}. First: {_say(failed[0])}"
    return whole


def list_attention(results: Sequence[OrderResult]) -> list[str]:
    """Return a line for each mailbox that needs a person, the most urgent first."""
    urgent = sorted(
        (result for result in results if result.error is not None or result.status == "not_attempted"),
        key=lambda result: STATUSES.index(result.status),
    )
    lines = [_say(result) for result in urgent]
    payments = [result for result in results if result.payment_required and result.error is None]
    lines += [
        f"{result.entry.email}: order {result.order.order_number} was placed and has to be paid."
        for result in payments
        if result.order
    ]
    unverified = [
        result
        for result in results
        if result.status == "open" and result.order is not None and result.order.last_code == EMAIL_NOT_VERIFIED
    ]
    lines += [
        f"{result.entry.email}: the mailbox's owner has not confirmed the order yet; state: reminded has the CA's mail sent again."
        for result in unverified
    ]
    return lines


def _say(result: OrderResult) -> str:
    error = result.error
    if error is None:
        return f"{result.entry.email}: not ordered, since the run ended before."
    code = f"code {error.code}, " if error.code is not None else ""
    return f"{result.entry.email}: {error.message} ({code}{error.name}). {error.hint}"
