# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module whose options hold a list of mailboxes, with secrets in its entries."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule


class ListModule(AnsibleModule):  # type: ignore[misc]
    """Names the entries of ``certificates`` in the host's log by their mailboxes alone.

    Ansible writes the list as Python does, and then looks for the secrets as they were given: one with a line break or a
    quote in it stands there in another form, and would stay. A private key always has line breaks.
    """

    params: dict[str, Any]

    def _log_invocation(self) -> None:
        params = self.params
        self.params = {**params, "certificates": [entry["email"] for entry in params["certificates"]]}
        try:
            super()._log_invocation()
        finally:
            self.params = params
