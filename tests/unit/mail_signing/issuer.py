# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root, intermediate and mailboxes, as files: nothing here is the milter's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.mailops.smime.tests.unit.plugins.certificates import EMAIL_PROTECTION, make_authority, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode
from cryptography.hazmat.primitives.asymmetric import ec

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
# What judges here goes by the machine's clock.
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Files:
    """The files of one mailbox."""

    key: Path
    certificate: Path
    chain: Path

    def join(self) -> bytes:
        return self.key.read_bytes() + self.certificate.read_bytes() + self.chain.read_bytes()

    def describe(self, email: str) -> dict[str, Any]:
        paths = {"privatekey_path": str(self.key), "path": str(self.certificate), "chain_path": str(self.chain)}
        return {"mailboxes": [{"email": email, **paths}]}


class Issuer:
    """Issues what it is told to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = make_authority()
        self.root = self._write("root.pem", self._authority.root.pem)
        self.intermediate = self._write("intermediate.pem", self._authority.intermediate.pem)

    def issue(
        self,
        name: str,
        email: str,
        *,
        usage: str = EMAIL_PROTECTION,
        curve: str = "P-256",
        days: int = 30,
        first: int = 0,
    ) -> Files:
        """Issue for a mailbox, from yesterday (or ``first`` days from now on) for ``days``; fewer than none have passed already."""
        issued = self._authority.issue(
            name=name,
            key=make_key(CURVES[curve]),
            usages=(usage,),
            emails=(email,) if email.isascii() else (),
            utf8_mailboxes=() if email.isascii() else (encode(0x0C, email.encode()),),
            not_before=NOW + timedelta(days=first or min(days, 0) - 1),
            not_after=NOW + timedelta(days=first + days),
        )
        key, certificate = self._write(f"{name}.key", issued.key_pem), self._write(f"{name}.pem", issued.pem)
        return Files(key, certificate, self.intermediate)

    def _write(self, name: str, contents: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(contents)
        return path
