# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files have beside owner and mode: ACLs, extended attributes, SELinux labels and the flags of chattr(1)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import platform
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError

LABEL_OPTIONS = ("seuser", "serole", "setype", "selevel")
_LABEL = "security.selinux"
_ACLS = ("system.posix_acl_access", "system.nfs4_acl")
# Attributes of the system and of security say something about one file's contents, or give a program rights.
_CARRIED = ("user.", *_ACLS)
_MARK = "user.mailops.smime.key"
_NOT_KNOWN_HERE = (errno.ENODATA, errno.EOPNOTSUPP, errno.ENOSYS)

# chattr(1)'s letters and linux/fs.h's FS_*_FL.
_FLAGS = {
    "s": 0x1, "u": 0x2, "c": 0x4, "S": 0x8, "i": 0x10, "a": 0x20, "d": 0x40, "A": 0x80, "m": 0x400, "j": 0x4000,
    "t": 0x8000, "D": 0x10000, "T": 0x20000, "e": 0x80000, "C": 0x800000, "x": 0x2000000, "P": 0x20000000,
    "F": 0x40000000,
}  # fmt: skip
_EXTENTS = _FLAGS["e"]


def read_all(descriptor: int) -> dict[str, bytes] | None:
    """Return the attributes of an open file that its successor is to have, and its SELinux label; None if that cannot be known."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        names = os.listxattr(descriptor)
        carried = [name for name in names if name != _MARK and name.startswith((*_CARRIED, _LABEL))]
        return {name: os.getxattr(descriptor, name) for name in carried}
    except OSError as error:
        return {} if error.errno in _NOT_KNOWN_HERE else None


def write_all(descriptor: int, wanted: Mapping[str, bytes] | None) -> bool:
    """Give a new file the attributes of the old one; tell whether its ACL is the old one's."""
    if wanted is None:
        drop_acl(descriptor)
        return False
    exact = True
    if not any(name in wanted for name in _ACLS):
        exact = drop_acl(descriptor)
    for name, value in wanted.items():
        if name == _LABEL:
            continue
        try:
            os.setxattr(descriptor, name, value)
        except OSError:
            exact = exact and name not in _ACLS
    return exact


def read_mark(descriptor: int) -> bytes:
    """Return what was noted about an open file, b"" for nothing."""
    with contextlib.suppress(OSError, AttributeError):
        return os.getxattr(descriptor, _MARK)
    return b""


def write_mark(descriptor: int, mark: bytes) -> None:
    """Note something about an open file, where the file system can."""
    with contextlib.suppress(OSError, AttributeError):
        os.setxattr(descriptor, _MARK, mark)


def drop_acl(descriptor: int) -> bool:
    """Remove the ACL that a new file has from its folder; tell whether there is none now."""
    try:
        os.removexattr(descriptor, _ACLS[0])
    except AttributeError:
        return True
    except OSError as error:
        return error.errno in _NOT_KNOWN_HERE
    return True


def change_label(descriptor: int, path: str, wanted: Sequence[str | None], *, dry: bool) -> bool:
    """Change the parts of an open file's SELinux label that are not None; tell whether one differed. Raises FileError."""
    try:
        current = os.getxattr(descriptor, _LABEL).rstrip(b"\0").decode().split(":", 3)
    except OSError:
        # A file system without labels.
        return False
    label = [part or old for part, old in zip([*wanted, None], current)]
    if label == current:
        return False
    if not dry:
        try:
            os.setxattr(descriptor, _LABEL, ":".join(label).encode() + b"\0")
        except OSError as error:
            raise FileError(
                f"{path}: the SELinux label cannot be set: {error.strerror}",
                hint="Correct seuser, serole, setype, selevel.",
            ) from error
    return True


def read_label(extended: Mapping[str, bytes] | None) -> list[str | None]:
    """Return the parts of the SELinux label among attributes that were read; nothing if it has none."""
    return list(extended[_LABEL].rstrip(b"\0").decode().split(":", 3)) if extended and _LABEL in extended else []


def check_flags(option: Any) -> None:
    """Raise OptionError for an option ``attributes`` with a letter that chattr(1) does not know."""
    unknown = [letter for letter in (option or "").lstrip("+-=") if letter not in _FLAGS]
    if unknown:
        raise OptionError(f"attributes: {''.join(unknown)} is no flag of chattr", hint="Give flags such as +i.")


def change_flags(descriptor: int, path: str, option: str | None, *, dry: bool) -> bool:
    """Set chattr's flags on an open file; tell whether they differed. Raises FileError."""
    if not option:
        return False
    get, put = _number_requests()
    try:
        current = struct.unpack("i", fcntl.ioctl(descriptor, get, b"\0" * 4))[0]
        wanted = _compute_flags(option, current)
        if wanted != current and not dry:
            fcntl.ioctl(descriptor, put, struct.pack("i", wanted))
    except OSError as error:
        raise FileError(
            f"{path}: the attributes {option} cannot be set: {error.strerror}",
            hint="Correct attributes: not each file system has each flag, and some take root to set.",
        ) from error
    return bool(wanted != current)


def _compute_flags(option: str, current: int) -> int:
    operator, letters = (option[0], option[1:]) if option[0] in "+-=" else ("=", option)
    bits = sum(_FLAGS[letter] for letter in set(letters))
    if operator == "+":
        return current | bits
    if operator == "-":
        return current & ~bits
    # Extents are how a file is laid out: nobody can take them away.
    return (current & ~(sum(_FLAGS.values()) & ~_EXTENTS)) | bits


def _number_requests() -> tuple[int, int]:
    """Return FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of linux/fs.h: _IOR('f', 1, long) and _IOW('f', 2, long)."""
    read, write = 0x80000000, 0x40000000
    if platform.machine().startswith(("mips", "ppc", "powerpc", "sparc", "alpha")):
        read, write = 0x40000000, 0x80000000
    size = struct.calcsize("l") << 16
    return read | size | 0x6601, write | size | 0x6602
