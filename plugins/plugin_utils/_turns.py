# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose turn it is to call the CA: a run of ansible-playbook works on many hosts side by side, in processes of their own.

The CA wants one call at a time, and a login that it refused must not be tried again for the next host: the account could be
locked. The processes share the run's temporary directory on the controller, which nobody else can read.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client, Exchange
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED, error_for
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query

_LOCK = "smime-turn"
_REFUSED = "smime-refused"
_REFUSAL = "the CA refused this login before in this run; it was not tried again, since that could lock the account"
# Slow on purpose: what is noted of a login must not help anybody to guess its password.
_ROUNDS = 200_000


@dataclass(frozen=True)
class Turns:
    """The turns of all processes that share ``folder``."""

    folder: str

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn, and have it."""
        descriptor = self._open(_LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def is_refused(self, order: Order) -> bool:
        """Tell whether the CA refused the login of ``order`` before."""
        return any(_hash(order, bytes.fromhex(salt)) == known for salt, known in self._read())

    def note_refusal(self, order: Order) -> None:
        """Keep the login of ``order`` from being tried again in this run."""
        salt = os.urandom(16)
        descriptor = self._open(_REFUSED, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps([salt.hex(), _hash(order, salt)]) + "\n")

    def _read(self) -> list[tuple[str, str]]:
        try:
            with open(os.path.join(self.folder, _REFUSED), encoding="ascii") as file:
                return [tuple(json.loads(line)) for line in file]
        except FileNotFoundError:
            return []

    def _open(self, name: str, flags: int) -> int:
        return os.open(os.path.join(self.folder, name), flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@dataclass
class TurnTakingClient(Client):
    """A client that calls only when it is its turn, and never with a login that was refused before in this run."""

    turns: Turns = field(kw_only=True)

    def exchange(self, order: Order, query: Query) -> Exchange:
        """Do what Client.exchange does. Raises CaError instead of calling with a refused login."""
        self.require_open()
        with self.turns.take():
            if self.turns.is_refused(order):
                self.login_refused = True
                raise error_for(LOGIN_FAILED, _REFUSAL)
            exchange = super().exchange(order, query)
            if self.login_refused:
                self.turns.note_refusal(order)
            return exchange


def _hash(order: Order, salt: bytes) -> str:
    login = (order.collection_code,) if order.collection_code else (order.login_name, order.login_password)
    return hashlib.pbkdf2_hmac("sha256", json.dumps(login).encode(), salt, _ROUNDS).hex()
