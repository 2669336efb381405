# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File options are checked by name before anything is written; files get and keep their rights, and never wider ones."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import check, compute_mode
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.acls import give_acl, read_acl
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._store.test_files import (
    AS_ROOT,
    NOBODY,
    fail,
    mode_of,
    open_files,
    put,
)
from hypothesis import given
from hypothesis import strategies as st


def write_old(folder: Path) -> Path:
    path = folder / "cert.pem"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize("option", ["mode", "private_mode", "directory_mode"])
def test_permissions_that_are_none_are_named(option: str) -> None:
    def give(mode: Any) -> Attributes:
        return Attributes({"mode": mode}) if option == "mode" else Attributes({}, **{option: mode})

    mode: Any
    for mode in ("0640", "640", 0o640, "u=rw,g=r", "u+x", "a-w", "ugo=rX", "u=rw,g=,o="):
        check(give(mode))
    for mode in ("rwx", "0999", "u=rw;g=r", "zz", "", "preserve", ["0640"]):
        with pytest.raises(OptionError, match=f"^{option}: "):
            check(give(mode))


@pytest.mark.parametrize("option", ["owner", "group"])
def test_an_account_or_a_flag_that_this_host_does_not_know_is_named(option: str) -> None:
    with pytest.raises(OptionError, match=f"^{option}: there is no nobody-of-this-name"):
        check(Attributes({option: "nobody-of-this-name"}))
    check(Attributes({"attributes": "+i"}))
    with pytest.raises(OptionError, match=r"^attributes: yz is no flag"):
        check(Attributes({"attributes": "=iyz"}))


COPIES = st.sampled_from(["u=g", "g+u", "o-g", "ug=o", "a=u", "a+X", "g=rX"])
CLAUSES = st.builds(
    lambda who, pairs: "".join(sorted(who)) + "".join(operator + "".join(rights) for operator, rights in pairs),
    st.one_of(st.sets(st.sampled_from("ugo")), st.just({"a"})),
    st.lists(st.tuples(st.sampled_from("-+="), st.lists(st.sampled_from("rwxst"))), min_size=1, max_size=3),
)


@given(
    st.one_of(COPIES, st.lists(CLAUSES, min_size=1, max_size=3).map(",".join)), st.integers(0, 0o7777), st.booleans()
)
def test_symbolic_permissions_are_what_ansible_makes_of_them(text: str, current: int, is_directory: bool) -> None:
    check(Attributes({"mode": text}))
    kind = stat.S_IFDIR if is_directory else stat.S_IFREG
    theirs = AnsibleModule._symbolic_mode_to_octal(SimpleNamespace(st_mode=kind | current), text)
    assert compute_mode(text, current, is_directory=is_directory) == theirs


ACL = "u::rw- u:65534:r-- g::--- m::r-- o::---"


@pytest.mark.parametrize(("private", "mode"), [(False, None), (False, "0640"), (True, "0640")])
def test_an_acl_stays(tmp_path: Path, private: bool, mode: str | None) -> None:
    path = write_old(tmp_path)
    give_acl(path, ACL)
    assert mode_of(path) == 0o640
    options: dict[str, Any] = {"private_mode" if private else "mode": mode} if mode else {}
    handle = open_files(tmp_path, **options)
    put(handle, path, b"new", private=private)
    assert (path.read_bytes(), read_acl(path)) == (b"new", ACL)
    assert handle.mend_attributes(str(path), private=private) is False


@pytest.mark.parametrize("name", ["setxattr", "listxattr", "getxattr"])
def test_without_its_acl_a_file_gives_the_group_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = write_old(tmp_path)
    give_acl(path, ACL)
    with monkeypatch.context() as patch:
        fail(patch, name, errno.EPERM)
        put(open_files(tmp_path), path, b"new")
    # The bits of the group were the mask.
    assert (read_acl(path), mode_of(path)) == ("", 0o600)


@AS_ROOT
@pytest.mark.parametrize("group", [None, "0"])
def test_where_the_group_cannot_be_carried_over_its_rights_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str | None
) -> None:
    path = write_old(tmp_path)
    path.chmod(0o640)
    os.chown(path, NOBODY, NOBODY)
    with monkeypatch.context() as patch:
        fail(patch, "fchown", errno.EPERM)
        put(open_files(tmp_path, group=group), path, b"new")
    assert (path.stat().st_gid, mode_of(path)) == (0, 0o640 if group else 0o600)


