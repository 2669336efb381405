# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root, intermediate and mailboxes: nothing here is the milter's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
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
        self.folder = folder
        self._root_key = KEYS["P-256"]()
        self._key = KEYS["P-256"]()
        self.root = self._certify("root", self._root_key, "root", self._root_key, [], ca=True)
        self.intermediate = self._certify("intermediate", self._key, "root", self._root_key, [], ca=True)

    def issue(
        self,
        name: str,
        email: str,
        *,
        usage: str = "1.3.6.1.5.5.7.3.4",
        curve: str = "P-256",
        days: int = 30,
        first: int = 0,
    ) -> Files:
        """Issue for a mailbox, from now (or ``first`` days later) for ``days``."""
        key = KEYS[curve]()
        mailbox: x509.GeneralName = x509.RFC822Name(email) if email.isascii() else _write_utf8_mailbox(email)
        extensions = [x509.SubjectAlternativeName([mailbox]), x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)])]
        certificate = self._certify(name, key, "intermediate", self._key, extensions, days=days, first=first)
        return Files(self.folder / f"{name}.key", certificate, self.intermediate)

    def _certify(
        self,
        name: str,
        key: Any,
        by: str,
        by_key: Any,
        extensions: list[Any],
        *,
        ca: bool = False,
        days: int = 30,
        first: int = 0,
    ) -> Path:
        start = NOW + timedelta(days=first) - timedelta(days=90 if days < 0 else 1 if not first else 0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, by)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(NOW + timedelta(days=first + days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = self.folder / f"{name}.pem"
        certificate.write_bytes(builder.sign(by_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        pkcs8 = serialization.PrivateFormat.PKCS8
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
        return certificate


def _write_utf8_mailbox(email: str) -> x509.OtherName:
    text = email.encode()
    return x509.OtherName(SMTP_UTF8_MAILBOX, bytes([0x0C, len(text)]) + text)
