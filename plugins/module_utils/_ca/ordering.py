# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placing orders (!AutoApplyOrder) and sending confirmation mails again (!ResendVerificationEmailSMIME): forms and replies, pure.

Built from the vendor's public pages. Only what stands there is sent, since unknown arguments are refused; replies are read in
every form that has been seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ansible_collections.mailops.smime.plugins.module_utils._ca.client import read_refused
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import MAX_LENGTHS, Order, check_order
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CaError, OptionError

PRODUCTS = {"mailbox_multipurpose": "794", "mailbox_strict": "795", "organization_multipurpose": "796"}
NAMES_ORGANIZATION = "organization_multipurpose"
DAYS = (365, 730)
# The pages' maximum lengths in characters, by our names of an organization's parts, and how they are sent.
ORGANIZATION = {
    "name": ("organizationName", 64),
    "identifier": ("organizationIdentifier", 100),
    "state": ("stateOrProvinceName", 128),
    "country": ("countryName", 2),
}
_LONGEST_ADDRESS = 255
_ENDING = "download/RequestAndCollectSMIME"

PLACED = 0
PAYMENT_REQUIRED = 1
UNKNOWN_ERROR = -14
NO_CREDIT = -15
LIMIT_REACHED = -42
# What the next order would be answered, too.
ENDS_THE_RUN = (NO_CREDIT, LOGIN_FAILED, LIMIT_REACHED)

# The codes seen at these endpoints: their name among our errors, and what to do.
_HINTS = {
    -1: ("not_https", "Check api_url and any proxy in between: something on the way ends the TLS connection."),
    -2: (
        "unrecognised_argument",
        "The CA does not know an argument of the request. Nothing was ordered, and it is not tried again by itself.",
    ),
    -3: ("missing_argument", "Give what the CA misses, then run the task again."),
    -4: ("invalid_argument", "Correct what the CA names, then run the task again."),
    -7: ("invalid_argument", "Give the organization's country as two letters of ISO 3166."),
    UNKNOWN_ERROR: ("unknown_error", ""),
    NO_CREDIT: ("unlisted_error", "The account has not enough credit. Pay it in, then run the task again."),
    LOGIN_FAILED: (
        "login_failed",
        "Do not run the task again before the account is known to work: each failed login can lock it.",
    ),
    -17: ("not_post", "Check any proxy in between: it changes the request's method."),
    LIMIT_REACHED: ("unlisted_error", "The account has reached its limit of calls. Run the task again later."),
    -90: ("unlisted_error", "The account has no permission for this. Ask the CA's support."),
    -91: ("unlisted_error", "The account has no permission for this. Ask the CA's support."),
    -115: ("unlisted_error", "The CA has no price for this product and term. Choose other days, or another product."),
    -122: (
        "unlisted_error",
        "The order waits for no confirmation any more. Collect its certificate, or look at it at the CA.",
    ),
}
_OTHER_HINT = "Look at the order at the CA, or ask its support what the code means."
_CODE = re.compile(r"-?[0-9]{1,9}\Z")
_PAIRS = re.compile(r"[^!-~]*[A-Za-z_]+=")
_NUMBER = re.compile(r"[!-~]+\Z")
_LONGEST_COST = 32
_LONGEST_TEXT = 500


@dataclass(frozen=True)
class Terms:
    """What is ordered for one mailbox: the product by our name, the term in days, the organization by our names of its parts."""

    email: str
    product: str
    days: int
    organization: Mapping[str, str]


@dataclass(frozen=True)
class OrderReply:
    """What the CA answered. ``code`` is its status; the rest is empty where the reply does not have it."""

    code: int
    message: str = ""
    order_number: str = ""
    collection_code: str = ""
    cost: str = ""

    def __repr__(self) -> str:
        return f"OrderReply({self.code}, {self.order_number})"


def derive_urls(url: str) -> tuple[str, str]:
    """Return where orders are placed and where mails are sent again, for the endpoint ``url``. Raises OptionError."""
    stem, ending, rest = url.rpartition(_ENDING)
    if not ending or rest:
        raise OptionError(
            f"api_url does not end with {_ENDING}, so that the address for orders cannot be told from it",
            hint="Give the whole URL of that endpoint: orders go to !AutoApplyOrder beside its folder.",
        )
    return f"{stem}!AutoApplyOrder", f"{stem}!ResendVerificationEmailSMIME"


def check_login(login_name: str | None, login_password: str | None) -> None:
    """Raise OptionError unless both are there and fit the pages' lengths."""
    missing = [name for name, value in (("login_name", login_name), ("login_password", login_password)) if not value]
    if missing:
        raise OptionError(f"missing: {', '.join(missing)}", hint="Orders are placed with the account's login.")
    # The number is none of the login's.
    check_order(Order("0", login_name, login_password))


def check_number(order_number: str | None, collection_code: str | None) -> None:
    """Raise OptionError unless these can be an order's number, and its code if there is one."""
    for option, value in (("order_number", order_number), ("collection_code", collection_code)):
        if value and (len(value) > MAX_LENGTHS[option] or not _NUMBER.match(value)):
            raise OptionError(
                f"{option} is longer than {MAX_LENGTHS[option]} characters, or holds a space or a character that none has",
                hint=f"Check {option}.",
            )


