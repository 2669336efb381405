# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names as RFC 5280 compares them (7.1), and the constraints that a CA certificate puts on them (4.2.1.10, RFC 9598)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, FrozenSet, Tuple, Union
from urllib.parse import urlsplit

from ansible_collections.mailops.smime.plugins.module_utils._x509 import address

SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
_UTF8_STRING = 0x0C
# More comparisons than any CA's constraints take: a limit for what an attacker sends.
_MOST_COMPARISONS = 100_000

# A name as it is compared: its relative names from the top down, each a set of pairs of OID and prepared value.
ComparableName = Tuple[FrozenSet[Tuple[str, Union[str, bytes]]], ...]
# The kind of a general name (``email``, ``dns``, ``uri``, ``directory``, ``ip``, or one without rules), and its value.
GeneralName = Tuple[str, Any]


def prepare(name: Any) -> ComparableName:
    """Return an ``x509.Name`` in the form in which two that are the same name are equal (RFC 5280, 7.1; RFC 4518, 2)."""
    return tuple(frozenset((item.oid.dotted_string, _prepare_value(item.value)) for item in rdn) for rdn in name.rdns)


@lru_cache(maxsize=1024)
def _prepare_value(value: str | bytes) -> str | bytes:
    # Case, repeated spaces and the type of the string say nothing; a bit string is compared as it is.
    if not isinstance(value, str):
        return value
    folded = value.lower() if value.isascii() else unicodedata.normalize("NFKC", value.casefold())
    return " ".join(folded.split())


def read_emails(alternatives: Iterable[Any]) -> tuple[str, ...]:
    """Return the rfc822Names, then the SmtpUTF8Mailbox names (RFC 9598, 3), of a subjectAltName. Raises ValueError."""
    plain = [item.value for item in alternatives if type(item).__name__ == "RFC822Name"]
    return (*plain, *(_read_utf8_string(item.value) for item in alternatives if _is_utf8_mailbox(item)))


def find_constraint_fault(names: list[GeneralName], constraints: Any) -> str:
    """Return which of ``names`` an ``x509.NameConstraints`` does not allow, or an empty string (RFC 5280, 6.1.3 b and c)."""
    try:
        permitted = [_read_base(item) for item in constraints.permitted_subtrees or ()]
        excluded = [_read_base(item) for item in constraints.excluded_subtrees or ()]
    except ValueError as error:
        return f"its name constraints cannot be read: {error}"
    if len(names) * (len(permitted) + len(excluded)) > _MOST_COMPARISONS:
        return "it constrains more names than can be compared"
    for kind, value in names:
        inside = [base for base_kind, base in permitted if base_kind == kind]
        outside = [base for base_kind, base in excluded if base_kind == kind]
        is_within = _RULES.get(kind)
        if is_within is None and (inside or outside):
            return f"its name constraints are about names of a kind without rules ({kind})"
        if is_within is not None and (
            (inside and not any(is_within(value, base) for base in inside))
            or any(is_within(value, base) for base in outside)
        ):
            return f"its name constraints do not allow {_to_text(value)}"
    return ""


def list_names(subject: Any, alternatives: Iterable[Any]) -> list[GeneralName]:
    """Return all names of a certificate that constraints are about: its subject, addresses in that, and its subjectAltName.

    Raises ValueError for one that cannot be compared.
    """
    names: list[GeneralName] = [("directory", prepare(subject))] if subject.rdns else []
    mailboxes = [item.value for item in subject if item.oid.dotted_string == _EMAIL_ADDRESS]
    names += [("email", _read_mailbox(mailbox)) for mailbox in mailboxes]
    return names + [_read_name(item) for item in alternatives]


def _read_name(item: Any) -> GeneralName:
    kind = type(item).__name__
    if kind == "RFC822Name":
        return "email", _read_mailbox(item.value)
    if _is_utf8_mailbox(item):
        return "email", _read_mailbox(_read_utf8_string(item.value))
    if kind == "UniformResourceIdentifier":
        return "uri", _read_host(item.value)
    return _read_other(item)


def _read_base(item: Any) -> GeneralName:
    """Return the base of a subtree: of mailboxes and of URIs, it may be a host or a domain with a dot before it."""
    kind = type(item).__name__
    if kind == "RFC822Name":
        return "email", _read_mailbox(item.value) if "@" in item.value else ("", item.value.lower())
    if kind == "UniformResourceIdentifier":
        return "uri", item.value.lower()
    return _read_other(item)


def _read_other(item: Any) -> GeneralName:
    kind = type(item).__name__
    if kind == "DNSName":
        return "dns", item.value.lower()
    if kind == "DirectoryName":
        return "directory", prepare(item.value)
    if kind == "IPAddress":
        return "ip", item.value
    return f"{kind} {item.type_id.dotted_string if kind == 'OtherName' else ''}".strip(), item.value


def _read_mailbox(mailbox: str) -> tuple[str, str]:
    local, at, domain = mailbox.rpartition("@")
    if not (local and at and domain):
        raise ValueError(f"{mailbox!r} is not a mailbox")
    return local, domain.lower() if domain.isascii() else address.encode_domain(domain)


def _read_host(uri: str) -> str:
    host = urlsplit(uri).hostname
    # 4.2.1.10: without a host that has a name, a URI cannot be compared.
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise ValueError(f"{uri!r} has no host name")
    return host.lower()


def _is_utf8_mailbox(item: Any) -> bool:
    return type(item).__name__ == "OtherName" and item.type_id.dotted_string == SMTP_UTF8_MAILBOX


def _read_utf8_string(data: bytes) -> str:
    # A mailbox has 254 characters at most, so that its length takes the short form or one more octet.
    header = 3 if data[1:2] == b"\x81" else 2
    if len(data) < header or data[0] != _UTF8_STRING or data[header - 1] != len(data) - header:
        raise ValueError("a SmtpUTF8Mailbox is not a UTF8String")
    return data[header:].decode("utf-8")


def _is_mailbox_within(mailbox: tuple[str, str], base: tuple[str, str]) -> bool:
    return mailbox == base if base[0] else _is_host_within(mailbox[1], base[1])


def _is_host_within(host: str, base: str) -> bool:
    # An empty base stands for all hosts: that is how a CA says that it issues for none.
    return host.endswith(base) if base.startswith(".") or not base else host == base


def _is_dns_name_within(host: str, base: str) -> bool:
    return _is_host_within(host, base) or (not base.startswith(".") and host.endswith(f".{base}"))


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "email": _is_mailbox_within,
    "dns": _is_dns_name_within,
    "uri": _is_host_within,
    "directory": lambda name, base: bool(name[: len(base)] == base),
    "ip": lambda ip, network: ip in network,
}


def _to_text(value: Any) -> str:
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return "@".join(value)
    if isinstance(value, tuple):
        return ",".join(f"{oid}={text}" for rdn in value for oid, text in sorted(rdn, key=str))
    return str(value)
