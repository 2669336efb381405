# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are looked at, and which options fit to them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _info
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError

NOTHING: dict[str, Any] = dict.fromkeys(
    ("paths", "privatekey_path", "chain_path", "email", "order_number", "collection_code")
)


@pytest.mark.parametrize("option", ["privatekey_path", "chain_path", "email"])
def test_an_option_for_one_file_says_why_a_name_with_brackets_is_not_one(option: str) -> None:
    given = {**NOTHING, "paths": ["/etc/ssl/[old]/cert.pem"], option: "a@example.test"}
    with pytest.raises(OptionError, match=option) as caught:
        _info.check_options(given)
    assert "/etc/ssl/[old]/cert.pem is a pattern" in caught.value.message


def test_an_option_for_one_file_is_refused_for_two() -> None:
    given = {**NOTHING, "paths": ["/a.pem", "/b.pem"], "email": "a@example.test"}
    with pytest.raises(OptionError, match="one file") as caught:
        _info.check_options(given)
    assert "pattern" not in caught.value.message
