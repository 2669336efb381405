# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of files_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - Where the end-entity certificate is, or is to be written, in PEM.
    type: path
    required: true
  chain_path:
    description:
      - Where the intermediates go, in PEM, the issuer of the end entity first, without the root.
    type: path
  fullchain_path:
    description:
      - Where the end entity and the intermediates go, in PEM.
    type: path
  root_path:
    description:
      - Where the root goes, in PEM.
    type: path
  der_path:
    description:
      - Where the end entity goes, in DER, as LDAP's C(userCertificate;binary) takes it.
    type: path
  pkcs7_path:
    description:
      - Where the end entity and the intermediates go, as certs-only PKCS#7 in DER, as LDAP's C(userSMIMECertificate) takes it.
    type: path
  combined_path:
    description:
      - Where the private key, exactly as it stands on disk, and then the end entity go, in PEM. This is what signing-milter reads.
      - The private key must not be encrypted.
    type: path
  pkcs12_path:
    description:
      - Where the private key, the end entity and the intermediates go, as PKCS#12, for import into a mail client.
    type: path
  pkcs12_passphrase:
    description:
      - The passphrase that the PKCS#12 is encrypted with, of at least 4 characters. Without it, the file is not encrypted.
      - Another passphrase rewrites the file, and only that.
    type: str
  pkcs12_friendly_name:
    description:
      - The name under which mail clients show the certificate. Without it, the mailbox is the name.
    type: str
  pkcs12_encryption:
    description:
      - V(modern) is AES-256 with SHA-256, and needs C(cryptography) 38 or newer on the target.
      - V(legacy) is 3DES with SHA-1, for older iOS and Outlook, which read nothing else.
    type: str
    choices: [modern, legacy]
    default: modern
  private_mode:
    description:
      - The permissions of files that hold the private key, as O(mode) has them for the others.
    type: raw
    default: '0600'
  backup:
    description:
      - Whether to keep a copy, with a timestamp in its name, of every file that is replaced.
    type: bool
    default: false
"""
