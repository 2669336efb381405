# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_orders where its journal is, and takes the account nowhere else."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.plugin_utils import _controller as controller


class ActionModule(controller.ControllerAction):
    """Orders: the module itself calls the CA, and the account goes to no host that it is not meant for."""

    known = controller.name_options(_argspec_others.orders_options())

    def make_blank(self) -> dict[str, Any]:
        """Return the keys that each result of the module has."""
        from ansible_collections.mailops.smime.plugins.module_utils import _orders

        return _orders.make_blank()

    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Return the result of the module, which runs here."""
        return self._run_on_target(task_vars)

    def _calls_from_here(self) -> bool:
        if super()._calls_from_here() and not self.runs_here:
            raise OptionError(
                "api_from: controller, and the task would run on another host",
                hint="This module runs where its journal is, and calls the CA from there: give the task delegate_to: localhost.",
            )
        return False
