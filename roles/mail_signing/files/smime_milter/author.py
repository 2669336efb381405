# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wrote a mail: the addresses of From, as RFC 5322 has it and as mail programs write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from smime_milter.address import normalize
from smime_milter.fields import Field

# More than any list of authors takes.
_LONGEST = 32768
# Brackets, quotes and commas that mail programs put around addresses without meaning.
_AROUND = "'`[](){}<>\"\u2018\u2019\u201c\u201d."


class UnclearError(Exception):
    """A From that can be read in more than one way, or in none."""


def read_address(text: str) -> str | None:
    """Return an address in the form in which addresses are compared, or None for what is none."""
    try:
        return normalize(text.strip())
    except ValueError:
        return None


def read_authors(fields: Iterable[Field]) -> frozenset[str]:
    """Return the addresses in all fields From. Raises UnclearError."""
    found: set[str] = set()
    for one in fields:
        if one.key == "from":
            found |= _read_field(one.text())
    return frozenset(found)


def _read_field(text: str) -> set[str]:
    """Return the addresses of a From. One that is not well-formed counts if all ways to read it come to the same."""
    if len(text) > _LONGEST:
        raise UnclearError
    scanned = _scan(text, strict=True)
    addresses = _find_addresses(scanned.segments)
    if not scanned.well_formed and _find_addresses(_scan(text, strict=False).segments) != addresses:
        raise UnclearError
    if not addresses and text.strip() not in ("", "<>") and not scanned.empty_group:
        raise UnclearError
    return addresses


@dataclass
class _Segment:
    """What stands between commas: addresses in angle brackets, and words outside of them, quotes and comments."""

    angles: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass
class _Scanned:
    segments: list[_Segment]
    well_formed: bool
    empty_group: bool


def _find_addresses(segments: Iterable[_Segment]) -> set[str]:
    found: set[str] = set()
    for segment in segments:
        # With an address in angle brackets, what stands before it is a name, whatever it looks like.
        candidates = segment.angles or [word for word in segment.words if "@" in word]
        for candidate in candidates:
            found.update(_read_candidate(candidate))
    return found


def _read_candidate(text: str) -> Iterator[str]:
    text = re.sub(r"^mailto:", "", text, flags=re.IGNORECASE)
    if text.startswith("@") and ":" in text:
        # An obsolete route (RFC 5322, 4.4).
        text = text.partition(":")[2]
    address = read_address(text) or read_address(text.strip(_AROUND))
    if address is not None:
        yield address
    elif re.fullmatch(r".+@[^@]+", text, re.DOTALL):
        # It is an address, if none that signs.
        yield text


def _scan(text: str, *, strict: bool) -> _Scanned:
    """Split a From in one pass. If not ``strict``, quotes and parentheses are characters like others."""
    scanner = _Scanner(text, strict=strict)
    scanner.run()
    return _Scanned(scanner.segments, scanner.well_formed, ";" in text and scanner.grouped)


class _Scanner:
    """``_word`` collects characters of a word; ``segments[-1]`` is where it goes."""

    def __init__(self, text: str, *, strict: bool) -> None:
        self._text = text
        self._strict = strict
        # Whether quotes and comments may still be closed: what is not is looked for once.
        self._closable = {'"': strict, "(": strict, "<": True}
        self._word = ""
        self.segments = [_Segment()]
        self.well_formed = True
        self.grouped = False

    def run(self) -> None:
        at = 0
        while at < len(self._text):
            at = self._step(at)
        self._end_word()

    def _step(self, at: int) -> int:
        """Take what stands at a place and return where to go on."""
        character = self._text[at]
        if character in self._closable:
            end = self._find_end(at) if self._closable[character] else -1
            if end >= 0:
                return self._take(character, at, end)
            self._closable[character] = False
            self.well_formed = False
        if character in ",;:" and not self._in_literal():
            self._end_word()
            self.grouped = self.grouped or character == ":"
            self.segments.append(_Segment())
        elif character.isspace():
            self._end_word()
        else:
            self.well_formed = self.well_formed and character not in ")>"
            self._word += character
        return at + 1

    def _in_literal(self) -> bool:
        """Tell whether a word is a domain in brackets so far, such as that of an IPv6 address."""
        return "@[" in self._word[-50:] and not self._word.endswith("]")

    def _find_end(self, at: int) -> int:
        """Return where a quote, a comment or an angle bracket that starts there is closed, or -1."""
        opening = self._text[at]
        pattern = {'"': r'\\.|"', "(": r"\\.|[()]", "<": r'"(?:[^"\\]|\\.)*"|>' if self._strict else ">"}[opening]
        depth = 1
        for found in re.compile(pattern, re.DOTALL).finditer(self._text, at + 1):
            depth += {"(": 1, ")": -1, ">": -1}.get(found[0], 0) if opening != '"' else -(found[0] == '"')
            if depth == 0:
                return found.start()
        return -1

    def _take(self, character: str, at: int, end: int) -> int:
        inside = self._text[at + 1 : end]
        if character == '"' and (self._text[end + 1 : end + 2] in ("@", ".") or self._word.endswith(".")):
            # A quoted local part, rather than a name.
            self._word += self._text[at : end + 1]
        elif character == '"':
            self._end_word()
        elif character == "<":
            self._end_word()
            self.well_formed = self.well_formed and "<" not in inside
            self.segments[-1].angles.append(_drop_space(inside.rpartition("<")[2]))
        return end + 1

    def _end_word(self) -> None:
        if self._word:
            segment = self.segments[-1]
            # Behind an address in angle brackets, another one is one more.
            (segment.angles if segment.angles and "@" in self._word else segment.words).append(self._word)
            self._word = ""


def _drop_space(text: str) -> str:
    """Return an address without comments and the space around its dots (RFC 5322, 4.4), quotes left alone."""
    return "".join(re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+|"', re.sub(r"\([^()]*\)", "", text)))
