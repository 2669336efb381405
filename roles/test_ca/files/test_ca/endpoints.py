# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three endpoints: a call comes in, is judged, changes an order, and is answered."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from test_ca.arguments import COLLECT, LOGIN, Argument, Call, Code, Form, Page, Refusal, parse_form, read_call
from test_ca.faults import deliver
from test_ca.issuing import mailbox_name, read_request
from test_ca.listeners import Delivery, Request
from test_ca.orders import Order, advance
from test_ca.replies import Answer, Dialect, refuse, report
from test_ca.service import Placement, Service

LOG = logging.getLogger("test_ca")
PLACED, PAYMENT_REQUIRED = 0, 1
NO_COUNTRY, CSR_UNREADABLE, WRONG_STATE = -7, -10, -122
UNRECOGNISED = "'{argument}' is an unrecognised argument!"
DAYS = ("365", "730")
ORGANIZATION = ("organizationName", "organizationIdentifier", "stateOrProvinceName", "countryName")
# ISO 3166-1, alpha-2.
COUNTRIES = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDM"
        "DODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKP"
        "KRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPR"
        "PSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWF"
        "WSYEYTZAZMZW",
    )
)


@dataclass(frozen=True)
class Endpoint:
    """One call: what it takes, which order it is about, what it does, and how it refuses."""

    page: Page
    find: Callable[[Service, Form], Order | None]
    process: Callable[[Service, Form, Order | None], Answer]
    refuse: Callable[[Service, Form, Order | None, Refusal], Answer]

    def serve(self, service: Service, request: Request, send: Callable[[Delivery], None], secure: bool = True) -> None:
        """Answer one call; it is under way until its answer is sent."""
        with service.under_way as under_way:
            send(self._answer(service, request, under_way, secure))

    def _answer(self, service: Service, request: Request, under_way: int, secure: bool) -> Delivery:
        """Find the answer to a call, with the fault that waits for it, and record both."""
        form = parse_form(self.page, request.body, request.content_type)
        with service.lock:
            order = self.find(service, form)
            fault = service.take_fault(form, order) if secure else None
            if not secure:
                answer = self.refuse(service, form, None, Refusal(Code.NOT_HTTPS))
            elif fault is None or fault.has_effect:
                answer = self._process(service, request, form, order)
            else:
                answer = Answer(None, b"")
            if fault is not None and fault.fault == "code":
                answer = self.refuse(service, form, order, Refusal(fault.code, text=fault.message))
            delivery = deliver(answer) if fault is None else fault.deliver(answer)
            name = fault.fault if fault else None
            record = service.record(request, form, under_way, answer.code, delivery.status, name)
        LOG.info("%s", record.line())
        return delivery

    def _process(self, service: Service, request: Request, form: Form, order: Order | None) -> Answer:
        """Do what the call asks for; whatever goes wrong has a code."""
        try:
            if request.method != "POST":
                raise Refusal(Code.NOT_POST)
            if request.query:  # arguments belong in the body
                raise Refusal(Code.UNRECOGNISED_ARGUMENT)
            return self.process(service, form, order)
        except Refusal as refusal:
            return self.refuse(service, form, order, refusal)
        except Exception as error:  # noqa: BLE001  (the page has a code for this, too)
            # Neither the error's text nor the values in its frames may reach the log.
            LOG.error("call failed with %s", type(error).__name__)
            return self.refuse(service, form, order, Refusal(Code.UNKNOWN_ERROR))


def find_order(service: Service, form: Form) -> Order | None:
    """Find the order that a call is about. "If specified, the ... orderNumber can be omitted": the code wins."""
    code = form.first("collectionCode")
    return service.orders.find_by_code(code) if code else service.orders.find(form.first("orderNumber"))


def collect(service: Service, form: Form, order: Order | None) -> Answer:
    """Take a CSR, issue, and hand out certificates, as far as the call asks for it."""
    call = read_call(form)
    found = open_order(service, call, order)
    chain = advance(found, call, service.settings.no_csr_answer, service.issue)
    if chain is not None and call.query_type != 0:
        chain = service.spoil_chain(found, chain)
    return report(call, chain, service.dialect_of(found))


