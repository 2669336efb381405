# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process that lives for one run of a module can do without. Modules import this first, for what it does by itself.

There is no byte code in the zip file in which Ansible ships a module. Left to themselves, Python's imports compile each file
of it twice, once only to learn the file's name (``zipimport.zipimporter.get_filename``), and compiling is most of what a run
with nothing to do costs. Next comes the collection of garbage, which at the end walks through all that Ansible has loaded.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pkgutil import get_importer
from typing import Any
from zipimport import ZipImportError, zipimporter

_OURS = __name__.rpartition(".")[0] + "."
# Elsewhere, as in a test or on a controller, the process goes on, and is not ours to tune.
_IN_ZIP = isinstance(globals().get("__loader__"), zipimporter)


class _Finder:
    """Finds this collection's files in a zip file, and leaves packages and everything else to the finders after it."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG004
        if not name.startswith(_OURS):
            return None
        for entry in path or ():
            loader: Any = get_importer(entry)
            if _holds_file(loader, name):
                return ModuleSpec(name, loader, origin=entry)
        return None


def _holds_file(loader: object, name: str) -> bool:
    try:
        return isinstance(loader, zipimporter) and not loader.is_package(name)
    except ZipImportError:
        return False


def leave() -> None:
    """Have Python look for no garbage at the end: nothing that is there is any."""
    if _IN_ZIP:
        gc.freeze()


if _IN_ZIP:
    sys.meta_path.insert(0, _Finder)
    # What is made stays to the end, be it of thousands of mailboxes: looking for garbage in it all the time takes a tenth of a run.
    gc.set_threshold(100_000)
