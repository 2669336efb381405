# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and texts that options bring: private key, CSR, certificates to trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import request


def load_csr(params: Mapping[str, Any], files: Files) -> tuple[str, request.CertificateRequest | None]:
    """Return the option that gave the CSR, and the CSR, None if there is none. Raises OptionError, FileError."""
    option, data = _read_input(params, "csr_path", "csr_content", files)
    if data is None:
        return option, None
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import request

    return option, request.load(data, option)


def load_key(params: Mapping[str, Any], files: Files) -> keys.PrivateKey | None:
    """Return the private key, or None if there is none, or none yet. Raises OptionError, FileError."""
    may_be_missing = params["privatekey_create"]
    option, data = _read_input(params, "privatekey_path", "privatekey_content", files, may_be_missing=may_be_missing)
    return keys.load(data, params["privatekey_passphrase"], option) if data is not None else None


def _read_input(
    params: Mapping[str, Any], path_option: str, content_option: str, files: Files, *, may_be_missing: bool = False
) -> tuple[str, bytes | None]:
    """Return the option that was given, and its contents: from the file of ``path_option``, or of ``content_option`` itself."""
    path, content = params[path_option], params[content_option]
    if path is not None and content is not None:
        raise OptionError(f"{path_option} and {content_option} exclude each other", hint="Give one of them.")
    if path is None:
        return content_option, content.encode(errors="replace") if content is not None else None
    data = files.read(path)
    if not may_be_missing:
        require_file(path_option, path, data)
    return f"{path_option} ({path})", data


def require_file(option: str, path: str, data: bytes | None) -> bytes:
    """Return ``data``, which was read from ``path``. Raises FileError if there was no such file."""
    if data is None:
        raise FileError(f"{option}: {path} does not exist", hint=f"Create it first, or correct {option}.")
    return data


def load_certificates(
    option: str, path: str | None, read: Callable[[str], bytes | None]
) -> tuple[Certificate, ...] | None:
    """Return the certificates of the PEM file that ``option`` names, or None without one. Raises OptionError, FileError."""
    if path is None:
        return None
    data = require_file(option, path, read(path))
    hint = "Give a file of certificates in PEM."
    try:
        found = certificates.load_pem(data)
    except ValueError as error:
        raise OptionError(f"{option}: {path} holds a damaged certificate: {error}", hint=hint) from error
    if not found:
        raise OptionError(f"{option}: {path} holds no certificate", hint=hint)
    return tuple(found)
