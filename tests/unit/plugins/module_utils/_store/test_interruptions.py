# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that die, or whose calls of the system fail, at each single call: no key is lost, and no copy of one stays."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW, encode_public_key
from ansible_collections.mailops.smime.tests.unit.plugins.killed import run_and_kill, watching
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import beside, fail, open_files
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, PENDING, Host
from cryptography import x509
from cryptography.hazmat.primitives import serialization

CALLS = (
    "open", "write", "fsync", "fchmod", "fchown", "setxattr", "link", "rename", "unlink", "listdir", "stat",
)  # fmt: skip
NAMES = ("chain.pem", "combined.pem", "cert.pem")
OLD = {"chain.pem": b"old chain", "combined.pem": b"old key"}
NEW = {name: b"new " + name.encode() for name in NAMES}
# Before and after any other call, a killed run leaves the same.
KILLED_AT = ("open", "write", "fchmod", "fchown", "setxattr", "link", "rename", "unlink")
# What file systems have: files without a name, or at least hard links, or neither.
KINDS = ("nameless", "links", "neither")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without the disk: hundreds of runs would wait for it."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def lack(patch: pytest.MonkeyPatch, kind: str) -> None:
    """Take away what a file system of this kind has not."""
    if kind != "nameless":
        patch.delattr(os, "O_TMPFILE")
    if kind == "neither":
        fail(patch, "link", errno.EPERM)


def fill(folder: Path) -> None:
    for item in folder.iterdir():
        item.unlink()
    for name, data in OLD.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o640)


def replace_all(folder: Path, *, backup: bool = False) -> None:
    handle = open_files(folder, backup=backup)
    with handle.locked(str(folder / "cert.pem")):
        handle.replace([Replacement(name, str(folder / name), NEW[name], name == "combined.pem") for name in NAMES])


def create_key(folder: Path, **_options: bool) -> None:
    open_files(folder).create(Replacement("privatekey", str(folder / "key.pem"), b"created key", private=True))


def tidy(folder: Path) -> Files:
    handle = open_files(folder)
    handle.tidy([str(folder / name) for name in (*NAMES, "key.pem")])
    return handle


def read(folder: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in folder.iterdir()}


def die(act: Callable[[], None], number: int, kind: str) -> bool:
    """Do ``act`` in a process that is killed before the call of this number; tell whether it came so far."""
    with pytest.MonkeyPatch.context() as patch:
        lack(patch, kind)
        return run_and_kill(act, number, calls=KILLED_AT)


@pytest.mark.parametrize(("kind", "backup"), [("nameless", False), ("links", True), ("neither", True)])
def test_a_run_that_dies_leaves_whole_files_and_the_next_one_leaves_nothing_else(
    tmp_path: Path, kind: str, backup: bool
) -> None:
    number = 1
    while True:
        fill(tmp_path)
        if not die(lambda: replace_all(tmp_path, backup=backup), number, kind):
            break
        for name in NAMES:
            found = read(tmp_path).get(name)
            assert found in (OLD.get(name), NEW[name]), f"{name} after call {number}"
        tidy(tmp_path)
        kept = {name for name in read(tmp_path) if name not in NAMES}
        # A backup is made to stay, and is whole.
        assert all(name.endswith("~") and backup for name in kept), f"left after call {number}: {kept}"
        replace_all(tmp_path)
        assert {name: read(tmp_path)[name] for name in NAMES} == NEW
        number += 1
    assert number > 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_dies_creates_a_whole_key_or_none(tmp_path: Path, kind: str) -> None:
    number = 1
    while True:
        fill(tmp_path)
        if not die(lambda: create_key(tmp_path), number, kind):
            break
        found = read(tmp_path).get("key.pem")
        # Without hard links there is nothing that is neither written in parts nor replaces a key of another run.
        assert found in (None, b"created key") or (kind == "neither" and found == b"")
        tidy(tmp_path)
        assert set(read(tmp_path)) <= {*OLD, "key.pem"}, f"left after call {number}"
        number += 1
    assert number > 4


