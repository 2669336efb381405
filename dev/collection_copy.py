# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection where ansible-test accepts it.

ansible-test wants a folder ansible_collections/NAMESPACE/NAME with a repository of its own: in an ignored folder of
another repository it finds no file, skips every test and still reports success.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
COPIES = CLONE / ".cache/ansible_test"
KEPT = {".git", "tests/output"}  # ansible-test keeps its own virtual environments in tests/output


def renew_copy(name: str) -> Path:
    """Make a copy hold what the clone holds, committed or not, and return its folder; runs side by side need one each."""
    copy = COPIES / name / "ansible_collections/mailops/smime"
    copy.mkdir(parents=True, exist_ok=True)
    _remove_all_but_kept(copy, copy)
    copy_collection(copy)
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)
    return copy


def copy_collection(folder: Path) -> Path:
    """Copy what the clone holds, committed or not, into a folder, and return that."""
    for name in _names_in_clone():
        _copy_file(CLONE / name, folder / name)
    return folder


def _names_in_clone() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CLONE,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted({name for name in listing.stdout.split("\0") if name})
    return [name for name in names if (CLONE / name).is_file()]


def _copy_file(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, copy, follow_symlinks=False)


def _remove_all_but_kept(folder: Path, copy: Path) -> None:
    for entry in folder.iterdir():
        name = entry.relative_to(copy).as_posix()
        if name in KEPT:
            continue
        if any(kept.startswith(name + "/") for kept in KEPT):
            _remove_all_but_kept(entry, copy)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
