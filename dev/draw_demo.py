# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo in colours and keep the screen as a picture, docs/pictures/demo.svg.

What is shown is what the demo printed; only the part from the second run of the playbook to openssl's verdict is, so that
it can be read in a page.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

from collection_copy import CLONE
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PICTURE = CLONE / "docs/pictures/demo.svg"
COLUMNS = 122
FIRST_LINE = "=== 3."
LAST_LINE = "=== What now?"
# rich's own frame names a font on a host elsewhere; a picture of ours fetches nothing.
FONT_FACE = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)
FONT = "DejaVu Sans Mono, Liberation Mono, Menlo, Consolas, monospace"


def main() -> int:
    """Draw the picture and return the exit status."""
    told = subprocess.run(
        [CLONE / "dev/demo"], env={**os.environ, "FORCE_COLOR": "1"}, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    lines = told.split("\n")
    plain = [Text.from_ansi(line).plain for line in lines]
    first, last = (
        next(number for number, line in enumerate(plain) if line.startswith(start)) for start in (FIRST_LINE, LAST_LINE)
    )
    PICTURE.write_text(draw("\n".join(lines[first:last]).rstrip()), encoding="utf-8")
    return 0


def draw(told: str) -> str:
    """Return the SVG of a screen with that text."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(told), soft_wrap=False)
    drawn = console.export_svg(title="make demo", theme=DIMMED_MONOKAI, unique_id="demo")
    return (
        FONT_FACE.sub("", drawn)
        .replace("Fira Code, monospace", FONT)
        .replace("font-family: Fira Code", f"font-family: {FONT}")
    )


if __name__ == "__main__":
    sys.exit(main())
