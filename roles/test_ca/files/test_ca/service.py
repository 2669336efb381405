# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authority as a whole: what the endpoint and the control API both work on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event, RLock

from test_ca.accounts import Account, Accounts
from test_ca.authority import Authority
from test_ca.calls import CallLog
from test_ca.dialects import Dialect
from test_ca.faults import FaultQueue
from test_ca.fields import FieldError, choice, update
from test_ca.issuing import VARIANTS, Chain, issue
from test_ca.orders import Order, OrderBook
from test_ca.troubles import Troubles


@dataclass(frozen=True)
class Settings:
    """What holds for all orders and accounts."""

    no_csr_answer: str = choice("missing_argument", "pending")
    lock_after: int = 5
    dialect: Mapping[str, object] = field(default_factory=dict)


def change_settings(settings: Settings, changes: object) -> Settings:
    """Change the settings, after a look at them."""
    changed = update(settings, changes)
    update(Dialect(), changed.dialect)
    if changed.lock_after < 1:
        raise FieldError("'lock_after' must be 1 or more")
    return changed


@dataclass
class Service:
    """Everything the server knows. Whoever touches it holds the lock."""

    authority: Authority
    stop: Callable[[], None]
    settings: Settings = field(default_factory=Settings)
    accounts: Accounts = field(default_factory=Accounts)
    orders: OrderBook = field(default_factory=OrderBook)
    faults: FaultQueue = field(default_factory=FaultQueue)
    calls: CallLog = field(default_factory=CallLog)
    lock: RLock = field(default_factory=RLock)
    stopping: Event = field(default_factory=Event)
    troubles: Troubles = field(default_factory=Troubles)
    last_request: float = field(default_factory=time.monotonic)
    under_way: int = 0

    @contextlib.contextmanager
    def counting(self) -> Iterator[int]:
        """Count a call among those that are being answered, and say how many those are."""
        with self.lock:
            self.under_way += 1
            count = self.under_way
        try:
            yield count
        finally:
            with self.lock:
                self.under_way -= 1

    def touch(self) -> None:
        """Note that somebody is there."""
        self.last_request = time.monotonic()

    def dialect_of(self, order: Order | None) -> Dialect:
        """Give the dialect for an order's replies."""
        dialect = update(Dialect(), self.settings.dialect)
        return update(dialect, order.terms.dialect) if order else dialect

    def issue(self, order: Order) -> Chain:
        """Issue an order's certificate."""
        if order.request is None:
            raise FieldError("the order has no CSR")
        return issue(self.authority, order.terms, order.request)

    def spoil_chain(self, order: Order, chain: Chain) -> Chain:
        """Put a wrong certificate in the right one's place if a fault says so."""
        fault = self.faults.take(order.terms.order_number, certificate=True)
        if fault is None or order.request is None:
            return chain
        return VARIANTS[fault.certificate](self.authority, order.terms, order.request)

    def add_account(self, wanted: object) -> Account:
        """Open an account."""
        account = Account(**vars(update(Credentials(), wanted)))
        if not account.login_name or not account.password:
            raise FieldError("'login_name' and 'password' are needed")
        self.accounts.add(account)
        return account

    def add_order(self, wanted: object) -> Order:
        """Place an order, and issue it if it is to be born issued."""
        order = self.orders.create(wanted)
        self.settle(order)
        return order

    def settle(self, order: Order) -> None:
        """Issue an order whose state says that it is issued."""
        if order.terms.state == "issued" and order.chain is None:
            order.chain = self.issue(order)


@dataclass(frozen=True)
class Credentials:
    """An account as the control API takes it."""

    login_name: str = ""
    password: str = field(default="", repr=False)
    locked: bool = False
