# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: JSON under a path that only the owner of ready.json knows, for tests and for the role."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from test_ca.arguments import COLLECT, FieldError, Refusal
from test_ca.faults import read_fault
from test_ca.listeners import Delivery, Listener, Request, say
from test_ca.orders import Order
from test_ca.service import Account, Service, change_settings

KEEP = "keep"
CREATED = 201
LOG = logging.getLogger("test_ca")


class Missing(Exception):
    """There is no such thing."""


class Control:
    """The views. Each gets the JSON that was sent and the names in its path, and returns JSON, with a status if not 200."""

    def __init__(
        self,
        service: Service,
        identity: Mapping[str, object],
        listeners: Mapping[str, Listener],
        open_listener: Callable[[object], None],
    ) -> None:
        self.service = service
        self.identity = identity
        self.listeners = listeners
        self.open_listener = open_listener

    def serve(self, request: Request, path: str) -> Delivery:
        """Answer a request. Errors are JSON too."""
        try:
            view, names = find_view(request.method, path)
            body = read_json(request.body)
            with self.service.lock:
                made = view(self, body, *names)
            document, status = made if isinstance(made, tuple) else (made, 200)
        except (FieldError, Refusal) as error:
            document, status = {"error": error.text if isinstance(error, Refusal) else str(error)}, 400
        except Missing:
            document, status = {"error": "not found"}, 404
        except Exception as error:  # noqa: BLE001  (a bug must not look like a broken connection)
            LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            document, status = {"error": f"the test CA failed with {type(error).__name__}, see its log"}, 500
        return say(status, (json.dumps(document) + "\n").encode(), "application/json")

    def show_ready(self, _body: Any) -> object:
        """Tell that it is there."""
        return {"ready": True, **self.identity}

    def stop(self, _body: Any) -> object:
        """Stop the server."""
        self.service.stop()
        return {"stopping": True}

    def show_settings(self, _body: Any) -> object:
        """Show the settings."""
        return vars(self.service.settings)

    def change_settings(self, body: Any) -> object:
        """Change some settings."""
        self.service.settings = change_settings(self.service.settings, body)
        return vars(self.service.settings)

    def list_accounts(self, _body: Any) -> object:
        """List the accounts."""
        return {"accounts": [account.describe() for account in self.service.accounts.values()]}

    def add_accounts(self, body: Any) -> object:
        """Open accounts; with `existing: keep`, those that are there stay as they are."""
        wanted, keep = read_list(body, "accounts")
        kept = [
            name
            for name in (name_in(entry, "login_name") for entry in wanted)
            if keep and name in self.service.accounts
        ]
        new = [entry for entry in wanted if name_in(entry, "login_name") not in kept]
        created = [self.service.add_account(entry).describe() for entry in new]
        return {"created": created, "kept": kept}, CREATED if created else 200

    def unlock(self, _body: Any, name: str) -> object:
        """Unlock an account."""
        account: Account | None = self.service.accounts.get(name)
        if account is None:
            raise Missing
        account.unlock()
        return account.describe()

    def list_orders(self, _body: Any) -> object:
        """List the orders."""
        return {"orders": [order.describe() for order in self.service.orders.all()]}

    def add_orders(self, body: Any) -> object:
        """Place orders; with `existing: keep`, those that are there stay as they are."""
        wanted, keep = read_list(body, "orders")
        known = {
            name
            for name in (name_in(entry, "order_number") for entry in wanted)
            if keep and self.service.orders.find(name)
        }
        new = [entry for entry in wanted if name_in(entry, "order_number") not in known]
        created = [self.service.add_order(entry).describe() for entry in new]
        if isinstance(body, dict) and wanted == [body]:
            return created[0], CREATED
        return {"created": created, "kept": sorted(known)}, CREATED if created else 200

    def show_order(self, _body: Any, number: str) -> object:
        """Show an order."""
        return self._find_order(number).describe()

    def change_order(self, body: Any, number: str) -> object:
        """Change an order's terms."""
        order = self._find_order(number)
        self.service.orders.change(order, body)
        self.service.settle(order)
        return order.describe()

    def delete_order(self, _body: Any, number: str) -> object:
        """Forget an order."""
        self.service.orders.remove(self._find_order(number))
        return {"deleted": number}

    def clear_orders(self, _body: Any) -> object:
        """Forget all orders."""
        for order in self.service.orders.all():
            self.service.orders.remove(order)
        return self.list_orders(None)

    def reissue(self, body: Any, number: str) -> object:
        """Issue again for the CSR that the order holds."""
        order = self._find_order(number)
        self.service.orders.change(order, read_object(body))
        order.chain = self.service.issue(order)
        order.started = True
        return order.describe()

    def replace(self, body: Any, number: str) -> object:
        """Drop certificate and CSR: the order wants a new one."""
        order = self._find_order(number)
        order.request, order.chain, order.started = None, None, False
        self.service.orders.change(order, read_object(body))
        order.rewind()
        return order.describe()

    def revoke(self, body: Any, number: str) -> object:
        """Revoke an order's certificate."""
        order = self._find_order(number)
        self.service.revoke(order, read_object(body))
        return order.describe()

    def show_crl(self, _body: Any) -> object:
        """Tell what is revoked, where the list of it is served, and who asked for that."""
        return self.service.revocations.describe()

    def add_revocations(self, body: Any) -> object:
        """Revoke certificates by their serial numbers."""
        for entry in read_list(body, "revoked")[0]:
            self.service.revocations.revoke(entry)
        return self.show_crl(None), CREATED

    def clear_crl(self, _body: Any) -> object:
        """Forget what was revoked, and who asked."""
        self.service.revocations.revoked.clear()
        self.service.revocations.fetches.clear()
        return self.show_crl(None)

    def list_placed(self, _body: Any) -> object:
        """List the orders that were placed at the endpoint, test orders and those whose answer was lost included."""
        return {"placed": [vars(placement) for placement in self.service.placed]}

    def list_faults(self, _body: Any) -> object:
        """List the faults that still wait."""
        return {"faults": self.service.faults.describe()}

    def add_faults(self, body: Any) -> object:
        """Queue faults, all or none."""
        for fault in [read_fault(entry) for entry in read_list(body, "faults")[0]]:
            self.service.faults.add(fault)
        return self.list_faults(None), CREATED

    def clear_faults(self, _body: Any) -> object:
        """Drop all faults."""
        self.service.faults.clear()
        return self.list_faults(None)

    def list_calls(self, _body: Any) -> object:
        """List the endpoint's calls, oldest first."""
        return {"calls": [vars(record) for record in self.service.calls]}

    def clear_calls(self, _body: Any) -> object:
        """Forget all calls; the numbers go on."""
        self.service.calls.clear()
        return self.list_calls(None)

    def list_listeners(self, _body: Any) -> object:
        """Give the URL of each listener that troubles its clients."""
        return {"listeners": {name: f"https://{one.base}{COLLECT.path}" for name, one in self.listeners.items()}}

    def add_listeners(self, body: Any) -> object:
        """Open such listeners."""
        for entry in read_list(body, "listeners")[0]:
            self.open_listener(entry)
        return self.list_listeners(None), CREATED

    def _find_order(self, number: str) -> Order:
        order = self.service.orders.find(number)
        if order is None:
            raise Missing
        return order


