# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of the collection promises."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - cryptography >= 3.4.8 on the target
  - requests >= 2.25 on the host that calls the CA
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
  async:
    description: Supports use with the C(async) keyword.
    support: partial
    details:
      - Not with O(api_from=controller).
  safe_file_operations:
    description: Uses Ansible's strict file operation functions to ensure proper permissions and avoid data corruption.
    support: full
    details:
      - Not with Ansible's own functions, but with stricter ones. A path is opened step by step, and files are replaced atomically.
  platform:
    description: Target OS that can be operated against.
    support: full
    platforms: posix
  action_group:
    description: Use C(group/mailops.smime.smime) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mailops.smime.smime
"""
