# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages call a certificate."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._options import label


def test_messages_name_the_mailbox_or_else_the_file_and_the_order() -> None:
    assert label("alice@example.test", "/cert.pem", Order("7")) == "alice@example.test (order 7)"
    assert label(None, "/cert.pem", Order(collection_code="x")) == "/cert.pem (the order of the collection code)"


def test_a_refused_address_brings_no_control_characters_into_messages() -> None:
    assert label("a\x1b[2J@example.test", "", Order("7")) == r"'a\x1b[2J@example.test' (order 7)"
