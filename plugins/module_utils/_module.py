# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module whose options hold a list of mailboxes, with secrets in its entries."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule


class ListModule(AnsibleModule):  # type: ignore[misc]
    """Takes the list ``certificates``, in a time that does not grow with what its entries leave out, and logs no secret of them.

    An option that no entry gives is missing in the entries, where Ansible would have filled in None.
    """

    params: dict[str, Any]
    argument_spec: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Ansible is content with an option that is there and null.
        entries = self.params["certificates"]
        if entries is None:
            self.fail_json(msg="missing required arguments: certificates")
        if any(entry["email"] is None for entry in entries):
            self.fail_json(msg="missing required arguments: email found in certificates")

    def _load_params(self) -> None:
        super()._load_params()
        self.argument_spec = _narrow(self.argument_spec, self.params.get("certificates"))

    def _log_invocation(self) -> None:
        """Name the entries in the host's log by their mailboxes alone.

        Ansible writes the list as Python does, and then looks for the secrets as they were given: one with a line break or
        a quote in it stands there in another form, and would stay. A private key always has line breaks.
        """
        params = self.params
        self.params = {**params, "certificates": [entry["email"] for entry in params["certificates"] or []]}
        try:
            super()._log_invocation()
        finally:
            self.params = params


def _narrow(spec: dict[str, Any], entries: object) -> dict[str, Any]:
    """Return ``spec`` with only those of the entries' options that one of ``entries`` has: Ansible looks at each in each entry."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return spec
    whole = spec["certificates"]["options"]
    given = {name for entry in entries for name in entry}
    if not given <= whole.keys():
        # Ansible's message names all that there are.
        return spec
    narrow = {name: option for name, option in whole.items() if name in given or option.get("required")}
    return {**spec, "certificates": {**spec["certificates"], "options": narrow}}
