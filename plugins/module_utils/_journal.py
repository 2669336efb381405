# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of orders: one JSON file, an order a line, that a person can read. Collection codes stand here alone."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import MAX_SIZE
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order

VERSION = 1
# What became of an order: about to be sent, placed, refused, nobody knows, and given up by a person.
SENT, PLACED, FAILED, UNKNOWN, FORGOTTEN = "sent", "placed", "failed", "unknown", "forgotten"
STATES = (SENT, PLACED, FAILED, UNKNOWN, FORGOTTEN)
# Whether these exist at the CA, a person has to find out.
UNCLEAR = (SENT, UNKNOWN)
_MODE = 0o600
# What an order's line can grow by.
_ROOM = 4096
_NONE = type(None)
# The fields of a line, and the types in which JSON brings them. Times are ISO 8601 in UTC.
_FIELDS: dict[str, tuple[type, ...]] = {
    "email": (str,),
    "product": (str, _NONE),
    "days": (int, _NONE),
    "id": (str,),
    "state": (str,),
    "placed_at": (str,),
    "order_number": (str, _NONE),
    "collection_code": (str, _NONE),
    "cost": (str, _NONE),
    "test": (bool,),
    "last_code": (int, _NONE),
    "last_asked": (str, _NONE),
    "reminded_at": (str, _NONE),
    "collected": (bool,),
}
_TIMES = ("placed_at", "last_asked", "reminded_at")


@dataclass(frozen=True)
class PlacedOrder:
    """One order, whatever became of it. ``last_code`` is what the CA answered last about it, ``last_asked`` when.

    ``rest`` is what somebody else wrote beside the fields of this version.
    """

    email: str
    product: str | None
    days: int | None
    id: str
    state: str
    placed_at: datetime
    order_number: str | None = None
    collection_code: str | None = None
    cost: str | None = None
    test: bool = False
    last_code: int | None = None
    last_asked: datetime | None = None
    reminded_at: datetime | None = None
    collected: bool = False
    rest: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"PlacedOrder({self.email}, {self.state}, {self.order_number})"


def make_id() -> str:
    """Return a name of our own for an order that has no number yet."""
    return os.urandom(16).hex()


@dataclass
class Journal:
    """The orders of one file, in the order in which they were placed."""

    files: Files
    path: str
    orders: list[PlacedOrder] = field(default_factory=list)

    def read(self) -> Journal:
        """Read the file anew; without one, there are no orders yet. Raises FileError."""
        self.files.forget()
        data = self.files.read(self.path)
        self.orders = [] if data is None else parse(data, self.path)
        return self

    @contextlib.contextmanager
    def locked(self) -> Iterator[Journal]:
        """Hold the journal, read anew: whoever else wants to change it waits. Raises FileError."""
        self.files.prepare(self.path)
        with self.files.locked(self.path):
            yield self.read()

    def put(self, order: PlacedOrder) -> None:
        """Have ``order`` on disk, synced, in place of the one with its id or as a new one. Raises FileError; nothing changed then."""
        orders = [order if known.id == order.id else known for known in self.orders]
        if order not in orders:
            orders.append(order)
        data = write(orders)
        if len(data) + _ROOM > MAX_SIZE:
            raise FileError(
                f"{self.path} is full: it has nearly {MAX_SIZE} bytes",
                hint="Keep a copy, and remove the lines of old orders whose certificates were collected.",
            )
        self.files.replace([Replacement("orders", self.path, data, private=True)])
        self.orders = orders

    def narrow(self) -> str:
        """Take the journal away from others, and return a warning if they had a right to it."""
        try:
            found = os.stat(self.path)
        except OSError:
            return ""
        if not stat.S_IMODE(found.st_mode) & ~_MODE:
            return ""
        if not self.files.check_mode:
            self.files.mend_attributes(self.path, private=True)
        return (
            f"{self.path} holds collection codes, and its mode was {stat.S_IMODE(found.st_mode):04o}: it is 0600 now."
        )

    def judge_folder(self) -> str:
        """Return a warning if somebody else can take the journal away: what it does not know is ordered, and paid, again."""
        others = self.files.find_distrust(self.path)
        if not others:
            return ""
        return (
            f"the folder of the journal is not safe: {others}. Whoever takes the journal away has everything ordered again. "
            "Keep it where only root or the user of the task can write."
        )

    def tidy(self) -> None:
        """Remove what a killed run left beside the journal: a copy has its codes, too."""
        if not self.files.check_mode:
            self.files.tidy([self.path])

    def of(self, email: str) -> list[PlacedOrder]:
        """Return the orders of a mailbox, the newest first, without those that were tests."""
        wanted = normalize(email)
        own = [order for order in reversed(self.orders) if not order.test and normalize(order.email) == wanted]
        return sorted(own, key=lambda order: order.placed_at, reverse=True)

    def has_sent(self) -> bool:
        """Tell whether an order's answer is waited for, or was when its run died."""
        return any(order.state == SENT for order in self.orders)

    def find_collectable(self, email: str) -> PlacedOrder | None:
        """Return the newest order of a mailbox that has a number or a code, or None."""
        known = (order for order in self.of(email) if order.state == PLACED)
        return next((order for order in known if order.order_number or order.collection_code), None)

    def note_answer(self, order_id: str, code: int, moment: datetime, *, collected: bool) -> None:
        """Note what the CA answered about an order, and whether its certificate was collected. Raises FileError."""
        with self.locked():
            for order in self.orders:
                if order.id == order_id:
                    self.put(replace(order, last_code=code, last_asked=moment, collected=order.collected or collected))
                    break


