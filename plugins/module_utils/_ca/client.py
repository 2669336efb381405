# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint as one function: a query in, the CA's reply out, with as few calls as can be."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, check_url
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, is_answer, read_refusal, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query, build_form
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse, Transport
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, NotAttemptedError, ReplyError

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
_OK = 200
_TOO_MANY = 429
_BUSY = (_TOO_MANY, 502, 503, 504)
# A refused login, whatever the body says.
_REFUSED = (401, 403)


@dataclass(frozen=True)
class Exchange:
    """A reply, and the HTTP response that it was read from."""

    reply: Reply
    response: HttpResponse


@dataclass
class Client:
    """Asks the CA, one call after the other, over one transport, until it refuses a login: then no call is made any more.

    ``calls`` counts the POSTs that were begun, ``lost`` those that may have arrived and stayed without an answer of the CA.
    """

    transport: Transport
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    lost: int = 0
    login_refused: bool = False

    def ask(self, order: Order, query: Query) -> Reply:
        """Return the CA's reply to ``query`` about ``order``, as ``exchange`` does."""
        return self.exchange(order, query).reply

    def exchange(self, order: Order, query: Query) -> Exchange:
        """Send ``query`` about ``order``. Raises OptionError before anything is sent, CallError without a readable answer.

        A reply with a code below 0 is returned like any other; ``require_accepted`` turns it into its error.
        """
        self.require_open()
        check_url(self.transport.endpoint.url)
        response = self.send(build_form(order, query))
        reply = read_refused(response, order.secrets)
        if reply is None:
            reply = read_reply(require_answer(response).body, query, order.secrets)
        self.login_refused = reply.code == LOGIN_FAILED
        return Exchange(reply, response)

    def send(self, form: dict[str, str]) -> HttpResponse:
        """POST ``form``, again after connection errors, timeouts and busy answers, as often as the endpoint's ``retries`` say.

        Raises CallError, FileError, OptionError and MissingLibraryError as the transport does. What the CA says is never
        retried here.
        """
        self.transport.open()
        for failed in range(self.transport.endpoint.retries + 1):
            pause = min(FIRST_PAUSE * 2**failed, LONGEST_PAUSE)
            last = failed == self.transport.endpoint.retries
            self.calls += 1
            try:
                response = self.transport.post(form)
            except CallError as error:
                self.lost += self.transport.sent
                if last or not error.retryable:
                    raise
            else:
                if last or not _is_busy(response):
                    return response
                # Whoever answers in the CA's place may have handed the request on before.
                self.lost += response.status != _TOO_MANY
                pause = read_retry_after(response.retry_after, pause)
            self.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def send_once(self, form: dict[str, str], url: str) -> HttpResponse:
        """POST ``form`` to ``url`` of the same host, once whatever comes back. Raises as ``send`` does."""
        self.transport.open()
        self.calls += 1
        return self.transport.post(form, url)

    def require_open(self) -> None:
        """Raise NotAttemptedError after a refused login."""
        if self.login_refused:
            raise NotAttemptedError


def read_refused(response: HttpResponse, secrets: tuple[str, ...]) -> Reply | None:
    """Return the reply if the CA refuses the call, whatever the HTTP status: with a code below 0, or the login with 401 or 403."""
    reply = read_refusal(response.body, secrets)
    if response.status not in _REFUSED or (reply is not None and reply.code == LOGIN_FAILED):
        return reply
    return Reply(LOGIN_FAILED, f"HTTP status {response.status}: the login, or this host, was refused")


def require_answer(response: HttpResponse) -> HttpResponse:
    """Return ``response`` if it can be the CA's. Raises CallError (redirected, http_error, reply_unreadable)."""
    if 300 <= response.status < 400:
        raise CallError(
            f"the CA answered with a redirect (HTTP status {response.status})",
            name="redirected",
            hint="It was not followed: it would carry the password elsewhere. Correct api_url.",
        )
    if response.status != _OK:
        raise CallError(
            f"the CA answered with HTTP status {response.status}",
            name="http_error",
            hint="Check api_url and any proxy in between; if both are right, the CA has a fault: run the task again later.",
            retryable=response.status >= 500 or response.status == _TOO_MANY,
        )
    if response.encoded:
        raise ReplyError(
            "the reply has a Content-Encoding that was not asked for",
            hint="Check api_url and any proxy in between: something on the way compresses what it should not.",
        )
    return response


def read_retry_after(value: str, pause: float) -> float:
    """Return the seconds to wait: the header's (RFC 9110, 10.2.3; a number or a date), a minute at most, or ``pause``."""
    number = re.match(r"[ \t]*([0-9]+)[ \t]*\Z", value)
    if number is not None:
        # Python makes no number of more than 4300 digits.
        return LONGEST_PAUSE if len(number.group(1)) > 9 else min(float(number.group(1)), LONGEST_PAUSE)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return min(max(moment.timestamp() - time.time(), 0.0), LONGEST_PAUSE)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, OSError):
        return pause


def _is_busy(response: HttpResponse) -> bool:
    """Tell whether to come again: the CA has not answered yet, as far as can be read."""
    return response.status in _BUSY and not response.encoded and not is_answer(response.body)
