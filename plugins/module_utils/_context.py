# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs need beside their files, and share: time, and the way to the CA."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Shared

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Access, DirectAccess
    from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection
    from ansible_collections.mailops.smime.plugins.module_utils._revocation import RevocationLists

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


class Context:
    """Time, the way to the CA, and the lists of revoked certificates: both are opened once, and only if they are asked."""

    def __init__(
        self, clock: Clock, open_access: Callable[[], Access], open_lists: Callable[[], RevocationLists]
    ) -> None:
        self.clock = clock
        self.open_access = lru_cache(maxsize=None)(open_access)
        self.open_lists = lru_cache(maxsize=None)(open_lists)


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
    return Context(clock, lambda: open_access(module.params, clock), lambda: open_lists(module))


def open_lists(module: AnsibleModule) -> RevocationLists:
    """Return the lists of revoked certificates for a run of ``module``. Nothing is sent yet."""
    from ansible_collections.mailops.smime.plugins.module_utils import _revocation

    return _revocation.open_lists(module)


def open_access(params: Mapping[str, Any], clock: Clock) -> DirectAccess:
    """Return the way to the endpoint of ``params``. Nothing is sent yet."""
    # Imported only now, as all that calls need: most runs need none of it.
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import DirectAccess, make_client

    return DirectAccess(make_client(params, clock), clock)
