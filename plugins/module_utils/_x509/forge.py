# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making many RSA keys on all processors, ahead of their use."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import KeySpec

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor


@dataclass
class KeyForge:
    """Makes private keys. What ``expect`` announced is made in the background; any other key when it is asked for."""

    _pool: ProcessPoolExecutor | None = None
    _ready: dict[KeySpec, deque[Future[bytes]]] = field(default_factory=dict)

    def expect(self, specs: list[KeySpec]) -> None:
        """Begin to make the RSA keys among ``specs``, if there are several and more than one processor."""
        slow = [spec for spec in specs if spec.kind == "RSA"]
        processors = _count_processors()
        if len(slow) < 2 or processors < 2:
            return
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        try:
            context = multiprocessing.get_context("fork")
            self._pool = ProcessPoolExecutor(min(processors, len(slow)), mp_context=context)
            for spec in slow:
                self._ready.setdefault(spec, deque()).append(self._pool.submit(keys.create, spec))
        except (OSError, ImportError, ValueError):
            # A host without semaphores or with few processes left: the keys are made one after the other.
            self.close()

    def create(self, spec: KeySpec) -> bytes:
        """Return a new private key in PEM."""
        queue = self._ready.get(spec)
        return queue.popleft().result() if queue else keys.create(spec)

    def close(self) -> None:
        """Forget the keys that nobody asked for."""
        for queue in self._ready.values():
            for future in queue:
                future.cancel()
        self._ready.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _count_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
