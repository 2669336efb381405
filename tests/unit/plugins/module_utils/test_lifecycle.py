# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the CA's reply to the files: what is checked, what is written, and what stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    FIRST_SECOND,
    LAST_SECOND,
    NOW,
    issue,
    issue_ca,
    issue_odd_roots,
    make_authority,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, Host, issue_reply
from cryptography import x509


def test_an_issued_certificate_is_written_to_every_file(host: Host) -> None:
    issued = host.issue()
    outcome = host.run(host.reply(issued), root_path=host.path("root.pem"))
    assert (outcome.result["status"], outcome.result["changed"], outcome.result["status_code"]) == ("issued", True, 2)
    intermediate = host.authority.intermediate.pem
    assert host.read("cert.pem") == issued.pem
    assert host.read("chain.pem") == intermediate
    assert host.read("fullchain.pem") == issued.pem + intermediate
    assert host.read("root.pem") == host.authority.root.pem
    assert outcome.result["certificate"]["serial_number"] == issued.certificate.serial_number
    assert outcome.result["certificate"]["emails"] == [ALICE]


def test_the_certificate_is_the_last_file_of_the_report(host: Host) -> None:
    outcome = host.run(host.reply(), root_path=host.path("root.pem"))
    assert outcome.kinds[-1] == "certificate"
    assert len(outcome.kinds) == 4


def test_a_second_run_has_nothing_to_do(host: Host) -> None:
    host.run(host.reply(), root_path=host.path("root.pem"))
    before = host.snapshot()
    outcome = host.run(root_path=host.path("root.pem"))
    assert (outcome.result["status"], outcome.result["changed"]) == ("valid", False)
    assert host.snapshot() == before


def test_nothing_but_the_wanted_files_is_left_behind(host: Host) -> None:
    host.run(host.reply())
    assert host.names() == {"key.pem", "request.csr", "cert.pem", "chain.pem", "fullchain.pem"}


def test_the_end_entity_is_found_by_its_key_wherever_it_stands(host: Host) -> None:
    issued = host.issue()
    other = host.issue(key=make_key())
    parts = [issued, other, host.authority.root, host.authority.intermediate]
    for shift in range(len(parts)):
        folder = host.folder / str(shift)
        folder.mkdir()
        again = Host(folder, host.authority, host.key)
        outcome = again.run(issue_reply(*parts[shift:], *parts[:shift]))
        assert outcome.result["status"] == "issued"
        assert again.read("cert.pem") == issued.pem


def test_of_several_certificates_for_the_key_the_longest_lasting_counts(host: Host) -> None:
    older, newer = host.issue(not_after=NOW + timedelta(days=90)), host.issue()
    for order in ((older, newer), (newer, older)):
        host.run(HELD, issue_reply(*order, host.authority.intermediate, host.authority.root), force=True)
        assert host.read("cert.pem") == newer.pem


def refuse(host: Host, reply: bytes, **changes: Any) -> str:
    """Return the name of the error of a reply that must not be written."""
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    before = host.snapshot()
    outcome = host.run(HELD, reply, **changes)
    assert host.snapshot() == before
    assert outcome.result["changed"] is False
    assert outcome.result["error"]["hint"]
    return outcome.error


def test_a_certificate_for_another_key_is_refused(host: Host) -> None:
    assert refuse(host, host.reply(host.issue(key=make_key()))) == "key_mismatch"


def test_a_certificate_for_another_mailbox_is_refused(host: Host) -> None:
    assert refuse(host, host.reply(host.issue(emails=("bob@example.test",)))) == "email_mismatch"


@pytest.mark.parametrize("flaw", [{"usages": None}, {"usages": ("1.3.6.1.5.5.7.3.4", "2.5.29.37.0")}, {"ca": True}])
def test_a_certificate_for_something_else_is_refused(host: Host, flaw: dict[str, Any]) -> None:
    assert refuse(host, host.reply(host.issue(**flaw))) == "not_smime"


