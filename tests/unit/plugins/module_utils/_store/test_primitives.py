# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems and folders that lack something: what makes nothing less safe is passed over, the rest is named."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import (
    fail,
    mode_of,
    open_files,
    put,
    say_as_nobody,
)


def write_all(folder: Path, **options: Any) -> None:
    handle = open_files(folder, **options)
    handle.prepare(str(folder / "cert.pem"))
    with handle.locked(str(folder / "cert.pem")):
        handle.create(Replacement("privatekey", str(folder / "key.pem"), b"key", private=True))
        handle.replace([Replacement("x", str(folder / name), b"new") for name in ("chain.pem", "cert.pem")])


MISSING = [
    ("fsync", errno.EINVAL), ("fsync", errno.EOPNOTSUPP), ("link", errno.EPERM), ("link", errno.EMLINK),
    ("fchmod", errno.EPERM), ("fchown", errno.EPERM), ("setxattr", errno.EOPNOTSUPP), ("removexattr", errno.EOPNOTSUPP),
    ("listxattr", errno.EOPNOTSUPP), ("listdir", errno.EACCES),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), MISSING)
@pytest.mark.parametrize("kind", ["nameless", "named", "no /proc"])
def test_what_a_file_system_lacks_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, kind: str
) -> None:
    (tmp_path / "cert.pem").write_bytes(b"old")
    with monkeypatch.context() as patch:
        fail(patch, name, code)
        if kind == "named":
            patch.delattr(os, "O_TMPFILE")
        if kind == "no /proc":
            isdir = os.path.isdir
            patch.setattr(os.path, "isdir", lambda path: not str(path).startswith("/proc") and isdir(path))
        write_all(tmp_path)
        # What exists is not replaced by a new key, by no way.
        open_files(tmp_path).create(Replacement("privatekey", str(tmp_path / "key.pem"), b"other", private=True))
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {
        "key.pem": b"key", "chain.pem": b"new", "cert.pem": b"new"
    }  # fmt: skip
    assert mode_of(tmp_path / "key.pem") == 0o600


def test_a_disk_that_says_it_could_not_write_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cert.pem").write_bytes(b"old")
    fail(monkeypatch, "fsync", errno.EIO)
    with pytest.raises(FileError, match="Input/output error"):
        put(open_files(tmp_path), tmp_path / "cert.pem", b"new")
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {"cert.pem": b"old"}


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EXDEV])
@pytest.mark.parametrize("backup", [False, True])
def test_a_mounted_file_is_written_in_place_if_the_task_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, backup: bool
) -> None:
    path = tmp_path / "cert.pem"
    path.write_bytes(b"old, and longer")
    path.chmod(0o604)
    before = path.stat().st_ino
    fail(monkeypatch, "rename", code)
    with pytest.raises(FileError, match=os.strerror(code)):
        put(open_files(tmp_path), path, b"new")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old, and longer", ["cert.pem"])
    kept = put(open_files(tmp_path, unsafe_writes=True, backup=backup), path, b"new")[str(path)]
    assert (path.read_bytes(), path.stat().st_ino, mode_of(path)) == (b"new", before, 0o604)
    assert len(os.listdir(tmp_path)) == 1 + backup
    if kept:
        assert (Path(kept).read_bytes(), mode_of(Path(kept))) == (b"old, and longer", 0o604)


@pytest.fixture(name="closed")
def _closed(open_folder: Path) -> Path:
    """Return a folder where an ordinary user may write one file, and nothing else."""
    (open_folder / "cert.pem").write_bytes(b"old")
    (open_folder / "cert.pem").chmod(0o666)
    open_folder.chmod(0o555)
    return open_folder


def write_in(folder: Path, name: str = "cert.pem", *, private: bool = False, **options: Any) -> str:
    def write() -> None:
        handle: Files = open_files(Path(tempfile.gettempdir()), **options)
        path = str(folder / name)
        handle.prepare(path)
        with handle.locked(path):
            handle.replace([Replacement("x", path, b"new", private)])

    return say_as_nobody(write)


def test_in_a_folder_without_permission_a_file_is_written_in_place_if_the_task_says_so(closed: Path) -> None:
    assert f"no permission in {closed}" in write_in(closed)
    # No backup is no reason to lose the file.
    assert "Permission denied" in write_in(closed, unsafe_writes=True, backup=True)
    if os.geteuid() == 0:
        # Nor is a key written where others can read it; only root has a file of another user's whose mode that one cannot change.
        said = write_in(closed, private=True, unsafe_writes=True)
        assert "the mode cannot be changed to 0600 instead of 0666" in said
    assert (closed / "cert.pem").read_bytes() == b"old"
    assert write_in(closed, unsafe_writes=True) == ""
    assert (closed / "cert.pem").read_bytes() == b"new"
    assert f"no permission in {closed}" in write_in(closed, "new.pem", unsafe_writes=True)
    assert os.listdir(closed) == ["cert.pem"]
