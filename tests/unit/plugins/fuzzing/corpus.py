# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaign found and is kept: a text file for each decoder, an input in base64 on each line."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "fixtures/corpus"


def read(name: str) -> list[bytes]:
    """Return the inputs that are kept for a decoder."""
    path = FOLDER / f"{name}.txt"
    return [base64.b64decode(line) for line in path.read_text("ascii").splitlines()] if path.exists() else []


def write(name: str, inputs: Iterable[bytes]) -> None:
    """Keep ``inputs`` for a decoder, each once."""
    FOLDER.mkdir(exist_ok=True)
    lines = sorted({base64.b64encode(data).decode("ascii") for data in inputs}, key=lambda line: (len(line), line))
    (FOLDER / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")
