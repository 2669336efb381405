# Copyright: (c) 2026, mailops.smime contributors
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
  backup:
    description:
      - Whether to keep a copy, with a timestamp in its name, of every file that is replaced.
    type: bool
    default: false
"""
