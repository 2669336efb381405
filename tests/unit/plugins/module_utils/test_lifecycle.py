# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the CA's reply to the files: what is checked, what is written, and what stays as it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    FIRST_SECOND,
    LAST_SECOND,
    NOW,
    Authority,
    issue,
    issue_ca,
    issue_odd_roots,
    make_authority,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, Host, issue_reply
from cryptography import x509

DAY = timedelta(days=1)
SOON = NOW + 3 * DAY


def test_an_issued_certificate_is_written_to_every_file_its_own_last_and_a_second_run_has_nothing_to_do(
    host: Host,
) -> None:
    issued, intermediate = host.issue(), host.authority.intermediate.pem
    root: dict[str, Any] = {"root_path": host.path("root.pem")}
    outcome = host.run(host.reply(issued), **root)
    assert (outcome.result["status"], outcome.result["changed"], outcome.result["status_code"]) == ("issued", True, 2)
    assert outcome.kinds == ["root", "chain", "fullchain", "certificate"]
    assert host.read("cert.pem") == issued.pem
    assert host.read("chain.pem") == intermediate
    assert host.read("fullchain.pem") == issued.pem + intermediate
    assert host.read("root.pem") == host.authority.root.pem
    assert host.names() == {"key.pem", "request.csr", "cert.pem", "chain.pem", "fullchain.pem", "root.pem"}
    assert outcome.result["certificate"]["serial_number"] == issued.certificate.serial_number
    assert outcome.result["certificate"]["emails"] == [ALICE]
    before = host.snapshot()
    again = host.run(**root)
    assert (again.result["status"], again.result["changed"]) == ("valid", False)
    assert host.snapshot() == before


def test_the_end_entity_is_found_by_its_key_wherever_it_stands(host: Host) -> None:
    issued = host.issue()
    parts = [issued, host.issue(key=make_key()), host.authority.root, host.authority.intermediate]
    for shift in range(len(parts)):
        assert host.run(issue_reply(*parts[shift:], *parts[:shift])).result["status"] == "issued"
        assert host.read("cert.pem") == issued.pem
        for name in ("cert.pem", "chain.pem", "fullchain.pem"):
            (host.folder / name).unlink()


def test_of_several_certificates_for_the_key_the_longest_lasting_counts(host: Host) -> None:
    older, newer = host.issue(not_after=NOW + 90 * DAY), host.issue()
    for order in ((older, newer), (newer, older)):
        host.run(HELD, issue_reply(*order, host.authority.intermediate, host.authority.root), force=True)
        assert host.read("cert.pem") == newer.pem


def refuse(host: Host, reply: bytes, **changes: Any) -> str:
    """Return the name of the error of a reply that must not be written."""
    host.fill(host.issue(not_after=SOON))
    before = host.snapshot()
    outcome = host.run(HELD, reply, **changes)
    assert host.snapshot() == before
    assert outcome.result["changed"] is False
    assert outcome.result["error"]["hint"]
    return outcome.error


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
FLAWS: list[tuple[dict[str, Any], str]] = [
    ({"key": make_key()}, "key_mismatch"),
    ({"emails": ("bob@example.test",)}, "email_mismatch"),
    ({"usages": None}, "not_smime"),
    ({"critical": (UNKNOWN,)}, "not_smime"),
    ({"not_before": NOW + DAY}, "not_valid_now"),
    ({"not_after": NOW - DAY}, "not_valid_now"),
    ({"sign_with": make_key()}, "chain_invalid"),
]


@pytest.mark.parametrize(("flaw", "name"), FLAWS)
def test_a_certificate_that_fails_a_check_is_refused_by_the_checks_name(
    host: Host, flaw: dict[str, Any], name: str
) -> None:
    assert refuse(host, host.reply(host.issue(**flaw))) == name


NO_CERTIFICATE = armour(issue_odd_roots()["no certificate"]).encode()
UNREADABLE = (b"<html></html>", b"2\n" + NO_CERTIFICATE, b"2\n" + armour(b"\x30\x03\x02\x01\x05").encode())


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_reply_changes_nothing(host: Host, body: bytes) -> None:
    assert refuse(host, body) == "reply_unreadable"


