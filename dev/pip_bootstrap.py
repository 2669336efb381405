# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install pip into the virtual environment that runs this, from what Python itself ships.

ansible-test downloads a script for this from a host of its own, which many networks do not let through. It takes one
that lies in its cache instead: sealed_home.py puts this one there. It runs on every target Python, and ansible-test
gives it pip's arguments: its options, and what to install. Any release of pip will do, so the shipped one stays.
"""

from __future__ import annotations

import subprocess
import sys

UNKNOWN_TO_PIP = ("--no-setuptools", "--no-wheel")

if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    wanted = [text for text in sys.argv[1:] if text not in UNKNOWN_TO_PIP and not text.startswith("pip==")]
    if any(not text.startswith("-") for text in wanted):
        subprocess.run([sys.executable, "-m", "pip", "--quiet", "--quiet", "install", *wanted], check=True)
