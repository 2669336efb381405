# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: its lock, which only a running server holds, and the file that says where it listens.

Nothing here needs more than Python itself, so that a server can be stopped without its libraries.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

READY = "ready.json"
LOCK = "lock"
LOG = "server.log"
PAUSE = 0.05
PROGRAM = Path(__file__).resolve().parent


class StateError(Exception):
    """The state directory cannot be used."""


def find_directory(directory: Path) -> Path:
    """Give a directory's whole path; refuse one that is not safe from other users, if it is there."""
    check_ways(directory)
    whole = directory.resolve()
    check_ways(whole)
    with contextlib.suppress(FileNotFoundError):
        if whole.stat().st_uid != os.geteuid():
            raise StateError(f"{whole} belongs to another user, who could replace what is kept there")
    return whole


def prepare_directory(directory: Path) -> Path:
    """Make the directory, for its owner alone."""
    whole = find_directory(directory)
    whole.mkdir(mode=0o700, parents=True, exist_ok=True)
    find_directory(whole).chmod(0o700)
    return whole


def check_ways(path: Path) -> None:
    """Refuse a path on which another user can exchange something: by a link of theirs, or in a folder that all can write."""
    for place in (path, *path.parents):
        with contextlib.suppress(FileNotFoundError):
            status = place.lstat()
            if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
                raise StateError(f"{place} is a symbolic link of another user")
            if stat.S_ISDIR(status.st_mode) and status.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                raise StateError(f"every user can replace what is in {place}")


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    fresh.replace(path)


def take_lock(directory: Path, patience: float = 1.0) -> int:
    """Take the lock and keep it until the process ends. Whoever only looks (is_running) holds it for a moment."""
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise StateError(f"a test CA is running in {directory} already") from error
            time.sleep(PAUSE / 5)
        else:
            return descriptor


def is_running(directory: Path) -> bool:
    """Tell whether a server holds the lock. A number in a file proves nothing: it may be another process by now."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look at the same time do not take each other for a server.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_ready(directory: Path, identity: dict[str, object]) -> None:
    """Say that the server listens, and where; nobody sees half a file."""
    write_private(directory / READY, (json.dumps(identity, indent=2) + "\n").encode())


def read_ready(directory: Path) -> dict[str, Any] | None:
    """Read where a running server listens; none if there is none, or if it is not there yet."""
    if not is_running(directory):
        return None
    try:
        identity = json.loads((directory / READY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return identity if isinstance(identity, dict) else None


def remove_ready(directory: Path) -> None:
    """Take the word back."""
    (directory / READY).unlink(missing_ok=True)


def launch(directory: Path, arguments: Sequence[str], timeout: float) -> dict[str, Any]:
    """Start a detached server and wait until it listens; one that listens already is left as it is."""
    directory = prepare_directory(directory)
    identity = read_ready(directory)
    if identity is not None:
        return {"changed": False, **identity}
    with (directory / LOG).open("ab") as log:
        (directory / LOG).chmod(0o600)
        process = subprocess.Popen(  # noqa: S603  (this very program)
            [sys.executable, str(PROGRAM), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        identity = read_ready(directory)
        if identity is not None:
            return {"changed": identity["pid"] == process.pid, **identity}
        if process.poll() is not None:
            raise StateError(f"the test CA ended with status {process.returncode}; see {directory / LOG}")
        time.sleep(PAUSE)
    process.terminate()
    raise StateError(f"the test CA did not listen within {timeout:g} seconds; see {directory / LOG}")


def stop_running(directory: Path, timeout: float) -> bool:
    """Stop the server of a directory and wait until it is gone; tell whether there was one."""
    deadline = time.monotonic() + timeout
    signalled: int | None = None
    while is_running(directory):
        identity = read_ready(directory)  # none while it starts, and again at its very end
        if identity is not None and signalled is None:
            signalled = int(identity["pid"])
            with contextlib.suppress(ProcessLookupError):
                os.kill(signalled, signal.SIGTERM)
        if time.monotonic() > deadline:
            raise StateError(f"the test CA in {directory} did not stop within {timeout:g} seconds")
        time.sleep(PAUSE)
    remove_ready(directory)
    return signalled is not None
