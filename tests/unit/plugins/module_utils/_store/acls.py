# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX ACLs as Linux keeps them (linux/posix_acl_xattr.h), so that no test needs setfacl(1)."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

_TAGS = {"u": 0x01, "u+": 0x02, "g": 0x04, "g+": 0x08, "m": 0x10, "o": 0x20}
_ACCESS, _DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


def give_acl(path: Path, text: str, *, default: bool = False) -> None:
    """Give a file the ACL in ``text``, such as "u::rw- u:1:r-- g::--- m::r-- o::---", or skip the test where there are none."""
    entries = [entry.split(":") for entry in text.split()]
    packed = b"".join(
        struct.pack(
            "<HHI",
            _TAGS[tag + ("+" if number else "")],
            sum(bit for bit, letter in zip((4, 2, 1), rights) if letter != "-"),
            int(number) if number else 0xFFFFFFFF,
        )
        for tag, number, rights in entries
    )
    try:
        os.setxattr(path, _DEFAULT if default else _ACCESS, struct.pack("<I", 2) + packed)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        pytest.skip("this file system has no ACLs")


def read_acl(path: Path) -> str:
    """Return the ACL of a file as ``give_acl`` takes it, an empty text for none."""
    try:
        packed = os.getxattr(path, _ACCESS)
    except OSError:
        return ""
    names = {number: tag for tag, number in _TAGS.items()}
    entries = []
    for tag, rights, number in struct.iter_unpack("<HHI", packed[4:]):
        shown = "".join(letter if rights & bit else "-" for bit, letter in zip((4, 2, 1), "rwx"))
        entries.append(f"{names[tag][0]}:{number if names[tag].endswith('+') else ''}:{shown}")
    return " ".join(entries)
