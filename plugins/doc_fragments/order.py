# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of order_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  order_number:
    description:
      - The number of the order at the CA, at most 128 characters.
      - Required together with O(login_name) and O(login_password), unless O(collection_code) is given.
    type: str
  login_name:
    description:
      - The name of the account at the CA, at most 64 characters, case-sensitive.
      - If not given, the environment variable E(SMIME_LOGIN_NAME) is used.
    type: str
  login_password:
    description:
      - The password of the account at the CA, 4 to 128 characters, case-sensitive. Ansible hides a secret wherever it stands, and a
        shorter one stands everywhere.
      - If not given, the environment variable E(SMIME_LOGIN_PASSWORD) is used.
    type: str
  collection_code:
    description:
      - The order's own code, 4 to 16 characters. It opens this one order and needs no account.
      - If it is given, the account's login is not sent, even if that is given too.
    type: str
"""
