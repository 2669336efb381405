# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mailboxes need an order: their certificates against the journal. Nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._ca.ordering import Terms
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._journal import PLACED, UNCLEAR, PlacedOrder, normalize
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography

# Beside the list, for all entries, and in each of them.
SHARED = ("product", "days", "organization", "remaining_days")
_GENERALIZED = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z\Z")
# By so much the CA can make a certificate's life shorter than its order's term.
_SHORTER = timedelta(days=60)
_FORM = "Give it as the facts of a certificate have it (20271123235959Z), or in ISO 8601."


@dataclass(frozen=True)
class OrderEntry:
    """What is wanted for one mailbox. ``not_after`` is None without a certificate; ``judged`` is false if nothing is said of one."""

    email: str
    terms: Terms
    remaining_days: int
    path: str | None = None
    judged: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    order_number: str | None = None
    collection_code: str | None = None
    fault: SmimeError | None = None


@dataclass(frozen=True)
class Need:
    """What a mailbox has: ``not_needed``, ``open``, ``needed`` or ``unknown``, and the order that says so."""

    status: str
    order: PlacedOrder | None = None


def read_entries(params: Mapping[str, Any]) -> list[OrderEntry]:
    """Return the entries with what stands beside the list. Raises OptionError."""
    entries = [_read_entry(params, given) for given in params["certificates"]]
    seen = [normalize(entry.email) for entry in entries]
    repeated = sorted({email for email in seen if seen.count(email) > 1})
    if repeated:
        raise OptionError(
            f"certificates: several entries are for {', '.join(repeated)}", hint="Give each mailbox once."
        )
    return entries


def _read_entry(params: Mapping[str, Any], given: Mapping[str, Any]) -> OrderEntry:
    merged = {name: given[name] if given.get(name) is not None else params[name] for name in SHARED}
    options.check_email(given["email"])
    options.check_numbers(merged)
    options.check_secrets(given)
    path, not_after = given.get("path"), given.get("not_after")
    if path is not None and not_after is not None:
        raise OptionError(f"{given['email']}: path and not_after exclude each other", hint="Give one of the two.")
    organization = {part: value for part, value in (merged["organization"] or {}).items() if value is not None}
    return OrderEntry(
        email=given["email"],
        terms=Terms(given["email"], merged["product"] or "", merged["days"] or 0, organization),
        remaining_days=merged["remaining_days"],
        path=path,
        judged=not_after is not None,
        not_after=parse_time(not_after) if not_after else None,
        order_number=given.get("order_number"),
        collection_code=given.get("collection_code"),
    )


def parse_time(text: str) -> datetime:
    """Return the time that ``text`` is, as the facts have it or in ISO 8601. Raises OptionError."""
    known = _GENERALIZED.match(text)
    iso = "{}-{}-{}T{}:{}:{}+00:00".format(*known.groups()) if known is not None else re.sub("[Zz]$", "+00:00", text)
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        raise OptionError(f"not_after: {text!r} is no time", hint=_FORM) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


def judge_certificate(entry: OrderEntry, read: Callable[[str], bytes | None]) -> OrderEntry:
    """Return ``entry`` with what the certificate at its path says; ``fault`` is set if that cannot be told."""
    if entry.path is None:
        return entry
    try:
        data = read(entry.path)
        if data is None:
            return replace(entry, judged=True)
        require_cryptography()
        found = certificates.load_first(data)
    except SmimeError as error:
        return replace(entry, fault=error)
    except ValueError as error:
        hint = "Look at it. Without that file, the mailbox counts as one that has no certificate."
        return replace(entry, fault=FileError(f"{entry.path} is no certificate: {error}", hint=hint))
    if not address.is_one_of(entry.email, found.emails):
        return replace(entry, fault=OptionError(f"{entry.path} is for another mailbox", hint="Correct path, or email."))
    return replace(entry, judged=True, not_before=found.not_before, not_after=found.not_after)


def find_need(entry: OrderEntry, orders: Sequence[PlacedOrder], now: datetime) -> Need:
    """Return what ``entry`` needs, from the ``orders`` of its mailbox, the newest first and without tests."""
    unclear = next((order for order in orders if order.state in UNCLEAR), None)
    if unclear is not None:
        return Need("unknown", unclear)
    placed = [order for order in orders if order.state == PLACED]
    waiting = next((order for order in placed if not order.collected and not _is_newer(entry, order)), None)
    if waiting is not None:
        return Need("open", waiting)
    if not entry.judged:
        return Need("not_needed", placed[0]) if placed else Need("needed")
    lasts = entry.not_after is not None and entry.not_after - now >= timedelta(days=entry.remaining_days)
    return Need("not_needed", placed[0] if placed else None) if lasts else Need("needed")


def _is_newer(entry: OrderEntry, order: PlacedOrder) -> bool:
    """Tell whether the certificate of ``entry`` came after ``order``, and so closes it."""
    if entry.not_before is not None:
        # The CA's certificates begin at midnight (page, section "Response").
        return entry.not_before.date() >= order.placed_at.date()
    if entry.not_after is None:
        return False
    least = max(timedelta(days=order.days or 365) - _SHORTER, timedelta(days=entry.remaining_days))
    return entry.not_after - order.placed_at >= least
