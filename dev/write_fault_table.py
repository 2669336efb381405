# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/docsite/rst/guide_faults.rst from the table of the integration target "faults" and the figures of its last run.

--check says whether the guide is what the table says; the figures are then those that stand in it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from collection_copy import CLONE
from junit import REPORTS

GUIDE = CLONE / "docs/docsite/rst/guide_faults.rst"
TABLE = CLONE / "tests/integration/targets/faults/vars/main.yml"
FIGURES = REPORTS / "faults.json"
FIELDS = {
    "name", "says", "ends", "far", "listener", "faults", "each", "dialect", "obstacle", "python", "options", "lifted",
    "unsent", "needs", "timeout", "retries",
}  # fmt: skip

HEAD = """\
..
  Copyright: (c) 2026, mailops.smime contributors
  GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by dev/write_fault_table.py: change the table in tests/integration/targets/faults/vars/main.yml, and not this file.

.. _ansible_collections.mailops.smime.docsite.guide_faults:

What can go wrong, and what happens then
========================================

The integration target ``faults`` causes each trouble on this page against the test CA, over TLS and on a real disk, with
:ansplugin:`mailops.smime.smime_certificates#module` and, for each error of a section, with
:ansplugin:`mailops.smime.smime_certificate#module`, and with the calls made from the target and from the controller. Each time

- the run ends in the error that the table names, in :ansretval:`mailops.smime.smime_certificate#module:error.name`, or issues the
  certificate where it says ``issued``,
- after an error, all files are the same files as before, with the same contents, owner and mode, and nothing else is left,
- the next run, with the trouble gone, issues the certificate, and openssl verifies certificate, chain and key.
"""


def main() -> int:
    """Write the guide, or with --check compare it, and return the exit status."""
    sections = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["troubles"]
    if "--check" not in sys.argv[1:]:
        if not FIGURES.exists():
            print("There are no figures yet: run 'make test-integration TARGET=faults' first")
            return 1
        GUIDE.write_text(render(sections, json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
        return 0
    written = GUIDE.read_text(encoding="utf-8")
    if written == render(sections, read_figures(written)):
        return 0
    print(f"{GUIDE.relative_to(CLONE)} is not what its table says: run 'make test-integration TARGET=faults generated'")
    return 1


def render(sections: list[dict[str, Any]], figures: dict[str, Any]) -> str:
    """Return the guide."""
    return "".join([HEAD, *(line for section in sections for line in _section(section)), *_figures(sections, figures)])


def read_figures(guide: str) -> dict[str, Any]:
    """Return the figures that stand in a guide, zeros if there are none."""
    found = re.search(r"\*\*(\d+)\*\* of \d+ troubles were tried, in (\d+) runs", guide)
    skipped = re.search(r"^Not tried, .*: (.*)\.$", guide, re.MULTILINE)
    troubles, tried = map(int, found.groups()) if found else (0, 0)
    return {"troubles": troubles, "tried": tried, "skipped": skipped.group(1).split(", ") if skipped else []}


def count(sections: list[dict[str, Any]]) -> int:
    """Return how many troubles there are, one for each value where a row has several."""
    return sum(_count_values(case) for section in sections for case in section["cases"])


def _count_values(case: dict[str, Any]) -> int:
    return len(case["each"]["values"]) if "each" in case else 1


def _section(section: dict[str, Any]) -> Iterator[str]:
    yield f"\n{section['title']}\n{'-' * len(section['title'])}\n\n"
    yield ".. list-table::\n   :header-rows: 1\n   :widths: 70 30\n\n   * - Trouble\n     - Ends in\n"
    for case in section["cases"]:
        # A comma in a mapping of one line begins another field.
        if unknown := case.keys() - FIELDS:
            raise SystemExit(f"The trouble '{case['name']}' has fields that are none: {', '.join(sorted(unknown))}")
        values = ", ".join(f"``{value}``" for value in case["each"]["values"]) if "each" in case else ""
        ends = f"``{case['ends']}``"
        if "far" in case:
            ends += f", from the controller ``{case['far']}``"
        yield f"   * - {case['says']}{' ' + values if values else ''}\n     - {ends}\n"


def _figures(sections: list[dict[str, Any]], figures: dict[str, Any]) -> Iterator[str]:
    yield "\nThe last figures\n----------------\n\n"
    yield f"**{figures['troubles']}** of {count(sections)} troubles were tried, in {figures['tried']} runs, and all were survived.\n"
    if figures["skipped"]:
        yield f"\nNot tried, on a machine that lacks what they need: {', '.join(figures['skipped'])}.\n"


if __name__ == "__main__":
    sys.exit(main())