def test_a_reply_without_the_end_entity_or_its_issuer_is_refused(host: Host) -> None:
    assert refuse(host, issue_reply(host.authority.root) + NO_CERTIFICATE) == "reply_unreadable"
    assert refuse(host, issue_reply(host.authority.root, host.issue())) == "chain_invalid"


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
    outcome = host.run(host.reply(host.issue(not_after=LAST_SECOND - DAY)), **roots)
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


def test_the_chain_ends_in_a_trusted_root_or_is_refused(host: Host) -> None:
    roots: dict[str, Any] = {"trusted_roots_path": host.path("roots.pem")}
    other = make_authority("Other").root.pem
    host.write("roots.pem", other)
    assert refuse(host, host.reply(), **roots) == "untrusted_root"
    host.write("roots.pem", other + host.authority.root.pem)
    reply = issue_reply(host.authority.intermediate, host.issue())
    assert host.run(HELD, reply, **roots).result["status"] == "issued"


def test_a_reply_without_a_root_is_enough_unless_the_root_is_wanted(host: Host) -> None:
    reply = issue_reply(host.authority.intermediate, host.issue())
    assert host.run(reply).result["status"] == "issued"
    assert host.run(reply, root_path=host.path("root.pem")).error == "chain_invalid"
    assert not (host.folder / "root.pem").exists()


@pytest.mark.parametrize(("days", "same"), [(3, True), (2, False)])
def test_what_the_ca_still_holds_or_is_older_replaces_nothing_and_a_new_order_is_due(
    host: Host, days: int, same: bool
) -> None:
    issued = host.fill(host.issue(not_after=SOON))
    before = host.snapshot()
    reply = host.reply(issued if same else host.issue(not_after=NOW + days * DAY))
    outcome = host.run(HELD, reply)
    assert (outcome.result["status"], outcome.result["changed"]) == ("valid", False)
    assert "new order" in outcome.warnings
    assert ALICE in outcome.warnings
    assert host.snapshot() == before
    # Unless that is what was asked for.
    assert host.run(HELD, reply, force=True).result["status"] == ("valid" if same else "issued")


def test_a_newer_certificate_replaces_the_expiring_one_and_brings_its_intermediate(host: Host) -> None:
    older = host.fill(host.issue(not_after=SOON))
    successor = issue_ca("Successor CA", issuer=host.authority.root)
    newer = host.issue(issuer=successor)
    outcome = host.run(HELD, issue_reply(host.authority.root, successor, host.authority.intermediate, newer))
    assert (outcome.result["status"], outcome.warnings) == ("issued", "")
    assert (host.read("cert.pem"), host.read("chain.pem")) == (newer.pem, successor.pem)
    # The difference shows facts and no secret.
    difference = outcome.result["diff"]
    assert str(older.certificate.serial_number) in difference["before"]
    assert str(newer.certificate.serial_number) in difference["after"]
    assert ALICE in difference["before"]
    assert not [secret for secret in ("hunter2", "PRIVATE KEY") if secret in outcome.printed]


def test_a_new_certificate_that_is_short_lived_is_written_with_a_warning(host: Host) -> None:
    outcome = host.run(host.reply(host.issue(not_after=SOON)))
    assert outcome.result["status"] == "issued"
    assert "expires on" in outcome.warnings


def test_every_way_to_name_key_and_request_leads_to_the_certificate(tmp_path: Path, authority: Authority) -> None:
    without: dict[str, Any] = {"privatekey_path": None, "csr_path": None}
    for number, ways in enumerate((("key",), ("csr",), ("key", "csr"))):
        (tmp_path / str(number)).mkdir()
        host = Host(tmp_path / str(number), authority)
        texts = {"key": host.read("key.pem").decode(), "csr": host.read("request.csr").decode()}
        contents = {{"key": "privatekey_content", "csr": "csr_content"}[way]: texts[way] for way in ways}
        outcome = host.run(host.reply(), **{**without, **contents})
        assert outcome.result["status"] == "issued"
        assert "PRIVATE KEY" not in outcome.printed


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_before_the_certificates_first_day_is_a_matter_of_the_clock(host: Host, check_mode: bool) -> None:
    host.fill()
    before = host.snapshot()
    steps = [b"1\n01/01/2026 31/12/2026\n"] if check_mode else [HELD, host.reply()]
    outcome = host.run(*steps, check_mode=check_mode, now=FIRST_SECOND - 9 * DAY)
    assert outcome.reasons == ["not_yet_valid"]
    assert host.snapshot() == before
