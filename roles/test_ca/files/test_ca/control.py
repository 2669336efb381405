# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: JSON under /test-ca/v1/, for tests and for the role."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from test_ca.codes import Refusal
from test_ca.endpoint import PATH
from test_ca.faults import read_fault
from test_ca.fields import FieldError
from test_ca.orders import Order
from test_ca.service import Service, change_settings

PREFIX = "/test-ca/v1"
KEEP = "keep"
View = Callable[..., ResponseReturnValue]


class Missing(Exception):
    """There is no such thing."""


def guarded(service: Service) -> Callable[[View], View]:
    """Give a decorator that runs a view under the service's lock and turns its errors into JSON."""

    def decorate(view: View) -> View:
        @wraps(view)
        def run(*arguments: Any, **options: Any) -> ResponseReturnValue:
            try:
                with service.lock:
                    return view(*arguments, **options)
            except FieldError as error:
                return jsonify(error=str(error)), 400
            except Refusal as refusal:
                return jsonify(error=refusal.text, code=refusal.code), 400
            except Missing:
                return jsonify(error="not found"), 404

        return run

    return decorate


def listed(body: Any, key: str) -> tuple[list[Any], bool]:
    """Read one thing, a list, or {key: list, existing: keep}; tell whether existing ones stay."""
    if isinstance(body, list):
        return body, False
    if isinstance(body, dict) and isinstance(body.get(key), list):
        return body[key], body.get("existing") == KEEP
    return [body], False


def create_control(service: Service, identity: dict[str, object]) -> Blueprint:
    """Build the API."""
    control = Blueprint("control", __name__, url_prefix=PREFIX)
    add_server_views(control, service, identity)
    add_account_views(control, service)
    add_order_views(control, service)
    add_reissue_views(control, service)
    add_call_views(control, service)
    add_listener_views(control, service)
    return control


def add_server_views(control: Blueprint, service: Service, identity: dict[str, object]) -> None:
    """Views of the server itself."""

    @control.get("/ready")
    def ready() -> ResponseReturnValue:
        return jsonify(ready=True, **identity)

    @control.get("/settings")
    @guarded(service)
    def show_settings() -> ResponseReturnValue:
        return jsonify(vars(service.settings))

    @control.patch("/settings")
    @guarded(service)
    def patch_settings() -> ResponseReturnValue:
        service.settings = change_settings(service.settings, request.get_json())
        return jsonify(vars(service.settings))

    @control.post("/stop")
    def stop() -> ResponseReturnValue:
        service.stop()
        return jsonify(stopping=True)


def add_account_views(control: Blueprint, service: Service) -> None:
    """Views of the accounts."""

    @control.get("/accounts")
    @guarded(service)
    def list_accounts() -> ResponseReturnValue:
        return jsonify(accounts=service.accounts.describe())

    @control.post("/accounts")
    @guarded(service)
    def add_accounts() -> ResponseReturnValue:
        wanted, keep = listed(request.get_json(), "accounts")
        kept = [name for name in map(login_name, wanted) if keep and service.accounts.find(name)]
        new = [entry for entry in wanted if login_name(entry) not in kept]
        created = [service.add_account(entry).describe() for entry in new]
        return jsonify(created=created, kept=kept), 201 if created else 200

    @control.post("/accounts/<name>/unlock")
    @guarded(service)
    def unlock(name: str) -> ResponseReturnValue:
        account = service.accounts.find(name)
        if account is None:
            raise Missing
        account.unlock()
        return jsonify(account.describe())


def login_name(entry: object) -> str:
    """Give the name in an account that was posted."""
    return str(entry.get("login_name", "")) if isinstance(entry, dict) else ""


def order_number(entry: object) -> str:
    """Give the number in an order that was posted."""
    return str(entry.get("order_number", "")) if isinstance(entry, dict) else ""


def find_order(service: Service, number: str) -> Order:
    """Give the order of a number."""
    order = service.orders.find(number)
    if order is None:
        raise Missing
    return order


