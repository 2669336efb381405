# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New files until they have their name, and old ones until they are not needed any more.

What has a name meanwhile has a random one that tells which file it belongs to, so that the next run finds what a killed one left.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from typing import Callable

from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Place, is_own
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import LEFTOVER, list_names

# What a file system cannot do, and what makes nothing less safe.
_CANNOT_SYNC = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES)

LOCKS = ("run", "write")
_OURS = re.compile(rf"({re.escape(LEFTOVER)}[0-9a-f]{{16}})[-.]([0-9a-f]{{16}}|{'|'.join(LOCKS)})\Z")

Fill = Callable[[int], None]


def make_stem(place: Place) -> str:
    """Return how all names begin that belong to the file at ``place``: of no length that a folder could refuse."""
    return f"{LEFTOVER}{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]}"


def is_ours(place: Place) -> bool:
    """Tell whether a name is one that runs use for themselves."""
    return bool(_OURS.match(place.name))


def make_name(place: Place) -> str:
    """Return a random name beside ``place``."""
    return f"{make_stem(place)}-{secrets.token_hex(8)}"


class Staged:
    """A new file, written and synced, that has no name yet, or a random one. ``fill`` writes to its descriptor.

    ``mode`` is the mode that it is made with: 0600 for what nobody else may read.
    """

    def __init__(self, place: Place, fill: Fill, mode: int) -> None:
        self.place = place
        self.name: str | None = None
        self._fill = fill
        self._mode = mode
        self.descriptor = self._open_nameless()
        if self.descriptor == -1:
            self._open_named(make_name(place))
        else:
            self._write()

    def _open_nameless(self) -> int:
        """Return a file that a killed run leaves nowhere; -1 where there are none."""
        if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
            return -1
        try:
            flags = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
            return os.open(".", flags, self._mode, dir_fd=self.place.folder.descriptor)
        except OSError:
            # A named one says what is wrong, if it is more than that.
            return -1

    def _open_named(self, name: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self.descriptor = self.place._replace(name=name).open(flags, self._mode)
        self.name = name
        self._write()

    def _write(self) -> None:
        try:
            self._fill(self.descriptor)
            os.fsync(self.descriptor)
        except BaseException:
            self.discard()
            raise

    def replace(self) -> None:
        """Take the place of what is there. Raises OSError."""
        if self.name is None:
            name = make_name(self.place)
            if not self._link(name):
                self._start_anew(name)
            self.name = name
        folder = self.place.folder.descriptor
        os.rename(self.name, self.place.name, src_dir_fd=folder, dst_dir_fd=folder)
        self.name = None

    def create(self, name: str) -> None:
        """Take the free name ``name`` in the same folder. Raises FileExistsError if it is not free, OSError."""
        if self._link(name):
            return
        # Without hard links, there is only this way that replaces nothing.
        self._start_anew(name)
        self.name = None

    def _start_anew(self, name: str) -> None:
        self.discard()
        self._open_named(name)

    def _link(self, name: str) -> bool:
        """Give the file another name; tell whether that can be done here. Raises FileExistsError."""
        if self.name is None:
            return link(self.place, name, self.descriptor)
        return link(self.place._replace(name=self.name), name)

    def discard(self) -> None:
        """Leave nothing that has not got its name."""
        if self.descriptor != -1:
            with contextlib.suppress(OSError):
                os.close(self.descriptor)
            self.descriptor = -1
        if self.name is not None:
            remove(self.place._replace(name=self.name))
            self.name = None


class Original:
    """What is at a place before it is replaced: it keeps a second name, the backup's if there is one.

    A file that can have no second name (a mount point, a file system without hard links) cannot be put back.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.backup: str | None = None
        self._name: str | None = None
        self._replaced = False
        self._missing = place.look() is None

    def keep(self, backup: str | None) -> None:
        """Keep it by the name of the backup that was made, or else by one for as long as it may have to be put back."""
        self.backup = self._name = backup
        if backup is None and not self._missing:
            name = make_name(self.place)
            self._name = name if link(self.place, name) else None

    def note_replaced(self) -> None:
        """Remember that something else is there now."""
        self._replaced = True

    def put_back(self) -> None:
        """Have there again what was there."""
        folder = self.place.folder.descriptor
        with contextlib.suppress(OSError):
            if self._replaced and self._missing:
                os.unlink(self.place.name, dir_fd=folder)
            elif self._replaced and self._name:
                os.rename(self._name, self.place.name, src_dir_fd=folder, dst_dir_fd=folder)
        if self._name:
            remove(self.place._replace(name=self._name))

    def let_go(self) -> None:
        """Remove the second name, unless it is a backup."""
        if self._name and not self.backup:
            remove(self.place._replace(name=self._name))


def link(place: Place, name: str, descriptor: int = -1) -> bool:
    """Give what is at ``place``, or the open file, the name ``name`` in its folder; tell whether it could be. Raises FileExistsError."""
    folder = place.folder.descriptor
    try:
        if descriptor == -1:
            os.link(place.name, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        else:
            os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def write(descriptor: int, data: bytes) -> None:
    """Write all of ``data``. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def remove(place: Place) -> None:
    """Remove a name that may be gone already."""
    with contextlib.suppress(OSError):
        os.unlink(place.name, dir_fd=place.folder.descriptor)


def sync(place: Place) -> None:
    """Have the names in the folder on disk, as far as its file system can do that. Raises OSError."""
    try:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder.descriptor)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def clear_leftovers(place: Place) -> None:
    """Remove what a killed run left of the file at ``place``. Only whoever holds its lock may."""
    stem = make_stem(place)
    for name in list_names(place.folder):
        match = _OURS.match(name)
        if match is None or match.group(1) != stem or match.group(2) in LOCKS:
            continue
        left = place._replace(name=name)
        found = left.look()
        # In a trusted folder nobody else can have made a file of such a name, and it may belong to the owner of the old one.
        if found is not None and stat.S_ISREG(found.st_mode) and (place.folder.trusted or is_own(found)):
            remove(left)
