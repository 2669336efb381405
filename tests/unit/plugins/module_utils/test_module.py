# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of mailboxes: which of its options Ansible looks at, and which it returns."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from ansible.release import __version__
from ansible_collections.mailops.smime.plugins.module_utils._argspec_others import entry_options
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import Step
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host

# From ansible-core 2.21 on, the invocation is returned on demand only.
IS_ASKED = tuple(map(int, __version__.split(".")[:2])) >= (2, 21)
ON_DEMAND = {"_ansible_inject_invocation": True} if IS_ASKED else {}
SECRETS = ("hunter2", "Code1234")


def run(host: Host, entry: dict[str, Any] | None, *steps: Step, verbosity: int = 0) -> dict[str, Any]:
    """Run the module for a list of one mailbox; the CA answers ``steps``."""
    given: dict[str, Any] = {"_ansible_verbosity": verbosity, **ON_DEMAND}
    outcome = host.run_list([entry] if entry is not None else None, *steps, **given)
    assert not [secret for secret in SECRETS if secret in outcome.printed]
    return outcome.result


@pytest.mark.parametrize(("verbosity", "shown"), [(0, False), (2, False), (3, True), (4, True)])
def test_the_list_is_returned_when_it_is_shown(host: Host, verbosity: int, shown: bool) -> None:
    host.fill()
    result = run(host, {"email": ALICE, "collection_code": "Code1234"}, verbosity=verbosity)
    given = result["invocation"]["module_args"]
    assert result["summary"]["valid"] == 1
    assert given["path"] == host.path("cert.pem")
    assert given["login_password"] == "********"
    expected = [{"email": ALICE, "collection_code": "********"}] if shown else None
    assert given.get("certificates") == expected


def test_an_entry_s_own_option_displaces_the_one_beside_the_list(host: Host) -> None:
    host.fill()
    result = run(host, {"email": ALICE, "order_number": "7", "remaining_days": 36000, "login_name": None}, PENDING)
    (only,) = result["certificates"]
    assert (only["reasons"], only["status"]) == (["expiring"], "pending")


def test_an_option_that_does_not_exist_is_told_with_all_that_do(host: Host) -> None:
    message = run(host, {"email": ALICE, "order_numbr": "7"})["msg"]
    assert "order_numbr" in message
    assert [name for name in sorted(entry_options().keys() - {"email"}) if name not in message] == []


def test_an_entry_without_a_mailbox_and_no_list_at_all_are_refused(host: Host) -> None:
    # Releases of Ansible differ in what null is.
    for entry in ({"order_number": "7"}, {"order_number": "7", "email": None}):
        assert "email" in run(host, entry)["msg"]
    assert "certificates" in run(host, None)["msg"]


@pytest.mark.parametrize("entry", ["no dictionary", 7, ["email", ALICE]])
def test_an_entry_that_is_no_dictionary_is_refused_without_telling_the_secrets_beside_it(
    host: Host, entry: Any
) -> None:
    """Ansible gathers the secrets to mask as far as the list is right."""
    host.options["login_password"] = "hunter2"
    assert re.search("dictionary|must b[ey] a list", run(host, entry, verbosity=3)["msg"])


def test_warnings_tell_no_secret(host: Host) -> None:
    """As other texts of a result: whatever holds a secret, even by chance, is masked."""
    issued = host.fill(host.issue(not_after=NOW + timedelta(days=10)))
    host.options["login_password"] = "4711"
    result = run(host, {"email": ALICE, "order_number": "4711"}, host.reply(issued))
    told = json.dumps(result)
    assert "place a new order" in told
    assert "4711" not in told


@pytest.mark.parametrize("value", ["many", "-1"])
def test_an_entry_s_option_is_still_validated(host: Host, value: str) -> None:
    result = run(host, {"email": ALICE, "order_number": "7", "remaining_days": value})
    assert "remaining_days" in result["msg"]
