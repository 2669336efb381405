# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail that was signed verifies with openssl; one that cannot be signed is not sent as if it need not be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.issuer import Issuer
from ansible_collections.mailops.smime.tests.unit.mail_signing.mails import AUTHOR, MAILS
from smime_milter import openssl

PROGRAM = Path(__file__).parents[3] / "roles/mail_signing/files/smime_milter"
ALICE = "alice@example.test"


def sign(
    mail: bytes, live: Path, sender: str = ALICE, program: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [
        sys.executable,
        str(PROGRAM),
        "sign",
        f"--live={live}",
        f"--sender={sender}",
        f"--openssl={program or openssl.PROGRAM}",
    ]
    return subprocess.run(command, input=mail, capture_output=True, check=False)


def verify(mail: Path, issuer: Issuer) -> subprocess.CompletedProcess[bytes]:
    options = [
        "-CAfile",
        str(issuer.root),
        "-purpose",
        "smimesign",
        "-verify_email",
        ALICE,
        "-signer",
        f"{mail}.signer",
    ]
    return subprocess.run(["openssl", "cms", "-verify", "-in", str(mail), *options], capture_output=True, check=False)


@pytest.mark.parametrize("name", [name for name in MAILS if name != "carriage returns inside"])
def test_a_signed_mail_verifies(name: str, issuer: Issuer, live: Path, tmp_path: Path) -> None:
    alice = issuer.issue("alice", ALICE)
    (live / f"{ALICE}.pem").write_bytes(alice.join())
    done = sign(MAILS[name], live)
    assert done.returncode == 0, done.stderr
    for ending in (b"\r\n", b"\n"):
        mail = tmp_path / "mail"
        # As it is on the way, and as a mailbox file keeps it.
        mail.write_bytes(done.stdout.replace(b"\r\n", ending))
        verified = verify(mail, issuer)
        assert verified.returncode == 0, verified.stderr
        assert Path(f"{mail}.signer").read_text().split() == alice.certificate.read_text().split()
    tampered = tmp_path / "tampered"
    mark = b"This is a message signed with S/MIME.\r\n\r\n"
    before, _mark, after = done.stdout.partition(mark)
    boundary, _line, rest = after.partition(b"\r\n")
    tampered.write_bytes(before + mark + boundary + b"\r\nX-Added: 1\r\n" + rest)
    assert verify(tampered, issuer).returncode != 0


SPY = """#!/bin/sh
for word in "$@"; do echo "$word $(readlink "/proc/$$/fd/${word##*/}")"; done >> %s
exec %s "$@"
"""


def test_the_key_reaches_openssl_through_memory(issuer: Issuer, live: Path, tmp_path: Path) -> None:
    alice = issuer.issue("alice", ALICE)
    (live / f"{ALICE}.pem").write_bytes(alice.join())
    noted, spy = tmp_path / "noted", tmp_path / "spy"
    spy.write_text(SPY % (noted, openssl.PROGRAM))
    spy.chmod(0o755)
    assert sign(MAILS[next(iter(MAILS))], live, program=str(spy)).returncode == 0
    words = noted.read_text().splitlines()
    lent = [word.split(" ")[1] for word in words if word.startswith("/dev/fd/")]
    assert words[words.index("-inkey ") + 1].startswith("/dev/fd/")
    assert all(place.startswith("/memfd:smime-milter") for place in lent)
    assert not any(line in noted.read_text() for line in [str(live), *alice.key.read_text().splitlines()])


@pytest.mark.parametrize(
    ("mail", "sender"),
    [
        (AUTHOR + b"\r\nx\r\n", "carol@example.test"),
        (AUTHOR.replace(b"alice@", b"carol@") + b"\r\nx\r\n", ALICE),
        (AUTHOR.replace(b"<alice@example.test>", b"<alice@example.test>, carol@example.test") + b"\r\nx\r\n", ALICE),
        (AUTHOR + b"From: carol@example.test\r\n\r\nx\r\n", ALICE),
        (AUTHOR + b"Content-Type: multipart/signed; boundary=x\r\n\r\nx\r\n", ALICE),
        (AUTHOR + b"\r\nx\r\n", "../live/alice@example.test"),
        (AUTHOR + b"\r\nx\r\n", "<>"),
        (AUTHOR + b"\r\nx\r\n", f"<{'a' * 300}@example.test>"),
        (AUTHOR + b"\r\nx\r\n", "alice"),
    ],
    ids=[
        "no pair",
        "another author",
        "two authors",
        "two From fields",
        "signed",
        "a path",
        "nobody",
        "long",
        "no domain",
    ],
)
def test_mail_that_is_not_to_be_signed_passes_unchanged(mail: bytes, sender: str, issuer: Issuer, live: Path) -> None:
    (live / f"{ALICE}.pem").write_bytes(issuer.issue("alice", ALICE).join())
    done = sign(mail, live, sender)
    assert (done.returncode, done.stdout) == (0, mail)


def test_the_case_of_an_address_does_not_matter(issuer: Issuer, live: Path) -> None:
    (live / f"{ALICE}.pem").write_bytes(issuer.issue("alice", ALICE).join())
    done = sign(AUTHOR.replace(b"alice@", b"Alice@") + b"\r\nx\r\n", live, "<ALICE@Example.Test>")
    assert b"multipart/signed" in done.stdout


@pytest.mark.parametrize("domain", ["b\u00fccher.test", "B\u00dcCHER.test", "xn--bcher-kva.test"])
def test_a_domain_is_compared_as_a_labels(domain: str, issuer: Issuer, live: Path) -> None:
    (live / "alice@xn--bcher-kva.test.pem").write_bytes(issuer.issue("idn", "alice@xn--bcher-kva.test").join())
    mail = AUTHOR.replace(b"example.test>", b"xn--bcher-kva.test>") + b"\r\nx\r\n"
    assert b"multipart/signed" in sign(mail, live, f"<alice@{domain}>").stdout
    author = mail.replace(b"xn--bcher-kva.test", domain.encode())
    assert b"multipart/signed" in sign(author, live, "<alice@xn--bcher-kva.test>").stdout


def test_another_domain_with_the_same_a_labels_in_an_older_standard_does_not_sign(issuer: Issuer, live: Path) -> None:
    (live / "alice@strasse.test.pem").write_bytes(issuer.issue("idn", "alice@strasse.test").join())
    mail = AUTHOR.replace(b"example.test", "stra\u00dfe.test".encode()) + b"\r\nx\r\n"
    assert sign(mail, live, "<alice@stra\u00dfe.test>").stdout == mail


@pytest.mark.parametrize(
    "trouble", ["expired", "no key", "not PEM", "a folder", "another key", "no openssl", "no word"]
)
def test_what_cannot_be_signed_is_not_let_out(
    trouble: str, issuer: Issuer, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = live / f"{ALICE}.pem"
    alice, other = issuer.issue("alice", ALICE), issuer.issue("other", ALICE)
    contents = {
        "expired": issuer.issue("expired", ALICE, days=-1).join(),
        "no key": alice.certificate.read_bytes(),
        "not PEM": b"rubbish",
        "another key": other.key.read_bytes() + alice.certificate.read_bytes(),
    }
    if trouble == "a folder":
        pair.mkdir()
    else:
        pair.write_bytes(contents.get(trouble, alice.join()))
    if trouble == "no openssl":
        monkeypatch.setattr(openssl, "PROGRAM", "/nowhere/openssl")
    if trouble == "no word":
        silent = live.with_name("silent")
        silent.write_text(f'#!/bin/sh\n[ "$1" = cms ] || exec {openssl.PROGRAM} "$@"\n')
        silent.chmod(0o755)
        monkeypatch.setattr(openssl, "PROGRAM", str(silent))
    done = sign(AUTHOR + b"\r\nx\r\n", live)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"cannot be signed now" in done.stderr
    assert b"PRIVATE" not in done.stderr


def test_an_openssl_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(openssl, "PROGRAM", str(hanging))
    monkeypatch.setattr(openssl, "PATIENCE", 0.2)
    with pytest.raises(openssl.OpensslError, match="TimeoutExpired"):
        openssl.run("cms", "-sign")
