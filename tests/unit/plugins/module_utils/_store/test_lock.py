# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one certificate wait for each other: real processes, and an order of events in place of a stopwatch."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import lock
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.killed import start
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import (
    AS_ROOT,
    NOBODY,
    beside,
    open_files,
    say_as_nobody,
)


def hold(path: Path, number: int) -> str:
    """Hold the lock, and say so in a journal; the first goes when there is a file that says so."""
    journal, go = path.with_name("journal"), path.with_name("go")
    with open_files(path.parent).locked(str(path)):
        for word in ("in", "out"):
            with journal.open("a") as file:
                file.write(f"{number} {word}\n")
            while not number and not go.exists():
                time.sleep(0.01)
    return ""


def test_whoever_comes_later_waits_until_the_first_is_done(tmp_path: Path) -> None:
    path, link = tmp_path / "cert.pem", tmp_path / "alias.pem"
    path.write_bytes(b"")
    link.symlink_to(path)
    holders = [start(lambda: hold(path, 0))]
    while not (tmp_path / "journal").exists():
        time.sleep(0.01)
    # By another name for the same file too.
    holders += [start(lambda: hold(path, 1)), start(lambda: hold(link, 2))]
    (tmp_path / "go").touch()
    assert [finish() for finish in holders] == [""] * 3
    lines = (tmp_path / "journal").read_text().splitlines()
    # Nobody is in while another one is.
    assert lines[:2] == ["0 in", "0 out"]
    assert sorted([lines[2:4], lines[4:]]) == [["1 in", "1 out"], ["2 in", "2 out"]]
    assert sorted(os.listdir(tmp_path)) == ["alias.pem", "cert.pem", "go", "journal"]


def die_with_the_lock(path: Path) -> None:
    """Take the lock in a process that is killed then."""

    def die() -> str:
        with open_files(path.parent).locked(str(path)):
            os.kill(os.getpid(), signal.SIGKILL)
        return ""

    start(die)()
    assert beside(path, ".run").exists()


def test_a_killed_holder_and_one_that_failed_leave_the_way_free(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    die_with_the_lock(path)
    handle = open_files(tmp_path)
    with pytest.raises(KeyError), handle.locked(str(path)):
        raise KeyError
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"old")
    assert handle.read(str(path)) == b"old"
    path.write_bytes(b"new")
    with handle.locked(str(path)):
        # What another run wrote is seen.
        assert handle.read(str(path)) == b"new"
        assert sorted(os.listdir(tmp_path)) == [beside(path, ".run").name, "cert.pem"]


def test_a_lock_that_is_never_released_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "cert.pem")
    with open_files(tmp_path).locked(path):
        monkeypatch.setattr(lock, "LONGEST_WAIT", 0)
        with pytest.raises(FileError) as failure:
            take(tmp_path / "cert.pem")
        # The holder's lock is as it was.
        assert os.listdir(tmp_path) == [beside(tmp_path / "cert.pem", ".run").name]
    assert failure.value.retryable
    assert beside(tmp_path / "cert.pem", ".run").name in failure.value.message
    assert f"the process {os.getpid()} has held" in failure.value.message
    assert "fuser" in failure.value.hint
    assert os.listdir(tmp_path) == []


def take(path: Path) -> None:
    with open_files(path.parent).locked(str(path)):
        pass


@pytest.fixture
def folder_of_nobody(open_folder: Path) -> Path:
    os.chown(open_folder, NOBODY, NOBODY)
    return open_folder


@AS_ROOT
def test_a_lock_that_root_left_is_no_obstacle_for_the_owner_of_the_folder(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "cert.pem"
    die_with_the_lock(path)
    assert say_as_nobody(lambda: take(path)) == ""
    assert not beside(path, ".run").exists()


@AS_ROOT
def test_a_lock_of_another_user_is_neither_opened_nor_given_away(folder_of_nobody: Path) -> None:
    left = beside(folder_of_nobody / "cert.pem", ".run")
    left.touch(0o600)
    said = say_as_nobody(lambda: take(folder_of_nobody / "cert.pem"))
    assert str(left) in said
    assert "remove" in said
    # It could be a hard link to any file of root's.
    with left.open() as kept, open_files(folder_of_nobody).locked(str(folder_of_nobody / "cert.pem")):
        assert os.fstat(kept.fileno()).st_uid == 0


@AS_ROOT
@pytest.mark.parametrize("kept", [True, False])
def test_the_owner_of_a_folder_does_not_stop_root_for_long(
    folder_of_nobody: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    path = folder_of_nobody / "cert.pem"
    left = beside(path, ".run")
    left.touch(0o600)
    os.chown(left, NOBODY, NOBODY)
    monkeypatch.setattr(lock, "LONGEST_WAIT_FOR_OTHERS", 0.2 if kept else lock.LONGEST_WAIT)
    with left.open("r+") as file:
        if kept:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(FileError) as failure:
                take(path)
            assert f"the process {os.getpid()} has held the lock {left} for 0.2 seconds" in failure.value.message
            return
    take(path)
    assert os.listdir(folder_of_nobody) == []


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_lock_is_named_and_no_link_followed(tmp_path: Path, kind: str) -> None:
    strange, victim = beside(tmp_path / "cert.pem", ".run"), tmp_path / "victim"
    victim.write_bytes(b"untouched")
    if kind == "link":
        strange.symlink_to(victim)
    else:
        strange.mkdir() if kind == "folder" else os.mkfifo(strange)
    with pytest.raises(FileError, match=re.escape(str(strange))):
        take(tmp_path / "cert.pem")
    assert victim.read_bytes() == b"untouched"


def test_a_file_system_without_locks_is_named_with_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    named = re.escape(str(beside(tmp_path / "cert.pem", ".run")))
    with pytest.raises(FileError, match=f"{named} cannot be locked: No locks"):
        take(tmp_path / "cert.pem")
    assert os.listdir(tmp_path) == []


def test_each_file_is_locked_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LONGEST_WAIT", 0)
    held = beside(tmp_path / "root.pem", ".write")
    held.touch(0o600)
    wanted = [Replacement("x", f"{tmp_path}/{name}", b"new") for name in ("root.pem", "cert.pem")]
    with held.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FileError, match=re.escape(str(held))):
            open_files(tmp_path).replace(wanted)
        assert os.listdir(tmp_path) == [held.name]
    open_files(tmp_path).replace(wanted)
    assert sorted(os.listdir(tmp_path)) == ["cert.pem", "root.pem"]


def write_shared(folder: Path, number: int) -> str:
    names = ["root.pem", "shared.pem", f"{number}.pem"]
    for _turn in range(20):
        handle = open_files(folder)
        with handle.locked(str(folder / names[2])):
            wanted = [Replacement("x", str(folder / name), b"%d" % number) for name in names]
            handle.replace(wanted[::-1] if number % 2 else wanted)
    return "done"


def test_runs_that_share_files_do_not_hinder_each_other(tmp_path: Path) -> None:
    writers = [start(partial(write_shared, tmp_path, number)) for number in range(5)]
    assert [finish() for finish in writers] == ["done"] * 5
    assert sorted(os.listdir(tmp_path)) == [*(f"{number}.pem" for number in range(5)), "root.pem", "shared.pem"]
