# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters run on the controller alone, which needs Python 3.10 or newer."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.version_info >= (3, 10) else ["test_*.py"]
