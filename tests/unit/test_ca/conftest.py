# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One test CA for all tests; each test finds it without faults, calls and changed settings."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARIES = ("cryptography", "requests")
READY = sys.version_info >= (3, 11) and all(importlib.util.find_spec(name) for name in LIBRARIES)

if READY:
    from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import make_csr
    from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import ACCOUNT, RunningCa
else:
    # The test CA needs more than managed hosts have; ansible-test runs the unit tests on their Pythons, too.
    collect_ignore_glob = ["test_*.py"]

FIRST_SETTINGS = {
    "no_csr_answer": "missing_argument",
    "lock_after": 5,
    "dialect": {},
    "placed": {"state": "email_not_verified"},
    "unknown_arguments": [],
    "crl": "none",
    "crl_trouble": "none",
    "crl_seconds": 86400,
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """Run a CA, with the plain listener too."""
    server = RunningCa(tmp_path_factory.mktemp("running") / "state", "--http", "--idle-timeout", "900")
    yield server
    server.stop()


@pytest.fixture
def ca(running: RunningCa) -> RunningCa:
    """Give the CA in its first state, but for the orders of other tests."""
    running.control("DELETE", "faults")
    running.control("DELETE", "calls")
    running.control("PATCH", "settings", FIRST_SETTINGS)
    running.control("POST", "accounts", ACCOUNT)
    return running


@pytest.fixture(scope="session")
def csr(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a request for an RSA key."""
    return make_csr(tmp_path_factory.mktemp("rsa"), "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


@pytest.fixture(scope="session")
def ec_csr(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a request for a key on P-256."""
    return make_csr(tmp_path_factory.mktemp("ec"), "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Give a place for a CA of one's own."""
    return tmp_path / "state"
