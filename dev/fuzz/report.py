# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign's figures, on the screen and in docs/fuzzing."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collection_copy import CLONE
from fuzz.rounds import MEMORY, PYTHON

if TYPE_CHECKING:
    from fuzz.rounds import Figures

OUTPUT = CLONE / "docs/fuzzing/results.md"
HEAD = """\
<!--
Copyright: (c) 2026, mailops.smime contributors
GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# What was tried with the decoders

Written by `make fuzz ARGS=--write`; docs/docsite/rst/guide_trust.rst says what the decoders are and what counts as a find.
"""


def line(figures: Figures) -> str:
    """Return a round in one line."""
    finds = ", ".join(figures.finds) or "none"
    return (
        f"{figures.decoder} ({figures.round}): {figures.inputs} inputs, {figures.seconds:.0f} s, {figures.edges} edges, "
        f"slowest {figures.slowest} s, {figures.memory} MiB, finds: {finds}"
    )


def compose(rounds: list[Figures]) -> str:
    """Return the page."""
    total = sum(figures.inputs for figures in rounds)
    seconds = sum(figures.seconds for figures in rounds)
    finds = sum(len(figures.finds) for figures in rounds)
    rows = [
        f"| {figures.decoder} | {figures.round} | {figures.inputs:,} | {figures.seconds:.0f} | {figures.edges} "
        f"| {figures.slowest} | {figures.memory} | {', '.join(figures.finds) or 'none'} |"
        for figures in rounds
    ]
    return "\n".join(
        [
            HEAD,
            f"{datetime.now(UTC):%Y-%m-%d}, {_describe_tools()}: {total:,} inputs in {seconds / 60:.0f} minutes, {finds} finds.",
            "",
            "Edges are those of the collection's own code that libFuzzer saw in that round. The slowest input is in whole seconds:",
            f"0 is less than one. Memory is the peak of the whole process in MiB, interpreter and corpus included, of {MEMORY} allowed.",
            "",
            "| decoder | round | inputs | seconds | edges | slowest | memory | finds |",
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
            *rows,
            "",
        ]
    )


def write(text: str) -> None:
    """Write the page into the documentation."""
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text, encoding="utf-8")


def _describe_tools() -> str:
    program = (
        "import platform; from importlib.metadata import version as v; "
        "print(f\"Python {platform.python_version()}, atheris {v('atheris')}, cryptography {v('cryptography')}, requests {v('requests')}\")"
    )
    return subprocess.run([PYTHON, "-c", program], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
