# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call comes in, is judged, changes an order, and is answered; and the one call that collects certificates."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from test_ca.arguments import COLLECT, Call, Code, Form, Page, Refusal, parse_form, read_call
from test_ca.faults import deliver
from test_ca.listeners import Delivery, Request
from test_ca.orders import Order, advance
from test_ca.replies import Answer, refuse, report
from test_ca.service import Service

LOG = logging.getLogger("test_ca")


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
    if code := form.first("collectionCode"):
        return service.orders.find_by_code(code)
    return service.orders.find(form.first("orderNumber"))


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
    account = service.log_in(call.login_name or "", call.login_password or "")
    if order is None or order.terms.login_name not in (None, account.login_name):
        raise Refusal(Code.INVALID_ARGUMENT, "orderNumber")
    return order


def refuse_call(service: Service, form: Form, order: Order | None, refusal: Refusal) -> Answer:
    """Refuse in the encoding that the call asked for, as far as that can be told."""
    javascript = form.first("responseEncoding") == "2"
    content_type = None if refusal.code == Code.INVALID_ARGUMENT else form.fitting("responseMimeType")
    return refuse(refusal, service.dialect_of(order), javascript, content_type)


COLLECT_ENDPOINT = Endpoint(COLLECT, find_order, collect, refuse_call)
