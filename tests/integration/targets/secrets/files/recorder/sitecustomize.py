# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loaded by the target's Python as it starts: notes what a module gives to syslog, and gives it to syslog too."""

from __future__ import annotations

import os
import syslog

_send = syslog.syslog


def record(*arguments: object) -> None:
    """Take the place of syslog.syslog."""
    with open(os.environ["RECORDED_SYSLOG"], "a", encoding="utf-8") as file:
        file.write(" ".join(map(str, arguments)) + "\n")
    _send(*arguments)  # type: ignore[arg-type]


syslog.syslog = record  # type: ignore[assignment]
