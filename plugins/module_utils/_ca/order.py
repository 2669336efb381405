# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which order it is and where the CA is, checked before anything is sent (section "Request parameters" of RequestAndCollectSMIME)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError

# The page's maximum lengths in characters, by the attribute below.
MAX_LENGTHS = {
    "login_name": 64,
    "login_password": 128,
    "order_number": 128,
    "collection_code": 16,
    "csr": 32767,
    "response_mime_type": 255,
}


class WaitPolicy(NamedTuple):
    """How long an order is waited for, and how often it is asked meanwhile, in seconds."""

    wait_timeout: int = 0
    poll_interval: int = 60


class Order:
    """What opens an order at the CA: the account with the order's number, or the order's own collection code."""

    def __init__(
        self,
        order_number: str | None = None,
        login_name: str | None = None,
        login_password: str | None = None,
        collection_code: str | None = None,
        journal: str | None = None,
    ) -> None:
        self.order_number = order_number
        self.login_name = login_name
        self.login_password = login_password
        self.collection_code = collection_code
        # Where number or code stand that were not given.
        self.journal = journal

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label()})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that no message may hold."""
        return tuple(value for value in (self.login_password, self.collection_code) if value)

    @property
    def awaits_lookup(self) -> bool:
        """Tell whether a journal has to say first which order it is."""
        return self.journal is not None and not self.order_number and not self.collection_code

    def look_up(self, order_number: str | None, collection_code: str | None) -> Order:
        """Return this order with what its journal says."""
        return Order(order_number, self.login_name, self.login_password, collection_code, self.journal)

    def label(self) -> str:
        """Return how messages call this order."""
        if self.awaits_lookup:
            return f"its order in {self.journal}"
        return f"order {self.order_number}" if self.order_number else "the order of the collection code"


# Kept, since a list of mailboxes has one.
@lru_cache(maxsize=4)
def check_url(url: str) -> None:
    """Raise OptionError unless ``url`` is one that the password may be sent to."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise OptionError(f"api_url is not a URL: {error}", hint="Give the endpoint's full https URL.") from error
    if any(character.isspace() or not character.isprintable() for character in url):
        raise OptionError("api_url holds a space or a control character", hint="Give the endpoint's full https URL.")
    if parts.scheme != "https":
        raise OptionError(
            "api_url must begin with https://",
            hint="The request carries the account's password: there is no way to send it in clear.",
        )
    if not host or parts.fragment:
        raise OptionError(
            "api_url is not the URL of an endpoint", hint="Give the endpoint's full https URL, with a host and a path."
        )
    if parts.username is not None or parts.password is not None:
        raise OptionError("api_url must not hold a user name or password", hint="Use login_name and login_password.")


def check_order(order: Order) -> None:
    """Raise OptionError unless the order's options fit the page's lengths and conditions."""
    if order.awaits_lookup:
        raise OptionError(
            f"{order.journal} has no order of this mailbox that could be collected",
            hint="Place one with smime_orders, or give order_number or collection_code.",
        )
    if not order.collection_code:
        missing = [name for name in ("order_number", "login_name", "login_password") if not getattr(order, name)]
        if missing:
            raise OptionError(
                f"missing: {', '.join(missing)}",
                hint="Give order_number, login_name and login_password, or the order's collection_code alone.",
            )
    # With a collection code the account stays home, whatever it is.
    sent = Order(collection_code=order.collection_code) if order.collection_code else order
    check_lengths(sent)
    for option in ("order_number", "login_name", "login_password", "collection_code"):
        value = getattr(sent, option)
        if value and value.splitlines() != [value]:
            raise OptionError(
                f"{option} has a line end in it: the CA would refuse it, and count that as a failed login",
                hint=f"Take the line end off {option}, with the filter trim for instance: a file or a block of YAML brings one along.",
            )
        # A password may end with a blank.
        if value and option in ("order_number", "collection_code") and value != value.strip():
            raise OptionError(
                f"{option} begins or ends with a blank, as none does", hint=f"Take the blank off {option}."
            )


def check_lengths(options: object) -> None:
    """Raise OptionError for an attribute of ``options`` that is longer than the page allows."""
    for option, length in MAX_LENGTHS.items():
        value = getattr(options, option, None)
        if value is not None and len(value) > length:
            raise OptionError(
                f"{option} has {len(value)} characters; the CA takes {length} at most", hint=f"Check {option}."
            )
