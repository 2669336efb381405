# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back when one file of several cannot be replaced: what stood there before keeps a second name until all are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def kept(paths: Iterable[str]) -> Iterator[None]:
    """Put the files at ``paths`` back if the body raises an Exception, and remove those that were not there.

    A file that can have no second name (a mount point, a file system without hard links) stays as the body left it.
    """
    names = {path: _keep(path) for path in paths}
    try:
        yield
    except Exception:
        for path, name in names.items():
            with contextlib.suppress(OSError):
                _put_back(path, name)
        raise
    finally:
        for path, name in names.items():
            if name:
                forget(path)


def _keep(path: str) -> str | None:
    """Give ``path`` a second name and return it: None if there is no such file, and an empty one if it can have none."""
    forget(path)
    try:
        os.link(path, _name(path), follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    return _name(path)


def _put_back(path: str, name: str | None) -> None:
    if name is None:
        os.unlink(path)
    elif name:
        os.replace(name, path)


def forget(path: str) -> None:
    """Remove the second name of ``path``, which a run that was killed may have left."""
    with contextlib.suppress(OSError):
        os.unlink(_name(path))


def _name(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.old")
