# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Individually encoded certificates: one structure each."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.formats import read_individual
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import fixture_chain


def test_a_certificate_is_itself() -> None:
    for certificate in fixture_chain():
        assert read_individual(certificate) == [certificate]


@pytest.mark.parametrize("data", [b"", b"0", b"\x02\x01\x05", fixture_chain()[0][:-1], fixture_chain()[0] + b"\x00"])
def test_anything_else_is_unreadable(data: bytes) -> None:
    with pytest.raises(ReplyError):
        read_individual(data)
