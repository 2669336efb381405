# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of inspection_options() in module_utils/_argspec.py."""

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
  check_revocation:
    description:
      - Whether to look if the certificates of O(paths) were revoked.
      - V(crl) asks the list of revoked certificates that each certificate names, over HTTP or HTTPS, each list once. It must be signed by
        the certificate's issuer, be valid now, and be a whole one of that issuer (RFC 5280, section 6.3.3).
      - If no list can be had that counts, that is a warning, and RV(certificates[].revocation) is V(unknown).
      - The list is fetched by the host that the module runs on, whatever O(api_from) says, within O(api_timeout) and 16 MiB, without
        redirects, through the proxies of the environment.
      - The issuer's certificate must be in one of the files of O(paths), O(chain_path) or O(trusted_roots_path).
      - There is no OCSP. It would tell a server at each look which mailbox is looked at, and cost a call for each certificate, and public
        CAs are giving it up for lists.
    type: str
    choices: [none, crl]
    default: none
"""
