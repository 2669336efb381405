# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments for a real AnsibleModule, as the releases of ansible-core take them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

from ansible.module_utils import basic


@contextlib.contextmanager
def module_arguments(options: dict[str, Any]) -> Iterator[None]:
    """Give ``options`` to the AnsibleModule that is opened inside: ansible-core 2.13 takes the first line, 2.19 both."""
    with contextlib.ExitStack() as patches:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        patches.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", arguments))
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            patches.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy"))
        yield
