# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JavaScript declarations in every shape that may come: read, never evaluated."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.javascript import read_declarations
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import JAVASCRIPT, armour, ask, fixture_chain, wrap

JS = ask(response_encoding=JAVASCRIPT)
CHAIN = tuple(fixture_chain())
TEXT = "".join(armour(item) for item in CHAIN)


def split_in_half(text: str) -> tuple[str, str]:
    middle = text.index("\n", len(text) // 2) + 1
    return text[:middle], text[middle:]


def lines_joined_by_plus(text: str) -> str:
    return " +\n  ".join(f'"{line}\\n"' for line in text.splitlines())


SHAPES = {
    "escaped newlines": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\n")),
    "double quotes": 'var g_ccc = "{}";'.format(TEXT.replace("\n", "\\n")),
    "escaped carriage returns": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\r\\n")),
    "without var": "g_ccc='{}'".format(TEXT.replace("\n", "\\n")),
    "let": "let g_ccc = '{}';".format(TEXT.replace("\n", "\\n")),
    "window": "window.g_ccc = '{}';".format(TEXT.replace("\n", "\\n")),
    "backslash at the end of the line": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\\n")),
    "both": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\n\\\n")),
    "joined by plus": f"var g_ccc = {lines_joined_by_plus(TEXT)};",
    "joined in one line": "var g_ccc='{}'+'{}';".format(*(half.replace("\n", "\\n") for half in split_in_half(TEXT))),
    "both quotes": "var g_ccc='{}'+\"{}\";".format(*(half.replace("\n", "\\n") for half in split_in_half(TEXT))),
    "bare base64": "var g_ccc = '{}';".format("".join(wrap(item) for item in CHAIN).replace("\n", "\\n")),
    "bare base64 in one line": "var g_ccc = '{}';".format("".join(wrap(item, 9999).strip() for item in CHAIN)),
    "escaped slashes": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\n").replace("/", "\\/")),
    "hexadecimal escapes": "var g_ccc = '{}';".format(TEXT.replace("\n", "\\x0a").replace("+", "\\u002B")),
    "raw newlines": f"var g_ccc = '{TEXT}';",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_shape_of_the_payload_is_read(shape: str, newline: str) -> None:
    body = f"var g_errorCode = 2;\n{shape}\n".replace("\n", newline)
    assert read_reply(body.encode(), JS) == Reply(2, certificates=CHAIN)


@pytest.mark.parametrize(
    "code",
    [
        "var g_errorCode = -16;",
        "var g_errorCode=-16;",
        "g_errorCode = -16",
        "g_errorCode=-16\n",
        "var g_errorCode = '-16';",
        'var g_errorCode = "-16";',
        "var\tg_errorCode\n=\n-16;",
        "<script>var g_errorCode = -16;</script>",
        "/* the CA */ var g_errorCode = -16; // done",
        "var g_ccc = ''; var g_errorCode = -16;",
        "var g_ccc = null, g_errorCode = -16;",
    ],
)
def test_every_shape_of_the_code_is_read(code: str) -> None:
    assert read_reply(code.encode(), JS).code == -16


@pytest.mark.parametrize(
    "message", ["'It\\'s locked'", '"It\'s locked"', "'It\\x27s ' + 'locked'", "'It\\u0027s locked'"]
)
def test_the_message_of_an_error_is_read(message: str) -> None:
    body = f"var g_errorCode = -16; var g_errorMessage = {message};"
    assert read_reply(body.encode(), JS) == Reply(-16, "It's locked")


def test_a_pending_order_has_no_payload() -> None:
    assert read_reply(b"var g_errorCode = 0;\nvar g_ccc = '';\n", JS) == Reply(0)


def test_text_after_the_declarations_is_ignored() -> None:
    body = (
        f"var g_errorCode = 2;\n{SHAPES['escaped newlines']}\n\nCertificates attached\nif (g_errorCode == 1) f('x');\n"
    )
    assert read_reply(body.encode(), JS) == Reply(2, certificates=CHAIN)


def test_the_first_declaration_counts() -> None:
    declarations = read_declarations("var g_errorCode = 2; g_errorCode = 0;")
    assert declarations.code == "2"


def test_a_comparison_is_no_declaration() -> None:
    with pytest.raises(ReplyError):
        read_declarations("if (g_errorCode == 2) { f(); }")


def test_a_declaration_inside_a_string_is_not_one() -> None:
    declarations = read_declarations("var g_errorMessage = 'g_errorCode = 2'; var g_errorCode = -4;")
    assert (declarations.code, declarations.message) == ("-4", "g_errorCode = 2")


@pytest.mark.parametrize("name", ["xg_errorCode", "g_errorCodes", "g_errorcode"])
def test_another_variable_is_not_the_code(name: str) -> None:
    with pytest.raises(ReplyError):
        read_declarations(f"var {name} = 2;")
