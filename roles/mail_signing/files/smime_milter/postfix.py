# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration of Postfix, what the role wants of it, and which logins own which mailboxes there.

The role has this file and ``changes`` run before anything is installed: they import nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where a restriction can stand.
RESTRICTIONS = [f"smtpd_{name}_restrictions" for name in ("client", "helo", "sender", "relay", "recipient", "data")]
# What is asked of main.cf. To expand all that there is takes Postfix a second or two.
NAMES = ["queue_directory", "mail_owner", "mydestination", "myorigin", "recipient_delimiter", "smtpd_sender_login_maps"]
NAMES += ["smtpd_sasl_auth_enable", *RESTRICTIONS]
# Restrictions that hold a sender against its login (postconf(5)).
BINDING = (
    "reject_sender_login_mismatch",
    "reject_authenticated_sender_login_mismatch",
    "reject_known_sender_login_mismatch",
)
# What stands behind one of these is never asked about a client with a login.
PERMITS = ("permit", "permit_sasl_authenticated")
# Postfix asks these for whole addresses alone.
PATTERNS = ("regexp:", "pcre:", "cidr:")
ADVICE = (
    "Set smtpd_sender_login_maps and reject_sender_login_mismatch for the service in master.cf, as the guide to mail servers shows, "
    "or say in smime_signing_logins which login may use which addresses, or in smime_signing_relays which clients may send without a login."
)
OURS = "{unix:%s,default_action=tempfail,protocol=6}"


class PostfixError(Exception):
    """Postfix, or what the role was given, is not fit for signing, and why."""


@dataclass(frozen=True)
class Request:
    """What the role wants; the fields are those of the JSON."""

    directory: str
    services: list[str]
    socket: str
    non_smtpd: bool = False
    manage: bool = True
    may_be_missing: bool = False
    live: str = ""
    mailboxes: list[str] = field(default_factory=list)
    logins: dict[str, list[str]] | None = None
    relays: list[dict[str, list[str]]] | None = None
    test_mail: dict[str, Any] | None = None

    @property
    def ours(self) -> str:
        """Return the milter as Postfix's options have it; its path is relative to the queue folder, for processes in a chroot."""
        return OURS % self.socket


def check(request: Request) -> None:
    """Raise PostfixError for logins and relays that make no sense."""
    for login, addresses in (request.logins or {}).items():
        _check_addresses(f"smime_signing_logins, {login}", addresses)
    for relay in request.relays or []:
        if set(relay) != {"networks", "senders"} or not isinstance(relay["networks"], list):
            raise PostfixError(
                "Each entry of smime_signing_relays needs networks and senders, which are lists, and nothing else."
            )
        _check_addresses("smime_signing_relays", relay["senders"])
        for network in relay["networks"]:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise PostfixError(f"smime_signing_relays: {error}.") from error


def _check_addresses(where: str, addresses: Any) -> None:
    if not isinstance(addresses, list):
        raise PostfixError(f"{where}: the addresses must be a list.")
    for address in addresses:
        if not isinstance(address, str) or not re.fullmatch(r"\S+@[^\s@]+", address):
            raise PostfixError(f"{where}: {address!r} is no address.")


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of Postfix and return what came of it."""
    environment = {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(
            arguments, input=given, capture_output=True, text=True, check=False, env=environment, timeout=300
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(arguments, 127, "", f"{arguments[0]}: {error}")


class Postfix:
    """A configuration of Postfix, as postconf tells it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.main = self._read("-x", *NAMES)
        self.raw = self._read()
        self.set_in_main = self._read("-n")
        self.services = {"/".join(line.split()[:2]) for line in self._ask("-M").splitlines()}
        self.options = self._read("-P")
        self._expanded = self._read("-P", "-x")

    def option(self, service: str, name: str) -> str:
        """Return what an option is for a service, in master.cf or else in main.cf."""
        return self._expanded.get(f"{service}/{name}", self.main.get(name, ""))

    def _ask(self, *options: str) -> str:
        done = run("postconf", "-c", self.directory, *options)
        if done.returncode:
            raise PostfixError(f"Postfix's configuration in {self.directory} cannot be read: {done.stderr.strip()}.")
        return done.stdout

    def _read(self, *options: str) -> dict[str, str]:
        return dict(re.findall(r"(?m)^(\S+) = ?(.*)$", self._ask(*options)))


def split(text: str) -> list[str]:
    """Return the items of a list in Postfix's words, separated by commas or space outside of braces."""
    return re.findall(r"[^\s,{}]*\{(?:[^{}]|\{[^{}]*\})*\}|[^\s,]+", text)


