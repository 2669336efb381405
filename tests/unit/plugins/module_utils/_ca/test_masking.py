# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CA says is shown without the secrets that it was sent, whatever coat they wear."""

from __future__ import annotations

import base64
import html
import itertools
import json
import urllib.parse
from collections.abc import Callable

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.tests.unit.plugins.samples import read_text

PASSWORD = 'p&ss "w\u00f6rd"+%1<2'
CODE = "Code1234"


def spell(form: str) -> Callable[[str], str]:
    """Return what writes each character by its number."""
    return lambda text: "".join(form.format(ord(character)) for character in text)


def percent(text: str) -> str:
    return "".join(f"%{octet:02x}" for octet in text.encode())


COATS: dict[str, Callable[[str], str]] = {
    "percent": urllib.parse.quote,
    "every octet percent": percent,
    "latin-1 percent": lambda text: urllib.parse.quote(text, encoding="latin-1"),
    "plus": urllib.parse.quote_plus,
    "form": lambda text: urllib.parse.urlencode({"loginPassword": text}),
    "json": json.dumps,
    "json, as it is": lambda text: json.dumps(text, ensure_ascii=False),
    "slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "javascript": spell("\\u{:04x}"),
    "html": html.escape,
    "html numbers": spell("&#x{:x};"),
    "html tags": "<b>".join,
    "upper case": str.upper,
    "spaced": " ".join,
    "lines": "\n".join,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic": lambda text: base64.b64encode(f"name:{text}".encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(f"??>{text}".encode()).decode().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "quoted-printable": spell("={:02X}"),
    "wrong character set": lambda text: text.encode().decode("latin-1"),
    "no such character": lambda text: text.encode("latin-1").decode("utf-8", "replace"),
}
# Characters are lost once.
LOSSY = ("wrong character set", "no such character")


def ask_for(shown: str, *secrets: str) -> str:
    """Return the message of a refusal that quotes ``shown``."""
    body = f"-4\nThe value '{shown}' of the argument is invalid!\n".encode()
    return read_reply(body, Query(), secrets).message


@pytest.mark.parametrize("coat", COATS)
def test_a_secret_in_a_coat_takes_the_whole_text_with_it(coat: str) -> None:
    for secret in (PASSWORD, CODE):
        shown = COATS[coat](secret)
        told = ask_for(shown, "other secret", secret)
        assert shown not in told
        assert told == "" or secret in shown


@pytest.mark.parametrize("outer", [coat for coat in COATS if coat not in LOSSY])
def test_coats_over_coats_are_undone(outer: str) -> None:
    for inner, dress in COATS.items():
        # Nobody can read base64 without its cases.
        if inner not in LOSSY and not (outer == "upper case" and "bas" in inner):
            shown = COATS[outer](dress(PASSWORD))
            assert shown not in ask_for(shown, PASSWORD), inner


def test_more_coats_than_anybody_wears_show_nothing() -> None:
    assert ask_for(f"%{'25' * 30}43ode1234", CODE) == ""


@pytest.mark.parametrize(
    "secret", ["hunter2", "two  spaces", " edges ", "b\u00e4r", "(a+b)*", "no\u00a0break", "nul\x01l", "tab\there"]
)
def test_a_secret_that_is_quoted_as_it_is_is_taken_out(secret: str) -> None:
    told = ask_for(secret, secret)
    assert told == "The value '********' of the argument is invalid!"


def test_a_secret_whose_decoded_form_is_quoted_is_not_shown() -> None:
    assert ask_for("open sesame", "open%20sesame") == ""


def test_a_secret_at_the_end_of_a_long_text_is_taken_out_whole() -> None:
    # Wherever a long text is cut, no half of a secret remains.
    for shift, shown in itertools.product(range(0, 10, 3), ("correct-horse-battery", percent("correct-horse-battery"))):
        told = ask_for("x" * shift + f" {shown}" * 200, "correct-horse-battery")
        assert "correct" not in told
        assert "%63" not in told


def test_a_text_without_secrets_is_shown_as_it_is() -> None:
    for text in (
        *read_text("codes/error_codes.txt").splitlines(),
        "See https://ca.example.test/help?code=-4&lang=en#password, or write to support+smime@example.test.",
        'The value of the "csr" argument is invalid: 100% of it, c:\\new\\file \u00fcber <b>tag</b> &amp; MIIBfoo/bar+baz==',
    ):
        assert mask(text, [PASSWORD, CODE]) == text == mask(text, [])
