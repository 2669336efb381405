# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading DER (X.690) and base64 that is written in the one way in which it may be. All else raises ValueError."""

from __future__ import annotations

import base64

from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509.der import OID, SEQUENCE, Element

# Releases of the library before 42 read arcs of four octets at most, of seven bits each.
_ARC_BITS = 28


def take(element: Element, *tags: int | None, within: int = SEQUENCE) -> list[Element]:
    """Return the elements in ``element``, as ``split`` does, which have these tags; None stands for any."""
    inside = split(element, within)
    if len(inside) != len(tags) or any(tag not in (None, child.tag) for tag, child in zip(tags, inside)):
        raise ValueError("not the elements that should be there")
    return inside


def split(element: Element, tag: int = SEQUENCE) -> list[Element]:
    """Return the elements in ``element``, whose own tag is ``tag``."""
    inside = element.children()
    if element.tag != tag or not all(child.is_minimal for child in inside):
        raise ValueError("not DER with elements inside")
    return inside


def read_whole(encoded: bytes) -> Element:
    """Return the element that ``encoded`` consists of."""
    whole = der.read_whole(encoded)
    if not whole.is_minimal:
        raise ValueError("not DER")
    return whole


def read_number(element: Element) -> int:
    """Return an INTEGER of 0 or more."""
    value = element.value
    if not value or value[0] & 0x80 or (len(value) > 1 and not value[0] and not value[1] & 0x80):
        raise ValueError("not a number of 0 or more in DER")
    return int.from_bytes(value, "big")


def read_oid(element: Element) -> str:
    """Return an OBJECT IDENTIFIER, dotted."""
    value = element.value
    if element.tag != OID or not 2 <= len(value) <= 20 or value[-1] & 0x80:
        raise ValueError("not an object identifier")
    arcs = [0]
    for octet in value:
        if octet == 0x80 and not arcs[-1]:
            raise ValueError("an object identifier with a padded arc")
        arcs[-1] = arcs[-1] << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(0)
    if max(arcs) >> _ARC_BITS:
        raise ValueError("an object identifier with an arc that not every release of the library reads")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:-1])))


def read_bits(element: Element) -> bytes:
    """Return a BIT STRING of whole octets."""
    if element.value[:1] != b"\0":
        raise ValueError("not whole octets")
    return element.value[1:]


def read_pem(pem: bytes, label: bytes) -> list[bytes]:
    """Return what the blocks called ``label`` (RFC 7468, strict) hold, which are all of ``pem``, and at least one."""
    begin, end = b"-----BEGIN %s-----\n" % label, b"-----END %s-----\n" % label
    found = [base64.b64decode(block[len(begin) :]) for block in pem.split(end)[:-1]]
    # What reads the same when it is written anew is nothing else, and in no other form.
    if not found or b"".join(begin + _write_lines(data) + end for data in found) != pem:
        raise ValueError("not PEM as it is written, or more than that")
    return found


def _write_lines(data: bytes) -> bytes:
    encoded = base64.b64encode(data)
    return b"".join(encoded[start : start + 64] + b"\n" for start in range(0, len(encoded), 64))
