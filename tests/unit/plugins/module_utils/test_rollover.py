# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new key on renewal: the old pair works until the new one is verified, is archived first, and no kill loses anything."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, to_values
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    NOW,
    Issued,
    encode_key,
    encode_public_key,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.killed import run_and_kill
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, PENDING, Host, Outcome, show
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SOON = NOW + timedelta(days=3)
PAST = NOW - timedelta(days=3)


@pytest.fixture
def renewing(host: Host) -> Host:
    """A mailbox whose certificate is about to expire, with a task that gives each renewal its own key."""
    host.fill(host.issue(not_after=SOON))
    host.options.update(
        csr_path=None,
        privatekey_create=True,
        privatekey_type="ECC",
        privatekey_rollover=True,
        archive_path=str(host.folder.parent / "archive"),
    )
    return host


def waiting(host: Host) -> Path:
    return host.folder / "key.pem.next"


def read_public_key(pem: bytes) -> bytes:
    return encode_public_key(serialization.load_pem_private_key(pem, None))


def fits(key: bytes, certificate: bytes) -> bool:
    return read_public_key(key) == encode_public_key(x509.load_pem_x509_certificate(certificate))


def issue_for_waiting(host: Host) -> Issued:
    """Return the certificate that the CA issues for the key that waits."""
    return host.issue(key=serialization.load_pem_private_key(waiting(host).read_bytes(), None))


def wait_with_new_key(host: Host) -> Issued:
    """Have the order in process with the key of the renewal, and return the certificate that the CA issues for it then."""
    assert host.run(PENDING).result["status"] == "pending"
    return issue_for_waiting(host)


def read_archive(host: Host) -> dict[str, bytes]:
    root = host.folder.parent / "archive" / ALICE
    return {str(item.relative_to(root)): item.read_bytes() for item in root.rglob("*") if item.is_file()}


def serial(pem: bytes) -> str:
    digits = f"{x509.load_pem_x509_certificate(pem).serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def test_the_new_key_waits_while_the_order_is_in_process_and_the_request_is_for_it(renewing: Host) -> None:
    before = renewing.snapshot()
    outcome = renewing.run(PENDING)
    assert (outcome.result["status"], outcome.result["changed"]) == ("pending", True)
    assert outcome.result["files"] == [{"path": str(waiting(renewing)), "kind": "privatekey", "backup_file": None}]
    assert waiting(renewing).stat().st_mode & 0o777 == 0o600
    after = renewing.snapshot()
    assert {name: after[name] for name in before} == before
    made = waiting(renewing).read_bytes()
    csr = x509.load_pem_x509_csr(outcome.forms[0]["csr"].encode())
    assert encode_public_key(csr) == read_public_key(made)
    renewing.run(HELD, PENDING)
    assert waiting(renewing).read_bytes() == made


def test_the_pair_is_exchanged_and_both_are_archived(renewing: Host) -> None:
    old_key, old = renewing.read("key.pem"), renewing.read("cert.pem")
    issued = wait_with_new_key(renewing)
    outcome = renewing.run(HELD, renewing.reply(issued))
    assert (outcome.result["status"], outcome.reasons) == ("issued", ["expiring"])
    assert outcome.kinds == ["archive", "fullchain", "certificate", "privatekey"]
    assert renewing.read("cert.pem") == issued.pem
    assert fits(renewing.read("key.pem"), issued.pem)
    assert not waiting(renewing).exists()
    chain = renewing.authority.intermediate.pem
    assert read_archive(renewing) == {
        f"{serial(old)}/privkey.pem": old_key,
        f"{serial(old)}/cert.pem": old,
        f"{serial(old)}/chain.pem": chain,
        f"{serial(issued.pem)}/privkey.pem": renewing.read("key.pem"),
        f"{serial(issued.pem)}/cert.pem": issued.pem,
        f"{serial(issued.pem)}/chain.pem": chain,
    }
    modes = {item.stat().st_mode & 0o777 for item in (renewing.folder.parent / "archive").rglob("*")}
    assert modes == {0o700, 0o600}
    again = renewing.run()
    assert (again.reasons, again.result["changed"]) == ([], False)


