# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where other users can bend a path, it is not followed: neither read through, nor written through, nor given their rights."""

from __future__ import annotations

import gc
import grp
import os
import pwd
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import paths, reading
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.acls import give_acl
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import (
    AS_ROOT,
    NOBODY,
    mode_of,
    open_files,
    put,
    say_as_nobody,
)

# Folders that others can change, and what errors say of them.
FOREIGN = {
    "everybody's": (0o777, None, "can be written by everybody"),
    "another user's": (0o755, NOBODY, f"belongs to {paths._name_user(NOBODY)}"),
    "another user's, sticky": (0o1777, NOBODY, f"belongs to {paths._name_user(NOBODY)}"),
    "sticky": (0o1777, None, "can be written by everybody"),
}


@pytest.fixture(
    params=[pytest.param(name, marks=AS_ROOT if name != "everybody's" else ()) for name in FOREIGN], name="foreign"
)
def _foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "foreign"
    folder.mkdir()
    mode, owner, _why = FOREIGN[request.param]
    folder.chmod(mode)
    if owner is not None:
        os.chown(folder, owner, owner)
    folder.joinpath("why").write_text(FOREIGN[request.param][2])
    return folder


def plant(link: Path, target: Path, *, hard: bool = False) -> None:
    """Link as another user would, where this process can."""
    if hard:
        os.link(target, link)
    else:
        link.symlink_to(target)
        if os.geteuid() == 0:
            os.chown(link, NOBODY, NOBODY, follow_symlinks=False)


@pytest.fixture(name="victim")
def _victim(tmp_path: Path) -> Path:
    victim = tmp_path / "victim"
    victim.write_bytes(b"secret")
    victim.chmod(0o600)
    return victim


@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
def test_what_another_user_linked_is_not_read(foreign: Path, victim: Path, hard: bool) -> None:
    plant(foreign / "key.pem", victim, hard=hard)
    with pytest.raises(FileError) as failure:
        reading.read_file(str(foreign / "key.pem"))
    assert f"{foreign}/key.pem " in failure.value.message
    assert "link" in failure.value.message
    assert f"{foreign} {(foreign / 'why').read_text()}" in failure.value.message
    # What may be replaced counts as missing, and nothing is done to it.
    assert reading.read_output(str(foreign / "key.pem")) is None
    with pytest.raises(FileError):
        open_files(foreign, mode="0644").mend_attributes(str(foreign / "key.pem"))
    assert mode_of(victim) == 0o600


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling"])
def test_what_another_user_linked_is_replaced_itself(foreign: Path, victim: Path, kind: str, private: bool) -> None:
    path, other = foreign / "chain.pem", victim.with_name("other")
    plant(path, other if kind == "dangling" else victim, hard=kind == "hard")
    victim.chmod(0o646)
    put(open_files(foreign, mode="0640"), path, b"new", private=private)
    assert (path.is_symlink(), path.read_bytes(), mode_of(path)) == (False, b"new", 0o600 if private else 0o640)
    assert (victim.read_bytes(), mode_of(victim), other.exists()) == (b"secret", 0o646, False)
    assert path.stat().st_uid == os.geteuid()


@AS_ROOT
def test_a_key_takes_over_nothing_from_a_file_that_was_there_first(foreign: Path) -> None:
    path = foreign / "combined.pem"
    path.touch()
    path.chmod(0o666)
    os.chown(path, NOBODY, NOBODY)
    put(open_files(foreign), path, b"key", private=True)
    found = path.stat()
    assert (found.st_uid, found.st_gid, mode_of(path)) == (os.geteuid(), os.getegid(), 0o600)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_linked_folder_is_not_entered_where_others_can_link(foreign: Path, victim: Path, absolute: bool) -> None:
    target = victim.with_name("elsewhere")
    target.mkdir()
    (target / "cert.pem").write_bytes(b"old")
    plant(foreign / "smime", target if absolute else Path("../elsewhere"))
    path = f"{foreign}/smime/cert.pem"
    why = f"{foreign}/smime is a symbolic link, and {foreign} {(foreign / 'why').read_text()}"
    handle = Files(
        open_files(foreign)._module, Attributes({}, with_directories=frozenset({f"{foreign}/smime/new/cert.pem"}))
    )
    for act in (
        lambda: reading.read_file(path),
        lambda: reading.read_output(path),
        lambda: handle.prepare(path),
        lambda: handle.prepare(f"{foreign}/smime/new/cert.pem"),
        lambda: handle.replace([Replacement("certificate", path, b"new")]),
        lambda: handle.create(Replacement("privatekey", f"{foreign}/smime/key.pem", b"new", private=True)),
    ):
        with pytest.raises(FileError) as failure:
            act()
        assert why in failure.value.message
    assert os.listdir(target) == ["cert.pem"]
    assert (target / "cert.pem").read_bytes() == b"old"


def test_a_key_is_not_created_through_a_link(foreign: Path, victim: Path) -> None:
    plant(foreign / "key.pem", victim.with_name("new"))
    with pytest.raises(FileError, match="is not safe"):
        open_files(foreign).create(Replacement("privatekey", str(foreign / "key.pem"), b"key", private=True))
    assert not victim.with_name("new").exists()