@dataclass
class Collection:
    """The order of one mailbox, looked up in a journal, whose certificate is to be collected."""

    journal: Journal
    order: PlacedOrder | None = None

    def find(self, order: Order, email: str | None) -> Order:
        """Return ``order`` with the number and the code that the journal has, if it has to say which it is. Raises FileError."""
        if not order.awaits_lookup:
            return order
        self.order = self.journal.read().find_collectable(email or "")
        return order if self.order is None else order.look_up(self.order.order_number, self.order.collection_code)

    def note(self, code: int | None, moment: datetime, warn: Callable[[str], None], *, collected: bool) -> None:
        """Note what the CA answered, and whether it was collected. What cannot be noted is a warning, and costs no certificate."""
        if self.order is None or code is None or self.journal.files.check_mode:
            return
        try:
            self.journal.note_answer(self.order.id, code, moment, collected=collected)
        except FileError as error:
            warn(f"{self.order.email}: what the CA answered could not be noted: {error.message}")


def open_journal(module: AnsibleModule, path: str) -> Journal:
    """Return the journal at ``path``, which is not read yet."""
    return Journal(Files(module, Attributes({}, f"{_MODE:04o}")), path)


def normalize(email: str) -> str:
    """Return how a mailbox is looked for."""
    try:
        return address.normalize(email)
    except ValueError:
        return email


def parse(data: bytes, path: str) -> list[PlacedOrder]:
    """Return the orders in ``data``. Raises FileError if it is not a whole journal of this version."""
    try:
        whole = json.loads(data.decode("utf-8"))
        if not isinstance(whole, dict) or not isinstance(whole.get("version"), int):
            raise ValueError("it has no version")
        if whole["version"] > VERSION:
            raise _refuse(path, f"is of version {whole['version']}, which a newer release wrote", "Use that release.")
        if whole["version"] != VERSION or not isinstance(whole.get("orders"), list):
            raise ValueError("it has no list of orders")
        orders = [_parse_order(line) for line in whole["orders"]]
        if len({order.id for order in orders}) != len(orders):
            raise ValueError("two orders have one id")
    except (ValueError, RecursionError) as error:
        reason = "it is not JSON" if isinstance(error, (UnicodeDecodeError, json.JSONDecodeError)) else str(error)
        raise _refuse(
            path,
            f"is damaged: {'it is empty' if not data.strip() else reason}",
            "Restore it from a copy: what it does not know may be ordered and paid twice. Only without any order, remove it.",
        ) from None
    return orders


def write(orders: Sequence[PlacedOrder]) -> bytes:
    """Return the journal that ``parse`` reads."""
    lines = ",\n".join(f"  {json.dumps(_to_values(order))}" for order in orders)
    return f'{{"version": {VERSION}, "orders": [\n{lines}\n]}}\n'.encode("ascii")


def _refuse(path: str, what: str, hint: str) -> FileError:
    return FileError(f"the journal {path} {what}; nothing was sent", hint=hint)


def _parse_order(line: object) -> PlacedOrder:
    if not isinstance(line, dict):
        raise ValueError("an order is no dictionary")
    for name, types in _FIELDS.items():
        value = line.get(name)
        # True is an integer to Python.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(f"an order's {name} is missing or of the wrong type")
    if line["state"] not in STATES:
        raise ValueError("an order's state is none")
    values = {name: line[name] for name in _FIELDS}
    values.update({name: _parse_time(line[name]) for name in _TIMES if line[name] is not None})
    return PlacedOrder(**values, rest={name: value for name, value in line.items() if name not in _FIELDS})


def _to_values(order: PlacedOrder) -> dict[str, Any]:
    values = {name: getattr(order, name) for name in _FIELDS}
    return {**{name: _format(value) for name, value in values.items()}, **order.rest}


def _format(value: Any) -> Any:
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def _parse_time(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise ValueError("an order has a time that is none in ISO 8601 and UTC") from None
