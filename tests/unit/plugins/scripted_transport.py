# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's edge in memory: a transport that answers from a list. All above it is the real thing."""

from __future__ import annotations

from typing import Union

from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, HttpResponse, Transport
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError


class Unsent(CallError):
    """A failure before anything left this host."""


Step = Union[bytes, HttpResponse, Exception]


class ScriptedTransport(Transport):
    """Gives the next step for each POST, and the next of ``lists`` for each GET, and fails the test if there is none."""

    def __init__(self, *steps: Step, retries: int = 0) -> None:
        super().__init__(Endpoint("https://ca.example.test/RequestAndCollectSMIME", retries=retries))
        self.steps = list(steps)
        self.lists: list[Step] = []
        self.forms: list[dict[str, str]] = []
        self.urls: list[str | None] = []
        self.last: Step = b""

    @property
    def sent(self) -> bool:
        """Tell that what failed may have arrived, but for an Unsent."""
        return not isinstance(self.last, Unsent)

    def open(self) -> None:
        """Need no library."""

    def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
        self.forms.append(dict(form))
        self.urls.append(url)
        assert self.steps, f"the CA was asked once too often: {form}"
        self.last = self.steps.pop(0)
        return _give(self.last)

    def get(self, limit: int) -> HttpResponse:
        assert self.lists, "a list was asked for once too often"
        response = _give(self.lists.pop(0))
        assert len(response.body) <= limit
        return response

    def close(self) -> None:
        """Have nothing to close."""


def _give(step: Step) -> HttpResponse:
    if isinstance(step, Exception):
        raise step
    return step if isinstance(step, HttpResponse) else HttpResponse(200, "text/plain", step)