def open_order(service: Service, call: Call, order: Order | None) -> Order:
    """Check that the caller may ask for the order."""
    if call.collection_code is not None:
        if order is None:
            raise Refusal(Code.INVALID_ARGUMENT, "collectionCode")
        return order
    return open_by_login(service, call.login_name or "", call.login_password or "", order)


def open_by_login(service: Service, login_name: str, login_password: str, order: Order | None) -> Order:
    """Log in, and check that the order is the account's."""
    account = service.log_in(login_name, login_password)
    if order is None or order.terms.login_name not in (None, account.login_name):
        raise Refusal(Code.INVALID_ARGUMENT, "orderNumber")
    return order


def refuse_call(service: Service, form: Form, order: Order | None, refusal: Refusal) -> Answer:
    """Refuse in the encoding that the call asked for, as far as that can be told."""
    javascript = form.first("responseEncoding") == "2"
    content_type = None if refusal.code == Code.INVALID_ARGUMENT else form.fitting("responseMimeType")
    return refuse(refusal, service.dialect_of(order), javascript, content_type)


COLLECT_ENDPOINT = Endpoint(COLLECT, find_order, collect, refuse_call)


@dataclass(frozen=True)
class Product:
    """What can be ordered: the policy of its certificates, its price for a term in days, and whether it names an organization."""

    policy: str
    prices: Mapping[str, int]
    organization: bool = False


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "794": Product("2.23.140.1.5.1.2", {"365": 12, "730": 22}),
        "795": Product("2.23.140.1.5.1.3", {"365": 14, "730": 26}),
        "796": Product("2.23.140.1.5.2.2", {"365": 40, "730": 75}, organization=True),
    }
)
ORDER = Page(
    "order",
    "/products/!AutoApplyOrder",
    (
        *LOGIN,
        Argument("product", 64, allowed=frozenset(PRODUCTS), empty_is_missing=True),
        Argument("days", 4, allowed=frozenset(DAYS), empty_is_missing=True),
        Argument("sanEmailAddress", 255, empty_is_missing=True),
        Argument("csr", 32767, secret=True),
        Argument("showCollectionCode", 1, allowed=frozenset("YN")),
        Argument("responseFormat", 1, allowed=frozenset("01")),
        Argument("test", 1, allowed=frozenset("YN")),
        Argument("organizationName", 64),
        Argument("organizationIdentifier", 100),
        Argument("stateOrProvinceName", 128),
        Argument("countryName", 2),
    ),
    UNRECOGNISED,
)
RESEND = Page(
    "resend",
    "/products/!ResendVerificationEmailSMIME",
    (*LOGIN, Argument("orderNumber", 128, empty_is_missing=True), Argument("emailAddress", 32767)),
    UNRECOGNISED,
)


def place(service: Service, form: Form, _order: Order | None) -> Answer:
    """Place an order; a test order costs nothing, and cannot be collected."""
    values = read_order(service, form)
    account = service.log_in(values["loginName"], values["loginPassword"])
    product = PRODUCTS[values["product"]]
    check_order(values, product)
    test = values.get("test") == "Y"
    cost = product.prices[values["days"]]
    if not test:
        account.pay(cost)
    order = service.add_order(
        {
            **service.settings.placed,
            "email": values["sanEmailAddress"],
            "policy": product.policy,
            "validity_days": int(values["days"]),
            "organization": values.get("organizationName", ""),
            "login_name": account.login_name,
            "csr": values.get("csr"),
        }
    )
    terms = order.terms
    if test:
        service.orders.remove(order)
    order.mails_sent = int(terms.state == "email_not_verified" and not test)
    payment_required = terms.state == "awaiting_payment"
    service.placed.append(
        Placement(
            order_number=terms.order_number,
            email=terms.email,
            product=values["product"],
            days=int(values["days"]),
            cost=cost,
            login_name=account.login_name,
            test=test,
            payment_required=payment_required,
            organization={name: values[name] for name in ORGANIZATION if name in values},
        )
    )
    reply = {"orderNumber": terms.order_number, "totalCost": f"{cost}.00"}
    if values.get("showCollectionCode") == "Y":
        reply["collectionCode"] = terms.collection_code
    return answer(service, form, PAYMENT_REQUIRED if payment_required else PLACED, reply)