VIEWS: tuple[tuple[str, str, Callable[..., object]], ...] = (
    ("GET", "ready", Control.show_ready),
    ("POST", "stop", Control.stop),
    ("GET", "settings", Control.show_settings),
    ("PATCH", "settings", Control.change_settings),
    ("GET", "accounts", Control.list_accounts),
    ("POST", "accounts", Control.add_accounts),
    ("POST", "accounts/(.+)/unlock", Control.unlock),
    ("GET", "orders", Control.list_orders),
    ("POST", "orders", Control.add_orders),
    ("DELETE", "orders", Control.clear_orders),
    ("POST", "orders/(.+)/reissue", Control.reissue),
    ("POST", "orders/(.+)/replace", Control.replace),
    ("POST", "orders/(.+)/revoke", Control.revoke),
    ("GET", "orders/(.+)", Control.show_order),
    ("PATCH", "orders/(.+)", Control.change_order),
    ("DELETE", "orders/(.+)", Control.delete_order),
    ("GET", "crl", Control.show_crl),
    ("POST", "crl", Control.add_revocations),
    ("DELETE", "crl", Control.clear_crl),
    ("GET", "placed", Control.list_placed),
    ("GET", "faults", Control.list_faults),
    ("POST", "faults", Control.add_faults),
    ("DELETE", "faults", Control.clear_faults),
    ("GET", "calls", Control.list_calls),
    ("DELETE", "calls", Control.clear_calls),
    ("GET", "listeners", Control.list_listeners),
    ("POST", "listeners", Control.add_listeners),
)


def find_view(method: str, path: str) -> tuple[Callable[..., object], tuple[str, ...]]:
    """Find what answers a method and a path, and the names in the path."""
    for its_method, pattern, view in VIEWS:
        if its_method == method and (match := re.fullmatch(pattern, path, re.DOTALL)):
            return view, match.groups()
    raise Missing


def read_json(body: bytes) -> Any:
    """Read what was sent; none if nothing was."""
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise FieldError("the body is no JSON") from error


def read_object(body: Any) -> dict[str, Any]:
    """Read an object; nothing sent is an empty one."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise FieldError("a JSON object is expected")
    return body


def read_list(body: Any, key: str) -> tuple[list[Any], bool]:
    """Read one thing, a list, or {key: list, existing: keep}; tell whether existing ones stay."""
    if isinstance(body, list):
        return body, False
    if isinstance(body, dict) and isinstance(body.get(key), list):
        return body[key], body.get("existing") == KEEP
    return [body], False


def name_in(entry: object, key: str) -> str:
    """Give the name in something that was posted."""
    return str(entry.get(key, "")) if isinstance(entry, dict) else ""
