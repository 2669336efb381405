# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint as one function: a query in, the CA's reply out."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, Query, build_form, check_url
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import REFUSAL, HttpResponse, Transport
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError, NotAttemptedError

_OK = 200


@dataclass(frozen=True)
class Exchange:
    """A reply, and the HTTP answer that it was read from."""

    reply: Reply
    answer: HttpResponse


@dataclass
class Client:
    """Asks the CA, one call after the other, over one transport, until it refuses a login: then no call is made any more."""

    transport: Transport
    login_refused: bool = False

    @property
    def lost(self) -> int:
        """Return how many of them may have arrived and stayed without an answer."""
        return self.transport.lost

    @property
    def calls(self) -> int:
        """Return how many POSTs were begun so far."""
        return self.transport.calls

    def ask(self, order: Order, query: Query) -> Reply:
        """Return the CA's reply to ``query`` about ``order``, as ``exchange`` does."""
        return self.exchange(order, query).reply

    def exchange(self, order: Order, query: Query) -> Exchange:
        """Send ``query`` about ``order``. Raises OptionError before anything is sent, CallError without a readable answer.

        A reply with a code below 0 is returned like any other; ``require_accepted`` turns it into its error.
        """
        self.require_open()
        check_url(self.transport.endpoint.url)
        answer = self.transport.post(build_form(order, query))
        if answer.status != _OK and not REFUSAL.match(answer.body):
            raise CallError(
                f"the CA answered with HTTP status {answer.status}",
                name="http_error",
                hint="Check api_url and any proxy in between; if both are right, the CA has a fault: run the task again later.",
                retryable=answer.status >= 500 or answer.status == 429,
            )
        reply = read_reply(answer.body, query, order.secrets)
        self.login_refused = reply.code == LOGIN_FAILED
        return Exchange(reply, answer)

    def require_open(self) -> None:
        """Raise NotAttemptedError after a refused login."""
        if self.login_refused:
            raise NotAttemptedError
