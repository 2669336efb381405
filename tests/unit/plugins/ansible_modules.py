# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real AnsibleModules, with arguments as the releases of ansible-core take them, and whole runs of the collection's modules."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible_collections.mailops.smime.plugins.module_utils._ca import transport
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport


@contextlib.contextmanager
def module_arguments(options: dict[str, Any]) -> Iterator[None]:
    """Give ``options`` to the AnsibleModule that is opened inside: ansible-core 2.13 takes the first line, 2.19 both."""
    with contextlib.ExitStack() as patches:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        patches.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", arguments))
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            patches.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy"))
        yield


def run_module(
    main: Callable[[], None],
    options: dict[str, Any],
    ca: ScriptedTransport | None = None,
    clock: tuple[Callable[..., Any], ...] | None = None,
) -> str:
    """Return what a module prints. Without ``ca`` and ``clock`` it has the real ones; an option that is None is left out."""
    printed = io.StringIO()
    with contextlib.ExitStack() as patches:
        patches.enter_context(module_arguments({name: value for name, value in options.items() if value is not None}))
        if ca is not None:
            patches.enter_context(mock.patch.object(transport, "Transport", return_value=ca))
        if clock is not None:
            # Wherever the module opens its clock, it opens this one.
            patches.enter_context(mock.patch.object(Clock.__init__, "__defaults__", clock))
        patches.enter_context(mock.patch.object(warnings, "_global_warnings", type(warnings._global_warnings)()))
        patches.enter_context(contextlib.redirect_stdout(printed))
        patches.enter_context(pytest.raises(SystemExit))
        main()
    if ca is not None:
        assert not ca.steps, "the CA was asked less often than expected"
    return printed.getvalue()
