# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's file options: checked before anything is written, and set on open files, whose names others may change."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store import extended
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folder, Place
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import is_planted

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes

_MODE = re.compile(
    r"([0-7]{1,5}|[ugoa]*[-+=][rwxXstugo]*([-+=][rwxXstugo]*)*(,[ugoa]*[-+=][rwxXstugo]*([-+=][rwxXstugo]*)*)*)\Z"
)
_BITS = {"r": 0o444, "w": 0o222, "x": 0o111, "s": 0o6000, "t": 0o1000}
_CLASSES = {"u": 0o4700, "g": 0o2070, "o": 0o1007}
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_HINT = "Correct the file options, or run the task as a user who may set them."


def check(attributes: Attributes) -> None:
    """Raise OptionError for permissions that are none, and for an owner or group that this host does not know."""
    options = attributes.options
    modes = {"private_mode": attributes.private_mode, "directory_mode": attributes.directory_mode}
    for option, mode in {"mode": options.get("mode"), **modes}.items():
        _check_mode(option, mode)
    for option, owner in {"owner": options.get("owner"), "directory_owner": attributes.directory_owner}.items():
        _find_account(option, owner, lambda name: pwd.getpwnam(name).pw_uid)
    for option, group in {"group": options.get("group"), "directory_group": attributes.directory_group}.items():
        _find_account(option, group, lambda name: grp.getgrnam(name).gr_gid)
    extended.check_flags(options.get("attributes"))


def _check_mode(option: str, mode: object) -> None:
    if mode is None or isinstance(mode, int) or (isinstance(mode, str) and _MODE.match(mode)):
        return
    raise OptionError(
        f"{option}: {mode} is neither octal nor symbolic", hint="Give permissions such as '0640' or u=rw,g=r."
    )


def _find_account(option: str, value: Any, look_up: Any) -> int:
    """Return the number of an account, -1 for none. Raises OptionError for one that this host does not know."""
    if value is None:
        return -1
    try:
        return int(value) if str(value).isdigit() else look_up(value)
    except KeyError as error:
        raise OptionError(
            f"{option}: there is no {value} on this host", hint=f"Create it first, or correct {option}."
        ) from error


@dataclass(frozen=True)
class Known:
    """What a file that is replaced hands on to the new one."""

    uid: int
    gid: int
    mode: int
    extended: Mapping[str, bytes] | None


def read_known(place: Place) -> Known | None:
    """Return what the file at ``place`` hands on; None if there is no file. Raises OSError."""
    found = place.look()
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    carried: dict[str, bytes] | None = None
    with contextlib.suppress(OSError):
        # Without the right to read it, what it has beside its mode is not known.
        descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            carried = extended.read_all(descriptor)
        finally:
            os.close(descriptor)
    # Bits that let a program run as somebody else are for programs.
    return Known(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode) & 0o777, carried)


def give(descriptor: int, path: str, options: Mapping[str, Any], known: Known | None, *, private: bool) -> None:
    """Give a new file, open and not readable by others, what ``known`` hands on, and then what ``options`` say.

    Nobody gets a right in between, nor one that neither of both gives. Raises FileError, OSError.
    """
    uid, gid = _find_ids(options)
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if known is not None:
        mode = known.mode
        if not _hand_over(descriptor, known) and gid == -1:
            # The bits were for another group.
            mode &= 0o707
        if not extended.write_all(descriptor, known.extended):
            # With an ACL, these bits are its mask, and not what the group may do.
            mode &= 0o707
    elif private:
        # A folder's default ACL is not for keys.
        extended.drop_acl(descriptor)
    _change_owner(descriptor, path, uid, gid)
    base = 0o600 if private else mode
    asked = options.get("mode")
    wanted = base if asked is None else compute_mode(asked, base, is_directory=False)
    _change_mode(descriptor, path, wanted, asked=asked is not None)


def _find_ids(options: Mapping[str, Any]) -> tuple[int, int]:
    return (
        _find_account("owner", options.get("owner"), lambda name: pwd.getpwnam(name).pw_uid),
        _find_account("group", options.get("group"), lambda name: grp.getgrnam(name).gr_gid),
    )


def _hand_over(descriptor: int, known: Known) -> bool:
    """Give owner and group of the old file to the new one, as far as this user may; tell whether the group is the old one."""
    for uid in (known.uid, -1):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, uid, known.gid)
            break
    return os.fstat(descriptor).st_gid == known.gid


def _change_owner(descriptor: int, path: str, uid: int, gid: int) -> bool:
    found = os.fstat(descriptor)
    wanted = (found.st_uid if uid == -1 else uid, found.st_gid if gid == -1 else gid)
    if wanted == (found.st_uid, found.st_gid):
        return False
    try:
        os.fchown(descriptor, *wanted)
    except OSError as error:
        raise FileError(f"{path}: the owner cannot be changed: {error.strerror}", hint=_HINT) from error
    return True


def _change_mode(descriptor: int, path: str, mode: int, *, asked: bool = True) -> bool:
    """Set the mode; where the file system keeps none of its own, a narrower one will do. Raises FileError."""
    found = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if found == mode:
        return False
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP) or found & ~mode:
            said = f"{mode:04o} instead of {found:04o}"
            raise FileError(
                f"{path}: the mode cannot be changed to {said}: {error.strerror}",
                hint=_HINT if asked else "Put the file on a file system that keeps permissions.",
            ) from error
        return False
    return True


