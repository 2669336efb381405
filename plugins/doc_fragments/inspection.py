# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of inspection_options() in module_utils/_argspec_others.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what is looked at on disk."""

    DOCUMENTATION = r"""
options:
  paths:
    description:
      - The certificates to look at, in PEM or DER. The first certificate of a file counts.
      - Patterns such as V(/etc/smime/*/cert.pem) are expanded. A file that cannot be read is reported and does not fail the task.
    type: list
    elements: path
  privatekey_path:
    description:
      - The private key that the certificate must be for. Needs O(paths) to be one file.
    type: path
  privatekey_passphrase:
    description:
      - The passphrase of the private key, if it is encrypted.
    type: str
  chain_path:
    description:
      - The intermediates of the certificate, in PEM. Needs O(paths) to be one file.
    type: path
  email:
    description:
      - The mailbox that the certificate must be for. Needs O(paths) to be one file.
    type: str
  trusted_roots_path:
    description:
      - A file of root certificates in PEM, in one of which the chain must end.
      - Certificates in it that cannot be read, as bundles have them, are passed over with a warning.
    type: path
"""
