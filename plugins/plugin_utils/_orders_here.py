# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of orders on the controller: number and code stay here, and what the CA answered is noted here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _journal
from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock
from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection, Journal


@dataclass
class Controller:
    """As much of a module as the journal's file needs. Labels of SELinux are those that the folder gives."""

    check_mode: bool

    def selinux_enabled(self) -> bool:
        """Leave labels alone."""
        return False


@dataclass
class OrdersHere:
    """The orders of one task's mailboxes, by the entries' numbers."""

    check_mode: bool
    warn: Callable[[str], None]
    _journals: dict[str, Journal] = field(default_factory=dict)
    _collections: dict[int, Collection] = field(default_factory=dict)

    def read(self, options: Mapping[str, Any]) -> Journal | None:
        """Return the journal that ``options`` name, read once. Raises FileError: then nothing has happened yet."""
        path = options["orders_path"]
        if path and path not in self._journals:
            here: Any = Controller(self.check_mode)
            self._journals[path] = _journal.open_journal(here, path).read()
        return self._journals.get(path)

    def find(self, index: int, options: Mapping[str, Any], email: str | None) -> dict[str, Any]:
        """Return ``options`` with number and code of the mailbox's order, if the journal is to say which it is."""
        journal, order = self.read(options), rules.read_order(options)
        if journal is None or not order.awaits_lookup:
            return dict(options)
        placed = journal.find_collectable(email or "")
        if placed is None:
            return dict(options)
        self._collections[index] = Collection(replace(journal), placed)
        return {**options, "order_number": placed.order_number, "collection_code": placed.collection_code}

    def note(self, index: int, result: Mapping[str, Any], code: int | None) -> None:
        """Note what the CA answered for an entry, and whether the target has its certificate now."""
        if index in self._collections:
            collected = code is not None and code >= 0 and result.get("status") in ("issued", "valid")
            self._collections[index].note(code, Clock().now(), self.warn, collected=collected)