@pytest.mark.parametrize("target", ["real/cert.pem", "../{name}/real/cert.pem", "{folder}/real/cert.pem", "second"])
@pytest.mark.parametrize("sticky", [False, True])
def test_a_link_of_ours_stays_one_and_its_target_is_replaced(tmp_path: Path, target: str, sticky: bool) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "second").symlink_to("real/cert.pem")
    (tmp_path / "cert.pem").symlink_to(target.format(name=tmp_path.name, folder=tmp_path))
    if sticky:
        tmp_path.chmod(0o1777)
    for data in (b"first", b"second"):
        put(open_files(tmp_path), tmp_path / "cert.pem", data)
        assert (tmp_path / "cert.pem").is_symlink()
        assert reading.read_file(str(tmp_path / "cert.pem")) == data
    assert os.listdir(tmp_path / "real") == ["cert.pem"]


def test_folders_of_ours_are_entered_through_links_that_lead_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real/smime").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    path = f"{tmp_path}/./link//../real/../link/smime/cert.pem"
    open_files(tmp_path).replace([Replacement("certificate", path, b"new")])
    # A path that is not absolute is taken from where the task runs.
    monkeypatch.chdir(tmp_path / "real")
    assert reading.read_file(path) == reading.read_file("./smime/cert.pem") == b"new"
    (tmp_path / "loop").symlink_to("pool")
    (tmp_path / "pool").symlink_to("loop")
    for circle in (f"{tmp_path}/loop/cert.pem", f"{tmp_path}/loop"):
        with pytest.raises(FileError, match="Too many levels of symbolic links"):
            reading.read_file(circle)


@pytest.mark.parametrize("path", ["{}/", "{}/.", "{}/..", "", ".", "..", "{}/smime/", "{}"])
def test_a_path_of_a_folder_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "smime").mkdir()
    with pytest.raises(FileError):
        open_files(tmp_path).prepare(path.format(tmp_path))


def test_a_folder_that_may_be_entered_and_not_read_is_passed_and_written(open_folder: Path) -> None:
    (open_folder / "entered/own").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(open_folder / "entered/own", NOBODY, NOBODY)
    (open_folder / "entered/own").chmod(0o300)
    (open_folder / "entered").chmod(0o711 if os.geteuid() == 0 else 0o300)
    path = open_folder / "entered/own/cert.pem"

    def write() -> None:
        handle = open_files(Path(tempfile.gettempdir()))
        with handle.locked(str(path)):
            put(handle, path, b"new")

    assert say_as_nobody(write) == ""
    (open_folder / "entered").chmod(0o755)
    (open_folder / "entered/own").chmod(0o755)
    assert os.listdir(open_folder / "entered/own") == ["cert.pem"]


@pytest.mark.parametrize(
    ("members", "primary", "trusted"),
    [([], [], True), (["me"], [0], True), (["me", "other"], [], False), ([], [1234567], False), (["gone"], [], False)],
)
def test_a_folder_that_its_group_can_write_is_trusted_if_the_user_is_alone_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: list[str], primary: list[int], trusted: bool
) -> None:
    def find(name: str) -> Any:
        return SimpleNamespace(pw_uid={"me": os.geteuid(), "other": 1234567}[name])

    users = [SimpleNamespace(pw_uid=uid, pw_gid=tmp_path.stat().st_gid) for uid in (os.geteuid(), *primary)]
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: SimpleNamespace(gr_name="team", gr_mem=members))
    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    paths._is_closed.cache_clear()
    tmp_path.chmod(0o775)
    try:
        folder = paths.Folders().locate(str(tmp_path / "cert.pem")).folder
        assert (folder.trusted, folder.distrust) == (trusted, "" if trusted else "can be written by the group team")
        if trusted:
            # The bits of the group are a mask then.
            give_acl(tmp_path, "u::rwx u:65534:rwx g::--- m::rwx o::---")
            assert "ACL" in paths.Folders().locate(str(tmp_path / "cert.pem")).folder.distrust
    finally:
        paths._is_closed.cache_clear()


def test_no_folder_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    # What other tests left is not to go meanwhile.
    gc.collect()
    before = os.listdir("/dev/fd")
    handle = open_files(tmp_path)
    for number in range(100):
        (tmp_path / f"a/{number}").mkdir()
        put(handle, tmp_path / f"a/{number}/cert.pem", b"new")
    handle.forget()
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize("uid", [None, "own", pytest.param(NOBODY, marks=AS_ROOT)])
def test_created_folders_belong_to_the_user_that_runs_or_to_whom_the_options_say(tmp_path: Path, uid: Any) -> None:
    path = tmp_path / "alice/smime/cert.pem"
    owner = NOBODY if uid == NOBODY else os.geteuid()
    group = NOBODY if uid == NOBODY else os.getegid()
    given: dict[str, Any] = {"directory_owner": str(owner), "directory_group": str(group)} if uid else {}
    options = {"mode": "0600", "owner": str(NOBODY), "group": str(NOBODY)}
    mode = "u=rwx,g=rx,o=" if uid else "0750"
    attributes = Attributes(options, directory_mode=mode, with_directories=frozenset({str(path)}), **given)
    Files(open_files(tmp_path)._module, attributes).prepare(str(path))
    for folder in (path.parent, path.parent.parent):
        found = folder.stat()
        assert (found.st_uid, found.st_gid, mode_of(folder)) == (owner, group, 0o750)