def test_key_and_certificate_come_in_one_run_if_the_ca_issues_at_once(renewing: Host) -> None:
    made = make_key()
    with mock.patch(
        "ansible_collections.mailops.smime.plugins.module_utils._x509.request.create_key", return_value=encode_key(made)
    ):
        outcome = renewing.run(renewing.reply(renewing.issue(key=made)))
    assert outcome.kinds == ["archive", "fullchain", "certificate", "privatekey"]
    assert not waiting(renewing).exists()
    assert renewing.read("key.pem") == encode_key(made)


@pytest.mark.parametrize(("last", "name"), [(SOON, None), (PAST, "certificate_expired")])
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_order_that_holds_the_old_certificate_brings_nothing_new(
    renewing: Host, last: Any, name: str | None, check_mode: bool
) -> None:
    issued = renewing.fill(renewing.issue(not_after=last))
    shown = show(issued)
    outcome = renewing.run(*([shown] if check_mode else [HELD, renewing.reply(issued)]), check_mode=check_mode)
    if name is None:
        assert outcome.result["status"] == "valid"
        assert "new order" in outcome.warnings
    else:
        assert outcome.error == name
    assert fits(renewing.read("key.pem"), renewing.read("cert.pem"))


def test_a_renewal_for_the_old_key_is_taken_all_the_same(renewing: Host) -> None:
    issued = renewing.issue()
    key = renewing.read("key.pem")
    outcome = renewing.run(HELD, renewing.reply(issued))
    assert outcome.result["status"] == "issued"
    assert (renewing.read("cert.pem"), renewing.read("key.pem")) == (issued.pem, key)
    assert waiting(renewing).exists()


@pytest.mark.parametrize("way", [HELD, b"-20\n", b"-16\n"])
def test_a_failure_leaves_the_old_pair_alone(renewing: Host, way: bytes) -> None:
    before = renewing.snapshot()
    renewing.run(*([HELD, renewing.reply(renewing.issue(key=make_key()))] if way == HELD else [way]))
    after = renewing.snapshot()
    assert {name: after[name] for name in before} == before


def test_a_key_that_was_put_there_by_hand_is_used(renewing: Host) -> None:
    renewing.write("key.pem", encode_key(make_key()))
    outcome = renewing.run(PENDING)
    assert outcome.reasons == ["expiring", "key_mismatch"]
    assert not waiting(renewing).exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"archive_path": None}, "archive_path"), ({"privatekey_create": False}, "privatekey_create"), ({"email": None}, "email"),
        ({"csr_content": "x"}, "csr"),
        # Nothing else may lie where the new key waits.
        ({"chain_path": "key.pem.next"}, "the same file"),
    ],
)  # fmt: skip
def test_what_rollover_needs_is_named(renewing: Host, changes: dict[str, Any], named: str) -> None:
    paths = {name: renewing.path(value) for name, value in changes.items() if name == "chain_path"}
    outcome = renewing.run(**{**changes, **paths})
    assert outcome.error == "invalid_option"
    assert named in outcome.result["error"]["message"]


def look(host: Host, old_key: bytes) -> None:
    """See that a reader can have a pair that matches, and that no key is lost."""
    keys = [path.read_bytes() for path in (host.folder / "key.pem", waiting(host)) if path.exists()]
    assert any(fits(key, host.read("cert.pem")) for key in keys)
    key, begin, certificate = host.read("combined.pem").partition(b"-----BEGIN CERTIFICATE")
    assert fits(key, begin + certificate)
    assert old_key in (*keys, *read_archive(host).values())


