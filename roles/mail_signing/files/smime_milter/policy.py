# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may have mail signed: a login for its own mailboxes, a client without one for those that its network may send for."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from smime_milter.author import read_address

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
UNSIGNED = "unsigned"
DEFER = "defer"


class PolicyError(Exception):
    """The file that says who may have mail signed cannot be read."""


@dataclass(frozen=True)
class Client:
    """Who sends, as Postfix says: a login that it has checked or '', an IP address or '', and whether it is sendmail(1) on this machine."""

    login: str = ""
    address: str = ""
    sendmail: bool = False


@dataclass(frozen=True)
class Relay:
    """Networks whose clients may send for some mailboxes without a login."""

    networks: tuple[Network, ...]
    senders: frozenset[str]

    def permits(self, client: Client, sender: str) -> bool:
        """Tell whether a client may send for a mailbox."""
        if sender not in self.senders or not client.address:
            return False
        address = ipaddress.ip_address(client.address)
        return any(address in network for network in self.networks)


@dataclass(frozen=True)
class Policy:
    """Who may have mail signed, and what becomes of mail that cannot be signed as it should."""

    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relays: tuple[Relay, ...] = ()
    sendmail: bool = False
    on_expired: str = UNSIGNED
    on_unclear_author: str = DEFER

    def find_reason_to_pass(self, client: Client, sender: str) -> str | None:
        """Return why a client has no mail signed for a mailbox, or None if it has."""
        if client.sendmail:
            return None if self.sendmail else "mail of sendmail(1) is not signed"
        if client.login:
            owned = client.login.lower() in self.owners.get(sender, ())
            return None if owned else f"the login {client.login} does not own the address"
        if any(relay.permits(client, sender) for relay in self.relays):
            return None
        return f"the client {client.address} has no login, and no relay may send for the address"


def parse(text: str) -> Policy:
    """Return the policy in JSON that the role has written. Raises PolicyError."""
    try:
        found: dict[str, Any] = json.loads(text)
        owners: dict[str, frozenset[str]] = {}
        for address, logins in found["owners"].items():
            mailbox = read_address(address) or address
            owners[mailbox] = owners.get(mailbox, frozenset()) | {login.lower() for login in logins}
        relays = tuple(
            Relay(
                tuple(ipaddress.ip_network(network) for network in relay["networks"]),
                frozenset(read_address(sender) or sender for sender in relay["senders"]),
            )
            for relay in found["relays"]
        )
        return Policy(owners, relays, bool(found["sendmail"]), found["on_expired"], found["on_unclear_author"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PolicyError(f"it is not what the role writes: {type(error).__name__}: {error}") from error


class PolicyFile:
    """The file, which is read again when another one takes its place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], Policy] | None = None

    def current(self) -> Policy:
        """Return what holds now. Raises PolicyError."""
        try:
            there = os.stat(self._path)
            mark = (there.st_ino, there.st_mtime_ns, there.st_size)
            if self._read is None or self._read[0] != mark:
                with open(self._path, encoding="utf-8") as file:
                    self._read = (mark, parse(file.read()))
        except (OSError, PolicyError) as error:
            raise PolicyError(f"{self._path}: {error}") from error
        return self._read[1]
