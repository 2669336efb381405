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
# rich's own frame names a font on a host elsewhere; a picture of ours fetches nothing.
FONT_FACE = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)
FONT = "DejaVu Sans Mono, Liberation Mono, Menlo, Consolas, monospace"


def main() -> int:
    """Draw the picture and return the exit status."""
    environment = {**os.environ, "FORCE_COLOR": "1"}
    told = subprocess.run([CLONE / "dev/demo"], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    first, last = (told.index(f"\033[1m=== {headline}") for headline in ("3.", "What now?"))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(told[first:last].rstrip()), soft_wrap=False)
    drawn = FONT_FACE.sub("", console.export_svg(title="make demo", theme=DIMMED_MONOKAI, unique_id="demo"))
    drawn = drawn.replace("Fira Code, monospace", FONT).replace("font-family: Fira Code", f"font-family: {FONT}")
    PICTURE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
