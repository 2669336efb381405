# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building a request, section "Request parameters" of RequestAndCollectSMIME: pure, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, check_lengths, check_order
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError

QUERY_TYPES = {"status": 0, "all": 1, "certificate": 2, "chain": 3}
RESPONSE_TYPES = {"netscape": 1, "pkcs7": 2, "individual": 3, "cmmf": 4}
RESPONSE_ENCODINGS = {"base64": 0, "binary": 1, "javascript": 2}


@dataclass(frozen=True)
class Query:
    """What is asked of the CA. The types are the page's numbers; ``csr`` is PEM text or bare base64."""

    query_type: int = QUERY_TYPES["all"]
    response_type: int = RESPONSE_TYPES["individual"]
    response_encoding: int = RESPONSE_ENCODINGS["base64"]
    response_mime_type: str | None = None
    show_validity_period: bool = False
    csr: str | None = None
    return_certificate: bool = False


def check_query(query: Query) -> None:
    """Raise OptionError unless the query fits the page's allowed values, lengths and conditions."""
    for option, value, allowed in (
        ("query_type", query.query_type, QUERY_TYPES),
        ("response_type", query.response_type, RESPONSE_TYPES),
        ("response_encoding", query.response_encoding, RESPONSE_ENCODINGS),
    ):
        if value not in allowed.values():
            raise OptionError(f"{option}: {value} is not allowed", hint=f"Use one of {', '.join(allowed)}.")
    if query.response_type != RESPONSE_TYPES["individual"] and query.query_type != QUERY_TYPES["all"]:
        raise OptionError(
            "response_type: netscape, pkcs7 and cmmf need query_type all",
            hint="Use query_type all, or response_type individual.",
        )
    if query.response_encoding == RESPONSE_ENCODINGS["binary"] and query.response_type != RESPONSE_TYPES["pkcs7"]:
        raise OptionError(
            "response_encoding: binary needs response_type pkcs7 and query_type all", hint="Use base64, or pkcs7."
        )
    if query.show_validity_period and query.response_encoding != RESPONSE_ENCODINGS["base64"]:
        raise OptionError(
            "show_validity_period needs response_encoding base64", hint="Use base64, or leave show_validity_period out."
        )
    check_lengths(query)


def build_form(order: Order, query: Query) -> dict[str, str]:
    """Return the form of one POST, spelled as the page spells it. Raises OptionError for what the page forbids."""
    check_order(order)
    check_query(query)
    form = _identify(order)
    form["queryType"] = str(query.query_type)
    if query.csr is not None:
        form["csr"] = query.csr
    if query.return_certificate:
        form["returnCertificate"] = "Y"
    if query.query_type != QUERY_TYPES["status"]:
        form["responseType"] = str(query.response_type)
    form["responseEncoding"] = str(query.response_encoding)
    if query.response_mime_type is not None:
        form["responseMimeType"] = query.response_mime_type
    if query.show_validity_period:
        form["showValidityPeriod"] = "Y"
    return form


def _identify(order: Order) -> dict[str, str]:
    # With a collection code the account can be omitted (page, collectionCode): so it stays home.
    if order.collection_code:
        return {"collectionCode": order.collection_code}
    return {
        "loginName": order.login_name or "",
        "loginPassword": order.login_password or "",
        "orderNumber": order.order_number or "",
    }
