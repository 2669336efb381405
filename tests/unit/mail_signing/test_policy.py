# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login has mail signed for its own mailboxes; who has none, only from a network and for a sender of one relay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from smime_milter.mail import Client, PolicyError, PolicyFile

ALICE, BOB = "alice@example.test", "bob@example.test"
SETTINGS = {"sendmail": False, "on_expired": "unsigned", "on_unclear_author": "defer"}
POLICY = {
    "owners": {"Alice@Example.test": ["Alice"], "alice@b\u00fccher.test": ["alice"], BOB: []},
    "relays": [
        {"networks": ["192.0.2.0/24", "2001:db8::/64"], "senders": ["ALICE@example.test"]},
        {"networks": ["198.51.100.7/32"], "senders": [BOB]},
    ],
    **SETTINGS,
}
SENDMAIL = Client(address="127.0.0.1", sendmail=True)


@pytest.mark.parametrize(
    ("client", "sender", "signs"),
    [
        (Client("alice"), ALICE, True),
        (Client("ALICE"), ALICE, True),
        (Client("alice"), "alice@xn--bcher-kva.test", True),
        (Client("alice"), BOB, False),
        (Client("mallory"), ALICE, False),
        (Client("alice "), ALICE, False),
        (Client(address="192.0.2.9"), ALICE, True),
        (Client(address="2001:db8::1"), ALICE, True),
        (Client(address="192.0.3.1"), ALICE, False),
        (Client(address="2001:db8:0:1::1"), ALICE, False),
        (Client(address="198.51.100.7"), ALICE, False),
        (Client(address="192.0.2.9"), BOB, False),
        (Client("mallory", "192.0.2.9"), ALICE, False),
        (Client(), ALICE, False),
        (SENDMAIL, ALICE, False),
    ],
)
def test_who_may_have_mail_signed(client: Client, sender: str, signs: bool, tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_text(json.dumps(POLICY))
    assert (PolicyFile(str(path)).current().find_reason_to_pass(client, sender) is None) is signs


def test_another_policy_holds_from_the_next_mail_on(tmp_path: Path) -> None:
    path, other = tmp_path / "policy", tmp_path / "other"
    path.write_text(json.dumps(POLICY))
    file = PolicyFile(str(path))
    assert file.current().find_reason_to_pass(SENDMAIL, ALICE)
    other.write_text(json.dumps({**POLICY, "sendmail": True}))
    os.replace(other, path)
    assert file.current().find_reason_to_pass(SENDMAIL, ALICE) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({**POLICY, "owners": []}), json.dumps({**POLICY, "relays": [{}]})]
)
def test_a_policy_that_cannot_be_read_signs_for_nobody(text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_text(text)
    with pytest.raises(PolicyError, match="is not what the role writes"):
        PolicyFile(str(path)).current()
