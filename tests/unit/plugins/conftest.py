# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What more than one test file uses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    Authority,
    Issued,
    make_authority,
    make_rsa_authority,
)
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host

FOREIGN_SETTINGS = (
    "SMIME_LOGIN_NAME", "SMIME_LOGIN_PASSWORD", "SMIME_API_URL", "SMIME_API_CA_PATH", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC",
    *(name for stem in ("http", "https", "all", "no") for name in (f"{stem}_proxy", f"{stem.upper()}_PROXY")),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in FOREIGN_SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture(scope="session")
def rsa_authority() -> Authority:
    return make_rsa_authority()


@pytest.fixture(scope="session")
def alice(authority: Authority) -> Issued:
    """A good end entity for ALICE at NOW."""
    return authority.issue()


@pytest.fixture(scope="session")
def chain(authority: Authority, alice: Issued) -> tuple[Any, ...]:
    """The DER of root, intermediate and end entity, in the CA's order."""
    return authority.root.der, authority.intermediate.der, alice.der


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: no other than their own enters tmp_path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


@pytest.fixture
def host(tmp_path: Path, authority: Authority) -> Host:
    (tmp_path / "smime").mkdir()
    return Host(tmp_path / "smime", authority)
