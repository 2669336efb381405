# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File options are checked by name before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes


@pytest.mark.parametrize("mode", ["0640", "640", 0o640, "u=rw,g=r", "u+x", "a-w", "ugo=rX", "u=rw,g=,o=", None])
def test_permissions_that_ansible_knows_pass(mode: object) -> None:
    Attributes({"mode": mode}).check()


@pytest.mark.parametrize("mode", ["rwx", "0999", "u=rw;g=r", "zz", "", "preserve", ["0640"]])
@pytest.mark.parametrize("option", ["mode", "private_mode", "directory_mode"])
def test_permissions_that_are_none_are_named(option: str, mode: Any) -> None:
    given = {
        "mode": Attributes({"mode": mode}),
        "private_mode": Attributes({}, private_mode=mode),
        "directory_mode": Attributes({}, directory_mode=mode),
    }
    with pytest.raises(OptionError, match=f"^{option}: "):
        given[option].check()


@pytest.mark.parametrize("option", ["owner", "group"])
def test_an_account_that_this_host_does_not_know_is_named(option: str) -> None:
    with pytest.raises(OptionError, match=f"^{option}: there is no nobody-of-this-name"):
        Attributes({option: "nobody-of-this-name"}).check()
