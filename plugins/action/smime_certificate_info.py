# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_certificate_info, with its call made on the controller if ``api_from`` says so."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others
from ansible_collections.mailops.smime.plugins.module_utils._errors import SmimeError
from ansible_collections.mailops.smime.plugins.plugin_utils import _controller as controller

_SPEC = _argspec_others.info_options()
_NOTHING_ON_DISK = dict.fromkeys(_argspec_others.inspection_options())


class ActionModule(controller.ControllerAction):
    """Files are looked at on the target, the order from here."""

    known = controller.name_options(_SPEC)

    def make_blank(self) -> dict[str, Any]:
        """Return the keys that each result of the module has."""
        from ansible_collections.mailops.smime.plugins.module_utils import _info

        return _info.Inspection().to_result("")

    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Look at the files on the target, if there are any to look at, and ask the CA from here."""
        # Imported only now, as all that calls from here need: most tasks call from the target.
        from ansible_collections.mailops.smime.plugins.module_utils import _info
        from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
        from ansible_collections.mailops.smime.plugins.plugin_utils import _calls as calls

        options = self.read_options(_SPEC, self.args)
        if not rules.asks_ca(options):
            return self._look(task_vars)
        label = _info.find_label(options)
        try:
            # All of them, those of the files too: with nothing to look at, the target would not get to say so.
            _info.check_options(options)
        except SmimeError as error:
            return {**_info.Inspection(error=error).to_result(label), "failed": True}
        looked = self._look(task_vars) if options["paths"] else {"certificates": []}
        if looked.get("failed"):
            return looked
        access = calls.open_access(options)
        asked = _info.inspect({**options, **_NOTHING_ON_DISK}, lambda _clock: access.client)
        result = {**looked, **asked.to_result(label), "certificates": looked["certificates"]}
        if asked.warnings:
            result["warnings"] = [*looked.get("warnings", []), *asked.warnings]
        return {**result, "failed": asked.error is not None}

    def _look(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Return what the target says of its files, or of the options if there are none."""
        args = {name: value for name, value in controller.withhold(self.args).items() if name != "order_number"}
        return self.run_module(args, task_vars)
