# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a virtual environment without the named libraries, and with cryptography if it is not among them: FOLDER LIBRARY..."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import venv

# What the library imports, besides itself.
NEEDED = ("cryptography", "_cffi_backend", "cffi", "pycparser", "typing_extensions")


def main() -> None:
    """Make it, and print its interpreter."""
    folder, *missing = sys.argv[1:]
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next(pathlib.Path(folder).glob("lib/python*/site-packages"))
    for name in () if "cryptography" in missing else NEEDED:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            origin = pathlib.Path(found.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            (packages / source.name).symlink_to(source)
    print(pathlib.Path(folder) / "bin/python")


if __name__ == "__main__":
    main()
