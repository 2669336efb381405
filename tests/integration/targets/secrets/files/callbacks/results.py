# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's whole result as JSON, as a callback gets it."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: notification
short_description: Writes the whole result of each task
description:
  - Writes one line of JSON for each result to the file that E(RECORDED_RESULTS) names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Keeps what other callbacks would show in part."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"

    def v2_runner_on_ok(self, result: Any) -> None:
        """Note a success."""
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Note a failure."""
        self._note(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Note a turn of a loop."""
        self._note(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Note a turn of a loop that failed."""
        self._note(result)

    def _note(self, result: Any) -> None:
        # The names that ansible-core has from 2.19 on, and had before.
        task, told = (result.task, result.result) if hasattr(result, "task") else (result._task, result._result)
        with open(os.environ["RECORDED_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"task": task.name, "result": told}, default=str) + "\n")
