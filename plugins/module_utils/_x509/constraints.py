# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The constraints that a CA certificate puts on names (RFC 5280, 4.2.1.10; RFC 9598)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Tuple
from urllib.parse import urlsplit

from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import (
    is_utf8_mailbox,
    prepare_name,
    read_utf8_string,
)

_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
# More comparisons than any CA's constraints take: a limit for what an attacker sends.
_MOST_COMPARISONS = 100_000

# The kind of a general name (``email``, ``dns``, ``uri``, ``directory``, ``ip``, or one without rules), and its value.
GeneralName = Tuple[str, Any]


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
    names: list[GeneralName] = [("directory", prepare_name(subject))] if subject.rdns else []
    mailboxes = [item.value for item in subject if item.oid.dotted_string == _EMAIL_ADDRESS]
    names += [("email", _read_mailbox(mailbox)) for mailbox in mailboxes]
    return names + [_read_name(item) for item in alternatives]


def _read_name(item: Any) -> GeneralName:
    kind = type(item).__name__
    if kind == "RFC822Name":
        return "email", _read_mailbox(item.value)
    if is_utf8_mailbox(item):
        return "email", _read_mailbox(read_utf8_string(item.value))
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
        return "directory", prepare_name(item.value)
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
