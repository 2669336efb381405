# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies at any rename leaves old or new files, and the next run finishes without asking the CA for more."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, Host


def die_at(number: int, act: Callable[[], object]) -> bool:
    """Do ``act`` in a process that dies before the rename of this number; tell whether it came so far."""
    child = os.fork()
    if not child:
        real = os.rename
        done: list[str] = []

        def rename(source: str, target: str, **folders: int) -> None:
            if len(done) == number:
                os._exit(9)
            done.append(target)
            real(source, target, **folders)

        try:
            with mock.patch.object(os, "rename", rename):
                act()
        finally:
            os._exit(0)
    return os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("number", [0, 1, 2])
def test_after_a_death_on_the_way_each_file_is_old_or_new_and_the_next_run_finishes(host: Host, number: int) -> None:
    older = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer = host.issue()
    intermediate = host.authority.intermediate.pem
    host.write("chain.pem", b"damaged")
    assert die_at(number, lambda: host.run(HELD, host.reply(newer)))
    assert host.read("cert.pem") == older.pem, "path comes last"
    assert host.read("chain.pem") in (b"damaged", intermediate)
    assert host.read("fullchain.pem") in (older.pem + intermediate, newer.pem + intermediate)
    # The end entity is in the full chain by then, so that the CA need not be asked.
    steps = [] if number == 2 else [HELD, host.reply(newer)]
    outcome = host.run(*steps)
    assert not outcome.failed
    assert host.read("cert.pem") == newer.pem
    assert host.read("chain.pem") == intermediate
    assert host.read("fullchain.pem") == newer.pem + intermediate
    assert not [name for name in host.names() if name.startswith(".")]
