# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailbox addresses (RFC 5321, 4.1.2; RFC 6531 beyond ASCII): which there are, and when two are the same.

This file needs nothing but Python's standard library, and idna where it is installed: other programs may bring a copy along.
"""

from __future__ import annotations

import re
from functools import lru_cache

# RFC 5321, 4.5.3.1: octets of the local part, and of the whole (its path has two more, < and >).
MAX_LOCAL = 64
MAX_ADDRESS = 254
# RFC 5322, 3.2.3: all but blanks, controls and the special characters; RFC 6531 adds what is beyond ASCII.
_ATOM = r'[^\x00-\x20\x7f()<>\[\]:;@\\,."]+'
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED_STRING = re.compile(r'"(?:[^\x00-\x1f\x7f"\\]|\\[\x20-\x7e])*"')
# RFC 5890, 2.3.1: letters, digits and hyphens.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MAX_DOMAIN = 253
# IDNA 2003, which is all that Python brings along, maps these to other names than IDNA 2008 does.
_DEVIATIONS = frozenset("\u00df\u03c2\u200c\u200d")


# Large enough for the mailboxes of a long list, which are looked at more than once.
@lru_cache(maxsize=16384)
def normalize(address: str) -> str:
    """Return ``address`` in the form in which addresses are compared. Raises ValueError if it is not a mailbox's address."""
    local, at, domain = address.rpartition("@")
    if not (at and local and domain and address.isprintable()):
        raise ValueError(f"{address!r} is not a mailbox address")
    if not (_DOT_STRING.fullmatch(local) or _QUOTED_STRING.fullmatch(local)):
        raise ValueError(f"{address!r} is not a mailbox address: what stands before the @ is not allowed there")
    encoded = encode_domain(domain)
    if _count_octets(local) > MAX_LOCAL or _count_octets(local) + 1 + len(encoded) > MAX_ADDRESS:
        raise ValueError(f"{address!r} is not a mailbox address: it is too long")
    return f"{_lower_ascii(_unquote(local))}@{encoded}"


def encode_domain(domain: str) -> str:
    """Return ``domain`` as A-labels in lower case. Raises ValueError if it is not a domain name."""
    encoded = domain.lower() if domain.isascii() else _encode_labels(domain)
    if len(encoded) > _MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in encoded.split(".")):
        raise ValueError(f"{domain!r} is not a domain name")
    return encoded


def is_one_of(address: str, addresses: tuple[str, ...]) -> bool:
    """Tell whether ``address`` is among ``addresses``; what is not an address in there is passed over."""
    wanted = normalize(address)
    for candidate in addresses:
        try:
            if normalize(candidate) == wanted:
                return True
        except ValueError:
            continue
    return False


def _count_octets(local: str) -> int:
    return len(local.encode("utf-8", errors="replace"))


def _unquote(local: str) -> str:
    """Return the local part without quotes that it does not need: both forms name one mailbox (RFC 5321, 4.1.2)."""
    if not local.startswith('"'):
        return local
    plain = re.sub(r"\\(.)", r"\1", local[1:-1])
    return plain if _DOT_STRING.fullmatch(plain) else local


def _lower_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(character.lower() if character.isascii() else character for character in text)


def _encode_labels(domain: str) -> str:
    try:
        import idna
    except ImportError:
        return _encode_without_idna(domain)
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(f"{domain!r} is not a domain name: {error}") from error


def _encode_without_idna(domain: str) -> str:
    if _DEVIATIONS & set(domain):
        raise ValueError(
            f"{domain!r} needs the Python library idna to be read right; give the domain as A-labels (xn--...)"
        )
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"{domain!r} is not a domain name: {error}") from error
