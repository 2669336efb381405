# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs need beside their files, and share: time, and the way to the CA."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import (
    Asking,
    Enrollment,
    Question,
    WaitPolicy,
)
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Shared

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order

ENDPOINT_OPTIONS = ("api_url", "api_ca_path", "api_timeout", "api_retries", "api_from")
# What add_file_common_args adds to a module's options.
FILE_OPTIONS = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes", "unsafe_writes")


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Clock:
    """``now`` is aware and in UTC, ``monotonic`` and ``sleep`` are in seconds."""

    def __init__(
        self,
        now: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.now = now
        self.monotonic = monotonic
        self.sleep = sleep


class Access(Protocol):
    """The way to the CA."""

    def require_open(self) -> None:
        """Raise NotAttemptedError or SmimeError if no question can be asked."""

    def open(self, order: Order, build_question: Callable[[], Question], patience: WaitPolicy) -> Asking:
        """Return the question under way."""


@dataclass
class DirectAccess:
    """The CA is asked from here, over one client. ``make_client`` is called for the first question: it imports what calls need."""

    make_client: Callable[[], Client]
    clock: Clock
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """Return the one client."""
        if self._client is None:
            self._client = self.make_client()
        return self._client

    def require_open(self) -> None:
        """Raise NotAttemptedError after a refused login."""
        self.client.require_open()

    def open(self, order: Order, build_question: Callable[[], Question], patience: WaitPolicy) -> Asking:
        """Return the question under way at the CA."""
        return Enrollment(self.client, order, build_question(), patience, self.clock.monotonic)


@dataclass
class Context:
    """The way to the CA, and time."""

    access: Access
    clock: Clock


def open_files(
    module: AnsibleModule,
    params: Mapping[str, Any],
    homeless: frozenset[str] = frozenset(),
    directories: Mapping[str, Any] | None = None,
    shared: Shared | None = None,
) -> Files:
    """Return the files of the certificate that ``params`` describe; the directories of ``homeless`` paths may be created.

    ``directories`` are the options for these, ``shared`` keeps what several certificates are measured against.
    """
    options = {name: params.get(name) for name in FILE_OPTIONS}
    private = {"private_mode": params["private_mode"], "backup": params["backup"]}
    attributes = Attributes(options, homeless=homeless, **private, **(directories or {}))
    return Files(module, attributes, shared)


def open_context(params: Mapping[str, Any]) -> Context:
    """Return the real clock and the way to the endpoint of ``params``."""
    clock = Clock()
    return Context(DirectAccess(lambda: make_client(params, clock), clock), clock)


def make_client(params: Mapping[str, Any], clock: Clock) -> Client:
    """Return a client for the endpoint of ``params``. Nothing is sent yet."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport

    endpoint = Endpoint(params["api_url"], params["api_ca_path"], params["api_timeout"], params["api_retries"])
    return Client(Transport(endpoint), clock.sleep)
