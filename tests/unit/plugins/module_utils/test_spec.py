# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused by the option's name before anything is sent or written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._options import Use, find_clash
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import encode_key, make_csr_pem, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host


def refuse(host: Host, option: str, name: str = "invalid_option", **changes: Any) -> dict[str, Any]:
    """Return the error of a run that asked nothing and wrote nothing, and names ``option``, though there is nothing to do."""
    if not (host.folder / "cert.pem").exists():
        host.fill()
    before = host.snapshot()
    outcome = host.run(**changes)
    assert outcome.error == name
    error: dict[str, Any] = outcome.result["error"]
    assert option in error["message"]
    assert error["hint"]
    assert (error["code"], error["retryable"]) == (None, False)
    assert (outcome.result["api_calls"], outcome.result["changed"], outcome.result["status_code"]) == (0, False, None)
    assert host.snapshot() == before
    assert "hunter2" not in outcome.printed
    return error


NOBODY = "nobody-of-this-name"
VALUES: dict[str, tuple[Any, ...]] = {
    "remaining_days": (-1, 10**11), "wait_timeout": (-1, 10**11), "poll_interval": (0, 10**11), "api_timeout": (0, 10**11),
    "api_retries": (-1, 10**11),
    "api_url": ("http://ca.example.test/", "https://user:hunter2@ca.example.test/", "junk"),
    "email": ("alice", "alice@", "alice@exam ple.test", "alice\n@example.test"),
    "order_number": ("1" * 129, None, "12345 ", "\t12345"), "login_name": ("x" * 65, None), "login_password": ("hunter2" * 20, None),
    "collection_code": ("x" * 17, "Code1234 "), "owner": (NOBODY,), "group": (NOBODY,),
}  # fmt: skip


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in VALUES for value in VALUES[option]])
def test_a_value_that_cannot_work_is_refused(host: Host, option: str, value: Any) -> None:
    refuse(host, option, **{option: value})


NEW_KEY = {"privatekey_path": "new.key", "privatekey_create": True, "csr_path": None}


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("api_url", {"api_url": "https://"}),
        ("csr_content", {"csr_path": None, "csr_content": "A" * 32768}),
        ("combined_path", {"combined_path": "both.pem", "privatekey_path": None}),
        ("not encrypted", {**NEW_KEY, "combined_path": "both.pem", "privatekey_passphrase": "hunter2"}),
        ("pkcs12_passphrase", {"pkcs12_path": "cert.p12", "pkcs12_passphrase": ""}),
        ("csr_path", {"privatekey_path": "new.key", "privatekey_create": True}),
        ("email", {**NEW_KEY, "email": None}),
        ("privatekey_path", {**NEW_KEY, "privatekey_path": None}),
        ("oid", {**NEW_KEY, "ms_template": {"name": "User", "oid": "1.2.3"}}),
        ("template", {**NEW_KEY, "ms_template": {"name": ""}}),
        ("major", {**NEW_KEY, "ms_template": {"oid": "1.2.3", "minor": 1}}),
        ("shoeSize", {**NEW_KEY, "subject": {"shoeSize": "44"}}),
        ("local part", {**NEW_KEY, "email": "bøb@example.test"}),
    ],
)
def test_options_that_cannot_work_together_are_refused(host: Host, option: str, changes: dict[str, Any]) -> None:
    paths = {name: host.path(value) for name, value in changes.items() if name.endswith("_path") and value}
    refuse(host, option, **{**changes, **paths})


def test_of_key_and_request_there_is_one_at_least_and_each_in_one_way(host: Host) -> None:
    assert "csr_path" in refuse(host, "privatekey_path", privatekey_path=None, csr_path=None)["message"]
    for option in ("privatekey", "csr"):
        refuse(host, f"{option}_path", **{f"{option}_content": "x"})


READ = ("privatekey_path", "csr_path", "trusted_roots_path")
KINDS = [(option, kind) for option in (*READ, "path", "chain_path") for kind in ("nowhere/x", "directory", "pipe")]


@pytest.mark.parametrize(("option", "kind"), [*KINDS, *((option, "huge") for option in READ)])
def test_what_is_not_there_or_no_file_of_its_size_is_named(host: Host, option: str, kind: str) -> None:
    (host.folder / "directory").mkdir()
    os.mkfifo(host.path("pipe"))
    host.write("huge", b"x" * 2_000_000)
    refuse(
        host,
        option if kind == "nowhere/x" and option in READ else kind.partition("/")[0],
        "file_error",
        **{option: host.path(kind)},
    )


