# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options ask for, read and checked before anything is sent: from the module's parameters to values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Order, check_order, check_url
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import OUTPUTS, Output
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, request
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

# The least value that makes sense, by option.
_LEAST = {
    "remaining_days": 0,
    "wait_timeout": 0,
    "poll_interval": 1,
    "api_timeout": 1,
    "api_retries": 0,
}


@dataclass(frozen=True)
class Wanted:
    """One certificate as the options describe it. ``public_key`` is SubjectPublicKeyInfo in DER; ``csr`` is PEM."""

    outputs: Mapping[Output, str]
    path: str
    public_key: bytes
    csr: str | None
    email: str | None
    order: Order
    trusted: tuple[Certificate, ...] | None
    remaining_days: int
    force: bool
    wait_timeout: int
    poll_interval: int

    @property
    def needs_root(self) -> bool:
        """Tell whether a file is wanted that holds the root."""
        return any(output.needs_root for output in self.outputs)

    @property
    def needs_chain(self) -> bool:
        """Tell whether a file is wanted that takes more than the end entity."""
        return self.needs_root or any(output.needs_chain for output in self.outputs)

    def label(self) -> str:
        """Return how messages call this certificate."""
        return label(self.email, self.path, self.order)


def label(email: str | None, path: str, order: Order) -> str:
    """Return how messages call a certificate: its mailbox, or else its file, and its order."""
    return f"{email or path} ({order.label()})"


def load(params: Mapping[str, Any], files: Files) -> Wanted:
    """Return what ``params`` ask for. Raises OptionError or FileError that names the option at fault."""
    _check_numbers(params)
    check_url(params["api_url"])
    order = read_order(params)
    check_order(order)
    _check_email(params["email"])
    outputs = {output: params[output.option] for output in OUTPUTS if params[output.option] is not None}
    _check_distinct({**{output.option: path for output, path in outputs.items()}, **_input_paths(params)})
    public_key, csr = _load_public_key(params, files)
    return Wanted(
        outputs=outputs,
        path=params["path"],
        public_key=public_key,
        csr=csr.pem if csr is not None else None,
        email=params["email"],
        order=order,
        trusted=_load_trusted(params["trusted_roots_path"], files),
        remaining_days=params["remaining_days"],
        force=params["force"],
        wait_timeout=params["wait_timeout"],
        poll_interval=params["poll_interval"],
    )


def read_order(params: Mapping[str, Any]) -> Order:
    """Return the order that ``params`` name, as they give it."""
    return Order(params["order_number"], params["login_name"], params["login_password"], params["collection_code"])


def _check_numbers(params: Mapping[str, Any]) -> None:
    for option, least in _LEAST.items():
        if params[option] < least:
            raise OptionError(f"{option}: {params[option]} is less than {least}", hint=f"Give {least} or more.")


def _check_email(email: str | None) -> None:
    if email is None:
        return
    try:
        address.normalize(email)
    except ValueError as error:
        raise OptionError(f"email: {error}", hint="Give the address of one mailbox.") from error


def _input_paths(params: Mapping[str, Any]) -> dict[str, str]:
    options = ("privatekey_path", "csr_path", "trusted_roots_path")
    return {option: params[option] for option in options if params[option] is not None}


def _check_distinct(paths: Mapping[str, str]) -> None:
    """Refuse one path for two files: writing one would destroy the other, and a private key is never overwritten."""
    seen: dict[str, str] = {}
    for option, path in paths.items():
        if path in seen:
            raise OptionError(
                f"{seen[path]} and {option} are the same file: {path}", hint="Give each file its own path."
            )
        seen[path] = option


def _load_public_key(params: Mapping[str, Any], files: Files) -> tuple[bytes, request.CertificateRequest | None]:
    key_option, key_pem = _read_input(params, "privatekey_path", "privatekey_content", files)
    csr_option, csr_data = _read_input(params, "csr_path", "csr_content", files)
    csr = request.load(csr_data, csr_option) if csr_data is not None else None
    if key_pem is None:
        if csr is None:
            raise OptionError(
                "missing: privatekey_path, privatekey_content, csr_path or csr_content",
                hint="Give the private key or the CSR: the certificate is found, and checked, by its public key.",
            )
        return csr.public_key, csr
    key = keys.load(key_pem, params["privatekey_passphrase"], key_option)
    if csr is not None and csr.public_key != key.public_key:
        raise OptionError(
            f"the CSR of {csr_option} is for another key than the private key of {key_option}",
            hint="Give the key that the CSR was made with, or make a CSR for this key.",
        )
    return key.public_key, csr


def _read_input(
    params: Mapping[str, Any], path_option: str, content_option: str, files: Files
) -> tuple[str, bytes | None]:
    """Return the option that was given, and its contents: from the file of ``path_option``, or of ``content_option`` itself."""
    path, content = params[path_option], params[content_option]
    if path is not None and content is not None:
        raise OptionError(f"{path_option} and {content_option} exclude each other", hint="Give one of them.")
    if path is None:
        return content_option, content.encode() if content is not None else None
    data = files.read(path)
    if data is None:
        raise FileError(f"{path_option}: {path} does not exist", hint=f"Create it first, or correct {path_option}.")
    return f"{path_option} ({path})", data


def _load_trusted(path: str | None, files: Files) -> tuple[Certificate, ...] | None:
    if path is None:
        return None
    data = files.read(path)
    if data is None:
        raise FileError(f"trusted_roots_path: {path} does not exist", hint="Give a PEM file of root certificates.")
    try:
        roots = certificates.load_pem(data)
    except ValueError as error:
        raise OptionError(
            f"trusted_roots_path: {path} holds a damaged certificate: {error}",
            hint="Give a PEM file of root certificates.",
        ) from error
    if not roots:
        raise OptionError(
            f"trusted_roots_path: {path} holds no certificate", hint="Give a PEM file of root certificates."
        )
    return tuple(roots)