def test_a_kill_at_any_moment_loses_nothing_and_the_next_run_finishes(renewing: Host, tmp_path: Path) -> None:
    """How each file comes to be on each kind of file system, the tests of _store try."""
    old = renewing.read("cert.pem")
    old_key = renewing.read("key.pem")
    renewing.options["combined_path"] = renewing.path("combined.pem")
    renewing.run(PENDING)
    renewing.write("combined.pem", old_key + old)
    issued = issue_for_waiting(renewing)
    new_key = waiting(renewing).read_bytes()
    start = tmp_path / "start"
    shutil.copytree(renewing.folder, start)
    number, killed = 0, True
    while killed:
        number += 1
        shutil.rmtree(renewing.folder)
        shutil.rmtree(renewing.folder.parent / "archive", ignore_errors=True)
        shutil.copytree(start, renewing.folder)
        killed = run_and_kill(lambda: renewing.run(HELD, renewing.reply(issued)), number)
        look(renewing, old_key)
        finish(renewing, issued)
        assert (renewing.read("key.pem"), renewing.read("cert.pem")) == (new_key, issued.pem)
        assert renewing.read("combined.pem") == new_key + issued.pem
        kept = read_archive(renewing)
        assert kept[f"{serial(old)}/privkey.pem"] == old_key
        assert kept[f"{serial(issued.pem)}/privkey.pem"] == new_key
        # Nothing else: neither a lock nor a second name of a key.
        assert len(kept) == 6, kept.keys()
        assert renewing.names() == {"key.pem", "request.csr", "cert.pem", "chain.pem", "fullchain.pem", "combined.pem"}
    assert number > 20, number


def finish(host: Host, issued: Issued) -> Outcome:
    """Run until there is nothing to do; the CA is asked only as long as its answer is not on disk."""
    found = any(issued.pem in path.read_bytes() for path in host.folder.parent.rglob("*.pem"))
    outcome = host.run(*([] if found else [HELD, host.reply(issued)]))
    assert not outcome.failed, outcome.result
    again = host.run()
    assert (again.reasons, again.result["changed"]) == ([], False)
    return outcome


def test_the_controller_can_ask_for_the_new_key(renewing: Host) -> None:
    account: dict[str, Any] = {"api_from": "controller", "login_name": None, "login_password": None}
    looked = renewing.run(_smime_relay={"phase": "look"}, **account).result
    assert [item["path"] for item in looked["files"]] == [str(waiting(renewing))]
    csr = x509.load_pem_x509_csr(looked["question"]["csr"].encode())
    assert encode_public_key(csr) == read_public_key(waiting(renewing).read_bytes())
    issued = issue_for_waiting(renewing)
    parts = (issued.der, renewing.authority.intermediate.der, renewing.authority.root.der)
    told = {"reply": to_values(Reply(2, certificates=parts)), "error": None, "attempted": True, "api_calls": 1}
    answer = {**told, "status_code": 2, "csr": None, "csr_submitted": True, "files": looked["files"]}
    written = renewing.run(_smime_relay={"phase": "write", "answers": {"0": answer}}, **account)
    assert (written.result["status"], written.result["api_calls"]) == ("issued", 1)
    assert written.kinds == ["archive", "fullchain", "certificate", "privatekey"]
    assert fits(renewing.read("key.pem"), renewing.read("cert.pem"))
    assert not waiting(renewing).exists()


def test_in_a_list_who_brings_a_request_renews_it_and_nobody_shares_a_key_that_is_exchanged(renewing: Host) -> None:
    csr = renewing.read("request.csr").decode()
    outcome = renewing.run_list([{"email": ALICE, "order_number": "1", "csr_content": csr}], HELD, PENDING)
    assert outcome.result["certificates"][0]["status"] == "pending"
    assert not waiting(renewing).exists()
    paths: dict[str, Any] = {
        name: renewing.path(f"{{email}}-{name}") for name in ("path", "chain_path", "fullchain_path")
    }
    entries = [{"email": ALICE, "order_number": "1"}, {"email": "bob@example.test", "order_number": "2"}]
    outcome = renewing.run_list(entries, **paths)
    assert outcome.error == "invalid_option"
    assert "key.pem" in outcome.result["error"]["message"]
