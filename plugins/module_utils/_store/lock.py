# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one certificate."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator


@contextlib.contextmanager
def hold(path: str) -> Iterator[None]:
    """Hold the lock of the file at ``path``, a file of its own beside it; wait for whoever holds it. Raises OSError."""
    name = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.lock")
    descriptor = _acquire(name)
    try:
        yield
    finally:
        # Removed while it is held: whoever waits for it notices, and makes a new one.
        with contextlib.suppress(OSError):
            os.unlink(name)
        os.close(descriptor)


def _acquire(name: str) -> int:
    while True:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(descriptor), os.stat(name)):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
