# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail that was signed verifies with openssl; one that cannot be signed is not sent as if it need not be."""

from __future__ import annotations

import contextlib
import io
import json
import mmap
import subprocess
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.mail_signing.issuer import Issuer
from ansible_collections.mailops.smime.tests.unit.mail_signing.mails import AUTHOR, MAILS
from smime_milter.__main__ import main
from smime_milter.mail import IN_MEMORY, Spool

ALICE = "alice@example.test"


def sign(mail: bytes, live: Path, sender: str = ALICE, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command of the program, in this process."""
    given, written = io.TextIOWrapper(io.BytesIO(mail)), io.TextIOWrapper(io.BytesIO())
    arguments = ["smime_milter", "sign", f"--live={live}", f"--sender={sender}", *options]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as told:
        patch.setattr("sys.stdin", given)
        patch.setattr("sys.stdout", written)
        patch.setattr("sys.argv", arguments)
        status = main()
    written.buffer.seek(0)
    return subprocess.CompletedProcess(arguments, status, written.buffer.read(), told.getvalue().encode())


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


@pytest.mark.parametrize("trouble", ["not valid yet", "no key", "not PEM", "a folder", "two keys", "an unclear author"])
def test_what_cannot_be_signed_is_not_let_out(trouble: str, issuer: Issuer, live: Path) -> None:
    pair = live / f"{ALICE}.pem"
    alice = issuer.issue("alice", ALICE)
    contents = {
        "not valid yet": issuer.issue("early", ALICE, first=1).join(),
        "no key": alice.certificate.read_bytes(),
        "not PEM": b"rubbish",
        "two keys": alice.key.read_bytes() + alice.join(),
    }
    if trouble == "a folder":
        pair.mkdir()
    else:
        pair.write_bytes(contents.get(trouble, alice.join()))
    author = AUTHOR.replace(b"<alice@example.test>", b"") if trouble == "an unclear author" else AUTHOR
    done = sign(author + b"\r\nx\r\n", live)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"cannot be signed now" in done.stderr
    assert b"PRIVATE" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("flood", [b"Content-X: y\r\n" * 201, b"X: y\r\n" * 200_000], ids=["to move", "to keep"])
def test_a_flood_of_fields_is_told_and_not_signed(flood: bytes, issuer: Issuer, live: Path) -> None:
    (live / f"{ALICE}.pem").write_bytes(issuer.issue("alice", ALICE).join())
    mail = AUTHOR + flood + b"\r\nx\r\n"
    done = sign(mail, live)
    assert (done.returncode, done.stdout) == (0, mail)
    assert b"its header is too large" in done.stderr


@pytest.mark.parametrize("size", [0, IN_MEMORY, IN_MEMORY + 1, IN_MEMORY + mmap.PAGESIZE])
def test_a_body_of_any_size_comes_back_and_none_of_whole_pages_is_mapped(size: int, tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    for _times in range(size // 4096):
        spool.write(b"x" * 4096)
    spool.write(b"y" * (size % 4096))
    with spool.view() as view:
        assert view[:] == b"x" * (size - size % 4096) + b"y" * (size % 4096)
        # Python up to 3.11.4 would read behind the map, and crash.
        assert isinstance(view, bytes) is (size != IN_MEMORY + 1)
    assert list(tmp_path.iterdir()) == []
    spool.close()


def write_policy(live: Path, **changes: object) -> str:
    path = live.with_name("policy.json")
    policy = {
        "owners": {},
        "relays": [],
        "sendmail": False,
        "on_expired": "unsigned",
        "on_unclear_author": "defer",
        **changes,
    }
    path.write_text(json.dumps(policy))
    return f"--policy={path}"


@pytest.mark.parametrize(
    ("option", "author", "told"),
    [("on_expired", AUTHOR, b"expired"), ("on_unclear_author", AUTHOR.replace(b"@", b" at "), b"cannot be understood")],
)
def test_mail_leaves_unsigned_or_is_put_off_as_the_administrator_decides(
    option: str, author: bytes, told: bytes, issuer: Issuer, live: Path
) -> None:
    days = -1 if option == "on_expired" else 30
    (live / f"{ALICE}.pem").write_bytes(issuer.issue(option, ALICE, days=days).join())
    mail = author + b"\r\nx\r\n"
    let_out = sign(mail, live, ALICE, write_policy(live, **{option: "unsigned"}))
    assert (let_out.returncode, let_out.stdout) == (0, mail)
    put_off = sign(mail, live, ALICE, write_policy(live, **{option: "defer"}))
    assert (put_off.returncode, put_off.stdout) == (1, b"")
    assert told in let_out.stderr
    assert told in put_off.stderr


@pytest.mark.parametrize(
    ("curve", "micalg", "digest"),
    [("P-256", b"sha-256", "sha256"), ("P-384", b"sha-384", "sha384"), ("P-521", b"sha-512", "sha512")],
)
def test_the_digest_is_as_strong_as_the_key(
    curve: str, micalg: bytes, digest: str, issuer: Issuer, live: Path, tmp_path: Path
) -> None:
    (live / f"{ALICE}.pem").write_bytes(issuer.issue(curve, ALICE, curve=curve).join())
    mail = tmp_path / "mail"
    mail.write_bytes(sign(AUTHOR + b"\r\nx\r\n", live).stdout)
    assert b'micalg="%s"' % micalg in mail.read_bytes()
    assert verify(mail, issuer).returncode == 0
    printed = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-in", str(mail)], capture_output=True, check=True)
    assert f"algorithm: {digest} ".encode() in printed.stdout


def test_each_certificate_goes_into_the_signature_once(issuer: Issuer, live: Path) -> None:
    alice = issuer.issue("alice", ALICE)
    (live / f"{ALICE}.pem").write_bytes(alice.join() + alice.chain.read_bytes() + alice.certificate.read_bytes())
    signed = sign(AUTHOR + b"\r\nx\r\n", live).stdout
    command = ["openssl", "cms", "-cmsout", "-certsout", "/dev/stdout", "-out", "/dev/null"]
    found = subprocess.run(command, input=signed, capture_output=True, check=True).stdout
    assert found.count(b"BEGIN CERTIFICATE") == 2
