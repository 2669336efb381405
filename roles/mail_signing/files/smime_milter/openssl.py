# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to the command openssl: signing, and the checks of certificates."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

# A mail server waits five minutes for a milter, and a signature takes a fraction of a second.
PATIENCE = 60
PROGRAM = "/usr/bin/openssl"


class OpensslError(Exception):
    """openssl refused, with what it said."""


def run(*arguments: str, given: bytes | BinaryIO = b"", descriptors: Sequence[int] = ()) -> bytes:
    """Run a command of openssl and return what it writes. ``given`` is what it reads. Raises OpensslError."""
    source: Any = {"input": given} if isinstance(given, bytes) else {"stdin": given}
    try:
        done = subprocess.run(
            [PROGRAM, *arguments],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            pass_fds=tuple(descriptors),
            **source,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OpensslError(f"openssl {arguments[0]}: {type(error).__name__}") from error
    if done.returncode:
        raise OpensslError(_explain(done.stderr) or f"openssl {arguments[0]} ended with status {done.returncode}")
    return bytes(done.stdout)


@contextlib.contextmanager
def lend(*contents: bytes) -> Iterator[list[int]]:
    """Have contents as files in memory, which only this process and what it starts can open, by their descriptors."""
    descriptors: list[int] = []
    try:
        for content in contents:
            descriptor = os.memfd_create("smime-milter", os.MFD_CLOEXEC)
            descriptors.append(descriptor)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content)
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def name(descriptor: int) -> str:
    """Return the path of a lent file, for the command."""
    return f"/dev/fd/{descriptor}"


def sign(signer: bytes, chain: bytes, entity: bytes | BinaryIO, digest: str) -> bytes:
    """Return the detached signature of ``entity`` in DER. ``signer`` is key and end entity, ``chain`` intermediates, in PEM."""
    with lend(signer, chain) as (pair, others):
        options = ["-signer", name(pair), "-inkey", name(pair), *(["-certfile", name(others)] if chain else [])]
        command = ["cms", "-sign", "-binary", "-outform", "DER", "-md", digest, "-passin", "pass:", *options]
        signature = run(*command, given=entity, descriptors=[pair, others])
    if not signature:
        raise OpensslError("openssl cms wrote no signature")
    return signature


def verify_signature(certificate: bytes, entity: bytes, signature: bytes) -> None:
    """Raise OpensslError unless ``signature`` is the certificate's, over ``entity``. Who issued it does not matter here."""
    with lend(certificate, signature, entity) as (end_entity, signed, content):
        options = ["-certfile", name(end_entity), "-in", name(signed), "-content", name(content), "-binary"]
        run("cms", "-verify", "-inform", "DER", "-noverify", *options, descriptors=[end_entity, signed, content])


def verify_certificate(certificate: bytes, chain: bytes, roots: str | None) -> None:
    """Raise OpensslError unless a certificate may sign mail now.

    Its chain must end in the file ``roots``, or, without it, in an intermediate of ``chain``.
    """
    with lend(certificate, chain) as (end_entity, others):
        trust = ["-CAfile", roots] if roots else ["-partial_chain", "-trusted", name(others)]
        command = ["verify", "-purpose", "smimesign", "-no-CApath", *trust]
        run(
            *command,
            *(["-untrusted", name(others)] if chain else []),
            name(end_entity),
            descriptors=[end_entity, others],
        )


def read_emails(pem: bytes) -> list[str]:
    """Return the addresses in a certificate."""
    return run("x509", "-noout", "-email", given=pem).decode("utf-8", "replace").split()


def read_public_key(pem: bytes, *, private: bool) -> bytes:
    """Return the public key of a certificate, or of a private key without a passphrase, in PEM."""
    if private:
        return run("pkey", "-pubout", "-passin", "pass:", given=pem)
    return run("x509", "-noout", "-pubkey", given=pem)


def read_validity(pem: bytes) -> list[str]:
    """Return the first and the last moment of a certificate as openssl writes them, such as ``Nov 24 00:00:00 2026 GMT``."""
    said = run("x509", "-noout", "-startdate", "-enddate", given=pem).decode("ascii", "replace")
    return [line.partition("=")[2] for line in said.splitlines()]


def read_serial_number(pem: bytes) -> str:
    """Return the serial number in hexadecimal."""
    return run("x509", "-noout", "-serial", given=pem).decode("ascii", "replace").strip().partition("=")[2]


def _explain(said: bytes) -> str:
    """Return the line of an error that says most to people. openssl names files and faults, never what is in a key."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [
        line for line in lines if line.startswith(("error ", "Error ", "verification error")) or " error" in line
    ]
    return (telling or lines or [""])[0][:200]
