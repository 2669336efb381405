# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the endpoint and the control API both work on: settings, accounts, orders, faults, and the record of calls."""

from __future__ import annotations

import contextlib
import hmac
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, RLock

from test_ca.arguments import Code, FieldError, Form, Refusal, choice, update
from test_ca.authority import Authority
from test_ca.faults import Fault, FaultQueue, Occasion
from test_ca.issuing import VARIANTS, Chain, Profile, issue
from test_ca.listeners import Busy, Request
from test_ca.orders import Order, OrderBook, Terms
from test_ca.replies import Dialect
from test_ca.revocation import CRL_TROUBLES, LONGEST_SECONDS, RevocationList

CALLS_KEPT = 100_000
NO_CREDIT = -15


@dataclass(frozen=True)
class Settings:
    """What holds for all orders and accounts."""

    no_csr_answer: str = choice("missing_argument", "pending")
    lock_after: int = 5
    dialect: Mapping[str, object] = field(default_factory=dict)
    # What an order that is placed at the endpoint begins with; a mailbox owner has a mail to confirm.
    placed: Mapping[str, object] = field(default_factory=lambda: {"state": "email_not_verified"})
    # Arguments of the page that are refused all the same (-2).
    unknown_arguments: list[str] = field(default_factory=list)
    # Where certificates say that their revocation is told, what is wrong with that list, and how long it is good for.
    crl: str = choice("none", "http", "https")
    crl_trouble: str = choice(*CRL_TROUBLES)
    crl_seconds: int = 86400


def change_settings(settings: Settings, changes: object) -> Settings:
    """Change the settings, after a look at them."""
    changed = update(settings, changes)
    update(Dialect(), changed.dialect)
    update(Terms(email="mailbox@example.test"), changed.placed)
    if changed.lock_after < 1:
        raise FieldError("'lock_after' must be 1 or more")
    if not 1 <= changed.crl_seconds <= LONGEST_SECONDS:
        raise FieldError("'crl_seconds' must be from 1 to ten years")
    return changed


@dataclass(frozen=True)
class Credentials:
    """An account as the control API takes it."""

    login_name: str = ""
    password: str = field(default="", repr=False)
    locked: bool = False
    credit: int | None = None  # none: no limit


@dataclass
class Account:
    """One customer of the authority. Name and password are case-sensitive."""

    login_name: str
    password: str = field(repr=False)
    failures: int = 0
    locked: bool = False
    credit: int | None = None

    def log_in(self, password: str, lock_after: int) -> None:
        """Let the owner in, or count a failure. A locked account refuses the right password too."""
        matches = hmac.compare_digest(self.password.encode(), password.encode())
        if matches and not self.locked:
            self.failures = 0
            return
        if not matches:
            self.failures += 1
            self.locked = self.locked or self.failures >= lock_after
        raise Refusal(Code.LOGIN_FAILED)

    def pay(self, cost: int) -> None:
        """Take the price of an order from the credit, if it has a limit."""
        if self.credit is None:
            return
        if self.credit < cost:
            raise Refusal(NO_CREDIT, text="Not enough credit!")
        self.credit -= cost

    def unlock(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.locked = False

    def describe(self) -> dict[str, object]:
        """Say what may be said about an account."""
        return {name: value for name, value in vars(self).items() if name != "password"}


@dataclass(frozen=True)
class Placement:
    """An order as it was placed at the endpoint. A test order is noted here, and exists nowhere else."""

    order_number: str
    email: str
    product: str
    days: int
    cost: int
    login_name: str
    test: bool
    payment_required: bool
    organization: dict[str, str]


@dataclass(frozen=True)
class Record:
    """What was asked and what was answered. `code` is none where the endpoint had no say.

    `under_way` counts the calls that were being answered when this one came, itself included.
    """

    sequence: int
    endpoint: str
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
            f"call {self.sequence} {self.endpoint} connection {self.connection} {self.method} [{asked}]"
            f" -> code {self.code} http {self.http_status} fault {self.fault}"
        )


