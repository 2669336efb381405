# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time, as one value that a test can replace."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Clock:
    """``now`` is aware and in UTC, ``monotonic`` and ``sleep`` are in seconds."""

    def __init__(
        self,
        now: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.now = now
        self.monotonic = monotonic
        self.sleep = sleep
