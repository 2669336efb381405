# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailbox addresses, compared as facts and RFC 9598 have it: the domain as A-labels, both halves without regard to ASCII case."""

from __future__ import annotations

from functools import lru_cache

# IDNA 2003, which is all that Python brings along, maps these to other names than IDNA 2008 does.
_DEVIATIONS = frozenset("\u00df\u03c2\u200c\u200d")


# Large enough for the mailboxes of a long list, which are looked at more than once.
@lru_cache(maxsize=16384)
def normalize(address: str) -> str:
    """Return ``address`` in the form in which addresses are compared. Raises ValueError if it is not an address."""
    local, at, domain = address.rpartition("@")
    if not (at and local and domain and address.isprintable() and address.split() == [address]):
        raise ValueError(f"{address!r} is not a mailbox address")
    return f"{_lower_ascii(local)}@{encode_domain(domain)}"


def encode_domain(domain: str) -> str:
    """Return ``domain`` as A-labels in lower case. Raises ValueError if it is not a domain name."""
    if domain.isascii():
        return domain.lower()
    try:
        import idna
    except ImportError:
        return _encode_without_idna(domain)
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(f"{domain!r} is not a domain name: {error}") from error


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


def _lower_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(character.lower() if character.isascii() else character for character in text)


def _encode_without_idna(domain: str) -> str:
    if _DEVIATIONS & set(domain):
        raise ValueError(
            f"{domain!r} needs the Python library idna to be read right; give the domain as A-labels (xn--...)"
        )
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"{domain!r} is not a domain name: {error}") from error
