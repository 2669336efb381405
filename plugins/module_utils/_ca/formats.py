# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a reply: its encodings (page, responseEncoding), and the four types (responseType) of the structures inside.

Base64 comes with and without BEGIN and END lines. JavaScript's declarations are read, never evaluated. Of each structure in DER,
the DER of its certificates is returned.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509.containers import split_pkcs7

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


_ASSIGNMENT = re.compile(r"\bg_(errorCode|errorMessage|ccc)\s{0,20}=(?!=)")
_GAP = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d{1,9}")
_PLAIN = re.compile(r"[^\\\"'`]+")
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r": ""}


@dataclass(frozen=True)
class Declarations:
    """What the variables hold: the status code as text, the CA's message, the base64 structure."""

    code: str
    message: str
    payload: str


def read_declarations(text: str) -> Declarations:
    """Return the values of g_errorCode, g_errorMessage and g_ccc. Raises ReplyError if there is no code."""
    text = text.replace("\r\n", "\n")
    values: dict[str, str] = {}
    position = 0
    while True:
        assignment = _ASSIGNMENT.search(text, position)
        if assignment is None:
            break
        value, position = _read_expression(text, assignment.end())
        values.setdefault(assignment.group(1), value)
    if "errorCode" not in values:
        raise ReplyError("the reply declares no g_errorCode")
    return Declarations(values["errorCode"].strip(), values.get("errorMessage", ""), values.get("ccc", ""))


def _read_expression(text: str, position: int) -> tuple[str, int]:
    """Read strings and numbers joined by ``+``; return their text and where it ends."""
    pieces = []
    while True:
        piece, position = _read_operand(text, _skip_gap(text, position))
        pieces.append(piece)
        after = _skip_gap(text, position)
        if text[after : after + 1] != "+":
            return "".join(pieces), position
        position = after + 1


def _read_operand(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] in ("'", '"', "`"):
        return _read_string(text, position)
    number = _NUMBER.match(text, position)
    if number is not None:
        return number.group(), number.end()
    for word in ("null", "undefined"):
        if text.startswith(word, position):
            return "", position + len(word)
    raise ReplyError("a JavaScript declaration in the reply is neither a string nor a number")


def _read_string(text: str, position: int) -> tuple[str, int]:
    quote = text[position]
    position += 1
    pieces: list[str] = []
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(pieces), position + 1
        if character == "\\":
            piece, position = _read_escape(text, position + 1)
            pieces.append(piece)
            continue
        plain = _PLAIN.match(text, position)
        end = plain.end() if plain is not None else position + 1
        pieces.append(text[position:end])
        position = end
    raise ReplyError("a JavaScript string in the reply has no end: the reply was cut off")


def _read_escape(text: str, position: int) -> tuple[str, int]:
    character = text[position : position + 1]
    digits = {"x": 2, "u": 4}.get(character)
    if digits is not None:
        code = text[position + 1 : position + 1 + digits]
        if re.fullmatch(r"[0-9A-Fa-f]+", code) is None or len(code) != digits:
            raise ReplyError("a JavaScript string in the reply has a damaged escape")
        return chr(int(code, 16)), position + 1 + digits
    return _SIMPLE_ESCAPES.get(character, character), position + 1


