# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin that writes how long each task took, and nothing else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: durations
type: stdout
short_description: Writes how long each task took
description:
  - Writes, to the file that E(BENCH_DURATIONS) names, the seconds from the start of each task to its result as JSON.
"""
KEPT = ("changed", "msg", "summary")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Takes the time in the controller, where the user waits for it: forking, shipping and cleaning up are in it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "durations"

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[dict[str, Any]] = []
        self._start = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        """Start the clock."""
        self._start = time.perf_counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Stop it."""
        self._note(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        """Stop it, too."""
        self._note(result, failed=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        """Write what was noted."""
        Path(os.environ["BENCH_DURATIONS"]).write_text(json.dumps(self._runs), encoding="utf-8")

    def _note(self, result: Any, *, failed: bool) -> None:
        seconds = time.perf_counter() - self._start
        kept = {key: result.result[key] for key in KEPT if key in result.result}
        self._runs.append({"name": result.task.name, "seconds": seconds, "failed": failed, "result": kept})
