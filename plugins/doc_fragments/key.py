# Copyright (c) 2026, mailops.smime contributors
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
      - The private key that the certificate must be for, in PEM, RSA or ECC. An existing key is never changed or replaced.
      - The private key or the CSR is needed, since the certificate is found, and checked, by its public key.
      - Excludes O(privatekey_content).
    type: path
  privatekey_content:
    description:
      - The private key in PEM, in place of O(privatekey_path). It is not written anywhere.
    type: str
  privatekey_passphrase:
    description:
      - The passphrase of the private key, if it is encrypted, of at least 4 characters. A key that is created is encrypted with it.
    type: str
  csr_path:
    description:
      - The CSR (PKCS#10), in PEM or in base64 without BEGIN and END lines.
      - Without a CSR, one is built from the private key if the mailbox (C(email)) is given.
        Otherwise the order at the CA must have one already.
      - Excludes O(csr_content).
    type: path
  csr_content:
    description:
      - The CSR itself, in place of O(csr_path).
    type: str
  privatekey_create:
    description:
      - Whether to create the private key if there is no file at O(privatekey_path) when the CA is to be asked. Needs C(email).
      - The key is on disk and synced before its request leaves the host.
    type: bool
    default: false
  privatekey_rollover:
    description:
      - Whether each renewal gets a new key. Needs O(privatekey_create) and O(archive_path), and excludes a CSR and O(privatekey_content).
      - The new key waits beside the old one, as C(PATH.next), until its certificate has passed every check. Until then the old pair
        stays where it is. Then both pairs are archived, and certificate and key are exchanged, the key last. What a run that was
        killed has left, the next one finishes.
      - A new key needs a new order. While the old one is given, the task says that a new one is due.
    type: bool
    default: false
  archive_path:
    description:
      - A folder that keeps each pair of certificate and private key that was ever there, as C(EMAIL/SERIAL/cert.pem), C(chain.pem) and
        C(privkey.pem). Mail that was encrypted to a certificate can be read with its private key only, long after it has expired.
      - Nothing in it is ever replaced or deleted. Folders and files are for the user alone that the task runs as.
      - What is there is kept before anything is replaced, and what is new before it is used. Needs C(email).
    type: path
  privatekey_type:
    description:
      - The type of a key that is created.
    type: str
    choices: [RSA, ECC]
    default: RSA
  privatekey_size:
    description:
      - The size in bits of an RSA key that is created.
    type: int
    choices: [2048, 3072, 4096]
    default: 2048
  privatekey_curve:
    description:
      - The curve of an ECC key that is created.
    type: str
    choices: [secp256r1, secp384r1, secp521r1]
    default: secp256r1
  subject:
    description:
      - The subject of a CSR that is built from the private key, by attribute, as in C(CN) or C(commonName), with one value or a list.
      - Put a value that looks like a number in quotes, since YAML would read the postal code C(01067) as 567.
      - Without it, the mailbox is the common name.
      - It goes into a built CSR only. A given CSR is sent as it is.
    type: dict
  ms_template:
    description:
      - The Microsoft certificate template for a CSR that is built from the private key.
      - Give either O(ms_template.name) or O(ms_template.oid).
    type: dict
    suboptions:
      name:
        description: The name of a version 1 template, such as V(User).
        type: str
      oid:
        description: The OID of a version 2 template.
        type: str
      major:
        description: The major version of the template O(ms_template.oid).
        type: int
      minor:
        description: The minor version of the template. Needs O(ms_template.major).
        type: int
"""