@dataclass
class Service:
    """Everything the server knows. Whoever touches it holds the lock."""

    directory: Path
    authority: Authority
    stop: Callable[[], None]
    settings: Settings = field(default_factory=Settings)
    accounts: dict[str, Account] = field(default_factory=dict)
    orders: OrderBook = field(default_factory=OrderBook)
    faults: FaultQueue = field(default_factory=FaultQueue)
    calls: deque[Record] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    placed: list[Placement] = field(default_factory=list)
    call_numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    lock: RLock = field(default_factory=RLock)
    stopping: Event = field(default_factory=Event)
    under_way: Busy = field(default_factory=Busy)
    last_request: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.revocations = RevocationList(self.authority)

    @contextlib.contextmanager
    def touching(self) -> Iterator[None]:
        """Note that somebody is there, from the beginning of an answer to its end."""
        self.last_request = time.monotonic()
        try:
            yield
        finally:
            self.last_request = time.monotonic()

    def record(
        self, request: Request, form: Form, under_way: int, code: int | None, http_status: int | None, fault: str | None
    ) -> Record:
        """Record a call."""
        record = Record(
            sequence=next(self.call_numbers),
            endpoint=form.page.name,
            method=request.method,
            connection=request.connection,
            under_way=under_way,
            arguments=form.names(),
            values=form.public_values(),
            had_csr=form.first("csr") is not None,
            code=code,
            http_status=http_status,
            fault=fault,
        )
        self.calls.append(record)
        return record

    def take_fault(self, form: Form, order: Order | None) -> Fault | None:
        """Take the fault that waits for a call, if there is one."""
        number = order.terms.order_number if order else None
        email = order.terms.email if order else form.first("sanEmailAddress")
        return self.faults.take(Occasion(form.page.name, number, email))

    def log_in(self, login_name: str, password: str) -> Account:
        """Check a name and a password; both kinds of failure look the same from outside."""
        account = self.accounts.get(login_name)
        if account is None:
            raise Refusal(Code.LOGIN_FAILED)
        account.log_in(password, self.settings.lock_after)
        return account

    def dialect_of(self, order: Order | None) -> Dialect:
        """Give the dialect for an order's replies."""
        dialect = update(Dialect(), self.settings.dialect)
        return update(dialect, order.terms.dialect) if order else dialect

    def profile_of(self, order: Order) -> Profile:
        """Give what an order's certificate is to say."""
        url = self.revocations.urls.get(self.settings.crl)
        return replace(order.terms, crl_urls=order.terms.crl_urls or ([url] if url else []))

    def issue(self, order: Order) -> Chain:
        """Issue an order's certificate."""
        if order.request is None:
            raise FieldError("the order has no CSR")
        return issue(self.authority, self.profile_of(order), order.request)

    def revoke(self, order: Order, wanted: Mapping[str, object]) -> None:
        """Revoke an order's certificate; the order answers so from then on."""
        if order.chain is None:
            raise FieldError("the order has no certificate")
        self.revocations.revoke({**wanted, "serial_number": str(order.chain.end_entity.serial_number)})
        self.orders.change(order, {"state": "revoked"})

    def spoil_chain(self, order: Order, chain: Chain) -> Chain:
        """Put a wrong certificate in the right one's place if a fault says so."""
        fault = self.faults.take(Occasion("collect", order.terms.order_number, order.terms.email, certificate=True))
        if fault is None or order.request is None:
            return chain
        return VARIANTS[fault.certificate](self.authority, self.profile_of(order), order.request)

    def add_account(self, wanted: object) -> Account:
        """Open an account, or replace the one of that name."""
        account = Account(**vars(update(Credentials(), wanted)))
        if not account.login_name or not account.password:
            raise FieldError("'login_name' and 'password' are needed")
        self.accounts[account.login_name] = account
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
