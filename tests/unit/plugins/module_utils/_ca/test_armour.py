# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base64 with armour and without: what is a structure, and what is text around it."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.armour import read_blocks
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour, fixture_chain, wrap

CHAIN = fixture_chain()


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"),
        ("----- BEGIN CERTIFICATE -----", "----- END CERTIFICATE -----"),
        ("----- BEGIN CERTIFICATE -----", "---- END CERTIFICATE -----"),
        ("---- BEGIN CERTIFICATE ----", "---- END CERTIFICATE ----"),
        ("-----BEGIN PKCS #7 SIGNED DATA-----", "-----END PKCS #7 SIGNED DATA-----"),
        ("  -----BEGIN CERTIFICATE-----  ", "\t-----END CERTIFICATE-----\t"),
    ],
)
def test_every_spelling_of_the_lines_is_armour(begin: str, end: str) -> None:
    text = "".join(f"{begin}\n{wrap(item)}{end}\n" for item in CHAIN)
    assert read_blocks(text) == CHAIN


@pytest.mark.parametrize("width", [4, 64, 76, 100_000])
def test_lines_may_have_any_length(width: int) -> None:
    assert read_blocks(f"-----BEGIN X-----\n{wrap(CHAIN[0], width)}-----END X-----") == CHAIN[:1]
    assert read_blocks(wrap(CHAIN[0], width)) == CHAIN[:1]


@pytest.mark.parametrize(
    "tail", ["\nAll certificates are attached.\n", "\nOK\n", "\nDone\n", "\nAAAA\n", "\n\n\n2\n", "- - -\n"]
)
def test_text_after_bare_base64_is_ignored(tail: str) -> None:
    assert read_blocks("\n".join(wrap(item) for item in CHAIN) + tail) == CHAIN


def test_text_between_the_blocks_is_ignored() -> None:
    assert read_blocks("".join(f"Bag Attributes\n  a: b\n{armour(item)}" for item in CHAIN)) == CHAIN


@pytest.mark.parametrize("text", ["", "\n\n", "no certificates here", "====", "QUJD", "MIIB", armour(b"x")[:-5]])
def test_what_holds_no_structure_is_unreadable(text: str) -> None:
    with pytest.raises(ReplyError):
        read_blocks(text)
