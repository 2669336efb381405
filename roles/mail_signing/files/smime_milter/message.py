# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a mail to a signed mail: multipart/signed with a detached signature (RFC 8551, 3.5.3)."""

from __future__ import annotations

import base64
import secrets
import shutil
from typing import BinaryIO

from smime_milter import transfer
from smime_milter.headers import Field, read_nature
from smime_milter.structure import read_lines

# Signed or encrypted already, and not to be touched.
PROTECTED = (
    "multipart/signed",
    "multipart/encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
DIGEST = "sha256"
_MICALG = "sha-256"
_LINE = 48


def is_protected(fields: tuple[Field, ...]) -> bool:
    """Tell whether a mail is signed or encrypted as it is."""
    return read_nature(fields).content_type in PROTECTED


def write_entity(fields: tuple[Field, ...], body: BinaryIO, entity: BinaryIO) -> None:
    """Write what is signed: the Content- fields of a mail, and its body, fit to be passed on unchanged."""
    inner = tuple(field for field in fields if moves_inside(field))
    body.seek(0)
    found = transfer.survey(inner, read_lines(body))
    body.seek(0)
    transfer.write(inner, read_lines(body), found, entity)
    entity.flush()
    entity.seek(0)


def moves_inside(field: Field) -> bool:
    """Tell whether a field describes the body, and so belongs to what is signed."""
    return field.key.startswith("content-")


def choose_boundary() -> str:
    """Return a boundary that no body holds but by design."""
    return f"smime-{secrets.token_hex(16)}"


def describe_type(boundary: str) -> str:
    """Return the value of the outer Content-Type."""
    return f'multipart/signed; protocol="application/pkcs7-signature";\n\tmicalg="{_MICALG}"; boundary="{boundary}"'


def wrap_fields(fields: tuple[Field, ...], boundary: str) -> list[Field]:
    """Return the fields of the signed mail: those that do not move inside, and its own."""
    kept = [field for field in fields if not moves_inside(field) and field.key != "mime-version"]
    return [*kept, Field.make("MIME-Version", "1.0"), Field.make("Content-Type", describe_type(boundary))]


def write_body(entity: BinaryIO, signature: bytes, boundary: str, output: BinaryIO) -> None:
    """Write the body of the signed mail. ``signature`` is CMS SignedData in DER, without content."""
    mark = b"--" + boundary.encode()
    entity.seek(0)
    output.write(b"This is a message signed with S/MIME.\r\n\r\n" + mark + b"\r\n")
    shutil.copyfileobj(entity, output)
    output.write(
        b"\r\n" + mark + b"\r\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    )
    for start in range(0, len(signature), _LINE):
        output.write(base64.b64encode(signature[start : start + _LINE]) + b"\r\n")
    output.write(b"\r\n" + mark + b"--\r\n")
    output.flush()
    output.seek(0)
