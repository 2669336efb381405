# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two paths are one file: by the folder that was opened and the name in it, or by the file itself (hard links)."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folders, Place


@dataclass(frozen=True)
class Use:
    """What a path is for: whose it is (a mailbox), the option that gave it, and whether it is written."""

    owner: str
    option: str
    path: str
    written: bool


def find_clash(uses: Iterable[Use], *, among_owners: bool = True) -> tuple[Use, Use] | None:
    """Return two uses of one file of which one writes it; None if there are none.

    Several mailboxes may share the file of the root, which is the same for all. Without ``among_owners``, what one of them
    uses twice does not count: its own check says that.
    """
    folders = Folders()
    seen: dict[Hashable, Use] = {}
    for use in sorted(uses, key=lambda item: not item.written):
        for identity in _identify(use.path, folders):
            other = seen.setdefault(identity, use)
            same = other.owner == use.owner
            allowed = (other is use or not among_owners) if same else other.option == use.option == "root_path"
            if not allowed and (other.written or use.written):
                return other, use
    return None


def _identify(path: str, folders: Folders) -> list[Hashable]:
    """Return what two paths of one file have in common. What cannot be used is refused later, and known by its name here."""
    place = _locate(path, folders) or _locate(os.path.realpath(path), folders)
    if place is None:
        return [os.path.realpath(path)]
    names: list[Hashable] = [place.identity]
    with contextlib.suppress(OSError):
        found = place.look()
        if found is not None and stat.S_ISREG(found.st_mode):
            names.append((found.st_dev, found.st_ino))
    return names


def _locate(path: str, folders: Folders) -> Place | None:
    try:
        return folders.locate(path)
    except (FileError, OSError):
        return None
