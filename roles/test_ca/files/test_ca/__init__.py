# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certification authority on loopback that speaks RequestAndCollectSMIME, for tests and tries.

Written from the endpoint's page alone. It shares nothing with the collection's plugins, so that a
misreading in one of them cannot hide in the other.
"""

from __future__ import annotations
