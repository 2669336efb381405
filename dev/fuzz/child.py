# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One decoder under libFuzzer, until it has had its inputs or found a defect: a name of DECODERS, then libFuzzer's own arguments."""

from __future__ import annotations

import sys

import atheris

COLLECTION = "ansible_collections.mailops.smime.plugins"

# Ours are instrumented; what is tried with is not, nor are the libraries below.
with atheris.instrument_imports(include=[COLLECTION], enable_loader_override=False):
    from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS


def main() -> None:
    """Run, and do not return."""
    _program, name, *arguments = sys.argv
    decoder = DECODERS[name]

    def try_one(data: bytes) -> None:
        decoder.accepts(data)

    atheris.Setup([_program, *arguments], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