def find_owners(postfix: Postfix, request: Request) -> dict[str, list[str]]:
    """Return the logins of each mailbox. Raises PostfixError if nothing says who may send as whom."""
    if request.logins is not None:
        return invert(request.logins)
    faults = {service: fault for service in request.services if (fault := _find_fault(postfix, service))}
    if faults and request.relays is None:
        told = "; ".join(f"{service} {fault}" for service, fault in faults.items())
        raise PostfixError(
            f"Nothing says which login may send as which mailbox, so that everybody could have mail signed for everybody: {told}. {ADVICE}"
        )
    addresses = {*request.mailboxes, *_list_live(request.live)}
    owners: dict[str, list[str]] = {address: [] for address in sorted(addresses)}
    for service in request.services:
        if service not in faults:
            maps = split(postfix.option(service, "smtpd_sender_login_maps"))
            for address, logins in _look_up(postfix, maps, owners).items():
                owners[address] = sorted({*owners[address], *logins})
    return owners


def invert(logins: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the logins of each address."""
    owners: dict[str, list[str]] = {}
    for login, addresses in logins.items():
        for address in addresses:
            owners.setdefault(address, []).append(login)
    return owners


def _find_fault(postfix: Postfix, service: str) -> str | None:
    """Return why a service binds no sender to its login, or None if it does."""
    if service not in postfix.services:
        return "is not in master.cf"
    if postfix.option(service, "smtpd_sasl_auth_enable") != "yes":
        return "has no logins (smtpd_sasl_auth_enable)"
    if not split(postfix.option(service, "smtpd_sender_login_maps")):
        return "has no smtpd_sender_login_maps"
    if not any(_binds(postfix.option(service, name)) for name in RESTRICTIONS):
        return f"does not ask smtpd_sender_login_maps, with {BINDING[0]} before any permit or permit_sasl_authenticated"
    return None


def _binds(restrictions: str) -> bool:
    for restriction in split(restrictions):
        if restriction.lower() in PERMITS:
            return False
        if restriction.lower() in BINDING:
            return True
    return False


def _list_live(folder: str) -> list[str]:
    try:
        return [name[: -len(".pem")] for name in os.listdir(folder) if name.endswith(".pem") and name[0] != "."]
    except OSError:
        return []


def _look_up(postfix: Postfix, maps: Iterable[str], addresses: Iterable[str]) -> dict[str, list[str]]:
    """Return what the maps say of each address, by the first of its keys in the first map that has it, as Postfix does."""
    local = _Local(postfix)
    keys = {address: [local.list_keys(form) for form in _list_forms(address)] for address in addresses}
    whole = [forms[0] for found in keys.values() for forms in found]
    every = [key for found in keys.values() for forms in found for key in forms]
    answers = [
        (name, _query(postfix, name, whole if name.startswith(PATTERNS) else every))
        for name in (text[len("proxy:") :] if text.startswith("proxy:") else text for text in maps)
    ]
    return {
        address: [login for forms in found for login in split(_find_first(forms, answers))]
        for address, found in keys.items()
    }


def _find_first(keys: list[str], answers: list[tuple[str, dict[str, str]]]) -> str:
    for key in keys:
        for _name, answer in answers:
            if key in answer:
                return answer[key]
    return ""


def _query(postfix: Postfix, name: str, keys: Iterable[str]) -> dict[str, str]:
    given = "".join(f"{key}\n" for key in dict.fromkeys(keys))
    done = run("postmap", "-c", postfix.directory, "-q", "-", name, given=given)
    if done.returncode and done.stderr.strip():
        told = done.stderr.strip().splitlines()[-1]
        raise PostfixError(f"smtpd_sender_login_maps cannot be asked: {told}.")
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


def _list_forms(address: str) -> list[str]:
    """Return an address as mail programs may write it: a map may know its domain by letters or by A-labels."""
    local, _at, domain = address.rpartition("@")
    with contextlib.suppress(UnicodeError):
        return list(dict.fromkeys([address, f"{local}@{domain.encode('idna').decode()}"]))
    return [address]


class _Local:
    """What Postfix takes for its own domains when it looks an address up by its local part."""

    def __init__(self, postfix: Postfix) -> None:
        self._delimiters = postfix.main.get("recipient_delimiter", "")
        self._domains: set[str] = {postfix.main.get("myorigin", "").lower()}
        for item in split(postfix.main.get("mydestination", "")):
            self._domains.update(_read_list(item))
        self._maps = [item for item in split(postfix.main.get("mydestination", "")) if ":" in item]
        self._postfix = postfix

    def list_keys(self, address: str) -> list[str]:
        """Return the keys that Postfix tries for an address, in its order (postconf(5), smtpd_sender_login_maps)."""
        local, _at, domain = address.rpartition("@")
        bare = re.split(f"[{re.escape(self._delimiters)}]", local)[0] if self._delimiters else local
        own = self._is_own(domain)
        keys = [address, f"{bare or local}@{domain}", *([local, bare or local] if own else []), f"@{domain}"]
        return list(dict.fromkeys(keys))

    def _is_own(self, domain: str) -> bool:
        return domain.lower() in self._domains or any(_query(self._postfix, name, [domain]) for name in self._maps)


def _read_list(item: str) -> list[str]:
    if item.startswith("/"):
        with contextlib.suppress(OSError), open(item, encoding="utf-8", errors="replace") as file:
            return split(re.sub(r"(?m)#.*$", "", file.read()).lower())
    return [item.lower()]
