# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate is written as: one row an output. Bytes in, bytes out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Callable, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import PrivateKey
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._store.structures import Structure


class OutputOptions(NamedTuple):
    """What outputs take beside certificates: the private key, and the options of PKCS#12."""

    key: PrivateKey | None = None
    pkcs12_passphrase: str | None = None
    pkcs12_friendly_name: str | None = None
    pkcs12_encryption: str = "modern"
    # Public keys of private ones that are kept elsewhere, so that they may be replaced.
    archived_keys: tuple[bytes, ...] = ()

    @property
    def safe_keys(self) -> tuple[bytes, ...]:
        """Return the public keys of what a file with a key may hold before it is replaced, the new key's first."""
        return (*((self.key.public_key,) if self.key is not None else ()), *self.archived_keys)

    @property
    def passphrases(self) -> tuple[str, ...]:
        """Return what may open a file that is to be replaced."""
        return (self.pkcs12_passphrase,) if self.pkcs12_passphrase else ()

    def __repr__(self) -> str:
        return "OutputOptions(...)"


class Output(NamedTuple):
    """One kind of file: its option, which certificates it holds in PEM, and what it takes.

    Without ``select`` it is no PEM of certificates alone, but a structure.
    """

    kind: str
    option: str
    select: Callable[[CertificateSet], tuple[Certificate, ...]] | None = None
    needs_chain: bool = False
    needs_root: bool = False
    private: bool = False

    def encode(self, issued: CertificateSet, options: OutputOptions) -> bytes:
        """Return the contents. Raises OptionError."""
        if self.select is None:
            return self._find_structure().encode(issued, options)
        return b"".join(item.to_pem() for item in self.select(issued)) + self._note(issued)

    def is_current(self, data: bytes, issued: CertificateSet, options: OutputOptions) -> bool:
        """Tell whether ``data`` has these contents, whatever its bytes. Raises ValueError for a file that cannot be read."""
        if self.select is None:
            return self._find_structure().is_current(data, issued, options)
        found, wanted = certificates.load_pem(data), list(self.select(issued))
        if self.kind == "certificate":
            # Software that reads a certificate takes the first of its file, and so does this.
            return found[:1] == wanted
        return found == wanted and self._note(issued) in data

    def read_certificates(self, data: bytes, options: OutputOptions) -> list[Certificate]:
        """Return the certificates in ``data``. Raises ValueError for a file that cannot be read."""
        if self.select is None:
            return self._find_structure().read_certificates(data, options)
        return certificates.load_pem(data)

    def holds_end_entity(self, known: CertificateSet | None) -> bool:
        """Tell whether another end entity makes another file; ``known`` is the chain as it is now, if it is."""
        if self.kind == "chain":
            # What says that there are no intermediates says for whom.
            return known is not None and not known.intermediates
        return self.kind != "root"

    def _note(self, issued: CertificateSet) -> bytes:
        return note(issued) if self.needs_chain and not issued.intermediates else b""

    def _find_structure(self) -> Structure:
        # Imported only now: most runs have none.
        from ansible_collections.mailops.smime.plugins.module_utils._store.structures import STRUCTURES

        return STRUCTURES[self.kind]


def note(issued: CertificateSet) -> bytes:
    """Return what stands in place of intermediates where there are none, so that an empty file is not taken for them.

    Text outside of the blocks is no part of PEM (RFC 7468, section 2).
    """
    fingerprint = hashlib.sha256(issued.end_entity.der).hexdigest()
    return f"# Issued by the root itself, without intermediates: SHA-256 {fingerprint}\n".encode("ascii")


CERTIFICATE = Output("certificate", "path", lambda issued: (issued.end_entity,))
COMBINED = Output("combined", "combined_path", private=True)
PKCS12 = Output("pkcs12", "pkcs12_path", needs_chain=True, private=True)

# In the order of writing: path comes last, so that a run that dies on the way is finished by the next one.
OUTPUTS = (
    Output("root", "root_path", lambda issued: (issued.root,) if issued.root is not None else (), needs_root=True),
    Output("chain", "chain_path", lambda issued: issued.intermediates, needs_chain=True),
    Output("fullchain", "fullchain_path", lambda issued: issued.chain, needs_chain=True),
    Output("der", "der_path"),
    Output("pkcs7", "pkcs7_path", needs_chain=True),
    PKCS12,
    COMBINED,
    CERTIFICATE,
)
