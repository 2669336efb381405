# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_certificate, with its calls made on the controller if ``api_from`` says so."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible_collections.mailops.smime.plugins.module_utils import _argspec
from ansible_collections.mailops.smime.plugins.plugin_utils import _controller as controller


class ActionModule(controller.ControllerAction):
    """One certificate."""

    known = controller.name_options({**_argspec.single_options(), **FILE_COMMON_ARGUMENTS})

    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Look on the target, ask from here, write on the target."""
        # Imported only now, as all that calls from here need: most tasks call from the target.
        from ansible_collections.mailops.smime.plugins.module_utils import _lifecycle, _remote_ca
        from ansible_collections.mailops.smime.plugins.plugin_utils import _calls as calls

        options = self.read_options(controller.CALL_SPEC, self.args)
        refusal = calls.find_refusal(options, self.args.get("email"))
        if refusal is not None:
            return calls.describe_failure(refusal, options, self.args)
        orders = self.open_orders()
        orders.read(options)
        args = controller.withhold(self.args)
        looked = self.run_module({**args, _remote_ca.OPTION: {"phase": _remote_ca.LOOK}}, task_vars)
        question = looked.pop("question", None)
        if question is None:
            return looked
        options = orders.find(0, options, self.args.get("email"))
        access = calls.open_access(options)
        call = calls.open_call(access, options, question)
        _lifecycle.carry_out([call], access.clock)
        relay = {
            "phase": _remote_ca.WRITE,
            "answers": {"0": calls.answer(call, looked.get("files", []), options["login_name"])},
        }
        written = self.run_module({**args, _remote_ca.OPTION: relay}, task_vars)
        orders.note(0, written, call.asking.status_code)
        return written
