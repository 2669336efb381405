# Copyright (c) 2026, mailops.smime contributors
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
"""
