# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of revocation_options() and cache_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of how revoked certificates are noticed."""

    DOCUMENTATION = r"""
options:
  check_revocation:
    description:
      - Whether to look if certificates were revoked.
      - V(crl) asks the list of revoked certificates that a certificate names, over HTTP or HTTPS, once for all certificates of the task.
        The list must be signed by the certificate's issuer, be valid now, and be a whole one of that issuer (RFC 5280, section 6.3.3).
      - For M(mailops.smime.smime_certificate), V(revoked) is a reason to ask the CA for another certificate, and one that the CA sends
        and that was revoked is refused.
      - If the list cannot be fetched, or cannot be relied on, that is a warning, and C(revocation) of the certificate is V(unknown).
        Nothing else follows.
      - The list is fetched by the host that the module runs on, whatever O(api_from) says, within O(api_timeout) and 16 MiB, without
        redirects, through the proxies of the environment.
      - The certificate's issuer, who signs the list, must be in one of the files that are looked at, or in O(trusted_roots_path).
      - There is no OCSP. It would tell a server at each look which mailbox is looked at, and cost a call for each certificate, and public
        CAs are giving it up for lists.
    type: str
    choices: [none, crl]
    default: none
  crl_cache_path:
    description:
      - A folder that keeps the lists of revoked certificates that O(check_revocation=crl) fetches, until the next one of each is due.
        It is made if it is missing. Without it, they are fetched once for each task.
      - What is kept there is checked like a list that was just fetched. Check mode reads it and writes nothing.
    type: path
"""