@pytest.mark.parametrize("option", READ)
@pytest.mark.parametrize(
    "data", [b"", b"junk", b"\x00\xff" * 100, b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_something_else_is_named(host: Host, option: str, data: bytes) -> None:
    host.write("junk.pem", data)
    refuse(host, option, **{option: host.path("junk.pem")})


@pytest.mark.parametrize("option", ["privatekey_content", "csr_content"])
def test_contents_that_are_junk_are_refused_and_not_repeated(host: Host, option: str) -> None:
    without: dict[str, Any] = {"privatekey_path": None, "csr_path": None}
    refuse(host, option, **{**without, option: "hunter2"})


def test_the_request_of_another_key_is_refused(host: Host) -> None:
    host.write("other.csr", make_csr_pem(make_key()).encode())
    refuse(host, "csr_path", csr_path=host.path("other.csr"))


def test_an_encrypted_key_needs_its_passphrase(host: Host) -> None:
    host.write("locked.pem", encode_key(host.key, "hunter2"))
    locked: dict[str, Any] = {"privatekey_path": host.path("locked.pem")}
    refuse(host, "encrypted", **locked)
    refuse(host, "not encrypted", **locked, privatekey_passphrase="hunter2", combined_path=host.path("both.pem"))
    refuse(host, "privatekey_passphrase", privatekey_path=host.path("locked.pem"), privatekey_passphrase="hunter22")
    outcome = host.run(PENDING, privatekey_path=host.path("locked.pem"), privatekey_passphrase="hunter2", force=True)
    assert outcome.result["status"] == "pending"
    assert "hunter2" not in outcome.printed


@pytest.mark.parametrize(
    "spelling", ["key.pem", "./key.pem", "../smime/key.pem", "link/key.pem", "alias.pem", "other.pem"]
)
@pytest.mark.parametrize("option", ["path", "chain_path", "fullchain_path"])
def test_no_output_is_the_private_key_or_another_output_however_it_is_spelled(
    host: Host, option: str, spelling: str
) -> None:
    (host.folder / "link").symlink_to(host.folder)
    (host.folder / "alias.pem").symlink_to(host.folder / "key.pem")
    refuse(host, option, **{option: host.path(spelling)}, der_path=host.path("other.pem"))


@pytest.mark.parametrize("option", ["path", "chain_path", "privatekey_path", "csr_path", "trusted_roots_path"])
@pytest.mark.parametrize("value", ["/dev/a\x00b", "/" + "x" * 300, "/dev/null/x"])
def test_a_path_that_cannot_be_gives_no_traceback(host: Host, option: str, value: str) -> None:
    # With no_target_syslog: from Python 3.12 on, syslog takes no null character, and AnsibleModule itself refuses it before.
    changes: dict[str, Any] = {option: value, "_ansible_no_log": True}
    outcome = host.run(**changes)
    assert outcome.error in ("invalid_option", "file_error")


@pytest.mark.parametrize("option", ["privatekey_content", "privatekey_passphrase"])
def test_half_a_character_gives_no_traceback(host: Host, option: str) -> None:
    host.write("locked.pem", encode_key(host.key, "hunter2"))
    path = None if option == "privatekey_content" else host.path("locked.pem")
    changes: dict[str, Any] = {"privatekey_path": path, option: "\ud800"}
    assert host.run(**changes).error == "invalid_option"


def test_the_account_may_come_from_the_environment(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMIME_LOGIN_NAME", "name-of-env")
    monkeypatch.setenv("SMIME_LOGIN_PASSWORD", "secret-of-env")
    outcome = host.run(PENDING, login_name=None, login_password=None)
    assert outcome.forms[0]["loginName"] == "name-of-env"
    assert outcome.forms[0]["loginPassword"] == "secret-of-env"
    assert "secret-of-env" not in outcome.printed


def test_a_wrong_url_of_the_environment_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMIME_API_URL", "http://ca.example.test/")
    refuse(host, "api_url")


def use(folder: Path, text: str) -> Use:
    """Return the use that "owner option path" says; what is written has an option in capitals."""
    owner, option, path = text.split()
    return Use(owner, option.lower(), str(folder / path), option.isupper())


@pytest.mark.parametrize(
    ("uses", "clash"),
    [
        (["a PATH a/cert.pem", "b PATH b/cert.pem", "a read key.pem", "b read key.pem"], False),
        (["a PATH a/cert.pem", "b PATH link/cert.pem"], True),
        (["a PATH a/new.pem", "b PATH link/new.pem"], True),
        (["a PATH a/cert.pem", "b CHAIN_PATH a/hard.pem"], True),
        (["b read a/hard.pem", "a PATH a/cert.pem"], True),
        (["b read link/../a/cert.pem", "a PATH a/cert.pem"], True),
        (["a PATH none/cert.pem", "b PATH nolink/cert.pem"], True),
        # However one file is spelled, whether it exists or not.
        *(
            ([f"a PATH {one}", f"b CHAIN_PATH {other}"], True)
            for one, others in {
                "a/new.pem": "a/./new.pem link/../a/new.pem dangling.pem a/new.pem/ a/new.pem/. none/../a/new.pem dangling.pem/",
                "a/cert.pem": "link/cert.pem a/cert.pem/ none/../a/cert.pem a/hard.pem",
                "none/new.pem": "nolink/new.pem a/../none/new.pem",
            }.items()
            for other in others.split()
        ),
        (["a ROOT_PATH root.pem", "b ROOT_PATH root.pem"], False),
        (["a ROOT_PATH root.pem", "b CHAIN_PATH root.pem"], True),
        (["a ROOT_PATH root.pem", "b read root.pem"], True),
        (["a ROOT_PATH root.pem", "a PATH root.pem"], None),
        (["a PATH a/cert.pem", "a read a/cert.pem"], None),
    ],
)
def test_paths_of_a_task_and_of_a_list_are_different_files(tmp_path: Path, uses: list[str], clash: bool | None) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "nolink").symlink_to("none")
    (tmp_path / "dangling.pem").symlink_to("a/new.pem")
    (tmp_path / "a/cert.pem").touch()
    os.link(tmp_path / "a/cert.pem", tmp_path / "a/hard.pem")
    found = [use(tmp_path, text) for text in uses]
    assert bool(find_clash(found)) is (clash is not False)
    # What one mailbox does to itself, its own check says.
    assert bool(find_clash(found, among_owners=False)) is bool(clash)
