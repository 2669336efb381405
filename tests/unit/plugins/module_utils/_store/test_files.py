# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the target: atomic, private where they must be, locked, and mended after a run that was killed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import reading
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement, Shared
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import module_arguments
from ansible_collections.mailops.smime.tests.unit.plugins.killed import run_and_kill, start, watching

NOBODY = 65534


def open_files(
    folder: Path, *, check_mode: bool = False, backup: bool = False, shared: Shared | None = None, **options: Any
) -> Files:
    """Return Files over a real AnsibleModule."""
    private_mode = options.pop("private_mode", "0600")
    given = {"_ansible_check_mode": check_mode, "_ansible_remote_tmp": str(folder), **options}
    with module_arguments(given):
        module = AnsibleModule(argument_spec={}, add_file_common_args=True, supports_check_mode=True)
    names = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes", "unsafe_writes")
    return Files(module, Attributes({name: module.params[name] for name in names}, private_mode, backup), shared)


def put(handle: Files, path: Path, data: bytes, *, private: bool = False) -> dict[str, str | None]:
    return handle.replace([Replacement("certificate", str(path), data, private)])


def beside(path: Path, ending: str) -> Path:
    """Return the name that a run uses for itself beside the file at ``path``."""
    return path.with_name(f".mailops.smime-{hashlib.sha256(path.name.encode()).hexdigest()[:16]}{ending}")


def say_as_nobody(action: Callable[[], object]) -> str:
    """Return what an unprivileged process says to ``action``: nothing, or the error's text and hint."""

    def say() -> str:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            action()
        except FileError as error:
            return f"{error.message} {error.hint}"
        return ""

    return start(say)()


AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can act for another user, or leave something of theirs"
)


