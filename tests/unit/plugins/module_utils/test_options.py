# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages call a certificate, and which paths are one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._options import check_distinct, check_numbers, label


def test_messages_name_the_mailbox_or_else_the_file_and_the_order_without_control_characters() -> None:
    assert label("alice@example.test", "/cert.pem", Order("7")) == "alice@example.test (order 7)"
    assert label(None, "/cert.pem", Order(collection_code="x")) == "/cert.pem (the order of the collection code)"
    assert label("a\x1b[2J@example.test", "", Order("7")) == r"'a\x1b[2J@example.test' (order 7)"


def test_two_options_for_one_file_are_named(tmp_path: Path) -> None:
    """How many ways there are to spell one file, the tests of _store try."""
    params = {"path": f"{tmp_path}/new.pem", "chain_path": f"{tmp_path}/./new.pem"}
    rest = dict.fromkeys(("privatekey_path", "csr_path", "trusted_roots_path"))
    with pytest.raises(OptionError, match="chain_path are the same file"):
        check_distinct({**params, **rest}, ("path", "chain_path"))
    check_distinct({**params, **rest, "chain_path": f"{tmp_path}/other.pem"}, ("path", "chain_path"))


@pytest.mark.parametrize("option", ["remaining_days", "wait_timeout", "poll_interval", "api_timeout", "api_retries"])
@pytest.mark.parametrize("value", [-1, 10**11])
def test_a_number_out_of_reason_is_named(option: str, value: int) -> None:
    with pytest.raises(OptionError, match=f"^{option}: "):
        check_numbers({option: value})
