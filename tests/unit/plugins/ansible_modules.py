# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real AnsibleModule objects, with the very arguments of the module under test."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from unittest import mock

from ansible.module_utils import basic
from ansible_collections.mailops.smime.plugins.modules import smime_certificate


class _Seen(Exception):
    """Carries what a module gives to AnsibleModule."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.arguments = arguments


def open_module(options: dict[str, Any], *, check_mode: bool = False, diff: bool = False) -> basic.AnsibleModule:
    """Return the AnsibleModule that smime_certificate opens for ``options``."""
    given = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}  # noqa: S108
    with module_arguments(given):
        return basic.AnsibleModule(**read_arguments(smime_certificate))


def read_arguments(module: Any) -> dict[str, Any]:
    """Return what ``module`` gives to AnsibleModule."""

    def tell(**arguments: Any) -> None:
        raise _Seen(arguments)

    with mock.patch.object(module, "AnsibleModule", tell):
        try:
            module.main()
        except _Seen as seen:
            return seen.arguments
    raise AssertionError("the module opened no AnsibleModule")


@contextlib.contextmanager
def module_arguments(options: dict[str, Any]) -> Any:
    """Give ``options`` to the AnsibleModule that is opened inside: as ansible-core 2.13 takes them, and as 2.19 does."""
    with contextlib.ExitStack() as patches:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        patches.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", arguments))
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            patches.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy"))
        yield