def _skip_gap(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap is not None else position


NETSCAPE_CERT_SEQUENCE = bytes.fromhex("6086480186f8420205")
GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications


def read_individual(data: bytes) -> list[bytes]:
    """Return the one certificate that ``data`` is. Raises ReplyError if it is not one DER SEQUENCE."""
    whole = der.read_whole(data)
    if whole.tag != der.SEQUENCE:
        raise ReplyError("the reply holds something else in place of a certificate")
    return [whole.encoded]


def read_netscape(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in the sequence ``data``, in their order. Raises ReplyError."""
    whole = der.read_whole(data)
    parts = whole.children() if whole.tag == der.SEQUENCE else []
    if not parts or parts[0].tag != der.OID or parts[0].value != NETSCAPE_CERT_SEQUENCE:
        raise ReplyError("the reply is not a Netscape Certificate Sequence")
    if len(parts) != 2 or parts[1].tag != der.context(0):
        raise ReplyError("the Netscape Certificate Sequence in the reply holds no certificates")
    content = parts[1].children()
    if len(content) != 1 or content[0].tag != der.SEQUENCE:
        raise ReplyError("the Netscape Certificate Sequence in the reply is damaged")
    return [element.encoded for element in content[0].children()]


def read_pkcs7(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in the PKCS#7 ``data``, in their order. Raises ReplyError."""
    try:
        return split_pkcs7(data)
    except ValueError as error:
        raise ReplyError(f"the reply cannot be read: {error}") from error


def read_cmmf(data: bytes) -> list[bytes]:
    """Return the DER of caPubs and then of the issued certificates. Raises ReplyError, also if the status is a refusal."""
    whole = der.read_whole(data)
    parts = whole.children() if whole.tag == der.SEQUENCE else []
    certificates = []
    if parts and parts[0].tag == der.context(1):
        certificates += _read_ca_pubs(parts.pop(0))
    if len(parts) != 1 or parts[0].tag != der.SEQUENCE:
        raise ReplyError("the reply is not a CMMF CertRepContent")
    for response in parts[0].children():
        certificates += _read_response(response)
    return certificates


def _read_ca_pubs(ca_pubs: der.Element) -> list[bytes]:
    elements = ca_pubs.children()
    # Explicit tagging puts one more SEQUENCE around the certificates.
    if len(elements) == 1 and not _is_certificate(elements[0]):
        elements = elements[0].children()
    return [_require_certificate(element) for element in elements]


def _read_response(response: der.Element) -> list[bytes]:
    """Read a CertResponse: certReqId, status, certifiedKeyPair OPTIONAL, an OCTET STRING OPTIONAL."""
    parts = response.children() if response.tag == der.SEQUENCE else []
    if len(parts) < 2 or parts[0].tag != der.INTEGER or parts[1].tag != der.SEQUENCE:
        raise ReplyError("the CMMF reply has a damaged CertResponse")
    status = parts[1].children()
    if not status or status[0].tag != der.INTEGER:
        raise ReplyError("the CMMF reply has no status")
    number = int.from_bytes(status[0].value, "big", signed=True)
    if number not in GRANTED:
        raise ReplyError(f"the CMMF reply has the status {number}: the certificate was not granted")
    pairs = [part for part in parts[2:] if part.tag == der.SEQUENCE]
    return [_read_key_pair(pair) for pair in pairs]


def _read_key_pair(pair: der.Element) -> bytes:
    """Read a CertifiedKeyPair, whose certificate is bare, [0] IMPLICIT or [0] EXPLICIT."""
    parts = pair.children()
    if not parts:
        raise ReplyError("the CMMF reply has an empty CertifiedKeyPair")
    certificate = parts[0]
    if certificate.tag == der.context(1):
        raise ReplyError("the CMMF reply holds an encrypted certificate, which an S/MIME order never gets")
    if certificate.tag == der.context(0):
        inner = certificate.children()
        if len(inner) == 1:
            return _require_certificate(inner[0])
        # [0] IMPLICIT took the place of the SEQUENCE's own tag.
        return _require_certificate(der.read_whole(bytes([der.SEQUENCE]) + certificate.encoded[1:]))
    return _require_certificate(certificate)


def _is_certificate(element: der.Element) -> bool:
    """Tell whether this is SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }, the outline of a certificate (RFC 5280, 4.1)."""
    if element.tag != der.SEQUENCE:
        return False
    return [child.tag for child in element.children()] == [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]


def _require_certificate(element: der.Element) -> bytes:
    if not _is_certificate(element):
        raise ReplyError("the CMMF reply holds something else in place of a certificate")
    return element.encoded
