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


def renew_copy(name: str) -> Path:
    """Make a copy hold what the clone holds, committed or not, and return its folder; runs side by side need one each."""
    copy, kept = COPIES / name / "ansible_collections/mailops/smime", COPIES / name / "output"
    output = copy / "tests/output"  # where ansible-test keeps virtual environments of its own
    if output.exists() and not kept.exists():
        output.rename(kept)
    shutil.rmtree(copy, ignore_errors=True)
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CLONE, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for path in {CLONE / name for name in names if (CLONE / name).is_file()}:
        target = copy / path.relative_to(CLONE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
    if kept.exists():
        kept.rename(output)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)
    return copy