def read_order(service: Service, form: Form) -> dict[str, str]:
    """Judge the arguments one by one."""
    for name in form.names():
        if name in service.settings.unknown_arguments:
            raise Refusal(Code.UNRECOGNISED_ARGUMENT, name, UNRECOGNISED.format(argument=name))
    values = form.values()
    form.check(values, "loginName", "loginPassword", "product", "days", "sanEmailAddress")
    return values


def check_order(values: Mapping[str, str], product: Product) -> None:
    """Judge the arguments together."""
    local, _at, domain = values["sanEmailAddress"].rpartition("@")
    try:
        mailbox_name(values["sanEmailAddress"] if local and domain else "")
    except ValueError as error:
        raise Refusal(Code.INVALID_ARGUMENT, "sanEmailAddress") from error
    if product.organization and "organizationName" not in values:
        raise Refusal(Code.MISSING_ARGUMENT, "organizationName")
    for name in ORGANIZATION:
        if name in values and not product.organization:
            raise Refusal(Code.INVALID_ARGUMENT, name)
    if values.get("countryName", "DE") not in COUNTRIES:
        raise Refusal(NO_COUNTRY, "countryName", "The value of the 'countryName' argument is no ISO-3166 country!")
    if "csr" in values:
        try:
            read_request(values["csr"])
        except Refusal as refusal:
            raise Refusal(CSR_UNREADABLE, "csr", "The CSR cannot be decoded!") from refusal


def answer(service: Service, form: Form, code: int, reply: Mapping[str, str]) -> Answer:
    """Write a reply as lines, or url-encoded if that was asked for."""
    dialect = service.dialect_of(None)
    if form.first("responseFormat") == "1" and "responseFormat" not in service.settings.unknown_arguments:
        pairs = {"errorCode": str(code), **reply}
        return Answer(code, urlencode({spell(dialect, name): value for name, value in pairs.items()}).encode())
    if code < 0:
        lines = [str(code), reply["errorMessage"]]
    else:
        # Status, number, cost, a time in hours, and the code if it was asked for.
        lines = [str(code), reply["orderNumber"], reply["totalCost"], "1", *filter(None, [reply.get("collectionCode")])]
    return Answer(code, "".join(line + dialect.newline for line in lines).encode())


def spell(dialect: Dialect, name: str) -> str:
    """Write a name of the reply in the dialect's case."""
    return {"lower": name.lower(), "upper": name.upper()}.get(dialect.order_keys, name)


def refuse_order(service: Service, form: Form, _order: Order | None, refusal: Refusal) -> Answer:
    """Refuse an order."""
    item = {"errorItem": refusal.argument} if refusal.argument else {}
    return answer(service, form, refusal.code, {"errorMessage": refusal.text, **item})


def resend(service: Service, form: Form, order: Order | None) -> Answer:
    """Send the owner of a mailbox another mail to confirm."""
    values = form.values()
    form.check(values, "loginName", "loginPassword", "orderNumber")
    order = open_by_login(service, values["loginName"], values["loginPassword"], order)
    addresses = values.get("emailAddress", order.terms.email).split(",")
    if any(address.strip() != order.terms.email for address in addresses):
        raise Refusal(Code.INVALID_ARGUMENT, "emailAddress")
    if order.terms.state != "email_not_verified":
        raise Refusal(WRONG_STATE, text="The order is not in the right state for this!")
    order.mails_sent += 1
    return Answer(0, f"0{service.dialect_of(order).newline}".encode())


def refuse_resend(service: Service, _form: Form, order: Order | None, refusal: Refusal) -> Answer:
    """Refuse to send a mail."""
    newline = service.dialect_of(order).newline
    return Answer(refusal.code, f"{refusal.code}{newline}{refusal.text}{newline}".encode())


ORDER_ENDPOINT = Endpoint(ORDER, lambda _service, _form: None, place, refuse_order)
RESEND_ENDPOINT = Endpoint(RESEND, find_order, resend, refuse_resend)
