# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping certificates and their keys by serial number: mail encrypted to a certificate can be read with its key only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._errors import MissingLibraryError, OptionError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._report import explain
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement, sync_directory
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import read_file
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The private key comes first, the certificate last.
NAMES = {"privatekey": "privkey.pem", "chain": "chain.pem", "certificate": "cert.pem"}
_SOURCES = ("path", "chain_path", "privatekey_path", "privatekey_passphrase")


@dataclass(frozen=True)
class Source:
    """One mailbox: where its files are, and the passphrase that opens its key."""

    email: str
    path: str
    chain_path: str | None
    privatekey_path: str | None
    privatekey_passphrase: str | None

    def __repr__(self) -> str:
        return f"Source({self.email})"


@dataclass(frozen=True)
class Outcome:
    """What the task returns; with a ``msg`` in ``result`` it failed. ``missing`` is the library without which nothing was done."""

    result: dict[str, Any]
    warnings: list[str]
    missing: MissingLibraryError | None = None


def archive(module: AnsibleModule) -> Outcome:
    """Keep what the module's parameters name, and return what is to be told."""
    told: list[dict[str, Any]] = []
    warnings: list[str] = []
    label = "smime_archive"
    try:
        require_cryptography()
        for given in module.params["certificates"]:
            label = given["email"]
            told.append(_keep(module, _read_source(module.params, given), warnings))
    except MissingLibraryError as error:
        return Outcome({}, [], error)
    except SmimeError as error:
        return Outcome({**_summarize(told), "error": error.describe(), "msg": explain(error, label)}, warnings)
    return Outcome(_summarize(told), warnings)


def _summarize(told: list[dict[str, Any]]) -> dict[str, Any]:
    return {"changed": any(item["files"] for item in told), "certificates": told}


def _read_source(params: Mapping[str, Any], given: Mapping[str, Any]) -> Source:
    """Return an entry with the defaults beside the list. Raises OptionError."""
    email = given["email"]
    options.check_email(email)
    options.check_name_in_path(email)
    merged = {name: given[name] if given.get(name) is not None else params[name] for name in _SOURCES}
    if merged["path"] is None:
        raise OptionError("missing: path", hint="Give path for this entry, or beside the list with {email} in it.")
    paths = {name: value and value.replace("{email}", email) for name, value in merged.items() if name in _SOURCES[:3]}
    return Source(**{**merged, **paths, "email": email})


def _keep(module: AnsibleModule, source: Source, warnings: list[str]) -> dict[str, Any]:
    """Keep one mailbox's certificate, unless it is there already. Raises FileError."""
    data = read_file(source.path)
    certificate = _load(data)
    if data is None or certificate is None:
        return {"email": source.email, "serial_number": None, "folder": None, "files": []}
    folder = _choose_folder(module.params["archive_path"], source.email, certificate)
    places = {kind: os.path.join(folder, name) for kind, name in NAMES.items()}
    key = _place_key(source, certificate, places["privatekey"])
    chain = read_file(source.chain_path) if source.chain_path is not None else None
    spec = {**key, places["chain"]: chain, places["certificate"]: data}
    absent = {path: contents for path, contents in spec.items() if contents and not os.path.lexists(path)}
    if not module.check_mode:
        _write(module, absent)
    if places["privatekey"] not in absent and not os.path.lexists(places["privatekey"]) and source.privatekey_path:
        warnings.append(
            f"{source.email}: the private key of the certificate at {source.path} is not at {source.privatekey_path}, so that the "
            "archive lacks it. Mail encrypted to the certificate can be read with that key only."
        )
    serial = certificate.parsed.serial_number
    return {"email": source.email, "serial_number": serial, "folder": folder, "files": list(absent)}


def _load(data: bytes | None) -> Certificate | None:
    """Return the certificate that is to be kept. What is none cannot have had mail encrypted to it."""
    try:
        found = certificates.load_pem(data or b"")
    except ValueError:
        return None
    return found[0] if found else None


def _choose_folder(archive_path: str, email: str, certificate: Certificate) -> str:
    """Return where the certificate belongs: a folder of its serial number, which only its own CA keeps unique."""
    digits = f"{certificate.parsed.serial_number:X}"
    folder = os.path.join(archive_path, email, digits.zfill(len(digits) + len(digits) % 2))
    kept = _load(read_file(os.path.join(folder, NAMES["certificate"])))
    if kept is None or kept == certificate:
        return folder
    return f"{folder}-{hashlib.sha256(certificate.der).hexdigest()[:16].upper()}"


def _place_key(source: Source, certificate: Certificate, place: str) -> dict[str, bytes]:
    """Return the private key as it stands on disk by the path where it is to be kept; empty if there is none. Raises FileError.

    A key that is not known to be the certificate's is kept, too, for nobody knows who needs it: by a name of its own.
    """
    pem = read_file(source.privatekey_path) if source.privatekey_path is not None else None
    if pem is None or pem == read_file(place):
        return {}
    try:
        fits = keys.load(pem, source.privatekey_passphrase, "privatekey_path").public_key == certificate.public_key
    except OptionError:
        # What cannot be opened is taken for the certificate's, as long as there is no other one.
        fits = not os.path.lexists(place)
    if fits:
        return {place: pem}
    other = f"key-{hashlib.sha256(pem).hexdigest()[:16]}"
    return {os.path.join(os.path.dirname(os.path.dirname(place)), other, os.path.basename(place)): pem}


def _write(module: AnsibleModule, absent: Mapping[str, bytes]) -> None:
    # For whoever the task runs as alone, folders included.
    files = Files(module, Attributes({}, "0600", directory_mode="0700", homeless=frozenset(absent)))
    for path, contents in absent.items():
        files.prepare(path)
        files.create(Replacement("archive", path, contents, private=True))
    for folder in {os.path.dirname(os.path.dirname(path)) for path in absent}:
        sync_directory(folder)
        sync_directory(os.path.dirname(folder))
