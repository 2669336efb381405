# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can change what is in a folder. One is trusted if it belongs to root or to the user that runs, and nobody else can write to it."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from functools import lru_cache

_POSIX_ACL = "system.posix_acl_access"


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
