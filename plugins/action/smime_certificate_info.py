# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_certificate_info, with its call made on the controller if ``api_from`` says so."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _argspec
from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
from ansible_collections.mailops.smime.plugins.plugin_utils import _relay_action as relays

_SPEC = {**relays.CALL_SPEC, **_argspec.query_options(), **_argspec.inspection_options()}


class ActionModule(relays.RelayAction):
    """Files are looked at on the target, the order from here."""

    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Look at the files on the target, if there are any to look at, and ask the CA from here."""
        options = self.read_options(_SPEC, self._task.args)
        looked: dict[str, Any] = {"changed": False, "certificates": []}
        if options["paths"] or not rules.asks_ca(options):
            args = {name: value for name, value in relays.withhold(self._task.args).items() if name != "order_number"}
            looked = self.run_module(args, task_vars)
            if looked.get("failed") or not rules.asks_ca(options):
                return looked
        from ansible_collections.mailops.smime.plugins.module_utils import _inspection

        access = self.open_access(options)
        asked = _inspection.inspect({**options, **_NOTHING_ON_DISK}, lambda _clock: access.client)
        if asked.missing is not None:
            raise asked.missing
        result = {**looked, **asked.to_result(_inspection.find_label(options)), "certificates": looked["certificates"]}
        return {**result, "failed": asked.error is not None}


_NOTHING_ON_DISK = dict.fromkeys(_argspec.inspection_options())