@pytest.mark.parametrize("kind", ["nameless", "links"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EPERM])
@pytest.mark.parametrize("backup", [False, True])
def test_a_call_that_fails_leaves_all_files_old_or_all_new(tmp_path: Path, kind: str, code: int, backup: bool) -> None:
    def fail() -> None:
        raise OSError(code, os.strerror(code))

    for act in (replace_all, create_key):
        number, ended = 1, False
        while not ended:
            fill(tmp_path)
            failed = False
            with pytest.MonkeyPatch.context() as patch:
                lack(patch, kind)
                with watching(number, fail, CALLS, reading=True) as done:
                    try:
                        act(tmp_path, backup=backup)
                    except FileError:
                        failed = True
                    except OSError as error:
                        pytest.fail(f"call {number}: {error!r}")
                ended = len(done) < number
            tidy(tmp_path)
            left = {name: data for name, data in read(tmp_path).items() if not name.endswith("~")}
            new = {**OLD, **NEW} if act is replace_all else {**OLD, "key.pem": b"created key"}
            # A key that was created and whose name could not be synced stays: somebody could have sent its request.
            assert left == (OLD if failed and act is replace_all else new) or (failed and left in (OLD, new))
            assert not failed or not any(name.endswith("~") for name in read(tmp_path)), f"backup after call {number}"
            number += 1
        assert number > 10


def test_only_what_a_run_of_ours_left_of_this_very_file_is_removed(tmp_path: Path) -> None:
    fill(tmp_path)
    path = tmp_path / "cert.pem"
    strange = {
        ".cert.pem.new": b"a key", ".cert.pem.old": b"a key", ".cert.pem.lock": b"a key", ".mailops.smime-": b"a key",
        beside(path, "-0123").name: b"a key", beside(path, "-0123456789abcdef.pem").name: b"a key",
        beside(tmp_path / "other.pem", "-0123456789abcdef").name: b"of a run on another file",
    }  # fmt: skip
    for name, data in strange.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / beside(path, "-0123456789abcdef").name).write_bytes(b"left")
    beside(path, "-fedcba9876543210").mkdir()
    tidy(tmp_path)
    replace_all(tmp_path)
    beside(path, "-fedcba9876543210").rmdir()
    assert read(tmp_path) == {**NEW, **strange}


def test_what_a_run_uses_that_is_at_work_stays(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    used = beside(path, "-0123456789abcdef")
    used.write_bytes(b"in use")
    with open_files(tmp_path).locked(str(path)):
        tidy(tmp_path)
        assert used.exists()
    tidy(tmp_path)
    assert read(tmp_path) == {}


def test_whenever_a_renewal_is_killed_each_file_is_old_or_new_and_the_next_run_finishes(
    host: Host, tmp_path: Path
) -> None:
    older = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer, intermediate = host.issue(), host.authority.intermediate.pem
    host.write("chain.pem", b"damaged")
    start = shutil.copytree(host.folder, tmp_path / "start")
    number, killed = 0, True
    while killed:
        number += 1
        shutil.rmtree(host.folder)
        shutil.copytree(start, host.folder)
        killed = run_and_kill(lambda: host.run(HELD, host.reply(newer)), number)
        assert host.read("chain.pem") in (b"damaged", intermediate)
        assert host.read("fullchain.pem") in (older.pem + intermediate, newer.pem + intermediate)
        collected = host.read("fullchain.pem") == newer.pem + intermediate
        assert host.read("cert.pem") == older.pem or (host.read("cert.pem") == newer.pem and collected), (
            "path comes last"
        )
        # What is on disk is not asked for again.
        assert not host.run(*([] if collected else [HELD, host.reply(newer)])).failed
        assert host.read("cert.pem") == newer.pem
        assert host.read("chain.pem") == intermediate
        assert host.read("fullchain.pem") == newer.pem + intermediate
        assert not [name for name in host.names() if name.startswith(".")]
    assert number > 10


def test_a_run_that_is_killed_while_its_request_leaves_has_the_key_on_disk(host: Host, tmp_path: Path) -> None:
    (host.folder / "key.pem").unlink()
    host.options.update(csr_path=None, privatekey_create=True, privatekey_type="ECC")
    sent = tmp_path / "sent"

    class Watched(ScriptedTransport):
        def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
            sent.write_text(form["csr"])
            return super().post(form, url)

    assert run_and_kill(lambda: host.run(ca=Watched(PENDING)), 1, (ScriptedTransport, "post"), calls=())
    key = host.read("key.pem")
    outcome = host.run(PENDING)
    assert host.read("key.pem") == key
    for csr in (sent.read_text(), outcome.forms[0]["csr"]):
        assert encode_public_key(x509.load_pem_x509_csr(csr.encode())) == encode_public_key(
            serialization.load_pem_private_key(key, None)
        )
