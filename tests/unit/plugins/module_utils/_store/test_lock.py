# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one certificate wait for each other: real processes, and an order of events in place of a stopwatch."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import lock
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import (
    NOBODY,
    beside,
    open_files,
    say_as_nobody,
)

HOLDER = """
import sys
from pathlib import Path
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import open_files
path, number = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with open_files(path.parent).locked(str(path)):
    journal = path.parent / "journal"
    with journal.open("a") as file:
        file.write(f"{number} in\\n")
    print("in", flush=True)
    if number == "0":
        sys.stdin.readline()
    with journal.open("a") as file:
        file.write(f"{number} out\\n")
"""


def start(path: Path, number: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(number)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_whoever_comes_later_waits_until_the_first_is_done(tmp_path: Path) -> None:
    path, link = tmp_path / "cert.pem", tmp_path / "alias.pem"
    path.write_bytes(b"")
    link.symlink_to(path)
    # By another name for the same file too.
    processes = [start(path, 0), start(path, 1), start(link, 2)]
    try:
        first = processes[0]
        say(first)
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        for other in processes[1:]:
            say(other)
        say(first)
        for process in processes:
            process.communicate(timeout=30)
            assert process.returncode == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    lines = (tmp_path / "journal").read_text().splitlines()
    assert lines[:2] == ["0 in", "0 out"]
    # Nobody is in while another one is.
    assert [line.split()[1] for line in lines] == ["in", "out"] * 3
    assert all(entry.split()[0] == leave.split()[0] for entry, leave in zip(lines[::2], lines[1::2]))
    assert sorted(os.listdir(tmp_path)) == ["alias.pem", "cert.pem", "journal"]


def test_a_killed_holder_leaves_the_way_free(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    holder = start(path, 0)
    say(holder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.communicate()
    with open_files(tmp_path).locked(str(path)):
        pass
    assert os.listdir(tmp_path) == ["journal"]


def test_a_lock_is_released_after_a_failure(tmp_path: Path) -> None:
    handle = open_files(tmp_path)
    with pytest.raises(KeyError), handle.locked(str(tmp_path / "cert.pem")):
        raise KeyError
    with handle.locked(str(tmp_path / "cert.pem")):
        assert os.listdir(tmp_path) == [beside(tmp_path / "cert.pem", ".run").name]
    assert os.listdir(tmp_path) == []


def test_what_another_run_wrote_is_seen_under_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_bytes(b"old")
    handle = open_files(tmp_path)
    assert handle.read(str(path)) == b"old"
    path.write_bytes(b"new")
    with handle.locked(str(path)):
        assert handle.read(str(path)) == b"new"


def test_a_lock_is_not_followed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"untouched")
    beside(tmp_path / "cert.pem", ".run").symlink_to(tmp_path / "victim")
    with pytest.raises(FileError), open_files(tmp_path).locked(str(tmp_path / "cert.pem")):
        pass
    assert (tmp_path / "victim").read_bytes() == b"untouched"


def test_a_lock_that_is_never_released_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "cert.pem")
    with open_files(tmp_path).locked(path):
        monkeypatch.setattr(lock, "LONGEST_WAIT", 0)
        with pytest.raises(FileError) as failure, open_files(tmp_path).locked(path):
            pass
        # The holder's lock is as it was.
        assert os.listdir(tmp_path) == [beside(tmp_path / "cert.pem", ".run").name]
    assert failure.value.retryable
    assert beside(tmp_path / "cert.pem", ".run").name in failure.value.message
    assert f"the process {os.getpid()} has held" in failure.value.message
    assert "fuser" in failure.value.hint
    assert os.listdir(tmp_path) == []


def lock_as_nobody(path: Path) -> str:
    """Return what a process of an unprivileged user says when it takes the lock: nothing, or the error's text and hint."""

    def take() -> None:
        with open_files(path.parent).locked(str(path)):
            pass

    return say_as_nobody(take)


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    # Not below tmp_path, which nobody else may enter.
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a lock behind for another user")
def test_a_lock_that_root_left_is_no_obstacle_for_the_owner_of_the_folder(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "cert.pem"
    holder = start(path, 0)
    say(holder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.communicate()
    assert beside(path, ".run").exists()
    assert lock_as_nobody(path) == ""
    assert not beside(path, ".run").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a lock behind for another user")
def test_a_lock_that_cannot_be_opened_ends_in_an_error_that_says_what_to_do(folder_of_nobody: Path) -> None:
    left = beside(folder_of_nobody / "cert.pem", ".run")
    left.touch(0o600)
    said = lock_as_nobody(folder_of_nobody / "cert.pem")
    assert str(left) in said
    assert "remove" in said
    assert left.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could give a file away")
def test_a_lock_that_is_there_already_is_given_to_nobody(folder_of_nobody: Path) -> None:
    # It could be a hard link to any file of root's.
    left = beside(folder_of_nobody / "cert.pem", ".run")
    left.touch(0o600)
    kept = left.open()
    with kept, open_files(folder_of_nobody).locked(str(folder_of_nobody / "cert.pem")):
        assert os.fstat(kept.fileno()).st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be kept waiting by another user's lock")
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
            with pytest.raises(FileError) as failure, open_files(folder_of_nobody).locked(str(path)):
                pass
            assert f"the process {os.getpid()} has held the lock {left} for 0.2 seconds" in failure.value.message
            return
    with open_files(folder_of_nobody).locked(str(path)):
        pass
    assert os.listdir(folder_of_nobody) == []


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_lock_is_named(tmp_path: Path, kind: str) -> None:
    strange = beside(tmp_path / "cert.pem", ".run")
    strange.mkdir() if kind == "folder" else os.mkfifo(strange)
    with pytest.raises(FileError, match=re.escape(str(strange))), open_files(tmp_path).locked(f"{tmp_path}/cert.pem"):
        pass


def test_a_file_system_without_locks_is_named_with_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    named = re.escape(str(beside(tmp_path / "cert.pem", ".run")))
    handle = open_files(tmp_path)
    with pytest.raises(FileError, match=f"{named} cannot be locked: No locks"), handle.locked(f"{tmp_path}/cert.pem"):
        pass
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


WRITER = """
import sys
from pathlib import Path
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import open_files
folder, number = Path(sys.argv[1]), int(sys.argv[2])
names = ["root.pem", "shared.pem", f"{number}.pem"]
for turn in range(20):
    handle = open_files(folder)
    with handle.locked(str(folder / names[2])):
        wanted = [Replacement("x", str(folder / name), b"%d" % number) for name in names]
        handle.replace(wanted[::-1] if number % 2 else wanted)
"""


def test_runs_that_share_files_do_not_hinder_each_other(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number)], env=environment) for number in range(5)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 5
    assert sorted(os.listdir(tmp_path)) == [*(f"{number}.pem" for number in range(5)), "root.pem", "shared.pem"]
