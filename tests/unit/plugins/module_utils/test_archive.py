# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of certificates and keys, through the module's own parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smime.plugins.module_utils import _archive, _argspec
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import module_arguments
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    Authority,
    Issued,
    encode_key,
    make_key,
)


class Place:
    """A mailbox's folder, and the archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = folder / "archive"

    def write(self, certificate: bytes, key: bytes, chain: bytes = b"a chain\n") -> None:
        for name, data in {"cert.pem": certificate, "key.pem": key, "chain.pem": chain}.items():
            (self.folder / name).write_bytes(data)

    def run(self, *, check_mode: bool = False, **options: Any) -> _archive.Outcome:
        given = {
            "archive_path": str(self.archive),
            "path": str(self.folder / "cert.pem"),
            "chain_path": str(self.folder / "chain.pem"),
            "privatekey_path": str(self.folder / "key.pem"),
            "certificates": [{"email": ALICE}],
            "_ansible_check_mode": check_mode,
            "_ansible_remote_tmp": str(self.folder),
            **options,
        }
        with module_arguments(given):
            module = AnsibleModule(argument_spec=_argspec.archive_options(), supports_check_mode=True)
            return _archive.archive(module)

    def kept(self) -> dict[str, bytes]:
        """Return what lies in the archive of ALICE, by path."""
        top = self.archive / ALICE
        return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*.pem"))}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def serial_of(issued: Issued) -> str:
    digits = f"{issued.certificate.serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def test_a_pair_is_kept_by_serial_number_for_its_owner_alone(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    outcome = place.run()
    folder = place.archive / ALICE / serial_of(alice)
    assert outcome.result["changed"] is True
    assert outcome.result["certificates"][0]["folder"] == str(folder)
    names = {"cert.pem": alice.pem, "chain.pem": b"a chain\n", "privkey.pem": alice.key_pem}
    assert place.kept() == {f"{serial_of(alice)}/{name}": data for name, data in names.items()}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent, place.archive)} == {0o700}


def test_a_second_run_changes_nothing(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    place.run()
    assert place.run().result["changed"] is False


def test_check_mode_says_what_it_would_keep_and_keeps_nothing(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    outcome = place.run(check_mode=True)
    assert outcome.result["changed"] is True
    assert len(outcome.result["certificates"][0]["files"]) == 3
    assert not place.archive.exists()


NO_CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("certificate", [None, b"", b"no certificate\n", NO_CERTIFICATE])
def test_what_is_no_certificate_is_passed_over(place: Place, alice: Issued, certificate: bytes | None) -> None:
    place.write(certificate or b"", alice.key_pem)
    if certificate is None:
        (place.folder / "cert.pem").unlink()
    outcome = place.run()
    assert outcome.result["changed"] is False
    assert not place.archive.exists()


def test_a_run_that_was_killed_is_finished(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    place.run()
    whole = place.kept()
    (place.archive / ALICE / serial_of(alice) / "cert.pem").unlink()
    assert place.run().result["changed"] is True
    assert place.kept() == whole


def test_another_key_is_kept_beside_and_never_over_the_first_one(place: Place, alice: Issued) -> None:
    other = encode_key(make_key())
    place.write(alice.pem, alice.key_pem)
    place.run()
    place.write(alice.pem, other)
    outcome = place.run()
    kept = place.kept()
    assert outcome.result["changed"] is True
    assert outcome.warnings == []
    assert kept[f"{serial_of(alice)}/privkey.pem"] == alice.key_pem
    assert [data for name, data in kept.items() if name.startswith("key-")] == [other]
    assert place.run().result["changed"] is False


def test_a_certificate_without_its_key_is_kept_with_a_warning(place: Place, alice: Issued) -> None:
    place.write(alice.pem, encode_key(make_key()))
    outcome = place.run()
    assert f"{serial_of(alice)}/cert.pem" in place.kept()
    assert f"{serial_of(alice)}/privkey.pem" not in place.kept()
    assert ALICE in outcome.warnings[0]
    assert "can be read with that key only" in outcome.warnings[0]


@pytest.mark.parametrize("passphrase", ["the passphrase", "a wrong one", None])
def test_an_encrypted_key_is_kept_as_it_stands(place: Place, alice: Issued, passphrase: str | None) -> None:
    encrypted = encode_key(alice.key, "the passphrase")
    place.write(alice.pem, encrypted)
    outcome = place.run(privatekey_passphrase=passphrase)
    assert place.kept()[f"{serial_of(alice)}/privkey.pem"] == encrypted
    assert outcome.warnings == []
    assert place.run(privatekey_passphrase=passphrase).result["changed"] is False


def test_a_key_that_cannot_be_opened_is_kept_beside_the_first_one(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    place.run()
    encrypted = encode_key(make_key(), "the passphrase")
    place.write(alice.pem, encrypted)
    place.run()
    assert place.kept()[f"{serial_of(alice)}/privkey.pem"] == alice.key_pem
    assert encrypted in place.kept().values()


def test_two_authorities_can_use_one_serial_number(
    place: Place, authority: Authority, alice: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = alice.certificate.serial_number
    monkeypatch.setattr("cryptography.x509.random_serial_number", lambda: number)
    twin = authority.issue()
    for issued in (alice, twin):
        place.write(issued.pem, issued.key_pem)
        place.run()
    certificates = [data for name, data in place.kept().items() if name.endswith("/cert.pem")]
    keys = [data for name, data in place.kept().items() if name.endswith("/privkey.pem")]
    assert sorted(certificates) == sorted([alice.pem, twin.pem])
    assert sorted(keys) == sorted([alice.key_pem, twin.key_pem])
    assert place.run().result["changed"] is False


@pytest.mark.parametrize("email", ["../alice@example.test", "a/b@example.test", "alice"])
def test_an_address_that_leads_elsewhere_is_refused(place: Place, alice: Issued, email: str) -> None:
    place.write(alice.pem, alice.key_pem)
    outcome = place.run(certificates=[{"email": email}])
    assert outcome.result["error"]["name"] == "invalid_option"
    assert not place.archive.exists()


def test_an_archive_that_cannot_be_written_fails_the_task(place: Place, alice: Issued) -> None:
    place.write(alice.pem, alice.key_pem)
    place.archive.write_bytes(b"a file")
    outcome = place.run()
    assert outcome.result["error"]["name"] == "file_error"
    assert outcome.result["msg"].startswith(ALICE)
