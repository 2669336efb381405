# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each pair of certificate and private key by serial number: mail that was encrypted to it can be read with nothing else.

A pair is kept in ``archive_path/EMAIL/SERIAL``, for the user that runs alone. Nothing in there is ever replaced or deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan

_KEY, _CHAIN, _CERTIFICATE = "privkey.pem", "chain.pem", "cert.pem"


@dataclass(frozen=True)
class Pair:
    """What is kept: a certificate, its chain as far as it is known, and its private key as it stands, if it is here."""

    certificate: Certificate
    intermediates: tuple[Certificate, ...] = ()
    key: bytes | None = None

    def __repr__(self) -> str:
        return f"Pair({self.certificate})"


def find_folder(spec: CertificateSpec) -> str:
    """Return the mailbox's folder."""
    return os.path.join(spec.archive_path or "", spec.email or "")


def find_pairs(plan: Plan) -> list[Pair]:
    """Return the pairs of certificate and key that ``plan`` takes away or brings, as far as anybody has seen them."""
    issued = plan.certificates
    pairs = []
    if plan.current is not None:
        # What the CA sent can have the chain that was lost here.
        sets = [item for item in (issued, plan.known) if item is not None and item.end_entity == plan.current]
        owner = next((spec for spec in (plan.base, plan.spec) if spec.public_key == plan.current.public_key), None)
        pairs.append(Pair(plan.current, sets[0].intermediates if sets else (), _read_key(owner)))
    if issued is not None and issued.end_entity != plan.current:
        pairs.append(Pair(issued.end_entity, issued.intermediates, _read_key(plan.spec)))
    return pairs


def _read_key(spec: CertificateSpec | None) -> bytes | None:
    """Return the private key as it stands on disk: one that was given as text is not to be written anywhere."""
    key = spec.output_options.key if spec is not None and spec.key_path is not None else None
    return key.pem if key is not None else None


def find_wanted(folder: str, pairs: list[Pair], files: Files) -> dict[str, bytes]:
    """Return the contents, by path, of what ``folder`` is to hold of ``pairs``, in the order of writing: a certificate comes last."""
    found: dict[str, bytes] = {}
    for pair in pairs:
        place = _choose_place(folder, pair.certificate, files)
        wanted = {
            **({_place_key(folder, place, pair.key, files): pair.key} if pair.key is not None else {}),
            os.path.join(place, _CHAIN): b"".join(item.to_pem() for item in pair.intermediates),
            os.path.join(place, _CERTIFICATE): pair.certificate.to_pem(),
        }
        found.update({path: data for path, data in wanted.items() if data})
    return found


def prepare(spec: CertificateSpec, files: Files) -> None:
    """See that the mailbox's folder is there, and can be written. Raises FileError."""
    path = os.path.join(find_folder(spec), _CERTIFICATE)
    files.for_this_user([path]).prepare(path)


def keep(wanted: Mapping[str, bytes], files: Files) -> None:
    """Write what is missing of what ``find_wanted`` found, synced with its name. Raises FileError."""
    # A killed run may have left a second name of a key.
    files.tidy(wanted)
    missing = {path: data for path, data in wanted.items() if files.read(path) is None}
    own = files.for_this_user(missing)
    for path, data in missing.items():
        own.prepare(path)
        own.create(Replacement("archive", path, data, private=True))
    if missing:
        files.forget()


def find_certificates(spec: CertificateSpec, public_key: bytes, files: Files) -> tuple[Certificate, ...]:
    """Return the certificates for ``public_key`` that are kept, with their chains: a run was killed before it wrote them."""
    folder = find_folder(spec)
    found: list[Certificate] = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        own = _load(files.read(os.path.join(folder, name, _CERTIFICATE)))
        if own and own[0].public_key == public_key:
            found += [own[0], *_load(files.read(os.path.join(folder, name, _CHAIN)))]
    return tuple(found)


def _choose_place(folder: str, certificate: Certificate, files: Files) -> str:
    """Return where a certificate belongs: a folder of its serial number, which only its own CA keeps unique."""
    digits = f"{certificate.serial_number:X}"
    place = os.path.join(folder, digits.zfill(len(digits) + len(digits) % 2))
    kept = _load(files.read(os.path.join(place, _CERTIFICATE)))
    if not kept or kept[0] == certificate:
        return place
    return f"{place}-{hashlib.sha256(certificate.der).hexdigest()[:16].upper()}"


def _place_key(folder: str, place: str, key: bytes, files: Files) -> str:
    """Return where a key is kept: with its certificate, unless the key there stands there in other words, such as another passphrase."""
    path = os.path.join(place, _KEY)
    if files.read(path) in (None, key):
        return path
    return os.path.join(folder, f"key-{hashlib.sha256(key).hexdigest()[:16]}", _KEY)


def _load(data: bytes | None) -> list[Certificate]:
    try:
        return certificates.load_pem(data or b"")
    except ValueError:
        return []