def fail(patch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Have a function of ``os`` fail: ``fsync`` with folders alone."""
    real = getattr(os, name)

    def failing(*given: Any, **named: Any) -> Any:
        if name != "fsync" or stat.S_ISDIR(os.fstat(given[0]).st_mode):
            raise OSError(code, os.strerror(code))
        return real(*given, **named)

    patch.setattr(os, name, failing)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_read_whole_even_if_it_grows_meanwhile_up_to_a_megabyte_and_what_is_no_file_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cert.pem"
    path.write_bytes(b"a" * reading.MAX_SIZE)
    assert len(reading.read_file(str(path)) or b"") == reading.MAX_SIZE
    path.write_bytes(b"a" * (reading.MAX_SIZE + 1))
    with pytest.raises(FileError, match="larger than"):
        reading.read_file(str(path))
    assert reading.read_file(str(tmp_path / "missing")) is None
    for other in (str(tmp_path), "/dev/zero"):
        with pytest.raises(FileError):
            reading.read_file(other)
    path.write_bytes(b"as it was")
    real = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        path.write_bytes(b"as it was, and more")
        return found

    monkeypatch.setattr(os, "fstat", grow)
    assert reading.read_file(str(path)) == b"as it was, and more"


def test_what_certificates_share_is_read_once_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    path.write_bytes(b"roots")
    shared = Shared()
    first, second = (open_files(tmp_path, shared=shared) for _number in range(2))
    assert (first.read(str(path)), first.read_shared(str(path))) == (b"roots", b"roots")
    path.write_bytes(b"others")
    assert first.read(str(path)) == b"roots"
    first.forget()
    assert (first.read(str(path)), first.read_shared(str(path)), second.read_shared(str(path))) == (
        b"others", b"roots", b"roots",
    )  # fmt: skip
    assert open_files(tmp_path).read_shared(str(path)) == b"others"


def test_a_new_file_has_the_umasks_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        put(open_files(tmp_path), tmp_path / "cert.pem", b"new")
    finally:
        assert os.umask(before) == 0o027
    assert (mode_of(tmp_path / "cert.pem"), os.listdir(tmp_path)) == (0o640, ["cert.pem"])


@pytest.mark.parametrize(
    ("old", "options", "private", "mode"),
    [
        (None, {"mode": "0440"}, False, 0o440), (0o604, {}, False, 0o604), (0o440, {}, False, 0o440),
        (0o604, {"mode": "0640"}, False, 0o640),
        (None, {"mode": "0644"}, True, 0o600), (0o644, {}, True, 0o600), (0o666, {"mode": "0644"}, True, 0o600),
    ],
)  # fmt: skip
@pytest.mark.parametrize("backup", [False, True])
def test_a_file_is_replaced_by_another_with_the_mode_of_the_old_one_or_the_wanted_one(
    tmp_path: Path, old: int | None, options: dict[str, Any], private: bool, mode: int, backup: bool
) -> None:
    path = tmp_path / "cert.pem"
    if old is not None:
        path.write_bytes(b"old")
        path.chmod(old)
    handle = open_files(tmp_path, backup=backup, **options)
    handle.prepare(str(path))
    kept = put(handle, path, b"new", private=private)[str(path)]
    assert (path.read_bytes(), mode_of(path)) == (b"new", mode)
    assert (kept is not None) is (backup and old is not None)
    if kept is not None:
        assert (Path(kept).read_bytes(), mode_of(Path(kept))) == (b"old", old)
    assert len(os.listdir(tmp_path)) == 1 + bool(kept)


@pytest.mark.parametrize(("private", "mode"), [(False, 0o640), (True, 0o600)])
def test_attributes_are_mended_once_and_in_check_mode_it_is_only_said(tmp_path: Path, private: bool, mode: int) -> None:
    path = tmp_path / "cert.pem"
    path.write_bytes(b"x")
    path.chmod(0o644)
    checking, handle = (open_files(tmp_path, mode="0640", check_mode=check_mode) for check_mode in (True, False))
    assert checking.mend_attributes(str(path), private=private) is True
    assert mode_of(path) == 0o644
    assert [handle.mend_attributes(str(path), private=private) for _time in range(2)] == [True, False]
    assert mode_of(path) == mode


def test_a_private_file_is_never_readable_by_others_not_even_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "combined.pem"
    seen: list[int] = []
    path.write_bytes(b"old")
    path.chmod(0o644)

    def watch(name: str) -> None:
        real = getattr(os, name)

        def watched(*given: Any, **named: Any) -> Any:
            result = real(*given, **named)
            seen.extend(
                mode_of(item) for item in tmp_path.iterdir() if item.is_file() and b"secret" in item.read_bytes()
            )
            return result

        monkeypatch.setattr(os, name, watched)

    for name in ("fsync", "fchmod", "fchown", "rename", "link", "open", "write", "setxattr"):
        watch(name)
    put(open_files(tmp_path, mode="0666"), path, b"secret", private=True)
    assert seen
    assert not any(mode & 0o077 for mode in seen)


def test_contents_are_synced_before_they_get_their_name_and_files_replaced_in_their_order(tmp_path: Path) -> None:
    names = ["root.pem", "chain.pem", "cert.pem"]
    with watching(0, lambda: None, ("write", "fchmod", "fsync", "rename")) as done:
        open_files(tmp_path, mode="0640").replace([Replacement("x", str(tmp_path / name), b"new") for name in names])
    assert done == ["write", "fchmod", "fsync"] * 3 + ["rename", "fsync"] * 3
    wanted = [Replacement("x", str(tmp_path / name), b"newer") for name in names]
    for number in (1, 2, 3):
        assert run_and_kill(lambda: open_files(tmp_path).replace(wanted), number, calls=("rename",))
        assert [name for name in names if (tmp_path / name).read_bytes() == b"newer"] == names[: number - 1]


@pytest.mark.parametrize("bad", ["nowhere/cert.pem", "folder"])
def test_if_one_cannot_be_written_none_is_replaced_and_nothing_is_left_over(tmp_path: Path, bad: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "chain.pem").write_bytes(b"old")
    with pytest.raises(FileError, match=bad):
        open_files(tmp_path).replace([Replacement("x", str(tmp_path / name), b"new") for name in ("chain.pem", bad)])
    assert (tmp_path / "chain.pem").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["chain.pem", "folder"]


def test_a_folder_without_permission_is_an_error(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    said = say_as_nobody(lambda: put(open_files(open_folder.parent), open_folder / "cert.pem", b"new"))
    assert f"{open_folder}/cert.pem cannot be written: Permission denied" in said


def test_when_one_of_several_cannot_be_replaced_the_others_are_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("key", "last"):
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "key").chmod(0o640)
    before = {path.name: (path.stat().st_ino, mode_of(path)) for path in tmp_path.iterdir()}
    real = os.rename

    def rename(source: str, target: str, **folders: int) -> None:
        if target == "last":
            raise OSError(16, "Device or resource busy")
        real(source, target, **folders)

    wanted = [
        Replacement("certificate", str(tmp_path / name), b"new", name == "key") for name in ("one", "key", "last")
    ]
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(FileError, match=r"last cannot be written: Device or resource busy"):
            open_files(tmp_path).replace(wanted)
    assert {path.name: (path.stat().st_ino, mode_of(path)) for path in tmp_path.iterdir()} == before
    open_files(tmp_path).replace(wanted)
    assert [(tmp_path / name).read_bytes() for name in ("one", "key", "last")] == [b"new"] * 3


def test_a_file_that_nobody_can_replace_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cert.pem").write_bytes(b"old")
    real = os.open

    def refuse(path: str, flags: int, mode: int = 0o777, **folder: int) -> int:
        if flags & os.O_WRONLY:
            raise PermissionError(1, "Operation not permitted")
        return real(path, flags, mode, **folder)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="immutable"):
        open_files(tmp_path).prepare(str(tmp_path / "cert.pem"))
