# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders: what they were placed with, where they stand, and what one call does to them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from test_ca.arguments import Call, Code, FieldError, Refusal, choice, update
from test_ca.authority import make_key
from test_ca.issuing import MAILBOX_VALIDATED_MULTIPURPOSE, Chain, Profile, mailbox_name, read_request
from test_ca.replies import Dialect

CODE_LETTERS = string.ascii_letters + string.digits
CODE_LENGTH = 16
# Certificates must stay within the time of the authority's own.
LONGEST_VALIDITY = range(1, 3650 + 1)
FARTHEST_DAY = 3000
FIRST_NUMBER = 100_000_001
FINAL_STATES: Mapping[str, Code] = MappingProxyType(
    {"revoked": Code.REVOKED, "unsupported_product": Code.UNSUPPORTED_PRODUCT}
)
BLOCKED_STATES: Mapping[str, Code] = MappingProxyType(
    {"awaiting_payment": Code.AWAITING_PAYMENT, "email_not_verified": Code.EMAIL_NOT_VERIFIED}
)


@dataclass(frozen=True)
class Terms(Profile):
    """What an order was placed with. `email` is the only thing that has no default."""

    order_number: str = ""
    collection_code: str = field(default="", repr=False)
    # The account that owns the order; without one, every account may ask for it.
    login_name: str | None = None
    state: str = choice(
        "ready", "in_process", "awaiting_payment", "email_not_verified", "issued", "revoked", "unsupported_product"
    )
    # How many queries of a started order are answered with 0; null: it never ends by itself.
    in_process_queries: int | None = 1
    # How many queries a blocked order (-22, -154) refuses before it becomes ready; null: until it is changed.
    blocked_queries: int | None = None
    no_csr_answer: str = choice("", "missing_argument", "pending")
    dialect: Mapping[str, object] = field(default_factory=dict)
    csr: str | None = field(default=None, repr=False)


@dataclass
class Order:
    """An order on its way."""

    terms: Terms
    request: x509.CertificateSigningRequest | None = None
    started: bool = False
    waiting: int | None = 0
    blocked: int | None = 0
    chain: Chain | None = None
    mails_sent: int = 0  # to the mailbox owner, for confirmation

    def rewind(self) -> None:
        """Count from the start again what the order's terms tell to count."""
        self.waiting = self.terms.in_process_queries if self.terms.state == "in_process" else 0
        self.blocked = self.terms.blocked_queries

    def describe(self) -> dict[str, object]:
        """Give an order as JSON for the control API."""
        terms = {name: value for name, value in vars(self.terms).items() if name != "csr"}
        serial = self.chain.end_entity.serial_number if self.chain else None
        return {
            **terms,
            "mails_sent": self.mails_sent,
            "has_csr": self.request is not None,
            "started": self.started,
            "issued": self.chain is not None,
            "serial_number": None if serial is None else str(serial),
        }


def make_request() -> x509.CertificateSigningRequest:
    """Make a request for a key that nobody keeps, for orders that are born issued."""
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(make_key(), hashes.SHA256())


class OrderBook:
    """All orders, by number and by collection code."""

    def __init__(self) -> None:
        self._by_number: dict[str, Order] = {}
        self._by_code: dict[str, Order] = {}
        self._next_number = FIRST_NUMBER

    def create(self, wanted: object) -> Order:
        """Place an order, with a number and a collection code of its own if none are given."""
        terms = check_terms(update(Terms(email=""), spell_numbers(wanted)))
        terms = replace(
            terms,
            order_number=terms.order_number or self._free_number(),
            collection_code=terms.collection_code or self._free_code(),
        )
        if terms.order_number in self._by_number:
            raise FieldError(f"there is an order {terms.order_number!r} already")
        if terms.collection_code in self._by_code:
            raise FieldError("there is an order with this collection code already")
        order = Order(terms)
        order.rewind()
        hold_request(order)
        self._by_number[terms.order_number] = self._by_code[terms.collection_code] = order
        return order

    def change(self, order: Order, changes: object) -> None:
        """Change an order's terms; number and collection code are for good."""
        terms = check_terms(update(order.terms, changes))
        if (terms.order_number, terms.collection_code) != (order.terms.order_number, order.terms.collection_code):
            raise FieldError("an order's number and collection code cannot be changed")
        order.terms = terms
        if isinstance(changes, Mapping) and changes.keys() & {"state", "in_process_queries", "blocked_queries"}:
            order.rewind()
        hold_request(order)

    def find(self, number: str | None) -> Order | None:
        """Look an order up by its number."""
        return self._by_number.get(number or "")

    def find_by_code(self, code: str | None) -> Order | None:
        """Look an order up by its collection code."""
        return self._by_code.get(code or "")

    def remove(self, order: Order) -> None:
        """Forget an order."""
        del self._by_number[order.terms.order_number]
        del self._by_code[order.terms.collection_code]

    def all(self) -> list[Order]:
        """List the orders as they came."""
        return list(self._by_number.values())

    def _free_number(self) -> str:
        while str(self._next_number) in self._by_number:
            self._next_number += 1
        return str(self._next_number)

    @staticmethod
    def _free_code() -> str:
        return "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))


def spell_numbers(wanted: object) -> object:
    """Take a number for a text where YAML makes one of it: `order_number: 1001`."""
    if not isinstance(wanted, Mapping):
        return wanted
    spelled = {
        name: str(wanted[name])
        for name in ("order_number", "collection_code")
        if isinstance(wanted.get(name), int) and not isinstance(wanted.get(name), bool)
    }
    return {**wanted, **spelled}


def check_terms(terms: Terms) -> Terms:
    """Refuse terms that no certificate could be issued for."""
    local, _at, domain = terms.email.rpartition("@")
    try:
        mailbox_name(terms.email if local and domain else "")
    except ValueError as error:
        raise FieldError("'email' must be an e-mail address") from error
    try:
        x509.ObjectIdentifier(terms.policy or MAILBOX_VALIDATED_MULTIPURPOSE)
    except ValueError as error:
        raise FieldError("'policy' must be an object identifier, or empty") from error
    if len(terms.order_number) > 128 or len(terms.collection_code) > CODE_LENGTH:
        raise FieldError("'order_number' takes 128 characters at most, 'collection_code' 16")
    if terms.validity_days not in LONGEST_VALIDITY or abs(terms.not_before_days) > FARTHEST_DAY:
        raise FieldError("'validity_days' must be 1 to 3650, 'not_before_days' -3000 to 3000")
    urls: Sequence[object] = terms.crl_urls  # as JSON gave them
    if any(not isinstance(url, str) or not url.isascii() for url in urls):
        raise FieldError("'crl_urls' must be a list of URLs")
    update(Dialect(), terms.dialect)
    return terms


def hold_request(order: Order) -> None:
    """Take a request that came with the terms, or make one if the order is to be issued without any."""
    if order.terms.csr is not None:
        order.request = read_request(order.terms.csr)
        order.terms = replace(order.terms, csr=None)
    if order.terms.state == "issued":
        order.request = order.request or make_request()
        order.started = True


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
