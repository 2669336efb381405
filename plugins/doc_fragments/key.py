# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of key_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  privatekey_path:
    description:
      - The private key that the certificate must be for, in PEM, RSA or ECC.
      - The private key or the CSR is needed, since the certificate is found, and checked, by its public key.
      - Excludes O(privatekey_content).
    type: path
  privatekey_content:
    description:
      - The private key in PEM, in place of O(privatekey_path). It is not written anywhere.
    type: str
  privatekey_passphrase:
    description:
      - The passphrase of the private key, if it is encrypted.
    type: str
  csr_path:
    description:
      - The CSR (PKCS#10), in PEM or in base64 without BEGIN and END lines.
      - Without a CSR the order at the CA must have one already.
      - Excludes O(csr_content).
    type: path
  csr_content:
    description:
      - The CSR itself, in place of O(csr_path).
    type: str
  email:
    description:
      - The mailbox that the certificate must be for. Without it, any mailbox will do.
      - The domain is compared without regard to case and as A-labels, the local part without regard to ASCII case.
    type: str
"""
