# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No input costs far more than its size, in our own steps, in time, or in memory."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import cryptography
import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate, path
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.pathological import PATTERNS

SMALL, LARGE = 1 << 12, 1 << 15
GROWTH = LARGE // SMALL
CASES = [(name, decoder) for name, pattern in PATTERNS.items() for decoder in pattern.decoders]
OWN_FOLDER = "smime/plugins/"
# Bytes of memory for a byte of input. Of names with thousands of attributes, cryptography 36 makes 136 bytes a byte, and 38 makes 101.
MEMORY = 150 if 36 <= int(cryptography.__version__.split(".")[0]) <= 38 else 100

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's, about certificates that it reads all the same


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Let no test profit from, or pay for, what another one left in memory."""
    yield
    certificate._load_block.cache_clear()
    path.is_signed_by.cache_clear()


class Steps:
    """Counts the lines of the collection's own code that are executed: the same number in every run."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Steps:
        self.before = sys.gettrace()
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_details: Any) -> None:
        sys.settrace(self.before)

    def _enter(self, frame: Any, _event: str, _argument: Any) -> Any:
        return self._step if OWN_FOLDER in frame.f_code.co_filename else None

    def _step(self, _frame: Any, event: str, _argument: Any) -> Any:
        self.count += event == "line"
        return self._step


def count_steps(decoder: str, data: bytes) -> int:
    with Steps() as steps:
        DECODERS[decoder].accepts(data)
    return steps.count


def measure_time(decoder: str, data: bytes) -> float:
    gc.collect()
    start = time.process_time()
    DECODERS[decoder].accepts(data)
    return time.process_time() - start


def measure_memory(decoder: str, data: bytes) -> int:
    tracemalloc.start()
    try:
        DECODERS[decoder].accepts(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "decoder"), CASES)
def test_steps_time_and_memory_grow_no_faster_than_the_input(name: str, decoder: str) -> None:
    """What happens inside of libraries and regular expressions shows in the time alone: so its growth is bounded, generously."""
    make = PATTERNS[name].make
    steps = [count_steps(decoder, make(size)) for size in (SMALL, 4 * SMALL)]
    assert steps[1] <= 4.5 * steps[0] + 500
    large = make(LARGE)
    seconds = [min(measure_time(decoder, data) for _try in range(2)) for data in (make(SMALL), large)]
    # Squares would make it 64 times as long; the floor is for what takes next to no time.
    assert seconds[1] <= 5 * GROWTH * max(seconds[0], 0.001)
    assert measure_memory(decoder, large) <= MEMORY * len(large) + 1_000_000
