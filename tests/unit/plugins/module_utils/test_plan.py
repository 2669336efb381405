# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding offline: each reason by name, alone and together, and what the disk can mend without the CA."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    FIRST_SECOND,
    LAST_SECOND,
    NOW,
    make_authority,
    make_csr_pem,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host

ALL_OUTPUTS = ("cert.pem", "chain.pem", "fullchain.pem", "root.pem")


def test_a_good_certificate_is_left_alone(host: Host) -> None:
    host.fill()
    before = host.snapshot()
    outcome = host.run()
    assert not outcome.failed
    assert (outcome.result["status"], outcome.reasons, outcome.result["changed"]) == ("valid", [], False)
    assert (outcome.result["api_calls"], outcome.result["status_code"], outcome.result["files"]) == (0, None, [])
    assert host.snapshot() == before


def ask_reasons(host: Host, **changes: Any) -> list[str]:
    """Return the reasons of a run that asks the CA, which has nothing yet."""
    outcome = host.run(PENDING, **changes)
    assert outcome.result["status"] == "pending"
    return outcome.reasons


def test_missing(host: Host) -> None:
    assert ask_reasons(host, chain_path=None, fullchain_path=None) == ["missing"]


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"]
)
def test_unreadable(host: Host, data: bytes) -> None:
    host.write("cert.pem", data)
    assert ask_reasons(host, chain_path=None, fullchain_path=None) == ["unreadable"]


def test_not_yet_valid(host: Host) -> None:
    host.fill()
    assert ask_reasons(host, now=FIRST_SECOND - timedelta(seconds=1)) == ["not_yet_valid"]
    assert host.run(now=FIRST_SECOND).reasons == []


def test_expired(host: Host) -> None:
    host.fill()
    assert ask_reasons(host, now=LAST_SECOND + timedelta(seconds=1)) == ["expired"]


@pytest.mark.parametrize(("days", "reasons"), [(29, []), (30, []), (31, ["expiring"])])
def test_expiring(host: Host, days: int, reasons: list[str]) -> None:
    host.fill()
    steps = [PENDING] if reasons else []
    assert host.run(*steps, now=LAST_SECOND - timedelta(days=30), remaining_days=days).reasons == reasons


def test_a_certificate_in_its_last_second_is_expiring_only_if_days_are_to_remain(host: Host) -> None:
    host.fill()
    assert host.run(now=LAST_SECOND, remaining_days=0).reasons == []
    assert host.run(PENDING, now=LAST_SECOND, remaining_days=1).reasons == ["expiring"]


def test_key_mismatch_with_the_key(host: Host) -> None:
    host.fill(host.issue(key=make_key()))
    assert ask_reasons(host) == ["key_mismatch"]


def test_key_mismatch_with_the_csr(host: Host) -> None:
    host.fill()
    csr = make_csr_pem(make_key())
    assert ask_reasons(host, privatekey_path=None, csr_path=None, csr_content=csr) == ["key_mismatch"]


def test_email_mismatch(host: Host) -> None:
    host.fill(host.issue(emails=("bob@example.test",)))
    assert ask_reasons(host) == ["email_mismatch"]


def test_without_email_every_mailbox_is_right(host: Host) -> None:
    host.fill(host.issue(emails=("bob@example.test",)))
    assert host.run(email=None).reasons == []


@pytest.mark.parametrize(
    "flaw", [{"usages": ("1.3.6.1.5.5.7.3.2",)}, {"usages": None}, {"key_usages": ("key_encipherment",)}, {"ca": True}]
)
def test_not_smime(host: Host, flaw: dict[str, Any]) -> None:
    host.fill(host.issue(**flaw))
    assert ask_reasons(host) == ["not_smime"]


def test_forced(host: Host) -> None:
    host.fill()
    assert ask_reasons(host, force=True) == ["forced"]


def test_chain_missing(host: Host) -> None:
    host.fill()
    (host.folder / "chain.pem").unlink()
    outcome = host.run()
    assert outcome.reasons == ["chain_missing"]
    assert outcome.kinds == ["chain"]
    assert host.read("chain.pem") == host.authority.intermediate.pem


@pytest.mark.parametrize("data", [b"", b"junk", None])
def test_chain_mismatch(host: Host, data: bytes | None) -> None:
    host.fill()
    host.write("chain.pem", make_authority("Other").intermediate.pem if data is None else data)
    outcome = host.run()
    assert outcome.reasons == ["chain_mismatch"]
    assert host.read("chain.pem") == host.authority.intermediate.pem


def test_output_missing(host: Host) -> None:
    host.fill()
    (host.folder / "fullchain.pem").unlink()
    outcome = host.run()
    assert outcome.reasons == ["output_missing"]
    assert outcome.kinds == ["fullchain"]


