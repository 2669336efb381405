# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read JSON objects into dataclasses, and refuse what does not belong there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

Record = TypeVar("Record")
ALLOWED = "allowed"


class FieldError(ValueError):
    """A JSON object does not fit; the message names the field."""


def choice(default: str, *others: str) -> Any:
    """Declare a field that takes one of a few words; the first is the default."""
    # It is called in the bodies of dataclasses, through this function.
    # pylint: disable-next=invalid-field-call
    return dataclasses.field(default=default, metadata={ALLOWED: (default, *others)})


def update(record: Record, changes: object) -> Record:
    """Give a copy of a record with some fields changed, each checked against its type and its words."""
    if not isinstance(changes, Mapping):
        raise FieldError("a JSON object is expected")
    kind: Any = type(record)
    known = {field.name: field for field in dataclasses.fields(kind)}
    types = read_types(kind)
    for name, value in changes.items():
        if name not in known:
            raise FieldError(f"unknown field {name!r}, known are: {', '.join(known)}")
        check_value(name, value, types[name], known[name].metadata.get(ALLOWED))
    copy: Record = dataclasses.replace(record, **changes)  # type: ignore[type-var]
    return copy


@cache
def read_types(kind: Any) -> dict[str, Any]:
    """Give the types of a record's fields; working them out is slow."""
    return get_type_hints(kind)


def check_value(name: str, value: object, kind: Any, allowed: tuple[str, ...] | None) -> None:
    """Refuse a value of another type, or a word that is not one of those allowed."""
    if allowed is not None and value not in allowed:
        raise FieldError(f"{name!r} must be one of: {', '.join(allowed)}")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return
    kinds = tuple(
        getattr(one, "__origin__", one) for one in (get_args(kind) if isinstance(kind, UnionType) else (kind,))
    )
    if (isinstance(value, bool) and bool not in kinds) or not isinstance(value, kinds):
        raise FieldError(f"{name!r} must be of type {getattr(kind, '__name__', kind)}")
