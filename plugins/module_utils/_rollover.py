# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new key for each renewal: it waits beside the old one until its certificate is verified, then the pair is exchanged.

The old pair and the new one are archived, the outputs are written, ``path`` as their last, then the key is replaced, and the
one that waited goes. So at any moment the certificate at ``path`` has its key at ``privatekey_path`` or waiting beside it, and
what a killed run leaves tells the next one where to go on.

The archive has each pair by serial number, in ``archive_path/EMAIL/SERIAL``, for the user that runs alone: mail that was
encrypted to it can be read with nothing else. Nothing in there is ever replaced or deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
from ansible_collections.mailops.smime.plugins.module_utils import _spec as specs
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan
    from ansible_collections.mailops.smime.plugins.module_utils._report import Report


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


def prepare_archive(spec: CertificateSpec, files: Files) -> None:
    """See that the mailbox's folder is there, and can be written. Raises FileError."""
    path = os.path.join(find_folder(spec), _CERTIFICATE)
    files.for_this_user([path]).prepare(path)


def archive(plan: Plan, files: Files, report: Report) -> None:
    """Keep the pair that is there, and the one that is to be written, before anything is replaced. Raises FileError."""
    folder = find_folder(plan.base)
    wanted = find_wanted(folder, find_pairs(plan), files)
    missing = any(files.read(path) is None for path in wanted)
    if missing or (plan.status == "issued" and plan.certificates is None):
        report.add_file("archive", folder)
    if not files.check_mode:
        keep(wanted, files)


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


_NEEDED = ("privatekey_create", "archive_path", "privatekey_path")


def check_options(params: Mapping[str, Any]) -> None:
    """Raise OptionError if privatekey_rollover cannot work."""
    missing = [option for option in _NEEDED if not params[option]]
    if missing:
        raise OptionError(f"privatekey_rollover needs {', '.join(missing)}", hint="Give them, or leave rollover out.")
    excluded = [option for option in rules.ROLLOVER_EXCLUDES if params[option] is not None]
    if excluded:
        raise OptionError(
            f"privatekey_rollover and {excluded[0]} exclude each other",
            hint="Who brings the key or its CSR renews them.",
        )


def add_successor(spec: CertificateSpec, params: Mapping[str, Any], files: Files) -> CertificateSpec:
    """Return ``spec`` with its successor, if a renewal is to get another key. Raises OptionError, FileError."""
    check_options(params)
    own = spec.output_options.key
    if own is None or spec.key_path is None:
        # The first key is yet to come.
        return spec
    path = rules.find_waiting_path(spec.key_path)
    waiting = _load_waiting(path, own, params, files)
    public_key = waiting.public_key if waiting is not None else None
    options = spec.output_options._replace(archived_keys=() if public_key is None else (public_key,))
    successor = spec._replace(
        output_options=options._replace(key=waiting, archived_keys=(own.public_key,)),
        public_key=public_key,
        key_path=path,
        key_to_create=rules.read_key_spec(params) if waiting is None else None,
        exchanged_path=spec.key_path,
        archived=find_certificates(spec, public_key, files) if public_key is not None else (),
    )
    specs.check_outputs(successor)
    return spec._replace(output_options=options, successor=successor)


def make_replacement(spec: CertificateSpec, passphrase: str | None) -> list[Replacement]:
    """Return the last step of an exchange, if ``spec`` is that of a successor: its key takes the place of the one before."""
    key = spec.output_options.key
    if spec.exchanged_path is None or key is None:
        return []
    known = (key.public_key, *spec.output_options.archived_keys)
    return [Replacement("privatekey", spec.exchanged_path, key.pem, True, known, (passphrase,))]


def _load_waiting(path: str, own: keys.PrivateKey, params: Mapping[str, Any], files: Files) -> keys.PrivateKey | None:
    """Return the key at ``path``, unless it is the ``own`` one: a run that was killed has exchanged it, and only its copy is left."""
    pem = files.read(path)
    if pem is None:
        return None
    if pem == own.pem:
        if not files.check_mode:
            files.discard(path, own.pem)
        return None
    return keys.load(pem, params["privatekey_passphrase"], f"privatekey_rollover ({path})")
