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

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
BOB: dict[str, Any] = {"emails": ("bob@example.test",)}
OTHER = make_key()
OTHER_CSR = {"privatekey_path": None, "csr_path": None, "csr_content": make_csr_pem(OTHER)}
IN_TIME = {"now": LAST_SECOND - 30 * DAY}
JUNK = (b"", b"junk", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n")

# What is special about the certificate on disk and about the run, and the reasons to ask the CA.
REASONS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({}, {"now": FIRST_SECOND}, []),
    ({}, {"now": FIRST_SECOND - SECOND}, ["not_yet_valid"]),
    ({}, {"now": LAST_SECOND + SECOND}, ["expired"]),
    ({}, {**IN_TIME, "remaining_days": 30}, []),
    ({}, {**IN_TIME, "remaining_days": 31}, ["expiring"]),
    ({}, {"now": LAST_SECOND, "remaining_days": 0}, []),
    ({}, {"now": LAST_SECOND, "remaining_days": 1}, ["expiring"]),
    ({"key": OTHER}, {}, ["key_mismatch"]),
    ({}, OTHER_CSR, ["key_mismatch"]),
    (BOB, {}, ["email_mismatch"]),
    (BOB, {"email": None}, []),
    ({}, {"email": ALICE.upper()}, []),
    # Which rules there are, the tests of checks try.
    ({"usages": None}, {}, ["not_smime"]),
    ({}, {"force": True}, ["forced"]),
    (
        {**BOB, "key": OTHER, "usages": None},
        {"force": True, "now": LAST_SECOND + SECOND},
        ["expired", "key_mismatch", "email_mismatch", "not_smime", "forced"],
    ),
]


@pytest.mark.parametrize(("flaw", "changes", "reasons"), REASONS)
def test_what_is_on_disk_is_left_alone_or_asked_for_with_each_reason(
    host: Host, flaw: dict[str, Any], changes: dict[str, Any], reasons: list[str]
) -> None:
    host.fill(host.issue(**flaw))
    before = host.snapshot()
    outcome = host.run(*[PENDING] if reasons else [], **changes)
    assert sorted(outcome.reasons) == sorted(reasons)
    assert outcome.result["status"] == ("pending" if reasons else "valid")
    assert (outcome.result["api_calls"], outcome.result["files"]) == (len(outcome.forms), [])
    assert reasons or (outcome.result["changed"], outcome.result["status_code"]) == (False, None)
    assert host.snapshot() == before


@pytest.mark.parametrize("data", [None, *JUNK])
def test_missing_and_unreadable(host: Host, data: bytes | None) -> None:
    if data is not None:
        host.write("cert.pem", data)
    outcome = host.run(PENDING, chain_path=None, fullchain_path=None)
    assert outcome.reasons == ["missing" if data is None else "unreadable"]


EVERY_OUTPUT = {
    "chain_path": "chain.pem", "fullchain_path": "fullchain.pem", "root_path": "root.pem", "der_path": "cert.der",
    "pkcs7_path": "cert.p7b", "combined_path": "both.pem", "pkcs12_path": "cert.p12",
}  # fmt: skip
NAMED = {"cert.pem": ("missing", "unreadable"), "chain.pem": ("chain_missing", "chain_mismatch")}


@pytest.mark.parametrize("lost", ["cert.pem", *EVERY_OUTPUT.values()])
@pytest.mark.parametrize("data", [None, b"", b"damaged", b"stale"])
def test_each_lost_or_damaged_file_is_mended_alone_and_without_the_ca(
    host: Host, lost: str, data: bytes | None
) -> None:
    host.options.update({option: host.path(name) for option, name in EVERY_OUTPUT.items()})
    host.options["trusted_roots_path"] = str(host.write("trusted.pem", host.authority.root.pem))
    issued = host.issue()
    assert host.run(host.reply(issued)).result["status"] == "issued"
    before = host.snapshot()
    if data is None:
        (host.folder / lost).unlink()
    else:
        stale = {"chain.pem": make_authority("Other").intermediate.pem, "fullchain.pem": issued.pem}
        host.write(lost, stale.get(lost, b"stale") if data == b"stale" else data)
    outcome = host.run()
    assert (outcome.result["changed"], outcome.result["status"], outcome.result["api_calls"]) == (True, "valid", 0)
    assert [entry["path"] for entry in outcome.result["files"]] == [host.path(lost)]
    assert outcome.reasons == [NAMED.get(lost, ("output_missing", "output_mismatch"))[data is not None]]
    after = host.snapshot()
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} <= {lost}
    # With its salt, a PKCS#12 file never comes out the same.
    assert after[lost][0] == before[lost][0] or lost == "cert.p12"
    assert host.run().reasons == []


def test_two_lost_files_are_mended_from_the_third_and_what_no_file_holds_takes_the_ca(host: Host) -> None:
    issued = host.fill()
    for name in ("cert.pem", "chain.pem"):
        (host.folder / name).unlink()
    assert sorted(host.run().kinds) == ["certificate", "chain"]
    for name in ("chain.pem", "fullchain.pem"):
        (host.folder / name).unlink()
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


@pytest.mark.parametrize("own", [True, False])
def test_a_certificate_that_a_dying_run_left_in_another_file_is_used_if_it_is_for_this_key(
    host: Host, own: bool
) -> None:
    host.fill(host.issue(not_after=NOW + 3 * DAY))
    newer = host.issue() if own else host.issue(key=OTHER)
    host.write("fullchain.pem", newer.pem + host.authority.intermediate.pem)
    outcome = host.run(*[] if own else [PENDING])
    assert outcome.reasons[0] == "expiring"
    assert (outcome.result["api_calls"], host.read("cert.pem") == newer.pem) == (int(not own), own)


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
    assert (outcome.reasons, outcome.result["api_calls"]) == ([], 0)
    assert set(outcome.kinds) == {"certificate", "chain", "fullchain"}
    assert {(host.folder / name).stat().st_mode & 0o777 for name in ("cert.pem", "chain.pem")} == {int(mode, 8)}
    assert host.run(mode=mode).result["changed"] is False