def test_a_certificate_that_is_not_valid_yet_is_refused(host: Host) -> None:
    assert refuse(host, host.reply(host.issue(not_before=NOW + timedelta(days=1)))) == "not_valid_now"


def test_an_expired_certificate_is_refused(host: Host) -> None:
    assert refuse(host, host.reply(host.issue(not_after=NOW - timedelta(days=1)))) == "not_valid_now"


def test_a_certificate_with_a_wrong_signature_is_refused(host: Host) -> None:
    assert refuse(host, host.reply(host.issue(sign_with=make_key()))) == "chain_invalid"


def test_an_unknown_critical_extension_of_the_end_entity_is_not_for_mail(host: Host) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
    assert refuse(host, host.reply(host.issue(critical=(unknown,)))) == "not_smime"


@pytest.mark.parametrize("trusts", [True, False])
def test_a_chain_that_a_rule_forbids_is_neither_written_nor_kept(host: Host, trusts: bool) -> None:
    """RFC 5280, 6.1; the tests of _x509 try each of its rules."""
    middle = issue_ca("Middle", issuer=host.authority.root, key_usages=("crl_sign",))
    leaf = issue(ALICE, issuer=middle, key=host.key, emails=(ALICE,))
    roots: dict[str, Any] = (
        {"trusted_roots_path": str(host.write("roots.pem", host.authority.root.pem))} if trusts else {}
    )
    assert refuse(host, issue_reply(host.authority.root, middle, leaf), **roots) == "chain_invalid"
    host.write("cert.pem", leaf.pem)
    host.write("chain.pem", middle.pem)
    host.write("fullchain.pem", leaf.pem + middle.pem)
    # Even one that ends earlier is better.
    outcome = host.run(host.reply(host.issue(not_after=LAST_SECOND - timedelta(days=1))), **roots)
    assert (outcome.reasons, outcome.result["status"]) == (["chain_mismatch", "output_mismatch"], "issued")
    assert host.run(**roots).result["status"] == "valid"


@pytest.mark.parametrize("kind", issue_odd_roots())
def test_an_odd_certificate_in_a_bundle_or_in_the_reply_is_passed_over(host: Host, kind: str) -> None:
    odd = armour(issue_odd_roots()[kind]).encode()
    host.write("roots.pem", odd + host.authority.root.pem + odd)
    outcome = host.run(host.reply() + odd, trusted_roots_path=host.path("roots.pem"))
    assert outcome.result["status"] == "issued"
    if kind == "no certificate":
        assert "roots.pem: 2 of 3 certificates cannot be read" in outcome.warnings
        assert "the CA's reply: 1 of 4 certificates cannot be read" in outcome.warnings
    assert host.run(trusted_roots_path=host.path("roots.pem")).result["status"] == "valid"


def test_a_reply_whose_certificate_cannot_be_read_is_said_to_be(host: Host) -> None:
    odd = armour(issue_odd_roots()["no certificate"]).encode()
    assert refuse(host, b"2\n" + odd) == "reply_unreadable"
    assert refuse(host, issue_reply(host.authority.root) + odd) == "reply_unreadable"


def test_a_reply_without_the_issuer_is_refused(host: Host) -> None:
    assert refuse(host, issue_reply(host.authority.root, host.issue())) == "chain_invalid"


def test_a_chain_to_a_root_that_is_not_trusted_is_refused(host: Host) -> None:
    host.write("roots.pem", make_authority("Other").root.pem)
    assert refuse(host, host.reply(), trusted_roots_path=host.path("roots.pem")) == "untrusted_root"


def test_a_chain_to_a_trusted_root_is_written(host: Host) -> None:
    host.write("roots.pem", make_authority("Other").root.pem + host.authority.root.pem)
    reply = issue_reply(host.authority.intermediate, host.issue())
    assert host.run(reply, trusted_roots_path=host.path("roots.pem")).result["status"] == "issued"


