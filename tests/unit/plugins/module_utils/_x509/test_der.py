# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walking DER: exact to the octet, and bounded."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, integer, sequence


def test_children_stand_in_their_order() -> None:
    children = der.read_whole(sequence(integer(1), integer(300), sequence())).children()
    assert [child.encoded for child in children] == [integer(1), integer(300), sequence()]


@pytest.mark.parametrize("size", [127, 128, 255, 256, 65535, 65536])
def test_every_form_of_length_is_read(size: int) -> None:
    data = encode(0x04, b"x" * size)
    assert (der.read_whole(data).value, der.read_whole(data).encoded) == (b"x" * size, data)


HEADERS = (
    b"", b"\x30", b"\x30\x01", b"\x30\x80", b"\x30\x81", b"\x30\x85\0\0\0\0\x01x", b"\x30\x82\x01", b"\x1f\x81\x01\0",
)  # fmt: skip


def test_what_is_damaged_or_followed_by_something_is_unreadable() -> None:
    for data in HEADERS:
        with pytest.raises(ReplyError):
            der.read_element(data)
    with pytest.raises(ReplyError):
        der.read_whole(sequence() + b"\x00")
    with pytest.raises(ReplyError):
        der.read_whole(sequence(b"\x02\x05\x01")).children()


def test_elements_are_counted() -> None:
    with pytest.raises(ReplyError):
        der.read_all(b"\x05\x00" * (der.MAX_ELEMENTS + 1))
    assert len(der.read_all(b"\x05\x00" * der.MAX_ELEMENTS)) == der.MAX_ELEMENTS
