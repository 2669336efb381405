# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a pair that passed every check goes live, and what is live stays until a better one does."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.issuer import Files, Issuer
from smime_milter.publish import InputError, Place, publish, read_sources

ALICE = "alice@example.test"
GROUP = grp.getgrgid(os.getgid()).gr_name


def place(live: Path, issuer: Issuer, **changes: Any) -> Place:
    wanted = {"group": GROUP, "roots": str(issuer.root), "signing_milter": False, "check": False, **changes}
    return Place(str(live), **wanted)


def bring(live: Path, issuer: Issuer, files: Files, email: str = ALICE, **changes: Any) -> dict[str, Any]:
    (told,) = publish(read_sources([files.describe(email)]), place(live, issuer, **changes))["mailboxes"]
    return dict(told)


def test_a_good_pair_goes_live_for_its_group_alone(issuer: Issuer, live: Path) -> None:
    told = bring(live, issuer, issuer.issue("alice", ALICE))
    assert (told["status"], told["changed"]) == ("live", True)
    (path,) = live.iterdir()
    assert path.name == f"{ALICE}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert path.stat().st_gid == os.getgid()


def test_a_second_time_changes_nothing(issuer: Issuer, live: Path) -> None:
    alice = issuer.issue("alice", ALICE)
    bring(live, issuer, alice)
    before = (live / f"{ALICE}.pem").stat()
    assert bring(live, issuer, alice)["changed"] is False
    after = (live / f"{ALICE}.pem").stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_a_mailbox_goes_live_by_its_a_labels(issuer: Issuer, live: Path) -> None:
    pair = issuer.issue("idn", "alice@xn--bcher-kva.test")
    assert bring(live, issuer, pair, email="Alice@B\u00fccher.test")["status"] == "live"
    assert [path.name for path in live.iterdir()] == ["alice@xn--bcher-kva.test.pem"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("expired", "expired"),
        ("another mailbox", "is for bob@example.test"),
        ("another key", "not the certificate's"),
        ("another purpose", "purpose"),
        ("unknown issuer", "local issuer"),
        ("no key", "one private key"),
        ("rubbish", "holds no certificate"),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["for real", "check"])
def test_a_bad_pair_does_not_replace_a_good_one(
    spoil: str, reason: str, check: bool, issuer: Issuer, live: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = issuer.issue("alice", ALICE)
    bring(live, issuer, good)
    before = (live / f"{ALICE}.pem").read_bytes()
    folder = tmp_path_factory.mktemp("bad")
    (folder / "rubbish").write_text("rubbish")
    bad = {
        "expired": lambda: issuer.issue("expired", ALICE, days=-1),
        "another mailbox": lambda: issuer.issue("bob", "bob@example.test"),
        "another key": lambda: Files(issuer.issue("other", ALICE).key, good.certificate, good.chain),
        "another purpose": lambda: issuer.issue("server", ALICE, usage="serverAuth"),
        "unknown issuer": lambda: Issuer(folder).issue("stranger", ALICE),
        "no key": lambda: Files(folder / "missing", good.certificate, good.chain),
        "rubbish": lambda: Files(good.key, folder / "rubbish", good.chain),
    }[spoil]()
    told = bring(live, issuer, bad, check=check)
    assert (told["status"], told["changed"]) == ("refused", False)
    assert reason in told["reason"]
    assert (live / f"{ALICE}.pem").read_bytes() == before
    assert len(list(live.iterdir())) == 1


def test_a_mailbox_without_a_certificate_keeps_what_is_live(issuer: Issuer, live: Path) -> None:
    good = issuer.issue("alice", ALICE)
    bring(live, issuer, good)
    told = bring(live, issuer, Files(good.key, good.certificate.with_name("missing"), good.chain))
    assert (told["status"], told["changed"]) == ("absent", False)
    assert (live / f"{ALICE}.pem").exists()


def test_check_tells_and_writes_nothing_even_before_the_group_is_there(issuer: Issuer, live: Path) -> None:
    told = bring(live, issuer, issuer.issue("alice", ALICE), check=True, group="no-such-group")
    assert (told["status"], told["changed"]) == ("live", True)
    assert list(live.iterdir()) == []


def test_without_roots_the_chain_has_to_hold(issuer: Issuer, live: Path, tmp_path: Path) -> None:
    good = issuer.issue("alice", ALICE)
    assert bring(live, issuer, good, roots=None)["status"] == "live"
    stranger = Issuer(tmp_path)
    assert (
        bring(live, issuer, Files(good.key, good.certificate, stranger.intermediate), roots=None)["status"] == "refused"
    )


def test_the_other_layout_has_the_chain_in_a_file_of_its_own(issuer: Issuer, live: Path) -> None:
    alice = issuer.issue("alice", ALICE)
    bring(live, issuer, alice, signing_milter=True)
    assert sorted(path.name for path in live.iterdir()) == [f"{ALICE}-cert+key.pem", f"{ALICE}-chain.pem"]
    assert (live / f"{ALICE}-chain.pem").read_text().split() == alice.chain.read_text().split()
    assert (live / f"{ALICE}-cert+key.pem").read_text().count("-----BEGIN CERTIFICATE-----") == 1


def test_what_is_not_listed_is_named_and_goes_only_if_asked(issuer: Issuer, live: Path) -> None:
    bring(live, issuer, issuer.issue("alice", ALICE))
    assert publish([], place(live, issuer)) == {"changed": False, "mailboxes": [], "unlisted": [ALICE]}
    assert publish([], place(live, issuer, check=True), prune=True)["changed"] is True
    assert (live / f"{ALICE}.pem").exists()
    assert publish([], place(live, issuer), prune=True)["changed"] is True
    assert list(live.iterdir()) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        ["alice"],
        [{"email": "../etc/x@example.test", "key": "k", "certificate": "c"}],
        [{"email": "no address", "key": "k", "certificate": "c"}],
        [{"email": ALICE, "certificate": "c"}],
        [{"email": ALICE, "key": "k", "certificate": "c"}, {"email": ALICE.upper(), "key": "k", "certificate": "c"}],
    ],
)
def test_what_makes_no_sense_is_refused(given: Any) -> None:
    with pytest.raises(InputError):
        read_sources(given)
