# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new key for each renewal: it waits beside the old one until its certificate is verified, then the pair is exchanged.

The old pair and the new one are archived, the outputs are written, ``path`` as their last, then the key is replaced, and the
one that waited goes. So at any moment the certificate at ``path`` has its key at ``privatekey_path`` or waiting beside it, and
what a killed run leaves tells the next one where to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _archive as archives
from ansible_collections.mailops.smime.plugins.module_utils import _new_key
from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
from ansible_collections.mailops.smime.plugins.module_utils import _spec as specs
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys

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
    if not params["privatekey_rollover"]:
        return spec
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
        key_to_create=_new_key.read_key_spec(params) if waiting is None else None,
        exchanged_path=spec.key_path,
        archived=archives.find_certificates(spec, public_key, files) if public_key is not None else (),
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
