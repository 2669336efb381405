# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many inputs are tried: the same few in every run, or with HYPOTHESIS_PROFILE=long many new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EVERY = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.register_profile("short", EVERY, max_examples=50, derandomize=True)
settings.register_profile("long", EVERY, max_examples=20_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
