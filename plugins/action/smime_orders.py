# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_orders where its journal is, and takes the account nowhere else."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smime.plugins.module_utils import _argspec
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.plugin_utils import _controller as controller


class ActionModule(ActionBase):  # type: ignore[misc]
    """The module, once its options are known to be some."""

    _supports_check_mode = True
    _supports_async = False
    known = controller.name_options(_argspec.orders_options())

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            self._check()
            result.update(self._execute_module(task_vars=task_vars))
        except OptionError as error:
            result.update(failed=True, changed=False, msg=f"{error.message}. {error.hint}", error=error.describe())
        return result

    def _check(self) -> None:
        """Raise OptionError if the account would leave for a host that it is not meant for, with a misspelled option, say."""
        unknown = controller.find_unknown(self._task.args, self.known)
        if unknown:
            raise OptionError(
                f"Unsupported parameters for ({self._task.action}) module: {', '.join(unknown)}",
                hint=f"Supported parameters include: {', '.join(sorted(self.known))}.",
            )
        if self._task.args.get("api_from") == "controller" and self._connection.transport != "local":
            raise OptionError(
                "api_from: controller, and the task would run on another host",
                hint="This module runs where its journal is, and calls the CA from there: give the task delegate_to: localhost.",
            )
