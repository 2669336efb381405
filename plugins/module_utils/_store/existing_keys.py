# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No private key is overwritten: what is at a path is looked at before something else takes its place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError, FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import extended
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Place
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import (
    FOREIGN_KEYS,
    LARGEST,
    is_planted,
    read_place,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import load_private_key, serialization
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import encode_public_key

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement

_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
# A key that is none to the library: RFC 4716's armour, or UTF-16, whose null characters are left out.
_ARMOUR = re.compile(rb"---- ?BEGIN [A-Z0-9 ]*PRIVATE KEY")
# The elements by which a key in DER begins: RFC 5958, section 2 and 3, RFC 5915, and PKCS#1's and DSA's six numbers or more.
_SHAPES = (
    (der.INTEGER, der.SEQUENCE, der.OCTET_STRING),
    (der.SEQUENCE, der.OCTET_STRING),
    (der.INTEGER, der.OCTET_STRING),
    (der.INTEGER,) * 6,
)
# A PFX is a SEQUENCE of the version 3 and a ContentInfo of type data or signedData (RFC 7292, section 4).
_VERSION_3 = b"\x02\x01\x03"
_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"


def find_key_block(pem: bytes) -> bytes:
    """Return the first private key in PEM as it stands, without what else is in the file."""
    found = _PEM_KEY.search(pem)
    return found.group() if found else pem


def protect(item: Replacement, place: Place) -> None:
    """Look at what ``item`` is to replace at ``place``. Raises FileError if that is a private key which is not to go."""
    found = place.look()
    if found is None or not stat.S_ISREG(found.st_mode) or is_planted(place, found):
        return
    allowed = item.keys if item.private else ()
    data = read_place(place, item.path, LARGEST)
    refuse_overwriting(item.path, data, allowed, item.passphrases, read_mark(place))


def refuse_overwriting(
    path: str, data: bytes | None, allowed: Collection[bytes], passphrases: Collection[str | None], mark: bytes = b""
) -> None:
    """Raise FileError if ``data``, which is at ``path``, has a private key that is none of the ``allowed`` ones.

    These are public keys, as SubjectPublicKeyInfo in DER; ``mark`` is what ``make_mark`` said about the file.
    """
    if not data:
        return
    for public_key in _find_keys(data, {None, *passphrases}):
        if public_key is None and any(mark == make_mark(data, own) for own in allowed):
            continue
        if public_key is None or public_key not in allowed:
            what = "a private key that the task does not know" if allowed else "a private key"
            raise FileError(
                f"{path} holds {what}, and would be overwritten",
                hint="Give another path. If nobody needs that key any more, move the file away first.",
            )


def make_mark(data: bytes, public_key: bytes) -> bytes:
    """Return what is noted beside a file with a private key that a passphrase hides: which key it is, of which contents."""
    return b"%s %s" % tuple(hashlib.sha256(item).hexdigest().encode() for item in (data, public_key))


def read_mark(place: Place) -> bytes:
    """Return which private key was noted for the file at ``place``."""
    with contextlib.suppress(OSError):
        descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
        try:
            return extended.read_mark(descriptor)
        finally:
            os.close(descriptor)
    return b""


def _find_keys(data: bytes, passphrases: Collection[str | None]) -> Iterator[bytes | None]:
    """Yield the public key of each private key in ``data``, None for one that cannot be opened."""
    blocks = [block.group() for block in _PEM_KEY.finditer(data)]
    for block in blocks:
        yield _open(load_private_key, block, passphrases)
    if blocks:
        return
    if data[:1] == b"\x30":
        if _VERSION_3 in data[:8] and _PKCS7 in data[:40]:
            yield from _open_pkcs12(data, passphrases)
        else:
            key = _find_der_key(data)
            if key:
                yield _open(serialization.load_der_private_key, key, passphrases)
    elif data.startswith(FOREIGN_KEYS) or _ARMOUR.search(data.replace(b"\0", b"")):
        yield None


def _open(load: Any, data: bytes, passphrases: Collection[str | None]) -> bytes | None:
    for passphrase in passphrases:
        try:
            return encode_public_key(load(data, _encode(passphrase)).public_key())
        except Exception:  # noqa: BLE001, S112 - whatever the library says, this key is not known to be ours
            continue
    return None


def _open_pkcs12(data: bytes, passphrases: Collection[str | None]) -> Iterator[bytes | None]:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

    for passphrase in passphrases:
        try:
            opened = containers.unseal(data, passphrase)
            if opened.key is not None:
                yield containers.read_public_key(opened)
        except Exception:  # noqa: BLE001, S112 - as above
            continue
        return
    yield None


def _find_der_key(data: bytes) -> bytes:
    """Return the private key in DER that ``data`` begins with, b"" if it is none: the library does not read every kind."""
    try:
        whole = der.read_element(data)
        tags = tuple(element.tag for element in whole.children())
    except DerError:
        return b""
    return whole.encoded if any(tags[: len(shape)] == shape for shape in _SHAPES) else b""


def _encode(passphrase: str | None) -> bytes | None:
    return passphrase.encode(errors="surrogateescape") if passphrase else None
