# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building the subject of a request from what an option holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._x509.name import ATTRIBUTES

if TYPE_CHECKING:
    from cryptography import x509

_OIDS = {name.lower(): oid for short, long, oid in ATTRIBUTES for name in (short, long)}


def build(subject: Mapping[str, str | list[str]]) -> x509.Name:
    """Return the name with the attributes of ``subject``: short or long names or OIDs, each with one value or several.

    Raises ValueError for an unknown name or a value that its attribute cannot hold.
    """
    from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import x509

    attributes: list[Any] = []
    for name, values in subject.items():
        oid = _OIDS.get(name.lower(), name)
        try:
            encoded = x509.ObjectIdentifier(oid)
        except ValueError as error:
            raise ValueError(f"{name} is not the name of a subject's attribute") from error
        several = values if isinstance(values, list) else [values]
        attributes += [_build_attribute(name, encoded, value) for value in several]
    return x509.Name(attributes)


def _build_attribute(name: str, oid: x509.ObjectIdentifier, value: object) -> Any:
    from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import x509

    if isinstance(value, (int, float)):
        # No guess: by the time that it gets here, 01067 is 567, and a certificate cannot be corrected.
        raise ValueError(f"{name} must be text, and YAML reads {value} as a number or truth value: put it in quotes")
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text that is not empty")
    try:
        return x509.NameAttribute(oid, value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from error
