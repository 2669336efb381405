# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placing orders, once: the journal first, then the POST, then the journal again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _journal as journals
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import EMAIL_NOT_VERIFIED
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import check_url
from ansible_collections.mailops.smime.plugins.module_utils._ca.ordering import (
    ENDS_THE_RUN,
    PLACED,
    build_order,
    build_reminder,
    check_number,
    derive_urls,
    read_order,
    to_error,
)
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    CallError,
    FileError,
    OptionError,
    SmimeError,
    make_defect,
)
from ansible_collections.mailops.smime.plugins.module_utils._journal import Journal, PlacedOrder
from ansible_collections.mailops.smime.plugins.module_utils._order_plan import (
    Need,
    OrderEntry,
    find_need,
    judge_certificate,
    read_entries,
)
from ansible_collections.mailops.smime.plugins.module_utils._order_report import (
    OrderResult,
    Sent,
    explain_response,
    judge_outcome,
    summarize,
    tell_known,
    tell_unnoted,
)
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, describe_failure

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._context import Clock

_A_DAY = timedelta(days=1)


@dataclass
class OrderRun:
    """One run over the list. ``client`` sends nothing in check mode, and nothing that costs money without ``place``."""

    params: Mapping[str, Any]
    journal: Journal
    client: Client
    clock: Clock
    over: bool = False
    results: list[OrderResult] = field(default_factory=list)

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be changed."""
        return self.journal.files.check_mode

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no message may hold."""
        codes = (order.collection_code for order in self.journal.orders)
        return tuple(filter(None, (self.params["login_password"], *codes)))

    def carry_out(self, entries: Sequence[OrderEntry]) -> None:
        """Do for each entry what ``state`` says. Raises OptionError and FileError before anything is sent or changed."""
        self.journal.read()
        if self.params["state"] == "ordered":
            needed = self._require_sendable(entries)
            # What is noted as sent may be another run's, which has the lock until it is answered.
            if not needed and not (self.params["place"] and self.journal.has_sent()):
                self._go_through(entries)
                return
        if self.check_mode:
            self._go_through(entries)
            return
        with self.journal.locked():
            if self.params["state"] == "ordered":
                # Another run may have ordered while this one waited for the lock.
                self._require_sendable(entries)
            self._go_through(entries)

    def _require_sendable(self, entries: Sequence[OrderEntry]) -> bool:
        """Tell whether something is to be ordered. Raises OptionError if one of the orders cannot be placed: then none is."""
        if not self.params["place"]:
            return False
        needed = [entry for entry in entries if entry.fault is None and self._find_need(entry).status == "needed"]
        if len(needed) > self.params["max_orders"]:
            raise OptionError(
                f"{len(needed)} orders are needed, and max_orders is {self.params['max_orders']}; none was placed",
                hint="If that is right, raise max_orders: each order costs money.",
            )
        derive_urls(self.params["api_url"])
        for entry in needed:
            try:
                self._build_order(entry)
            except OptionError as error:
                raise OptionError(f"{entry.email}: {error.message}; nothing was ordered", hint=error.hint) from None
        return bool(needed)

    def _build_order(self, entry: OrderEntry) -> dict[str, str]:
        return build_order(
            entry.terms, self.params["login_name"], self.params["login_password"], test=self.params["test"]
        )

    def _go_through(self, entries: Sequence[OrderEntry]) -> None:
        acts: dict[str, Callable[[OrderEntry], OrderResult]] = {
            "ordered": self._order,
            "reminded": self._remind,
            "resolved": self._resolve,
            "forgotten": self._forget,
        }
        for entry in entries:
            try:
                if entry.fault is not None:
                    raise entry.fault
                self.results.append(acts[self.params["state"]](entry))
            except SmimeError as error:
                self.results.append(OrderResult(entry, "failed", error=error))
            except BaseException as error:  # noqa: BLE001 - what was placed before must be told all the same
                self.over = True
                self.results.append(OrderResult(entry, "failed", error=make_defect(error)))

    def _find_need(self, entry: OrderEntry) -> Need:
        return find_need(entry, self.journal.of(entry.email), self.clock.now())

    def _order(self, entry: OrderEntry) -> OrderResult:
        need = self._find_need(entry)
        if need.status == "unknown" and need.order is not None:
            return OrderResult(entry, "unknown", need.order, error=tell_known(need.order))
        if need.status != "needed" or not self.params["place"]:
            return OrderResult(entry, need.status, need.order)
        if self.check_mode:
            return OrderResult(entry, "needed", changed=True)
        if self.over:
            return OrderResult(entry, "not_attempted")
        return self._place(entry)

    def _place(self, entry: OrderEntry) -> OrderResult:
        """Place one order: noted before it is sent, and never sent again whatever comes back."""
        terms, form = entry.terms, self._build_order(entry)
        url, _reminders = derive_urls(self.params["api_url"])
        self._open()
        order = PlacedOrder(
            terms.email,
            terms.product,
            terms.days,
            journals.make_id(),
            journals.SENT,
            self.clock.now(),
            test=self.params["test"],
        )
        try:
            self.journal.put(order)
        except FileError:
            self.over = True
            raise
        sent = self._send(form, url)
        result = judge_outcome(entry, order, sent)
        try:
            self.journal.put(result.order or order)
        except FileError as failure:
            # Without a journal, no other order may be placed.
            self.over = True
            result.error = tell_unnoted(result, failure)
        return result

    def _open(self) -> None:
        """Know whatever can be wrong with this host before the journal says that something was sent, and connect anew.

        A connection that was kept may be half dead, and then nobody knows what arrived.
        """
        self.client.transport.close()
        self.client.transport.open()

    def _send(self, form: dict[str, str], url: str) -> Sent:
        """POST once, whatever ``api_retries`` says."""
        try:
            response = self.client.send_once(form, url)
        except CallError as error:
            return Sent(None, error, self.client.transport.sent)
        reply = read_order(response, self.secrets)
        self.over = self.over or (reply is not None and reply.code in ENDS_THE_RUN)
        return Sent(reply, None if reply is not None else explain_response(response), arrived=True)

    def _remind(self, entry: OrderEntry) -> OrderResult:
        """Have the confirmation mail sent again, for an open order that waits for it, once a day at most."""
        need = self._find_need(entry)
        order, now = need.order, self.clock.now()
        if need.status != "open" or order is None or order.last_code != EMAIL_NOT_VERIFIED or not order.order_number:
            return OrderResult(entry, need.status, order)
        if order.reminded_at is not None and now - order.reminded_at < _A_DAY:
            return OrderResult(entry, "open", order)
        form = build_reminder(order.order_number, self.params["login_name"], self.params["login_password"])
        _orders, url = derive_urls(self.params["api_url"])
        if self.check_mode:
            return OrderResult(entry, "open", order, changed=True)
        if self.over:
            return OrderResult(entry, "not_attempted", order)
        self._open()
        # Before it is sent: better no mail on a day than two.
        reminded = replace(order, reminded_at=now)
        self.journal.put(reminded)
        sent = self._send(form, url)
        if sent.reply is not None and sent.reply.code >= PLACED:
            return OrderResult(entry, "reminded", reminded, changed=True)
        if sent.reply is not None or not sent.arrived:
            # No mail went out.
            self.journal.put(order)
        return OrderResult(entry, "failed", order, error=to_error(sent.reply) if sent.reply is not None else sent.error)

    def _resolve(self, entry: OrderEntry) -> OrderResult:
        """Note the number that a person found for an order of which nobody knew whether it exists."""
        if not entry.order_number:
            raise OptionError("missing: order_number", hint="Give the number that the order has at the CA.")
        check_number(entry.order_number, entry.collection_code)
        orders = self.journal.of(entry.email)
        unclear = next((order for order in orders if order.state in journals.UNCLEAR), None)
        if unclear is None:
            known = next((order for order in orders if order.order_number == entry.order_number), None)
            if known is None:
                raise OptionError(
                    "no order of this mailbox is of unknown outcome",
                    hint="There is nothing to resolve. Leave this entry out.",
                )
            return OrderResult(entry, "resolved", known)
        found = replace(
            unclear,
            state=journals.PLACED,
            order_number=entry.order_number,
            collection_code=entry.collection_code or unclear.collection_code,
        )
        return self._settle(entry, "resolved", found)

    def _forget(self, entry: OrderEntry) -> OrderResult:
        """Give up an order that a person knows not to exist, or whose number a person gives: the mailbox can be ordered for again."""
        orders = self.journal.of(entry.email)
        given_up = next(
            (
                order
                for order in orders
                if order.state in journals.UNCLEAR
                or (entry.order_number and (order.state, order.order_number) == (journals.PLACED, entry.order_number))
            ),
            None,
        )
        if given_up is not None:
            return self._settle(entry, "forgotten", replace(given_up, state=journals.FORGOTTEN))
        if any(order.state == journals.FORGOTTEN for order in orders):
            return OrderResult(entry, "forgotten")
        raise OptionError(
            "no order of this mailbox is of unknown outcome",
            hint="There is nothing to forget. An order that was cancelled at the CA is forgotten with its order_number.",
        )

    def _settle(self, entry: OrderEntry, status: str, order: PlacedOrder) -> OrderResult:
        if not self.check_mode:
            self.journal.put(order)
        return OrderResult(entry, status, order, changed=True)


def make_blank() -> dict[str, Any]:
    """Return the keys that each result has."""
    return summarize([], 0)


def manage(params: Mapping[str, Any], journal: Journal, client: Client, clock: Clock) -> Outcome:
    """Do what the module's parameters say, and return what is to be told, of a failure too."""
    run = OrderRun(params, journal, client, clock)
    try:
        options.check_numbers(params)
        options.check_secrets(params)
        check_url(params["api_url"])
        run.carry_out([judge_certificate(entry, journal.files.read) for entry in read_entries(params)])
        result = summarize(run.results, client.calls)
    except SmimeError as error:
        failure = describe_failure(error, "orders")
        result = {**summarize([], client.calls), **failure, "attention": [failure["msg"]]}
    journal.tidy()
    return Outcome(result, [warning for warning in (journal.narrow(), journal.judge_folder()) if warning])
