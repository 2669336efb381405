# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies in JavaScript: declarations in every shape that may come, read and never evaluated."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import JAVASCRIPT, armour, ask, fixture_chain, wrap

CHAIN = tuple(fixture_chain())
TEXT = "".join(armour(item) for item in CHAIN)
ESCAPED = TEXT.replace("\n", "\\n")
MIDDLE = TEXT.index("\n", len(TEXT) // 2) + 1
FIRST, SECOND = (half.replace("\n", "\\n") for half in (TEXT[:MIDDLE], TEXT[MIDDLE:]))
BARE = "".join(map(wrap, CHAIN))
SUM = " +\n  ".join(f'"{line}\\n"' for line in TEXT.splitlines())
SHAPES = {
    "escaped newlines": f"var g_ccc = '{ESCAPED}';",
    "double quotes": f'var g_ccc = "{ESCAPED}";',
    "escaped carriage returns": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\r\\n")),
    "without var": f"g_ccc='{ESCAPED}'",
    "let": f"let g_ccc = '{ESCAPED}';",
    "window": f"window.g_ccc = '{ESCAPED}';",
    "backslash at the end of the line": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\\n")),
    "both": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\n\\\n")),
    "joined by plus": f"var g_ccc = {SUM};",
    "joined in one line": f"var g_ccc='{FIRST}'+'{SECOND}';",
    "both quotes": f"var g_ccc='{FIRST}'+\"{SECOND}\";",
    "bare base64": "var g_ccc = '{}';".format(BARE.replace("\n", "\\n")),
    "bare base64 in one line": "var g_ccc = '{}';".format(BARE.replace("\n", "")),
    "escaped slashes": "var g_ccc = '{}';".format(ESCAPED.replace("/", "\\/")),
    "hexadecimal escapes": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\x0a").replace("+", "\\u002B")),
    "raw newlines": f"var g_ccc = '{TEXT}';",
    "text that follows": f"var g_ccc='{ESCAPED}';\n\nCertificates attached\nif (g_errorCode == 1) f('x');\n",
}


def read(text: str) -> Reply:
    return read_reply(text.encode(), ask(response_encoding=JAVASCRIPT))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_the_payload_is_read(shape: str) -> None:
    body = f"var g_errorCode = 2;\n{shape}\n"
    assert read(body) == read(body.replace("\n", "\r\n")) == Reply(2, certificates=CHAIN)


@pytest.mark.parametrize(
    "code",
    [
        "var g_errorCode = -16;",
        "g_errorCode = -16",
        "g_errorCode=-16\n",
        "var g_errorCode = '-16';",
        'var g_errorCode = "-16";',
        "var\tg_errorCode\n=\n-16;",
        "<script>var g_errorCode = -16;</script>",
        "/* the CA */ var g_errorCode = -16; // done",
        "var g_ccc = ''; var g_errorCode = -16;",
        "var g_ccc = null, g_errorCode = -16;",
        "var g_errorMessage = 'g_errorCode = 2'; var g_errorCode = -16;",
        "g_errorCode = -16; g_errorCode = 0;",
    ],
)
def test_every_shape_of_the_code_is_read(code: str) -> None:
    assert read(code).code == -16


@pytest.mark.parametrize(
    "message", ["'It\\'s locked'", '"It\'s locked"', "'It\\x27s ' + 'locked'", "'It\\u0027s locked'"]
)
def test_the_message_of_an_error_is_read(message: str) -> None:
    assert read(f"var g_errorCode = -16; var g_errorMessage = {message};") == Reply(-16, "It's locked")


def test_a_pending_order_has_no_payload() -> None:
    for nothing in ("''", "null", "undefined"):
        assert read(f"var g_ccc = {nothing};\nvar g_errorCode = 0;\n") == Reply(0)


# Code 1 needs no certificates: nothing else is wrong here.
@pytest.mark.parametrize(
    "text",
    [
        "if (g_errorCode == 1) { f(); }",
        *(f"var {name} = 1;" for name in ("xg_errorCode", "g_errorCodes", "g_errorcode")),
        "var g_ccc = '';",
        "var g_errorCode = ;",
        "var g_errorCode = 1; var g_ccc = 'MIIB",
        "var g_errorCode = 1; var g_ccc = '\\u12';",
        "var g_errorCode = f(2);",
        "var g_errorCode = 'two';",
        "var g_errorCode = null;",
        "g_errorCode = 1" + " +" * 10_000,
    ],
)
def test_what_declares_no_code_or_breaks_off_is_unreadable(text: str) -> None:
    with pytest.raises(ReplyError):
        read(text)
