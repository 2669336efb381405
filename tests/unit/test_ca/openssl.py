# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""openssl on the command line: an oracle that shares nothing with the test CA."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ARMOURED = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)
ASN1_LINE = re.compile(r"^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) +(?:cons|prim): (.+?) *(?::.*)?$", re.MULTILINE)


def openssl(*arguments: str, data: bytes = b"") -> str:
    """Run openssl and give what it prints; it must succeed."""
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "replace")


def make_csr(directory: Path, *key: str, extra: tuple[str, ...] = ()) -> str:
    """Make a key and a request for it."""
    path = str(directory / "key.pem")
    openssl("genpkey", "-out", path, *key)
    return openssl("req", "-new", "-key", path, "-subj", "/CN=asked for", *extra)


def certificates(text: str) -> list[str]:
    """Find the certificates in a text."""
    return ARMOURED.findall(text)


def subjects(text: str) -> list[str]:
    """Give the common name of each certificate in a text."""
    lines = (
        openssl("x509", "-noout", "-subject", "-nameopt", "multiline", data=c.encode()) for c in certificates(text)
    )
    return [re.findall(r"commonName\s*= (.*)", line)[0] for line in lines]


def verifies(directory: Path, certificate: str, chain: str, root: Path, *options: str) -> bool:
    """Tell whether openssl takes a certificate for S/MIME signing under a root."""
    (directory / "leaf.pem").write_text(certificate)
    (directory / "chain.pem").write_text(chain)
    untrusted = ("-untrusted", str(directory / "chain.pem")) if chain else ()
    command = ["openssl", "verify", "-purpose", "smimesign", "-CAfile", str(root), *untrusted, *options]
    return subprocess.run([*command, str(directory / "leaf.pem")], capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Element:
    """One element of a DER structure, as asn1parse sees it."""

    depth: int
    name: str
    der: bytes


def elements(der: bytes) -> list[Element]:
    """List all elements of a structure, outer ones first."""
    lines = ASN1_LINE.findall(openssl("asn1parse", "-inform", "DER", data=der))
    return [
        Element(int(depth), name, der[int(start) : int(start) + int(header) + int(length)])
        for start, depth, header, length, name in lines
    ]


def children(der: bytes) -> list[Element]:
    """List what a structure consists of."""
    inside = 1  # the structure itself is at depth 0
    return [element for element in elements(der) if element.depth == inside]