def add_order_views(control: Blueprint, service: Service) -> None:
    """Views of the orders."""

    @control.get("/orders")
    @guarded(service)
    def list_orders() -> ResponseReturnValue:
        return jsonify(orders=[order.describe() for order in service.orders.all()])

    @control.post("/orders")
    @guarded(service)
    def add_orders() -> ResponseReturnValue:
        body = request.get_json()
        wanted, keep = listed(body, "orders")
        kept = [number for number in map(order_number, wanted) if keep and service.orders.find(number)]
        known = set(kept)
        created = [service.add_order(entry).describe() for entry in wanted if order_number(entry) not in known]
        if isinstance(body, dict) and wanted == [body]:
            return jsonify(created[0]), 201
        return jsonify(created=created, kept=kept), 201 if created else 200

    @control.get("/orders/<path:number>")
    @guarded(service)
    def show_order(number: str) -> ResponseReturnValue:
        return jsonify(find_order(service, number).describe())

    @control.patch("/orders/<path:number>")
    @guarded(service)
    def patch_order(number: str) -> ResponseReturnValue:
        order = find_order(service, number)
        service.orders.change(order, request.get_json())
        service.settle(order)
        return jsonify(order.describe())

    @control.delete("/orders/<path:number>")
    @guarded(service)
    def delete_order(number: str) -> ResponseReturnValue:
        service.orders.remove(find_order(service, number))
        return jsonify(deleted=number)


def add_reissue_views(control: Blueprint, service: Service) -> None:
    """Views that give an order another certificate."""

    @control.post("/orders/<path:number>/reissue")
    @guarded(service)
    def reissue(number: str) -> ResponseReturnValue:
        """Issue again for the CSR that the order holds."""
        order = find_order(service, number)
        service.orders.change(order, request.get_json(silent=True) or {})
        order.chain = service.issue(order)
        order.started = True
        return jsonify(order.describe())

    @control.post("/orders/<path:number>/replace")
    @guarded(service)
    def replace(number: str) -> ResponseReturnValue:
        """Drop certificate and CSR: the order wants a new one."""
        order = find_order(service, number)
        order.request, order.chain, order.started = None, None, False
        service.orders.change(order, request.get_json(silent=True) or {})
        order.rewind()
        return jsonify(order.describe())


def add_call_views(control: Blueprint, service: Service) -> None:
    """Views of the calls and the faults that wait for them."""

    @control.get("/faults")
    @guarded(service)
    def list_faults() -> ResponseReturnValue:
        return jsonify(faults=service.faults.describe())

    @control.post("/faults")
    @guarded(service)
    def add_faults() -> ResponseReturnValue:
        wanted, _keep = listed(request.get_json(), "faults")
        for fault in [read_fault(entry) for entry in wanted]:
            service.faults.add(fault)
        return jsonify(faults=service.faults.describe()), 201

    @control.delete("/faults")
    @guarded(service)
    def clear_faults() -> ResponseReturnValue:
        service.faults.clear()
        return jsonify(faults=[])

    @control.get("/calls")
    @guarded(service)
    def list_calls() -> ResponseReturnValue:
        return jsonify(calls=service.calls.describe())

    @control.delete("/calls")
    @guarded(service)
    def clear_calls() -> ResponseReturnValue:
        service.calls.clear()
        return jsonify(calls=[])


def add_listener_views(control: Blueprint, service: Service) -> None:
    """Views of the listeners that trouble a client before it can send a request."""

    def list_urls() -> dict[str, str]:
        return {trouble: base + PATH for trouble, base in service.troubles.describe().items()}

    @control.get("/listeners")
    @guarded(service)
    def list_listeners() -> ResponseReturnValue:
        return jsonify(listeners=list_urls())

    @control.post("/listeners")
    @guarded(service)
    def add_listeners() -> ResponseReturnValue:
        wanted, _keep = listed(request.get_json(), "listeners")
        for entry in wanted:
            service.troubles.open(entry)
        return jsonify(listeners=list_urls()), 201
