# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one certificate, and one writer at a time on one file."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Place, is_own
from ansible_collections.mailops.smime.plugins.module_utils._store.staging import is_ours, make_stem, remove

# Longer than a run holds it that calls the CA twice with the usual api_timeout and api_retries. In seconds.
LONGEST_WAIT = 15 * 60
# For a lock that another user, whose folder it is in, may hold for as long as they like.
LONGEST_WAIT_FOR_OTHERS = 2 * 60
_PAUSE = 0.05
_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextlib.contextmanager
def hold(place: Place, purpose: str, *, in_place: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold the lock of the file at ``place`` for ``purpose`` (``run`` or ``write``), a file beside it; wait for whoever holds it.

    With ``in_place``, the file itself is the lock where none can be made. Raises OSError, and FileError if the lock cannot be had.
    """
    lock = place._replace(name=f"{make_stem(place)}.{purpose}")
    try:
        descriptor = _acquire(lock, wait=wait)
    except OSError as error:
        if not in_place or error.errno not in _NO_PERMISSION:
            raise
        lock, descriptor = place, place.open(os.O_WRONLY | os.O_NONBLOCK)
    try:
        # Of one file there is one lock, and it is held by then.
        if lock is place and purpose == "run":
            _wait(descriptor, place, time.monotonic(), wait=wait)
        yield
    finally:
        # Removed while it is held: whoever waits for it notices, and makes a new one.
        if lock is not place:
            remove(lock)
        os.close(descriptor)


def _acquire(lock: Place, *, wait: bool) -> int:
    begun = time.monotonic()
    while True:
        if time.monotonic() > begun + LONGEST_WAIT + 1:
            raise FileError(f"{lock.path} comes and goes, and cannot be had", hint="See who does that.", retryable=True)
        descriptor = _open(lock)
        if descriptor is None:
            continue
        try:
            _wait(descriptor, lock, begun, wait=wait)
            found = lock.look()
            if found is not None and os.path.samestat(os.fstat(descriptor), found):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open(lock: Place) -> int | None:
    """Return the lock's file, made now if there is none; None if it came or went meanwhile."""
    try:
        descriptor = lock.open(os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        pass
    else:
        _give_away(descriptor, lock.folder.status)
        return descriptor
    try:
        descriptor = lock.open(os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(
            f"{lock.path} is the lock of another user's run and cannot be opened: {error.strerror}",
            hint=f"If fuser(1) names no process that holds it, it was left by a run that was killed: remove {lock.path}, "
            "and run the task again. Always run it as the same user.",
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileError(f"{lock.path} should be a lock and is no regular file", hint=f"Remove {lock.path}.")
    return descriptor


def _give_away(descriptor: int, folder: os.stat_result) -> None:
    """Let the folder's owner open the lock that root has just made: a killed run of root leaves it behind."""
    with contextlib.suppress(OSError):
        if os.geteuid() == 0 and folder.st_uid != 0:
            os.fchown(descriptor, folder.st_uid, folder.st_gid)


def _wait(descriptor: int, lock: Place, begun: float, *, wait: bool) -> None:
    found = os.fstat(descriptor)
    longest = (LONGEST_WAIT if is_own(found) else LONGEST_WAIT_FOR_OTHERS) if wait else 0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= begun + longest:
                raise _give_up(lock, found, longest) from error
            time.sleep(_PAUSE)
        except OSError as error:
            if is_ours(lock):
                remove(lock)
            raise FileError(
                f"{lock.path} cannot be locked: {error.strerror}",
                hint="Without locks two runs could be at one certificate at a time. Mount that file system with locks, "
                "or keep the files on another one.",
            ) from error
        else:
            return


def _give_up(lock: Place, found: os.stat_result, seconds: int) -> FileError:
    holder = _find_holder(found)
    named = f"the process {holder}" if holder else "another run"
    return FileError(
        f"{named} has held the lock {lock.path} for {seconds} seconds",
        hint=f"Look with fuser(1) which process holds {lock.path}, end it if it is stuck, and run the task again.",
        retryable=True,
    )


def _find_holder(found: os.stat_result) -> str:
    """Return the number of the process that holds a lock, '' if the system does not tell."""
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with contextlib.suppress(OSError, IndexError), open("/proc/locks", encoding="ascii", errors="replace") as file:
        for line in file:
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5] == device:
                return fields[4]
    return ""
