# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping secrets out of what others say: a CA or a proxy can quote what it was sent, in whatever encoding it likes."""

from __future__ import annotations

import base64
import contextlib
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote, unquote_plus

MASK = "********"
# Rounds in which all encodings are undone: in what still changes after them, nothing is believed.
_MOST_ROUNDS = 6
# What is looked at is far longer than what is shown, so that no half of a secret is.
_WINDOW = 4096
# Shorter texts are in every other sentence.
_SHORTEST = 4

_ESCAPE = re.compile(r"\\(?:[uU]\{?([0-9A-Fa-f]{2,6})\}?|[xX]([0-9A-Fa-f]{2})|([0-7]{3})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
_TAG = re.compile(r"<[^<>]*>")
_QUOTED_PRINTABLE = re.compile(r"=(?:\r?\n|([0-9A-Fa-f]{2}))")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
# Lines of base64, as long as they always are.
_CERTIFICATES = re.compile(r"[A-Za-z0-9+/]{64,}")
_ASCII = re.compile(rb"[\x20-\x7e]{4,}")


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with each of ``secrets`` replaced, or nothing of it if one still shows once encodings are undone.

    Percent, plus, JSON, JavaScript, HTML, quoted-printable, base64 and hexadecimal encodings are undone, each on top of
    the others, and compared without regard to case and white space. In doubt, nothing is shown.
    """
    secrets = [secret for secret in secrets if secret]
    # The longest first: a short one can be a part of it.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    wanted = {form for secret in secrets for form in _spellings(secret)}
    if not wanted:
        return text
    window = text[:_WINDOW]
    for plain in _decode(window):
        shown = None if plain is None else _simplify(plain)
        if shown is None or any(form in shown for form in wanted):
            return ""
    return window


def is_free_of(body: str, secrets: Iterable[str]) -> bool:
    """Tell whether none of ``secrets`` shows in a body as long as a reply, in whose certificates nobody hides them."""
    secrets = list(secrets)
    text = _CERTIFICATES.sub("", body)
    pieces = (text[start : start + _WINDOW] for start in range(0, len(text), _WINDOW // 2))
    return all(mask(piece, secrets) == piece for piece in pieces)


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it looks once it is simplified, also after a wrong guess of its character set or one decoding too many."""
    guesses = [secret]
    if not secret.isascii():
        octets = secret.encode("utf-8", "replace")
        guesses += [octets.decode("latin-1"), octets.decode("ascii", "replace"), octets.decode("ascii", "ignore")]
        guesses += [secret.encode("latin-1", "replace").decode(how, "replace") for how in ("utf-8", "ascii")]
        guesses += [secret.encode("ascii", "replace").decode("ascii")]
    yield from filter(None, [_simplify(secret)])
    for plain in (plain for guess in guesses for plain in _decode(guess) if plain is not None):
        if len(_simplify(plain)) >= _SHORTEST:
            yield _simplify(plain)


def _simplify(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if not character.isspace() and character.isprintable())


def _decode(text: str, inside: int = 2) -> Iterator[str | None]:
    """Yield ``text`` and what it becomes when encodings are undone, base64 as often as ``inside`` says; None if that has no end."""
    seen = {text: True}
    for first in range(len(_UNDO)):
        plain = text
        for turn in range(_MOST_ROUNDS):
            before = plain
            for undo in (*_UNDO[first:], *_UNDO[:first]):
                plain = undo(plain)
                seen[plain] = True
            if plain == before:
                break
            if turn == _MOST_ROUNDS - 1:
                yield None
    yield from seen
    words = {word for plain in seen for word in (*_BASE64.findall(plain), *_HEX.findall(plain))} if inside else set()
    for word in words:
        for found in _read_word(word):
            yield from _decode(found, inside - 1)


def _read_word(word: str) -> Iterator[str]:
    """Yield what ``word`` can be in base64 or hexadecimal, if that is text."""
    standard = word.replace("-", "+").replace("_", "/")
    # It can stand behind something that looks like it: any of four letters can be its first.
    parts = [part[: len(part) - (len(part) % 4 == 1)] for part in (standard[start:] for start in range(4))]
    candidates = [base64.b64decode(part + "=" * (-len(part) % 4)) for part in parts]
    if _HEX.fullmatch(word):
        candidates.append(bytes.fromhex(word))
    for octets in candidates:
        yield from (run.decode("ascii") for run in _ASCII.findall(octets))
        with contextlib.suppress(UnicodeDecodeError):
            yield octets.decode("utf-8")


def _unescape(text: str) -> str:
    def read(match: re.Match[str]) -> str:
        wide, narrow, octal, letter = match.groups()
        if letter is not None:
            return _CONTROLS.get(letter, letter)
        number = int(wide or narrow, 16) if octal is None else int(octal, 8)
        return chr(number) if number <= 0x10FFFF else ""

    return _ESCAPE.sub(read, text)


_UNDO: tuple[Callable[[str], str], ...] = (
    unquote,
    unquote_plus,
    lambda text: unquote(text, encoding="latin-1"),
    html.unescape,
    lambda text: _TAG.sub("", text),
    _unescape,
    lambda text: "".join(text.split()),
    lambda text: _QUOTED_PRINTABLE.sub(lambda match: chr(int(match.group(1), 16)) if match.group(1) else "", text),
)