def test_output_mismatch(host: Host) -> None:
    issued = host.fill()
    host.write("fullchain.pem", issued.pem)
    outcome = host.run()
    assert outcome.reasons == ["output_mismatch"]
    assert host.read("fullchain.pem") == issued.pem + host.authority.intermediate.pem


def test_several_reasons_are_all_named(host: Host) -> None:
    flawed = host.issue(key=make_key(), emails=("bob@example.test",), usages=None)
    host.write("cert.pem", flawed.pem)
    reasons = ask_reasons(host, now=LAST_SECOND + timedelta(days=1), force=True)
    assert set(reasons) >= {"expired", "key_mismatch", "email_mismatch", "not_smime", "forced"}
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize("lost", ["cert.pem", "chain.pem", "fullchain.pem"])
@pytest.mark.parametrize("data", [None, b"", b"damaged"])
def test_each_lost_or_damaged_file_is_mended_alone_and_without_the_ca(
    host: Host, lost: str, data: bytes | None
) -> None:
    host.fill()
    before = host.snapshot()
    if data is None:
        (host.folder / lost).unlink()
    else:
        host.write(lost, data)
    outcome = host.run()
    assert (outcome.result["changed"], outcome.result["status"], outcome.result["api_calls"]) == (True, "valid", 0)
    assert [entry["path"] for entry in outcome.result["files"]] == [host.path(lost)]
    after = host.snapshot()
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} <= {lost}
    assert after[lost][0] == before[lost][0]
    assert host.run().reasons == []


def test_two_lost_files_are_mended_from_the_third(host: Host) -> None:
    host.fill()
    (host.folder / "cert.pem").unlink()
    (host.folder / "chain.pem").unlink()
    outcome = host.run()
    assert outcome.result["status"] == "valid"
    assert set(outcome.kinds) == {"certificate", "chain"}


def test_a_chain_that_no_file_holds_takes_the_ca(host: Host) -> None:
    issued = host.fill()
    (host.folder / "chain.pem").unlink()
    (host.folder / "fullchain.pem").unlink()
    outcome = host.run(host.reply(issued))
    assert outcome.reasons == ["chain_missing", "output_missing"]
    assert (outcome.result["status"], outcome.result["api_calls"]) == ("valid", 1)
    assert "csr" not in outcome.forms[0]


def test_a_root_that_no_file_holds_comes_from_the_trusted_roots(host: Host) -> None:
    host.fill()
    host.write("roots.pem", make_authority("Other").root.pem + host.authority.root.pem)
    outcome = host.run(root_path=host.path("root.pem"), trusted_roots_path=host.path("roots.pem"))
    assert outcome.reasons == ["output_missing"]
    assert host.read("root.pem") == host.authority.root.pem


def test_a_certificate_that_a_dying_run_left_in_another_file_is_used(host: Host) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer = host.issue()
    host.write("fullchain.pem", newer.pem + host.authority.intermediate.pem)
    outcome = host.run()
    assert outcome.reasons[0] == "expiring"
    assert (outcome.result["api_calls"], outcome.result["changed"]) == (0, True)
    assert host.read("cert.pem") == newer.pem


def test_a_newer_certificate_of_another_key_is_not_used(host: Host) -> None:
    host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    host.write("fullchain.pem", host.issue(key=make_key()).pem + host.authority.intermediate.pem)
    assert "expiring" in ask_reasons(host)


def test_the_mailbox_is_compared_without_regard_to_case(host: Host) -> None:
    host.fill()
    assert host.run(email=ALICE.upper()).reasons == []


def test_a_file_with_more_than_the_certificate_is_judged_by_its_first(host: Host) -> None:
    issued = host.fill()
    host.write("cert.pem", issued.pem + host.authority.intermediate.pem)
    assert host.run().reasons == []
    host.write("cert.pem", host.authority.intermediate.pem + issued.pem)
    assert "key_mismatch" in host.run().reasons


@pytest.mark.parametrize("mode", ["0640", "0600"])
def test_a_wrong_mode_is_mended_without_the_ca_and_without_a_reason(host: Host, mode: str) -> None:
    host.fill()
    for name in ("cert.pem", "chain.pem", "fullchain.pem"):
        (host.folder / name).chmod(0o644)
    outcome = host.run(mode=mode)
    assert (outcome.result["changed"], outcome.result["api_calls"]) == (True, 0)
    assert set(outcome.kinds) == {"certificate", "chain", "fullchain"}
    assert {(host.folder / name).stat().st_mode & 0o777 for name in ("cert.pem", "chain.pem")} == {int(mode, 8)}
    assert host.run(mode=mode).result["changed"] is False
