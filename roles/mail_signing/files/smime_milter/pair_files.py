# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of pairs that mail is signed with: each is whole at any moment."""

from __future__ import annotations

import contextlib
import grp
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

# Whoever signs may read it; nobody may write it, and root needs no permission to replace it.
MODE = 0o440


class InputError(Exception):
    """What was asked for makes no sense."""


@dataclass(frozen=True)
class Place:
    """Where and how pairs go live. ``roots`` is the file of trusted root certificates, if there is one."""

    folder: str
    group: str
    roots: str | None = None
    check: bool = False
    openssl: str = "/usr/bin/openssl"
    remaining_days: int = 30


def read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def write(path: str, data: bytes, place: Place) -> bool:
    """Put a file into its place, if it is not there already, and tell whether that was to be done."""
    group = _find_group(place)
    if _stands(path, data, group):
        return False
    if place.check:
        return True
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    _sync(folder)
    return True


def _find_group(place: Place) -> int:
    try:
        return grp.getgrnam(place.group).gr_gid
    except KeyError:
        if place.check:
            # Before the first run, which makes the group.
            return -1
        raise InputError(f"there is no group {place.group}") from None


def _stands(path: str, data: bytes, group: int) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    right = stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == MODE and found.st_gid == group
    return right and read(path) == data


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
