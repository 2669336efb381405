# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs need beside their files, and share: time, and the way to the CA."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Shared

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Asking, Question
    from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, WaitPolicy
    from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection
    from ansible_collections.mailops.smime.plugins.module_utils._plan import Offer, Plan
    from ansible_collections.mailops.smime.plugins.module_utils._report import Report
    from ansible_collections.mailops.smime.plugins.module_utils._revocation import RevocationLists
    from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
    from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
    from ansible_collections.mailops.smime.plugins.module_utils._x509.crl import Revocation

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

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:
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

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:
        """Return the question under way at the CA."""
        # Imported only now, as all that calls need: most runs need none of it.
        from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Enrollment

        return Enrollment(self.client, order, build_question(), wait_policy, self.clock.monotonic)


@dataclass
class Context:
    """The way to the CA, time, and the lists of revoked certificates: opened once, and only if they are asked."""

    access: Access
    clock: Clock
    open_lists: Callable[[], RevocationLists]

    def mark_revoked(self, spec: CertificateSpec, files: Files, report: Report) -> CertificateSpec:
        """Return ``spec`` with those certificates on disk that are revoked, if lists are to be asked."""
        if not spec.checks_revocation:
            return spec
        # Imported only now: most runs need none of it.
        from ansible_collections.mailops.smime.plugins.module_utils import _revocation

        return _revocation.mark(spec, files, self.clock.now(), partial(self._look_up, report))

    def refuse_revoked(self, offer: Offer, plan: Plan, report: Report) -> Offer:
        """Return ``offer``. Raises CheckError if it was revoked, and lists are to be asked."""
        if plan.spec.checks_revocation:
            from ansible_collections.mailops.smime.plugins.module_utils import _revocation

            _revocation.refuse(offer, plan, partial(self._look_up, report))
        return offer

    def _look_up(self, report: Report, certificate: Certificate, known: list[Certificate]) -> Revocation:
        said = self.open_lists().look_up(certificate, known, self.clock.now(), report.warn)
        report.revocations[certificate] = said
        return said


def open_files(
    module: AnsibleModule,
    params: Mapping[str, Any],
    with_directories: frozenset[str] = frozenset(),
    directories: Mapping[str, Any] | None = None,
    shared: Shared | None = None,
) -> Files:
    """Return the files of the certificate that ``params`` describe; directories of the paths ``with_directories`` may be created.

    ``directories`` are the options for these, ``shared`` keeps what several certificates are measured against.
    """
    options = {name: params.get(name) for name in FILE_OPTIONS}
    private = {"private_mode": params["private_mode"], "backup": params["backup"]}
    attributes = Attributes(options, with_directories=with_directories, **private, **(directories or {}))
    return Files(module, attributes, shared)


def open_collection(module: AnsibleModule, orders_path: str | None) -> Collection | None:
    """Return the way to a mailbox's order in the journal at ``orders_path``, if there is one."""
    if orders_path is None:
        return None
    # Imported only now: few tasks have a journal.
    from ansible_collections.mailops.smime.plugins.module_utils import _journal

    return _journal.Collection(_journal.open_journal(module, orders_path))


def open_context(module: AnsibleModule) -> Context:
    """Return the real clock and the way to the endpoint of the module's parameters."""
    clock = Clock()
    return Context(
        DirectAccess(lambda: make_client(module.params, clock), clock),
        clock,
        lru_cache(maxsize=None)(lambda: open_lists(module)),
    )


def open_lists(module: AnsibleModule) -> RevocationLists:
    """Return the lists of revoked certificates for a run of ``module``. Nothing is sent yet."""
    from ansible_collections.mailops.smime.plugins.module_utils import _revocation

    return _revocation.open_lists(module)


def make_client(params: Mapping[str, Any], clock: Clock) -> Client:
    """Return a client for the endpoint of ``params``. Nothing is sent yet."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport

    endpoint = Endpoint(params["api_url"], params["api_ca_path"], params["api_timeout"], params["api_retries"])
    return Client(Transport(endpoint), clock.sleep)
