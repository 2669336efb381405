# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of journal_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  orders_path:
    description:
      - The journal of M(mailops.smime.smime_orders). It gives the collection code, or else the number, of the mailbox's newest order, where
        neither O(order_number) nor O(collection_code) is given. The number needs O(login_name) and O(login_password).
      - It is read only where the CA is to be asked. Without an order of the mailbox that could be collected, that fails.
      - What the CA answers is noted in it, and that the certificate was collected.
      - With O(api_from=controller), it is a file on the controller, and the code does not get to the target.
    type: path
"""
