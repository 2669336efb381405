# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaign of "make fuzz" found is tried again with every change, on the oldest libraries too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import corpus
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS

KEPT = [(name, number) for name in DECODERS for number in range(len(corpus.read(name)))]


def test_there_is_a_corpus_for_every_decoder_and_no_other() -> None:
    assert {path.stem for path in corpus.FOLDER.iterdir()} == set(DECODERS)
    assert all(corpus.read(name) for name in DECODERS)


def test_every_decoder_was_in_the_last_campaign() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs/fuzzing/results.md").read_text("utf-8")
    for plan in ("short", "long"):
        assert set(re.findall(rf"^\| (\w+) \| {plan} \|", page, re.MULTILINE)) == set(DECODERS)


@pytest.mark.filterwarnings("ignore")  # the library's, about certificates that it reads all the same
@pytest.mark.parametrize(("name", "number"), KEPT)
def test_what_was_found_does_no_harm(name: str, number: int) -> None:
    DECODERS[name].accepts(corpus.read(name)[number])
