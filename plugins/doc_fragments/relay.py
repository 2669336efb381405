# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of relay_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what passes between an action plugin and its module."""

    DOCUMENTATION = r"""
options:
  _relay:
    description:
      - Internal, for O(api_from=controller). The module's own action plugin sets it; do not use it in playbooks.
    type: dict
"""
