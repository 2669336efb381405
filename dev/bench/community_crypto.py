# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection community.crypto, for comparison only, out of the package that bundles many collections."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench.controller import CRYPTO_TREE

RELEASE = "ansible==14.5.0"
# The package wants a newer Python than the venv's; of its files, only the collection's are taken.
TARGET = ("--no-deps", "--only-binary=:all:", "--python-version=3.12")
PREFIX = "ansible_collections/community/crypto/"


def prepare() -> None:
    """Have the collection in its tree."""
    done = CRYPTO_TREE / ".release"
    if done.exists() and done.read_text(encoding="utf-8") == RELEASE:
        return
    CRYPTO_TREE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CRYPTO_TREE.parent) as folder:
        command = ["-m", "pip", "--quiet", "--quiet", "download", *TARGET, f"--dest={folder}", RELEASE]
        subprocess.run([sys.executable, *command], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(PREFIX)]
            archive.extractall(CRYPTO_TREE, names)
    done.write_text(RELEASE, encoding="utf-8")