@AS_ROOT
def test_owner_and_group_stay_and_extended_attributes_too(tmp_path: Path) -> None:
    path = write_old(tmp_path)
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o4755)
    os.setxattr(path, "user.note", b"kept")
    put(open_files(tmp_path), path, b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, os.getxattr(path, "user.note")) == (NOBODY, NOBODY, b"kept")
    # No certificate is a program.
    assert mode_of(path) == 0o755


@pytest.mark.parametrize("private", [False, True])
def test_a_folders_default_acl_is_for_certificates_and_not_for_keys(tmp_path: Path, private: bool) -> None:
    give_acl(tmp_path, "u::rwx u:65534:rwx g::r-x m::rwx o::---", default=True)
    path = tmp_path / "new.pem"
    put(open_files(tmp_path, private_mode="0640"), path, b"new", private=private)
    assert read_acl(path) == ("" if private else "u::rw- u:65534:rwx g::r-x m::rw- o::---")
    assert mode_of(path) == (0o640 if private else 0o660)


@pytest.mark.parametrize(
    ("options", "private", "fails"),
    [({}, True, False), ({}, False, False), ({"mode": "0644"}, False, False), ({"mode": "0400"}, False, True)],
)
def test_a_file_system_that_keeps_no_modes_is_enough_as_long_as_nobody_gets_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], private: bool, fails: bool
) -> None:
    path = write_old(tmp_path)
    path.chmod(0o644)
    fail(monkeypatch, "fchmod", errno.EPERM)
    handle = open_files(tmp_path, **options)
    if fails:
        with pytest.raises(
            FileError, match=r"the mode cannot be changed to 0400 instead of 0600: Operation not permitted"
        ):
            put(handle, path, b"new", private=private)
        assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["cert.pem"])
        return
    put(handle, path, b"new", private=private)
    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o600)
    assert handle.mend_attributes(str(path), private=private) is False


def test_an_owner_that_cannot_be_set_is_an_error_and_nothing_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cert.pem").write_bytes(b"old")
    fail(monkeypatch, "fchown", errno.EPERM)
    handle = open_files(tmp_path, owner=str(NOBODY))
    for act in (
        lambda: put(handle, tmp_path / "cert.pem", b"new"),
        lambda: handle.mend_attributes(f"{tmp_path}/cert.pem"),
    ):
        with pytest.raises(FileError, match="the owner cannot be changed"):
            act()
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {"cert.pem": b"old"}


def test_chattrs_flags_are_set_when_the_file_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    handle = open_files(tmp_path, attributes="+d")
    try:
        put(handle, path, b"new")
    except FileError as error:
        pytest.skip(f"this file system has no flags: {error.message}")
    assert handle.mend_attributes(str(path)) is False
    assert open_files(tmp_path, attributes="-d", check_mode=True).mend_attributes(str(path)) is True
    assert open_files(tmp_path, attributes="-d").mend_attributes(str(path)) is True
    assert open_files(tmp_path, attributes="-d").mend_attributes(str(path)) is False


LABEL = b"system_u:object_r:cert_t:s0:c1,c2\0"


@pytest.mark.parametrize(
    ("options", "old", "label"),
    [
        ({}, None, "u:object_r:default_t:s0"),
        ({}, LABEL, "system_u:object_r:cert_t:s0:c1,c2"),
        ({"setype": "mine_t"}, None, "x:y:mine_t:s9"),
        ({"setype": "_default", "selevel": "s3"}, None, "x:y:default_t:s3"),
    ],
)
def test_the_selinux_label_is_the_wanted_one_the_old_one_or_the_policys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], old: bytes | None, label: str
) -> None:
    labels = {} if old is None else {"cert.pem": old}
    path = write_old(tmp_path)
    monkeypatch.setattr(os, "listxattr", lambda _descriptor: ["security.selinux"] if labels else [])
    monkeypatch.setattr(os, "getxattr", lambda _descriptor, _name: labels.get("cert.pem", b"x:y:z:s9\0"))
    monkeypatch.setattr(os, "setxattr", lambda _descriptor, _name, value: labels.update({"cert.pem": value}))
    handle = open_files(tmp_path, **options)
    monkeypatch.setattr(handle._module, "selinux_enabled", lambda: True)
    monkeypatch.setattr(handle._module, "selinux_default_context", lambda _path: ["u", "object_r", "default_t", "s0"])
    put(handle, path, b"new")
    assert labels["cert.pem"].rstrip(b"\0").decode() == label
    assert handle.mend_attributes(str(path)) is False
