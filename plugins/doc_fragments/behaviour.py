# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of behaviour_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  remaining_days:
    description:
      - The CA is asked for another certificate once the one on disk is valid for less than this many days.
    type: int
    default: 30
  force:
    description:
      - Whether to ask the CA even if the certificate on disk is good.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait for an order in process. The task fails if the certificate has not been issued by then.
      - With V(0), an order in process gives the status V(pending), and the task goes on.
    type: int
    default: 0
  poll_interval:
    description:
      - How many seconds lie between two questions while O(wait_timeout) runs.
      - The vendor asks not to poll more often than once every three hours.
    type: int
    default: 60
  trusted_roots_path:
    description:
      - A file of root certificates in PEM. The chain of the certificate must end in one of them.
      - The chain is validated as RFC 5280, section 6.1 says, without policies. Without this option it may end in any root that the CA sent.
      - Certificates in it that cannot be read, as bundles have them, are passed over with a warning.
    type: path
  check_revocation:
    description:
      - Whether to look if the certificate was revoked.
      - V(crl) asks the list of revoked certificates that the certificate names, over HTTP or HTTPS, once for all certificates of the task.
        The list must be signed by the certificate's issuer, be valid now, and be a whole one of that issuer (RFC 5280, section 6.3.3).
      - A certificate on disk that was revoked is asked for again, with the reason V(revoked). One that the CA sends and that was
        revoked is refused.
      - If no list can be had that counts, that is a warning, and RV(certificate.revocation) is V(unknown). Nothing else follows from it.
      - The list is fetched by the host that the module runs on, whatever O(api_from) says, within O(api_timeout) and 16 MiB, without
        redirects, through the proxies of the environment.
      - The issuer's certificate must be in one of the files of this certificate, or in O(trusted_roots_path).
      - There is no OCSP. It would tell a server at each look which mailbox is looked at, and cost a call for each certificate, and public
        CAs are giving it up for lists.
    type: str
    choices: [none, crl]
    default: none
"""
