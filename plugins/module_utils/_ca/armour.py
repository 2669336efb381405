# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base64 with and without BEGIN and END lines, as the page prints it and as the CA has been seen to send it: text in, DER out."""

from __future__ import annotations

import base64
import binascii
import re

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der

# The page's own sample has spaces inside the dashes, and four dashes once (section "Response").
_MARKER = re.compile(r"-{3,5} ?(BEGIN|END) [A-Z0-9 #]{1,40}?-{3,5}")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=]+\Z")
# A SEQUENCE of more than 127 octets begins so.
_BASE64_SEQUENCE = "MI"


def read_blocks(text: str) -> list[bytes]:
    """Return the DER structures in ``text``, in their order. Raises ReplyError if there is none or one is damaged."""
    markers = list(_MARKER.finditer(text))
    blocks = _read_armoured(text, markers) if markers else _read_bare(text)
    if not blocks:
        raise ReplyError("the CA says that certificates are attached, and there are none in its reply")
    return blocks


def _read_armoured(text: str, markers: list[re.Match[str]]) -> list[bytes]:
    blocks = []
    begin: re.Match[str] | None = None
    for marker in markers:
        if marker.group(1) == "BEGIN":
            if begin is not None:
                raise ReplyError("a BEGIN line in the reply has no END line")
            begin = marker
        elif begin is not None:
            blocks.append(_decode("".join(text[begin.end() : marker.start()].split())))
            begin = None
    if begin is not None:
        raise ReplyError("the last BEGIN line in the reply has no END line: the reply was cut off")
    return blocks


def _read_bare(text: str) -> list[bytes]:
    """Read base64 without armour: paragraphs of it, up to the first line that is something else."""
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped:
            # A megabyte of empty lines is one gap, not a million paragraphs.
            if paragraphs[-1]:
                paragraphs.append([])
        elif _BASE64_LINE.match(stripped):
            paragraphs[-1].append(stripped)
        else:
            break
    blocks: list[bytes] = []
    for lines in filter(None, paragraphs):
        try:
            blocks += [element.encoded for piece in _split_padded(lines) for element in der.read_all(_decode(piece))]
        except ReplyError:
            # Status text after the data can look like base64; damage in the data itself cannot be excused so.
            if not blocks or lines[0].startswith(_BASE64_SEQUENCE):
                raise
            break
    return blocks


def _split_padded(lines: list[str]) -> list[str]:
    """Split base64 after each padding: several structures can follow each other."""
    return re.findall(r"[A-Za-z0-9+/]+={0,2}", "".join(lines))


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ReplyError(f"the base64 in the reply is damaged: {error}") from error
