# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Place orders and send confirmation mails again: `!AutoApplyOrder` and `!ResendVerificationEmailSMIME`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from test_ca.arguments import LOGIN, Argument, Code, Form, Page, Refusal
from test_ca.endpoint import Endpoint, find_order
from test_ca.issuing import mailbox_name, read_request
from test_ca.orders import Order
from test_ca.replies import Answer, Dialect
from test_ca.service import Account, Placement, Service

PLACED, PAYMENT_REQUIRED = 0, 1
NO_COUNTRY, CSR_UNREADABLE, NO_CREDIT, WRONG_STATE = -7, -10, -15, -122
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
        pay(account, cost)
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
    organization = {name: values[name] for name in ORGANIZATION if name in values}
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
            organization=organization,
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


def pay(account: Account, cost: int) -> None:
    """Take the price from the account's credit, if it has a limit."""
    if account.credit is None:
        return
    if account.credit < cost:
        raise Refusal(NO_CREDIT, text="Not enough credit!")
    account.credit -= cost


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
    account = service.log_in(values["loginName"], values["loginPassword"])
    if order is None or order.terms.login_name not in (None, account.login_name):
        raise Refusal(Code.INVALID_ARGUMENT, "orderNumber")
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
