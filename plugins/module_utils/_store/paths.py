# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths on the target, which other local users may bend: each step is opened by descriptor, and what was opened decides.

A folder is trusted if it belongs to root or to the user that runs, and nobody else can write to it. Symbolic links are
followed in trusted folders only, and in sticky ones of root's or of the user's that runs if the link is theirs, too.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from functools import lru_cache
from typing import Callable, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError

_MOST_LINKS = 40
_MOST_OPEN = 32
# To pass through a folder takes no right to read it.
_SEARCH = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY))
_ENTER = _SEARCH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_POSIX_ACL = "system.posix_acl_access"


class Folder:
    """An open folder: its ``descriptor`` (closed with the object), its path for messages, and who can write to it.

    ``distrust`` says who can change what is in it beside root and the user that runs; it is empty if nobody can.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor = descriptor
        self.path = path
        self.status = os.fstat(descriptor)
        self.distrust = find_distrust(self.status, descriptor)

    def __del__(self) -> None:
        """Close the descriptor: folders are shared by the places in them."""
        os.close(self.descriptor)

    @property
    def trusted(self) -> bool:
        """Tell whether nobody but root and the user that runs can change names in this folder."""
        return not self.distrust

    @property
    def identity(self) -> tuple[int, int]:
        """Return what tells this folder from all others on the host."""
        return self.status.st_dev, self.status.st_ino

    def enter(self, name: str) -> Folder:
        """Return the folder ``name`` in this one. Raises OSError, with ENOTDIR or ELOOP for a link."""
        return Folder(os.open(name, _ENTER, dir_fd=self.descriptor), os.path.join(self.path, name))

    def read_link(self, name: str) -> tuple[str, str] | None:
        """Return where the symbolic link ``name`` leads, and why it is not to be followed; None if it is no link."""
        if not stat.S_ISLNK(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mode):
            # What takes its place now is not followed either when it is opened.
            return None
        try:
            # The link itself is opened, so that its owner and its target belong together.
            descriptor = os.open(name, _SEARCH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK):
                raise
            # Not Linux: only where nobody can exchange it.
            return os.readlink(name, dir_fd=self.descriptor), self.distrust
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISLNK(found.st_mode):
                return None
            return os.readlink("", dir_fd=descriptor), self._judge_link(found)
        finally:
            os.close(descriptor)

    def _judge_link(self, link: os.stat_result) -> str:
        own = own_ids()
        sticky = self.status.st_mode & stat.S_ISVTX and self.status.st_uid in own
        # A hard link to a link of root's could be anybody's work.
        return "" if self.trusted or (sticky and link.st_uid in own and link.st_nlink == 1) else self.distrust


class Place(NamedTuple):
    """Where a path leads: an open folder, and a name in it. ``unsafe`` says why the link there is not followed."""

    folder: Folder
    name: str
    unsafe: str = ""

    @property
    def path(self) -> str:
        """Return the path without links, for messages and results."""
        return os.path.join(self.folder.path, self.name)

    @property
    def identity(self) -> tuple[int, int, str]:
        """Return what two paths have in common that lead here."""
        return (*self.folder.identity, self.name)

    def look(self) -> os.stat_result | None:
        """Return what is there, a link itself; None for nothing. Raises OSError."""
        try:
            return os.stat(self.name, dir_fd=self.folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, flags: int, mode: int = 0o600) -> int:
        """Open what is there, never through a link. Raises OSError."""
        return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.folder.descriptor)


Make = Callable[[Folder, str], None]


class Folders:
    """The folders that were opened on the way to files; they stay open until they are forgotten."""

    def __init__(self) -> None:
        self._open: dict[str, Folder] = {}

    def forget(self) -> None:
        """Walk each path anew from now on."""
        self._open.clear()

    def locate(self, path: str, make: Make | None = None) -> Place:
        """Return where ``path`` leads; ``make`` makes folders that are missing on the way.

        A safe link to a file is followed; an unsafe one is noted in the place. Raises FileError for a step that is not safe,
        OSError for one that cannot be taken.
        """
        head, name = os.path.split(_make_absolute(path))
        folder = self._open.get(head)
        if folder is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.clear()
            folder = self._open[head] = _walk(_split(head), None, path, make)
        return _follow(Place(folder, name), path)


def _make_absolute(path: str) -> str:
    if path.endswith(("/", "/.", "/..")) or path in ("", ".", ".."):
        raise FileError(f"{path or 'an empty path'} is a directory", hint="Give the path of a file.")
    if "\0" in path:
        raise FileError(f"{path!r} cannot be a path: it has a null character", hint="Correct the path.")
    return path if path.startswith("/") else os.path.join(os.getcwd(), path)


def _split(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _walk(names: list[str], start: Folder | None, path: str, make: Make | None = None) -> Folder:
    """Return the folder that ``names`` lead to, from ``start`` or the root; ``path`` is what messages name."""
    folder = start or Folder(os.open("/", _ENTER), "/")
    pending = names[::-1]
    links = 0
    while pending:
        name = pending.pop()
        try:
            folder = _enter(folder, name, make)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                raise
            link = folder.read_link(name)
            if link is None:
                raise
            target, unsafe = link
            if unsafe:
                _refuse(path, os.path.join(folder.path, name), folder, unsafe)
            links = _count(links, path)
            pending += _split(target)[::-1]
            if target.startswith("/"):
                folder = Folder(os.open("/", _ENTER), "/")
    return folder


def _enter(folder: Folder, name: str, make: Make | None) -> Folder:
    try:
        return folder.enter(name)
    except FileNotFoundError:
        if make is None:
            raise
    make(folder, name)
    return folder.enter(name)


def _follow(place: Place, path: str) -> Place:
    """Return where the last step of ``path`` leads, as far as it is safe to follow."""
    links = 0
    while True:
        try:
            link = place.folder.read_link(place.name)
        except FileNotFoundError:
            link = None
        if link is None:
            return place
        target, unsafe = link
        if unsafe:
            return place._replace(unsafe=unsafe)
        links = _count(links, path)
        head, name = os.path.split(target)
        folder = _walk(_split(head), None if target.startswith("/") else place.folder, path)
        if name in ("", ".", ".."):
            raise FileError(f"{path} is a directory", hint="Give the path of a file.")
        place = Place(folder, name)


def _count(links: int, path: str) -> int:
    if links >= _MOST_LINKS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return links + 1


def _refuse(path: str, link: str, folder: Folder, unsafe: str) -> None:
    raise FileError(
        f"{path} is not safe: {link} is a symbolic link, and {folder.path} {unsafe}",
        hint="Give a path without that link, or see that only root or the user of the task can write to that folder.",
    )


def own_ids() -> tuple[int, int]:
    return 0, os.geteuid()


def is_own(found: os.stat_result) -> bool:
    """Tell whether something belongs to root or to the user that runs."""
    return found.st_uid in own_ids()


def find_distrust(folder: os.stat_result, descriptor: int) -> str:
    """Return who can change names in a folder beside root and the user that runs, and '' for nobody."""
    if folder.st_uid not in own_ids():
        return f"belongs to {_name_user(folder.st_uid)}"
    if folder.st_mode & stat.S_IWOTH:
        return "can be written by everybody"
    if folder.st_mode & stat.S_IWGRP and not _is_closed(folder.st_gid, os.geteuid()):
        return f"can be written by the group {_name_group(folder.st_gid)}"
    if folder.st_mode & stat.S_IWGRP and _has_acl(descriptor):
        return "can be written by those that its ACL names"
    return ""


@lru_cache(maxsize=64)
def _is_closed(gid: int, uid: int) -> bool:
    """Tell whether nobody is in a group but root and the user ``uid``."""
    try:
        members = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem}
    except KeyError:
        return False
    return members | {user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid} <= {0, uid}


def _has_acl(descriptor: int) -> bool:
    """Tell whether a folder has an ACL, or may have one: the mode's bits of the group are its mask then."""
    try:
        os.getxattr(f"/proc/self/fd/{descriptor}", _POSIX_ACL)
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.EOPNOTSUPP)
    except AttributeError:
        return False
    return True


def _name_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"


def _name_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