def check_terms(terms: Terms) -> None:
    """Raise OptionError for what the page forbids."""
    if terms.product not in PRODUCTS:
        raise OptionError(
            f"product: {terms.product or 'missing'}", hint=f"An order costs money: choose one of {', '.join(PRODUCTS)}."
        )
    if terms.days not in DAYS:
        raise OptionError(f"days: {terms.days or 'missing'}", hint="An order costs money: choose 365 or 730.")
    if len(terms.email) > _LONGEST_ADDRESS:
        raise OptionError(
            f"email has {len(terms.email)} characters; the CA takes {_LONGEST_ADDRESS} at most", hint="Check email."
        )
    if terms.product == NAMES_ORGANIZATION:
        _check_organization(terms.organization)


def _check_organization(organization: Mapping[str, str]) -> None:
    if not organization.get("name"):
        raise OptionError("organization has no name", hint=f"The product {NAMES_ORGANIZATION} needs organization.name.")
    for part, (_argument, length) in ORGANIZATION.items():
        value = organization.get(part) or ""
        if len(value) > length or not value.isprintable():
            raise OptionError(
                f"organization.{part} is longer than {length} characters, or holds a control character",
                hint=f"Check organization.{part}.",
            )
    country = organization.get("country")
    if country and not re.match(r"[A-Z]{2}\Z", country):
        raise OptionError(
            "organization.country is not two capital letters", hint="Give the country's code of ISO 3166."
        )


def build_order(terms: Terms, login_name: str, login_password: str, *, test: bool) -> dict[str, str]:
    """Return the form of an order, spelled as the page spells it. Raises OptionError for what the page forbids."""
    check_login(login_name, login_password)
    check_terms(terms)
    form = {
        "loginName": login_name,
        "loginPassword": login_password,
        "product": PRODUCTS[terms.product],
        "days": str(terms.days),
        "sanEmailAddress": terms.email,
        "showCollectionCode": "Y",
        "responseFormat": "1",
    }
    if terms.product == NAMES_ORGANIZATION:
        parts = {argument: terms.organization.get(part) for part, (argument, _length) in ORGANIZATION.items()}
        form.update({argument: value for argument, value in parts.items() if value})
    return {**form, "test": "Y"} if test else form


def build_reminder(order_number: str, login_name: str, login_password: str) -> dict[str, str]:
    """Return the form that has the confirmation mail of an order sent again. Raises OptionError."""
    check_order(Order(order_number, login_name, login_password))
    return {"loginName": login_name, "loginPassword": login_password, "orderNumber": order_number}


def read_order(response: HttpResponse, secrets: tuple[str, ...]) -> OrderReply | None:
    """Return what the CA answered to an order or a reminder, or None if no numeric status can be read: then the order may exist.

    The HTTP status counts only where it refuses the login: errors come with status 200, too.
    """
    if response.encoded and response.status not in (401, 403):
        return None
    text = response.body.decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    reply = _read_pairs(text) if _PAIRS.match(text) else _read_lines(text)
    refused = read_refused(response, secrets)
    if refused is not None and (reply is None or reply.code >= PLACED or refused.code == LOGIN_FAILED != reply.code):
        reply = OrderReply(refused.code, refused.message)
    if reply is None:
        return None
    return _clean(reply, secrets)


def to_error(reply: OrderReply) -> CaError:
    """Return the error of a reply whose code is below 0."""
    name, hint = _HINTS.get(reply.code, ("unlisted_error", _OTHER_HINT))
    message = reply.message or "the CA refused it, and did not say why"
    return CaError(message, name=name, hint=hint, code=reply.code, retryable=reply.code == LIMIT_REACHED)


def _read_pairs(text: str) -> OrderReply | None:
    """Read a url-encoded reply; names in any case, further fields ignored, the first of repeated ones taken."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(text.strip(), keep_blank_values=True):
        values.setdefault(name.lower(), value.strip())
    code = values.get("errorcode", "")
    if not _CODE.match(code):
        return None
    message = values.get("errormessage", "")
    item = values.get("erroritem", "")
    told = f"{message} ({item})" if item and item not in message else message
    return OrderReply(
        int(code), told, values.get("ordernumber", ""), values.get("collectioncode", ""), values.get("totalcost", "")
    )


def _read_lines(text: str) -> OrderReply | None:
    """Read a reply in lines: status, then the order's number or the error's text. Where the code stands is not known."""
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not _CODE.match(lines[0]):
        return None
    code = int(lines[0])
    if code < 0:
        return OrderReply(code, " ".join(lines[1:]))
    return OrderReply(code, order_number=next(iter(lines[1:]), ""))


def _clean(reply: OrderReply, secrets: tuple[str, ...]) -> OrderReply:
    """Return ``reply`` with nothing in it that cannot be what it is said to be, and no secret in its text."""
    number, code = reply.order_number, reply.collection_code
    if len(number) > MAX_LENGTHS["order_number"] or not _NUMBER.match(number) or mask(number, secrets) != number:
        number = ""
    if len(code) > MAX_LENGTHS["collection_code"] or not _NUMBER.match(code) or code in secrets:
        code = ""
    hidden = (*secrets, code) if code else secrets
    message, cost = (" ".join(mask(text, hidden).split()) for text in (reply.message, reply.cost))
    shown = "".join(character if character.isprintable() else " " for character in message)[:_LONGEST_TEXT]
    return OrderReply(
        reply.code, shown, number, code, cost if cost.isprintable() and len(cost) <= _LONGEST_COST else ""
    )
