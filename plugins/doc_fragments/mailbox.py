# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of mailbox_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of whose certificate it is."""

    DOCUMENTATION = r"""
options:
  email:
    description:
      - The mailbox that the certificate must be for. Without it, any mailbox will do.
      - The domain is compared without regard to case and as A-labels, the local part without regard to ASCII case.
      - It is the bare address, as V(alice@example.test), without a name, brackets or C(mailto:) (RFC 5321, section 4.1.2).
    type: str
"""
