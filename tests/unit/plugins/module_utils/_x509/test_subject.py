# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject's attributes, as they come from YAML."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import subject as subjects


def test_several_values_of_an_attribute_keep_their_order() -> None:
    built = subjects.build({"C": "DE", "OU": ["Post", "Office"], "postalCode": "01067"})
    assert [item.value for item in built] == ["DE", "Post", "Office", "01067"]


@pytest.mark.parametrize("value", [12345, 567, 1.5, True, ["01067", 12345]])
def test_what_yaml_reads_as_a_number_is_refused_with_the_way_to_write_it(value: Any) -> None:
    with pytest.raises(ValueError, match=r"postalCode must be text.* quotes"):
        subjects.build({"postalCode": value})


@pytest.mark.parametrize("value", ["", None, {"a": "b"}, [["a"]]])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="postalCode"):
        subjects.build({"postalCode": value})
