# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused by the option's name before anything is sent or written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import encode_key, make_csr_pem, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host


def refuse(host: Host, option: str, name: str = "invalid_option", **changes: Any) -> dict[str, Any]:
    """Return the error of a run that asked nothing and wrote nothing, and names ``option``."""
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


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("remaining_days", -1),
        ("wait_timeout", -1),
        ("poll_interval", 0),
        ("api_timeout", 0),
        ("api_retries", -1),
        ("api_url", "http://ca.example.test/"),
        ("api_url", "https://user:hunter2@ca.example.test/"),
        ("api_url", "junk"),
        ("email", "alice"),
        ("email", "alice@"),
        ("email", "alice@exam ple.test"),
        ("email", "alice\n@example.test"),
        ("order_number", "1" * 129),
        ("login_name", "x" * 65),
        ("login_password", "hunter2" * 20),
        ("order_number", None),
        ("login_name", None),
        ("login_password", None),
        ("collection_code", "x" * 17),
        ("owner", "nobody-of-this-name"),
        ("group", "nobody-of-this-name"),
    ],
)
def test_a_value_that_cannot_work_is_refused(host: Host, option: str, value: Any) -> None:
    refuse(host, option, **{option: value})


def test_without_key_and_request_there_is_nothing_to_go_by(host: Host) -> None:
    error = refuse(host, "privatekey_path", privatekey_path=None, csr_path=None)
    assert "csr_path" in error["message"]


@pytest.mark.parametrize("option", ["privatekey", "csr"])
def test_a_path_and_a_content_exclude_each_other(host: Host, option: str) -> None:
    refuse(host, f"{option}_path", **{f"{option}_content": "x"})


@pytest.mark.parametrize("option", ["privatekey_path", "csr_path", "trusted_roots_path"])
def test_a_file_that_does_not_exist_is_named(host: Host, option: str) -> None:
    refuse(host, option, "file_error", **{option: host.path("nowhere.pem")})


@pytest.mark.parametrize("option", ["privatekey_path", "csr_path", "trusted_roots_path", "path", "chain_path"])
def test_a_directory_in_place_of_a_file_is_named(host: Host, option: str) -> None:
    (host.folder / "directory").mkdir()
    refuse(host, "directory", "file_error", **{option: host.path("directory")})


@pytest.mark.parametrize("option", ["privatekey_path", "csr_path", "path", "chain_path"])
def test_a_pipe_in_place_of_a_file_is_named(host: Host, option: str) -> None:
    os.mkfifo(host.path("pipe"))
    refuse(host, "pipe", "file_error", **{option: host.path("pipe")})


@pytest.mark.parametrize("option", ["privatekey_path", "csr_path"])
@pytest.mark.parametrize("data", [b"", b"junk", b"\x00\xff" * 100])
def test_a_file_that_is_something_else_is_named(host: Host, option: str, data: bytes) -> None:
    host.write("junk.pem", data)
    refuse(host, option, **{option: host.path("junk.pem")})


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"])
def test_trusted_roots_must_be_certificates(host: Host, data: bytes) -> None:
    host.write("roots.pem", data)
    refuse(host, "trusted_roots_path", trusted_roots_path=host.path("roots.pem"))


def test_a_huge_file_is_refused(host: Host) -> None:
    host.write("huge.pem", b"x" * 2_000_000)
    refuse(host, "huge.pem", "file_error", privatekey_path=host.path("huge.pem"))


@pytest.mark.parametrize("option", ["privatekey_content", "csr_content"])
def test_contents_that_are_junk_are_refused_and_not_repeated(host: Host, option: str) -> None:
    without: dict[str, Any] = {"privatekey_path": None, "csr_path": None}
    refuse(host, option, **{**without, option: "hunter2"})


def test_the_request_of_another_key_is_refused(host: Host) -> None:
    host.write("other.csr", make_csr_pem(make_key()).encode())
    refuse(host, "csr_path", csr_path=host.path("other.csr"))


def test_an_encrypted_key_needs_its_passphrase(host: Host) -> None:
    host.write("locked.pem", encode_key(host.key, "hunter2"))
    refuse(host, "encrypted", privatekey_path=host.path("locked.pem"))
    refuse(host, "privatekey_passphrase", privatekey_path=host.path("locked.pem"), privatekey_passphrase="hunter22")
    outcome = host.run(PENDING, privatekey_path=host.path("locked.pem"), privatekey_passphrase="hunter2")
    assert outcome.result["status"] == "pending"
    assert "hunter2" not in outcome.printed


@pytest.mark.parametrize("spelling", ["{}", "{}/.", "{}/../smime", "{}/link"])
@pytest.mark.parametrize("option", ["path", "chain_path", "fullchain_path"])
def test_no_output_may_overwrite_the_private_key_however_it_is_spelled(host: Host, option: str, spelling: str) -> None:
    (host.folder / "link").symlink_to(host.folder)
    folder = spelling.format(host.folder)
    refuse(host, option, **{option: f"{folder}/key.pem"})


def test_two_outputs_may_not_be_one_file(host: Host) -> None:
    error = refuse(host, "chain_path", chain_path=host.path("cert.pem"))
    assert "path" in error["message"]


def test_a_link_to_the_private_key_is_no_output(host: Host) -> None:
    (host.folder / "alias.pem").symlink_to(host.folder / "key.pem")
    refuse(host, "chain_path", chain_path=host.path("alias.pem"))


def test_a_folder_that_does_not_exist_is_named_before_the_ca_is_asked(host: Host) -> None:
    refuse(host, "nowhere", "file_error", path=host.path("nowhere/cert.pem"))


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


def test_everything_is_checked_before_a_good_certificate_is_found_good(host: Host, tmp_path: Path) -> None:
    host.fill()
    assert host.run(remaining_days=-1).error == "invalid_option"
