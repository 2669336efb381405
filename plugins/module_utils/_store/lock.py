# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one certificate."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError

# Longer than a run holds it that calls the CA twice with the usual api_timeout and api_retries. In seconds.
LONGEST_WAIT = 15 * 60
_PAUSE = 0.05


@contextlib.contextmanager
def hold(path: str) -> Iterator[None]:
    """Hold the lock of the file at ``path``, a file of its own beside it; wait for whoever holds it.

    Raises OSError, and FileError if the lock cannot be had.
    """
    name = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.lock")
    descriptor = _acquire(name, time.monotonic() + LONGEST_WAIT)
    try:
        yield
    finally:
        # Removed while it is held: whoever waits for it notices, and makes a new one.
        with contextlib.suppress(OSError):
            os.unlink(name)
        os.close(descriptor)


def _acquire(name: str, end: float) -> int:
    while True:
        descriptor = _open(name)
        if descriptor is None:
            continue
        try:
            _wait(descriptor, name, end)
            if os.path.samestat(os.fstat(descriptor), os.stat(name)):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open(name: str) -> int | None:
    """Return the lock's file, made now if there is none; None if it came or went meanwhile."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        _give_away(descriptor, os.path.dirname(name))
        return descriptor
    try:
        return os.open(name, flags)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise FileError(
            f"{name} is the lock of another user's run and cannot be opened",
            hint=f"If fuser(1) names no process that holds it, it was left by a run that was killed: remove {name}, "
            "and run the task again. Always run it as the same user.",
        ) from error


def _give_away(descriptor: int, folder: str) -> None:
    """Let the folder's owner open the lock that root has just made: a killed run of root leaves it behind."""
    with contextlib.suppress(OSError):
        owner = os.stat(folder or ".")
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _wait(descriptor: int, name: str, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise FileError(
                    f"another run has held {name} for {LONGEST_WAIT // 60} minutes",
                    hint=f"Look with fuser(1) which process holds {name}, end it if it is stuck, and run the task again.",
                    retryable=True,
                ) from error
            time.sleep(_PAUSE)
        else:
            return
