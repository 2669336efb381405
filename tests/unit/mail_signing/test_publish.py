# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a pair that passed every check goes live, and what is live stays until a better one does."""

from __future__ import annotations

import grp
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.issuer import Files, Issuer
from smime_milter.live import InputError, Place
from smime_milter.publish import publish, read_sources

ALICE = "alice@example.test"
GROUP = grp.getgrgid(os.getgid()).gr_name


def place(live: Path, issuer: Issuer, **changes: Any) -> Place:
    wanted = {"group": GROUP, "roots": str(issuer.root), "openssl": shutil.which("openssl"), **changes}
    return Place(str(live), **wanted)


def bring(live: Path, issuer: Issuer, files: Files, email: str = ALICE, **changes: Any) -> dict[str, Any]:
    (told,) = publish(read_sources(files.describe(email)), place(live, issuer, **changes))["mailboxes"]
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
        ("unknown issuer", "certificate signature failure"),
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
        "another purpose": lambda: issuer.issue("server", ALICE, usage="1.3.6.1.5.5.7.3.1"),
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


def test_without_roots_and_chain_there_is_nothing_to_check_against(issuer: Issuer, live: Path, tmp_path: Path) -> None:
    good = issuer.issue("alice", ALICE)
    sources = read_sources(Files(good.key, good.certificate, tmp_path / "none").describe(ALICE))
    (line,) = publish(sources, place(live, issuer, roots=None))["attention"]
    assert line.startswith(f"{ALICE}: refused: there is nothing to check its certificate against")
    assert "Set smime_trusted_roots_path, or have the file at its chain_path" in line
    assert list(live.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "said"), [("Ed25519", "a key of type Ed25519"), ("RSA-PSS", "RSASSA-PSS"), ("passphrase", "passphrase")]
)
def test_a_key_that_cannot_sign_is_named(kind: str, said: str, issuer: Issuer, live: Path, tmp_path: Path) -> None:
    good = issuer.issue("alice", ALICE)
    key = tmp_path / "key"
    if kind == "passphrase":
        command = ["openssl", "pkey", "-in", str(good.key), "-aes256", "-passout", "pass:x", "-out", str(key)]
    else:
        command = ["openssl", "genpkey", "-algorithm", kind, "-out", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    told = bring(live, issuer, Files(key, good.certificate, good.chain))
    assert told["status"] == "refused"
    assert said in told["reason"]
    assert list(live.iterdir()) == []


def test_a_certificate_that_stands_twice_goes_live_once(issuer: Issuer, live: Path, tmp_path: Path) -> None:
    good = issuer.issue("alice", ALICE)
    full, chain = tmp_path / "full", tmp_path / "chain"
    full.write_bytes(good.certificate.read_bytes() + good.chain.read_bytes())
    chain.write_bytes(good.chain.read_bytes() * 2 + good.certificate.read_bytes())
    assert bring(live, issuer, Files(good.key, full, chain))["status"] == "live"
    assert (live / f"{ALICE}.pem").read_text().count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(
    ("certified", "listed"),
    [("jos\u00e9@example.test", "jos\u00e9@example.test"), ("Alice@xn--strae-oqa.test", "alice@stra\u00dfe.test")],
)
def test_addresses_are_those_of_the_modules(certified: str, listed: str, issuer: Issuer, live: Path) -> None:
    assert bring(live, issuer, issuer.issue("other", certified), email=listed)["status"] == "live"


def test_what_needs_a_person_is_said_most_urgent_first(issuer: Issuer, live: Path, tmp_path: Path) -> None:
    expired = issuer.issue("expired", "bob@example.test", days=-1)
    (live / "bob@example.test.pem").write_bytes(expired.join())
    (live / "dave@example.test.pem").write_bytes(issuer.issue("dave", "dave@example.test").join())
    soon, late = issuer.issue("soon", "carol@example.test", days=3), issuer.issue("late", "eve@example.test", days=90)
    entries = [
        soon.describe("carol@example.test"),
        late.describe("eve@example.test"),
        expired.describe("bob@example.test"),
        Files(soon.key, tmp_path / "none", soon.chain).describe(ALICE),
        Files(late.key, soon.certificate, soon.chain).describe("frank@example.test"),
    ]
    listed = read_sources({"mailboxes": [entry["mailboxes"][0] for entry in entries]})
    owners = {"carol@example.test": ["carol"], "eve@example.test": []}
    lines = publish(listed, place(live, issuer), owners=owners)["attention"]
    assert [(line.split(":")[0], said in line) for line, said in zip(lines, ATTENTION, strict=True)] == [
        ("bob@example.test", True),
        ("frank@example.test", True),
        ("bob@example.test", True),
        (ALICE, True),
        ("eve@example.test", True),
        ("carol@example.test", True),
        ("dave@example.test", True),
    ]


ATTENTION = (
    "expired on",
    "it has no other",
    "refused",
    "no certificate",
    "no login",
    "expires in",
    "not in smime_mailboxes",
)


def test_what_is_not_listed_is_named_and_goes_only_if_asked(issuer: Issuer, live: Path) -> None:
    bring(live, issuer, issuer.issue("alice", ALICE))
    told = publish([], place(live, issuer))
    assert (told["changed"], told["unlisted"]) == (False, [ALICE])
    assert publish([], place(live, issuer, check=True), prune=True)["changed"] is True
    assert (live / f"{ALICE}.pem").exists()
    assert publish([], place(live, issuer), prune=True)["changed"] is True
    assert list(live.iterdir()) == []


PATHS = {"path": "c", "privatekey_path": "k"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        [],
        {"mailboxes": ["alice"]},
        {"mailboxes": [{"email": "../etc/x@example.test", **PATHS}]},
        {"mailboxes": [{"email": "no address", **PATHS}]},
        {"mailboxes": [{"email": ALICE, "path": "c"}]},
        {"mailboxes": [{"email": ALICE, **PATHS}, {"email": ALICE.upper(), **PATHS}]},
    ],
)
def test_what_makes_no_sense_is_refused(given: Any) -> None:
    with pytest.raises(InputError):
        read_sources(given)


def test_paths_are_those_of_the_layout_but_for_entries_with_their_own() -> None:
    layout = {"path": "/x/{email}/c", "privatekey_path": "/x/{email}/k", "chain_path": "/x/{email}/h"}
    given = {
        "layout": layout,
        "mailboxes": [{"email": "Alice@example.test"}, {"email": "bob@example.test", "path": "/y/{email}"}],
    }
    alice, bob = read_sources(given)
    assert (alice.email, alice.key, alice.certificate, alice.chain) == (
        ALICE,
        "/x/Alice@example.test/k",
        "/x/Alice@example.test/c",
        "/x/Alice@example.test/h",
    )
    assert (bob.certificate, bob.key) == ("/y/bob@example.test", "/x/bob@example.test/k")


def test_an_openssl_that_hangs_or_is_not_there_is_told(
    issuer: Issuer, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setattr("smime_milter.publish.PATIENCE", 0.2)
    good = issuer.issue("alice", ALICE)
    assert "TimeoutExpired" in bring(live, issuer, good, openssl=str(hanging))["reason"]
    assert "FileNotFoundError" in bring(live, issuer, good, openssl="/nowhere/openssl")["reason"]
