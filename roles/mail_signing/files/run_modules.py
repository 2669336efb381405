# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules of the program on a machine that has none of it yet, the last of them as what is run. Standard input is JSON."""

from __future__ import annotations

import json
import sys
import types

given = json.load(sys.stdin)
module = sys.modules["smime_milter"] = types.ModuleType("smime_milter")
for name, source in given["sources"]:
    module = sys.modules[f"smime_milter.{name}"] = types.ModuleType(f"smime_milter.{name}")
    exec(source, module.__dict__)  # noqa: S102 - it is the role's own
sys.stdout.write(json.dumps(module.answer(given["command"], given["request"])))
