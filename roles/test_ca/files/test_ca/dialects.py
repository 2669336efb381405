# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways of writing a reply that the page leaves open, or prints oddly, and that a client must all read."""

from __future__ import annotations

from dataclasses import dataclass

from test_ca.fields import choice


@dataclass(frozen=True)
class Dialect:
    """How replies are written. Every field has a plain default; orders can ask for another."""

    order: str = choice("root_first", "end_entity_first", "shuffled")
    armour: str = choice("normal", "page", "none")
    line_end: str = choice("lf", "crlf")
    trailing: str = ""
    label: str = ""
    js_var: bool = True
    js_quote: str = choice("double", "single")
    js_lines: str = choice("escape", "continuation", "concat")
    js_code: str = choice("number", "quoted")
    js_message: bool = True
    js_bare: bool = False
    cmmf_certificate: str = choice("explicit", "implicit", "bare")
    cmmf_ca_pubs: str = choice("flat", "sequence")
    cmmf_status_string: str = choice("none", "string", "sequence")
    cmmf_trailing: bool = False

    @property
    def newline(self) -> str:
        """The line end itself."""
        return "\r\n" if self.line_end == "crlf" else "\n"
