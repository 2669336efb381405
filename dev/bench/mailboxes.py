# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes with a certificate, its chain and an RSA key each: made once on all processors, and kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from test_ca.authority import Hierarchy, make_intermediate
from test_ca.issuing import Profile, issue_under
from test_ca.keystore import load_or_make, make_root

from bench.plan import CACHE

FOLDER = CACHE / "mailboxes"
NOTE = FOLDER / "made.json"
PEM = serialization.Encoding.PEM
# Certificates are valid for a year, and are renewed in the last 30 days of it.
FRESH_DAYS = 300
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Stock:
    """The mailboxes on disk."""

    folder: Path
    root_path: Path
    emails: tuple[str, ...]

    def find(self, email: str, kind: str) -> Path:
        """Return the path of a mailbox's ``key``, ``csr``, ``cert`` or ``chain``."""
        return self.folder / email / f"{kind}.pem"


def prepare(count: int) -> Stock:
    """Have ``count`` mailboxes that need nothing, and return them."""
    emails = tuple(f"mailbox{number:05}@example.test" for number in range(count))
    stock = Stock(FOLDER, FOLDER / "root.pem", emails)
    today = datetime.now(UTC)
    note = json.loads(NOTE.read_text(encoding="utf-8")) if NOTE.exists() else {}
    if note.get("count", 0) >= count and datetime.fromisoformat(note["date"]) > today - timedelta(days=FRESH_DAYS):
        return stock
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    _fill(stock)
    NOTE.write_text(json.dumps({"count": count, "date": today.isoformat()}), encoding="utf-8")
    return stock


def make_request(key: PrivateKey, email: str) -> x509.CertificateSigningRequest:
    """Return a signed request for a mailbox."""
    names = x509.SubjectAlternativeName([x509.RFC822Name(email)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


def make_key(kind: str) -> PrivateKey:
    """Return a new key, RSA with 2048 bits or on the curve P-256, as the modules make them by default."""
    return rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _fill(stock: Stock) -> None:
    hierarchy = _load_hierarchy(stock.folder)
    chain = hierarchy.intermediate.certificate.public_bytes(PEM)
    for email, key, request in _make_all(stock.emails):
        certificate = _certify(hierarchy, email, request)
        (stock.folder / email).mkdir(mode=0o755, exist_ok=True)
        for kind, data in (("key", key), ("csr", request), ("cert", certificate), ("chain", chain)):
            path = stock.find(email, kind)
            path.touch(mode=0o600 if kind == "key" else 0o644)
            path.write_bytes(data)


def _load_hierarchy(folder: Path) -> Hierarchy:
    """Return a root and an intermediate with RSA keys, as the CAs have them that issue for RSA keys."""
    root = load_or_make(folder, "root", lambda: make_root("benchmark root", _make_ca_key(4096)))
    return Hierarchy(
        root,
        load_or_make(folder, "intermediate", lambda: make_intermediate(root, "benchmark issuer", _make_ca_key(3072))),
    )


def _make_ca_key(size: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, size)


def _make_all(emails: tuple[str, ...]) -> Iterator[tuple[str, bytes, bytes]]:
    with ProcessPoolExecutor(count_processors()) as pool:
        yield from pool.map(_make_pair, emails, chunksize=20)


def _make_pair(email: str) -> tuple[str, bytes, bytes]:
    key = make_key("RSA")
    pem = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return email, pem, make_request(key, email).public_bytes(PEM)


def _certify(hierarchy: Hierarchy, email: str, request: bytes) -> bytes:
    chain = issue_under(hierarchy, Profile(email), x509.load_pem_x509_csr(request))
    return chain.end_entity.public_bytes(PEM)
