# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, and the lock that falls after repeated failures."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from test_ca.codes import Code, Refusal


@dataclass
class Account:
    """One customer of the authority. Name and password are case-sensitive."""

    login_name: str
    password: str = field(repr=False)
    failures: int = 0
    locked: bool = False

    def log_in(self, password: str, lock_after: int) -> None:
        """Let the owner in, or count a failure. A locked account refuses the right password too."""
        matches = hmac.compare_digest(self.password.encode(), password.encode())
        if matches and not self.locked:
            self.failures = 0
            return
        if not matches:
            self.failures += 1
            self.locked = self.locked or self.failures >= lock_after
        raise Refusal(Code.LOGIN_FAILED)

    def unlock(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.locked = False

    def describe(self) -> dict[str, object]:
        """Say what may be said about an account."""
        return {"login_name": self.login_name, "failures": self.failures, "locked": self.locked}


class Accounts:
    """All accounts by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Account] = {}

    def add(self, account: Account) -> None:
        """Open an account, or replace the one of that name."""
        self._by_name[account.login_name] = account

    def find(self, login_name: str) -> Account | None:
        """Look an account up."""
        return self._by_name.get(login_name)

    def log_in(self, login_name: str, password: str, lock_after: int) -> Account:
        """Check a name and a password; both kinds of failure look the same from outside."""
        account = self.find(login_name)
        if account is None:
            raise Refusal(Code.LOGIN_FAILED)
        account.log_in(password, lock_after)
        return account

    def describe(self) -> list[dict[str, object]]:
        """List all accounts."""
        return [account.describe() for account in self._by_name.values()]
