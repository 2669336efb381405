# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading files, which other local users may have planted."""

from __future__ import annotations

import os
import stat

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folder, Folders, Place

MAX_SIZE = 1024 * 1024
# What is replaced can be a page about thousands of mailboxes, or a list of revoked certificates.
LARGEST = 64 * MAX_SIZE
# How the names begin that runs use for themselves, of locks and of files that have not got their name yet.
LEFTOVER = ".mailops.smime-"
# How private keys begin in forms that the library does not read: PuTTY's, Java's JKS and JCEKS.
FOREIGN_KEYS = (b"PuTTY-User-Key-File-", b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")


def read_place(place: Place, path: str, most: int = MAX_SIZE) -> bytes | None:
    """Return the contents of the file at ``place``, or None if there is none. Raises FileError for what is not safe to read, OSError."""
    try:
        # Without blocking: nobody may ever write into a FIFO.
        descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileError(f"{path} is not a regular file", hint="Give the path of a file.")
        if is_planted(place, found):
            _refuse_planted(place, path, "has other names (hard links)", place.folder.distrust)
        data = _read(descriptor, found.st_size, most)
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise FileError(f"{path} is larger than {most} bytes", hint="Check that it is the right file.")
    return data


def is_planted(place: Place, found: os.stat_result) -> bool:
    """Tell whether a file can be somebody else's: in a folder that is not trusted anybody may have given it a second name."""
    return found.st_nlink > 1 and not place.folder.trusted


def _refuse_planted(place: Place, path: str, what: str, why: str) -> None:
    raise FileError(
        f"{path} is not safe: {place.path} {what}, and {place.folder.path} {why}",
        hint="Put the file itself there, and see that only root or the user of the task can write to that folder.",
    )


def _read(descriptor: int, size: int, most: int) -> bytes:
    # What is asked for is set aside first: a megabyte takes longer than all the rest.
    data = os.read(descriptor, min(size, most) + 1)
    if len(data) != size:
        # It has grown meanwhile, or is one of /proc, where all have no size.
        while len(data) <= most:
            more = os.read(descriptor, most + 1 - len(data))
            if not more:
                break
            data += more
    return data


def read_file(
    path: str, folders: Folders | None = None, most: int = MAX_SIZE, place: Place | None = None
) -> bytes | None:
    """Return the contents of ``path``, ``most`` octets, or None if there is no such file. Raises FileError, for a planted one, too.

    ``place`` is where it leads, if that is known.
    """
    try:
        place = place or (folders or Folders()).locate(path)
        if place.unsafe:
            _refuse_planted(place, path, "is a symbolic link", place.unsafe)
        return read_place(place, path, most)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise FileError(f"{path!r} cannot be a path: {error}", hint="Correct the path.") from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error


def read_output(path: str, folders: Folders | None = None, most: int = MAX_SIZE) -> bytes | None:
    """Do the same for a file that may be replaced: what is not safe to read there counts as missing, and will be replaced."""
    try:
        place = (folders or Folders()).locate(path)
        found = place.look()
    except OSError:
        return read_file(path, None, most)
    if place.unsafe or (found is not None and is_planted(place, found)):
        return None
    return read_file(path, folders, most, place)


def list_names(folder: Folder) -> list[str]:
    """Return the names in ``folder``, none if it cannot be read."""
    try:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder.descriptor)
    except OSError:
        return []
    try:
        return os.listdir(descriptor)
    except OSError:
        return []
    finally:
        os.close(descriptor)


def may_hold_key(data: bytes) -> bool:
    """Tell, at little cost, whether it is worth looking for a private key in ``data``."""
    return data[:1] == b"\x30" or data.startswith(FOREIGN_KEYS) or b"PRIVATE KEY" in data.replace(b"\0", b"")