def find_changes(descriptor: int, options: Mapping[str, Any], *, is_directory: bool = False) -> dict[str, Any]:
    """Return what an open file has to change for ``options``: ``uid``, ``gid`` and ``mode``."""
    found = os.fstat(descriptor)
    uid, gid = _find_ids(options)
    current = stat.S_IMODE(found.st_mode)
    mode = current
    if options.get("mode") is not None:
        mode = compute_mode(options["mode"], current, is_directory=is_directory)
    wanted = {"uid": uid, "gid": gid, "mode": mode}
    now = {"uid": found.st_uid, "gid": found.st_gid, "mode": current}
    return {name: value for name, value in wanted.items() if value not in (-1, now[name])}


def change(descriptor: int, path: str, changes: Mapping[str, Any]) -> bool:
    """Make the changes that ``find_changes`` found; tell whether there was one. Raises FileError."""
    owner = _change_owner(descriptor, path, changes.get("uid", -1), changes.get("gid", -1))
    mode = "mode" in changes and _change_mode(descriptor, path, changes["mode"])
    return owner or mode


def mend(module: AnsibleModule, place: Place, path: str, options: Mapping[str, Any]) -> bool:
    """Give the file at ``place`` what ``options`` say; tell whether it changed, or would in check mode. Raises FileError, OSError."""
    descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or is_planted(place, found):
            raise FileError(f"{path} is not safe to change: it is no file of its own", hint="Look at it.")
        changes = find_changes(descriptor, options)
        changed = bool(changes) and (module.check_mode or change(descriptor, path, changes))
        changed |= relabel(module, descriptor, place.path, options)
        return changed | extended.change_flags(descriptor, path, options.get("attributes"), dry=module.check_mode)
    finally:
        os.close(descriptor)


def make_directory(module: AnsibleModule, folder: Folder, name: str, attributes: Attributes) -> None:
    """Make the directory ``name`` in ``folder``, as ``attributes`` say, unless there is one. Raises FileError, OSError."""
    try:
        os.mkdir(name, 0o700, dir_fd=folder.descriptor)
    except FileExistsError:
        # Another run was quicker.
        return
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder.descriptor)
    try:
        options, path = _select_for_directories(attributes), os.path.join(folder.path, name)
        change(descriptor, path, find_changes(descriptor, options, is_directory=True))
        relabel(module, descriptor, path, options)
    finally:
        os.close(descriptor)


def _select_for_directories(attributes: Attributes) -> dict[str, Any]:
    labels = {name: attributes.options.get(name) for name in extended.LABEL_OPTIONS}
    own = {"owner": attributes.directory_owner, "group": attributes.directory_group}
    return {**labels, **own, "mode": attributes.directory_mode}


def compute_mode(wanted: str | int, current: int, *, is_directory: bool) -> int:
    """Return the permissions that an octal or symbolic ``wanted`` makes of ``current``, as Ansible does."""
    if isinstance(wanted, int):
        return wanted
    if wanted.isdigit():
        return int(wanted, 8)
    mode = current
    for clause in wanted.split(","):
        who = re.match("[ugoa]*", clause).group()  # type: ignore[union-attr]
        umask = 0 if who else _read_umask()
        for operator, permissions in re.findall(r"([-+=])([rwxXstugo]*)", clause):
            for one in "ugo" if not who or "a" in who else who:
                bits = _select(permissions, one, mode, umask, is_directory=is_directory)
                kept = mode & ~_CLASSES[one] if operator == "=" else mode
                mode = kept & ~bits if operator == "-" else kept | bits
    return mode


def _select(permissions: str, one: str, mode: int, umask: int, *, is_directory: bool) -> int:
    """Return the bits that ``permissions`` mean for the class ``one`` of a file with ``mode``."""
    bits = 0
    for letter in permissions:
        if letter in _SHIFTS:
            bits |= (mode >> _SHIFTS[letter] & 7) * 0o111
        elif letter == "X":
            bits |= 0o111 if is_directory or mode & 0o111 else 0
        else:
            bits |= _BITS[letter] & ~umask
    return bits & _CLASSES[one]


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def label(module: AnsibleModule, descriptor: int, path: str, options: Mapping[str, Any], known: Known | None) -> None:
    """Give a new file the SELinux label that ``options`` say, or the one of the file that it replaces, or the policy's own."""
    if not module.selinux_enabled():
        return
    wanted = _read_label(module, path, options)
    inherited = extended.read_label(known.extended) if known is not None else []
    if not any(wanted):
        wanted = inherited or list(module.selinux_default_context(path))
    extended.change_label(descriptor, path, wanted, dry=False)


def relabel(module: AnsibleModule, descriptor: int, path: str, options: Mapping[str, Any]) -> bool:
    """Give an existing file the parts of the label that ``options`` say; tell whether one differed, in check mode, too."""
    if not module.selinux_enabled():
        return False
    return extended.change_label(descriptor, path, _read_label(module, path, options), dry=module.check_mode)


def _read_label(module: AnsibleModule, path: str, options: Mapping[str, Any]) -> list[str | None]:
    default = module.selinux_default_context(path)
    asked = [options.get(name) for name in extended.LABEL_OPTIONS]
    return [
        standard if part == "_default" else part for part, standard in zip(asked, [*default, None, None, None, None])
    ]


def is_immutable(place: Place) -> bool:
    """Tell whether there is a file with chattr's ``i`` or ``a``: nobody can write or replace it, root included."""
    try:
        os.close(place.open(os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        # Any other failure says nothing: a file that may not be written can be replaced all the same.
        return error.errno == errno.EPERM
    return False
