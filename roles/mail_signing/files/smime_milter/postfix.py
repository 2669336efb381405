# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration of Postfix, and what the role wants of it.

The role has this file, ``logins`` and ``changes`` run before anything is installed: they import nothing but the standard library.
"""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where a restriction can stand.
RESTRICTIONS = [f"smtpd_{name}_restrictions" for name in ("client", "helo", "sender", "relay", "recipient", "data")]
# What is asked of main.cf. To expand all that there is takes Postfix a second or two.
NAMES = ["queue_directory", "mail_owner", "mydestination", "myorigin", "recipient_delimiter", "smtpd_sender_login_maps"]
NAMES += ["smtpd_sasl_auth_enable", *RESTRICTIONS]
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
