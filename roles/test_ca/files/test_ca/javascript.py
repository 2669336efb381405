# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a reply as JavaScript variable declarations (responseEncoding 2)."""

from __future__ import annotations

from test_ca.dialects import Dialect

QUOTES = {"double": '"', "single": "'"}


def declare(dialect: Dialect, code: int, message: str | None = None, data: str | None = None) -> str:
    """Declare g_errorCode, and g_errorMessage and g_ccc where there is something to put in them."""
    quote = QUOTES[dialect.js_quote]
    number = f"{quote}{code}{quote}" if dialect.js_code == "quoted" else str(code)
    lines = [statement(dialect, "g_errorCode", number)]
    if message is not None and dialect.js_message:
        lines.append(statement(dialect, "g_errorMessage", literal(dialect, message)))
    if data is not None:
        lines.append(statement(dialect, "g_ccc", literal(dialect, data)))
    return "".join(line + dialect.newline for line in lines)


def statement(dialect: Dialect, name: str, value: str) -> str:
    """Assign a value, with or without `var`."""
    return f"{'var ' if dialect.js_var else ''}{name} = {value};"


def literal(dialect: Dialect, text: str) -> str:
    """Quote a text; `js_lines` tells how its line ends are written."""
    quote = QUOTES[dialect.js_quote]
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").split("\n")
    if dialect.js_lines == "continuation":
        body = f"\\n\\{dialect.newline}".join(escaped)
    elif dialect.js_lines == "concat":
        body = f"\\n{quote} +{dialect.newline}{quote}".join(escaped)
    else:
        body = "\\n".join(escaped)
    return f"{quote}{body}{quote}"