def test_a_reply_without_a_root_is_enough_unless_the_root_is_wanted(host: Host) -> None:
    reply = issue_reply(host.authority.intermediate, host.issue())
    assert host.run(reply).result["status"] == "issued"
    assert host.run(reply, root_path=host.path("root.pem")).error == "chain_invalid"
    assert not (host.folder / "root.pem").exists()


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"2\n", b"2\n-----BEGIN CERTIFICATE-----\nMIIB"])
def test_an_unreadable_reply_changes_nothing(host: Host, body: bytes) -> None:
    assert refuse(host, body) == "reply_unreadable"


def test_a_structure_that_is_no_certificate_is_unreadable(host: Host) -> None:
    body = b"2\n-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"
    assert refuse(host, body) == "reply_unreadable"


def test_an_expiring_certificate_that_the_ca_still_holds_stays_with_a_warning(host: Host) -> None:
    issued = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    before = host.snapshot()
    outcome = host.run(HELD, host.reply(issued))
    assert (outcome.result["status"], outcome.result["changed"]) == ("valid", False)
    assert "new order" in outcome.warnings
    assert ALICE in outcome.warnings
    assert host.snapshot() == before


def test_an_older_certificate_never_replaces_the_one_on_disk(host: Host) -> None:
    issued = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    outcome = host.run(HELD, host.reply(host.issue(not_after=NOW + timedelta(days=2))))
    assert (outcome.result["status"], outcome.result["changed"]) == ("valid", False)
    assert host.read("cert.pem") == issued.pem


def test_a_newer_certificate_replaces_the_expiring_one(host: Host) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer = host.issue()
    outcome = host.run(HELD, host.reply(newer))
    assert (outcome.result["status"], outcome.warnings) == ("issued", "")
    assert host.read("cert.pem") == newer.pem


def test_a_new_certificate_that_is_short_lived_is_written_with_a_warning(host: Host) -> None:
    outcome = host.run(host.reply(host.issue(not_after=NOW + timedelta(days=3))))
    assert outcome.result["status"] == "issued"
    assert "expires on" in outcome.warnings


def test_a_new_intermediate_comes_with_the_new_certificate(host: Host) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    successor = issue_ca("Successor CA", issuer=host.authority.root)
    newer = host.issue(issuer=successor)
    host.run(HELD, issue_reply(host.authority.root, successor, host.authority.intermediate, newer))
    assert host.read("chain.pem") == successor.pem


def test_every_way_to_name_key_and_request_leads_to_the_certificate(host: Host) -> None:
    key, csr = host.read("key.pem").decode(), host.read("request.csr").decode()
    without: dict[str, Any] = {"privatekey_path": None, "csr_path": None}
    for ways in ({"privatekey_content": key}, {"csr_content": csr}, {"privatekey_content": key, "csr_content": csr}):
        for name in ("cert.pem", "chain.pem", "fullchain.pem"):
            (host.folder / name).unlink(missing_ok=True)
        outcome = host.run(host.reply(), **{**without, **ways})
        assert outcome.result["status"] == "issued"
        assert "PRIVATE KEY" not in outcome.printed


def test_the_difference_shows_facts_and_no_secret(host: Host) -> None:
    older = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer = host.issue()
    outcome = host.run(HELD, host.reply(newer))
    difference = outcome.result["diff"]
    assert str(older.certificate.serial_number) in difference["before"]
    assert str(newer.certificate.serial_number) in difference["after"]
    assert ALICE in difference["before"]
    assert "hunter2" not in outcome.printed
    assert "PRIVATE KEY" not in outcome.printed


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_before_the_certificates_first_day_is_a_matter_of_the_clock(host: Host, check_mode: bool) -> None:
    host.fill()
    before = host.snapshot()
    steps = [b"1\n01/01/2026 31/12/2026\n"] if check_mode else [HELD, host.reply()]
    outcome = host.run(*steps, check_mode=check_mode, now=FIRST_SECOND - timedelta(days=9))
    assert outcome.reasons == ["not_yet_valid"]
    assert host.snapshot() == before
