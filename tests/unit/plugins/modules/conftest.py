# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, RunningCa


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    if sys.version_info < (3, 11):
        pytest.skip("the test CA needs Python 3.11")
    server = RunningCa(tmp_path_factory.mktemp("running") / "state")
    server.control("POST", "accounts", ACCOUNT)
    yield server
    server.stop()


@pytest.fixture
def ca(running: RunningCa) -> RunningCa:
    running.control("DELETE", "calls")
    return running
