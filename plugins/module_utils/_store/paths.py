# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths on the target that somebody else may have made anything of."""

from __future__ import annotations

import os
import stat

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError

MAX_SIZE = 1024 * 1024


def read_file(path: str) -> bytes | None:
    """Return the contents of ``path``, or None if there is no such file. Raises FileError."""
    try:
        # Without blocking: nobody may ever write into a FIFO.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise FileError(f"{path} is not a regular file", hint="Give the path of a file.")
            # What is asked for is set aside first: a megabyte takes longer than all the rest.
            data = os.read(descriptor, min(found.st_size, MAX_SIZE) + 1)
            if len(data) != found.st_size:
                # It has grown meanwhile, or is one of /proc, where all have no size.
                data += _read_rest(descriptor, MAX_SIZE + 1 - len(data))
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise FileError(f"{path!r} cannot be a path: {error}", hint="Correct the path.") from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path and its permissions."
        ) from error
    if len(data) > MAX_SIZE:
        raise FileError(f"{path} is larger than {MAX_SIZE} bytes", hint="Check that it is the right file.")
    return data


def _read_rest(descriptor: int, most: int) -> bytes:
    data = b""
    while len(data) < most:
        more = os.read(descriptor, most - len(data))
        if not more:
            break
        data += more
    return data
