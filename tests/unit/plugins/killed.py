# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of their own: what they say, and what those leave that are killed (SIGKILL) before one of their calls of the system."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

# What changes a file or folder. An open that makes nothing changes nothing.
CHANGING = ("open", "write", "link", "rename", "unlink", "mkdir", "fsync", "fchmod", "fchown", "setxattr")
_MAKES = os.O_CREAT | (getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY)


@contextlib.contextmanager
def watching(
    at: int, act: Callable[[], None], calls: Sequence[str] = CHANGING, *others: tuple[Any, str], reading: bool = False
) -> Iterator[list[str]]:
    """Call ``act`` before the call of this number to one of ``os``'s ``calls`` or of ``others`` (owner and name).

    Yields the names of the calls so far. With ``reading``, an open that makes nothing counts, too.
    """
    done: list[str] = []

    def watch(owner: Any, name: str) -> Any:
        real = getattr(owner, name)

        def watched(*given: Any, **named: Any) -> Any:
            if reading or name != "open" or (given[1:] and given[1] & _MAKES):
                done.append(name)
                if len(done) == at:
                    act()
            return real(*given, **named)

        return mock.patch.object(owner, name, watched)

    with contextlib.ExitStack() as patches:
        for owner, name in [*((os, name) for name in calls), *others]:
            patches.enter_context(watch(owner, name))
        yield done


def start(act: Callable[[], str]) -> Callable[[], str]:
    """Do ``act`` in a process of its own; what is returned waits for it, and returns what it said."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        said = "the child is at fault"
        try:
            said = act()
        finally:
            with os.fdopen(writer, "w") as file:
                file.write(said)
            os._exit(0)
    os.close(writer)

    def finish() -> str:
        with os.fdopen(reader) as file:
            said = file.read()
        os.waitpid(child, 0)
        return said

    return finish


def run_and_kill(
    act: Callable[[], object], at: int, *others: tuple[Any, str], calls: Sequence[str] = CHANGING, reading: bool = False
) -> bool:
    """Do ``act`` in a process that is killed before its call of this number; tell whether it came so far."""
    child = os.fork()
    if not child:
        try:
            with watching(at, lambda: os.kill(os.getpid(), signal.SIGKILL), calls, *others, reading=reading):
                act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
