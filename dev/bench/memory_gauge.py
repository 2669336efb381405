# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and print its exit status and the peak of its memory: `memory_gauge.py OUTPUT PROGRAM [ARGUMENT...]`.

It stands by itself and imports next to nothing: the kernel counts the memory of the process that starts a program as the
program's own, if that is larger.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command, its output into a file."""
    output, *command = sys.argv[1:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    redirect = [(os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=redirect)
    _child, status, usage = os.wait4(child, 0)
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)


if __name__ == "__main__":
    main()
