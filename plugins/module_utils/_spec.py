# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options ask for, read and checked before anything is sent: from the module's parameters to values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, WaitPolicy
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import (
    COMBINED,
    OUTPUTS,
    PKCS12,
    Output,
    OutputOptions,
)
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

Warn = Callable[[str], None]

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import request
    from ansible_collections.mailops.smime.plugins.module_utils._x509.key import KeySpec


class CertificateSpec(NamedTuple):
    """One certificate as the options describe it.

    ``public_key`` is SubjectPublicKeyInfo in DER, or None as long as ``key_to_create`` is not at ``key_path``. ``csr`` is the
    given CSR in PEM, ``request_options`` what a request built from the key says if there is none.
    ``successor`` is the same certificate with the key that a renewal gets: it waits at its own ``key_path``, to be exchanged for
    the one at its ``exchanged_path``, and ``archived`` is what is kept of its certificates. ``checks_revocation`` says that lists
    of revoked certificates are asked, and ``revoked`` are those on disk that one of them names.
    """

    path: str
    outputs: Mapping[Output, str]
    output_options: OutputOptions
    public_key: bytes | None
    key_path: str | None
    key_to_create: KeySpec | None
    csr: str | None
    request_options: Mapping[str, Any] | None
    email: str | None
    order: Order
    trusted: tuple[Certificate, ...] | None
    remaining_days: int
    force: bool
    wait_policy: WaitPolicy
    archive_path: str | None = None
    successor: CertificateSpec | None = None
    exchanged_path: str | None = None
    archived: tuple[Certificate, ...] = ()
    checks_revocation: bool = False
    revoked: frozenset[Certificate] = frozenset()

    @property
    def needs_root(self) -> bool:
        """Tell whether a file is wanted that holds the root."""
        return any(output.needs_root for output in self.outputs)

    @property
    def needs_chain(self) -> bool:
        """Tell whether a file is wanted that takes more than the end entity."""
        return self.needs_root or any(output.needs_chain for output in self.outputs)

    @property
    def own_paths(self) -> list[str]:
        """Return the files of this certificate alone."""
        own = (self.key_path, self.exchanged_path)
        return [*self.outputs.values(), *(path for path in own if path is not None)]

    @property
    def written_paths(self) -> list[str]:
        """Return where something may be written."""
        keys_to_write = (self.key_path if self.key_to_create is not None else None, self.exchanged_path)
        return [*self.outputs.values(), *(path for path in keys_to_write if path is not None)]

    @property
    def has_csr(self) -> bool:
        """Tell whether there is a CSR to submit, given or to be built."""
        return self.csr is not None or self.request_options is not None

    def label(self) -> str:
        """Return how messages call this certificate."""
        return options.label(self.email, self.path, self.order)


def load(params: Mapping[str, Any], files: Files, warn: Warn) -> CertificateSpec:
    """Return what ``params`` ask for; ``warn`` takes what is passed over. Raises OptionError or FileError, by the option's name."""
    order = options.check(params)
    outputs = {output: params[output.option] for output in OUTPUTS if params[output.option] is not None}
    options.check_distinct(params, (output.option for output in outputs))
    csr_option, csr = load_csr(params, files)
    key = load_key(params, files)
    key_to_create = None
    if key is None and params["privatekey_create"]:
        # Imported only now: few runs create a key.
        from ansible_collections.mailops.smime.plugins.module_utils import _new_key

        key_to_create = _new_key.plan_key(params, csr_option)
    _check_identity(params, key, key_to_create, csr, csr_option)
    output_options = OutputOptions(
        key, params["pkcs12_passphrase"], params["pkcs12_friendly_name"], params["pkcs12_encryption"]
    )
    own = key if key is not None else csr
    spec = CertificateSpec(
        path=params["path"],
        outputs=outputs,
        output_options=output_options,
        public_key=own.public_key if own is not None else None,
        key_path=params["privatekey_path"],
        key_to_create=key_to_create,
        csr=csr.pem if csr is not None else None,
        request_options=_read_request_options(params) if csr is None else None,
        email=params["email"],
        order=order,
        trusted=load_certificates("trusted_roots_path", params["trusted_roots_path"], files.read_shared, warn),
        remaining_days=params["remaining_days"],
        force=params["force"],
        checks_revocation=params["check_revocation"] == "crl",
        wait_policy=WaitPolicy(params["wait_timeout"], params["poll_interval"]),
        archive_path=params["archive_path"],
    )
    check_outputs(spec)
    return spec


def _read_request_options(params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a request built from the private key says, or None if there is no mailbox to put into one."""
    needing = [option for option in ("privatekey_create", "subject", "ms_template") if params[option]]
    if params["email"] is None:
        if needing:
            raise OptionError(f"{needing[0]} needs email", hint="Give the mailbox that the request is to be for.")
        return None
    return {option: params[option] for option in ("email", "subject", "ms_template")}


def _check_identity(
    params: Mapping[str, Any],
    key: keys.PrivateKey | None,
    key_to_create: KeySpec | None,
    csr: request.CertificateRequest | None,
    csr_option: str,
) -> None:
    if key is None and csr is None and key_to_create is None:
        raise OptionError(
            "missing: privatekey_path, privatekey_content, csr_path or csr_content",
            hint="Give the private key or the CSR: the certificate is found, and checked, by its public key.",
        )
    if key is not None and csr is not None and csr.public_key != key.public_key:
        given = params["privatekey_path"] or "privatekey_content"
        raise OptionError(
            f"the CSR of {csr_option} is for another key than the private key of {given}",
            hint="Give the key that the CSR was made with, or make a CSR for this key.",
        )


def check_outputs(spec: CertificateSpec) -> None:
    """Raise OptionError for outputs that cannot be made of this key."""
    outputs, said, key_to_create = spec.outputs, spec.output_options, spec.key_to_create
    needing = [output.option for output in outputs if output.private]
    if needing and said.key is None and key_to_create is None:
        raise OptionError(f"{needing[0]} needs the private key", hint="Give privatekey_path or privatekey_content.")
    encrypted = said.key.encrypted if said.key is not None else bool(key_to_create and key_to_create.passphrase)
    if COMBINED in outputs and encrypted:
        raise OptionError(
            "combined_path needs a private key that is not encrypted: what reads that file cannot ask for a passphrase",
            hint="Give a key without passphrase, or leave combined_path out.",
        )
    if said.pkcs12_passphrase == "":
        raise OptionError("pkcs12_passphrase is empty", hint="Give a passphrase, or leave pkcs12_passphrase out.")
    if PKCS12 in outputs:
        from ansible_collections.mailops.smime.plugins.module_utils._x509 import containers

        containers.choose_encryption(said.pkcs12_passphrase, said.pkcs12_encryption)


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
    option: str, path: str | None, read: Callable[[str], bytes | None], warn: Warn
) -> tuple[Certificate, ...] | None:
    """Return the certificates of the PEM file that ``option`` names, or None without one. Raises OptionError, FileError.

    ``warn`` takes what is to be told of those that cannot be read.
    """
    if path is None:
        return None
    data = require_file(option, path, read(path))
    found, passed_over = certificates.load_readable_pem(data)
    if not found:
        said = "that can be read" if passed_over else "at all"
        raise OptionError(f"{option}: {path} holds no certificate {said}", hint="Give a file of certificates in PEM.")
    if passed_over:
        warn(f"{option}: {path}: {passed_over}")
    return found
