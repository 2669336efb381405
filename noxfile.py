# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions for those who are used to nox: each is a stage of "make test", or the demo, and calls make.

The Makefile installs what a stage needs into .venv by itself, so the sessions make no virtual environments.
"""

from __future__ import annotations

import subprocess

import nox

STAGES = subprocess.run(
    ["make", "--silent", "--no-print-directory", "stages"],  # noqa: S607 - make is looked for in PATH, as everywhere
    check=True,
    capture_output=True,
    text=True,
).stdout.split()

nox.options.sessions = STAGES


def _add_session(stage: str) -> None:
    def run(session: nox.Session) -> None:
        session.run("make", stage, *session.posargs, external=True)

    run.__doc__ = f"make {stage}"
    nox.session(run, name=stage, python=False)


for _stage in [*STAGES, "demo"]:
    _add_session(_stage)
