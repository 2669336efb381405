# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Microsoft certificate template that a request can carry (page, csr): version 1 by name, version 2 by OID."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._x509 import encoding
from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import x509

ENROLL_CERTTYPE = "1.3.6.1.4.1.311.20.2"
CERTIFICATE_TEMPLATE = "1.3.6.1.4.1.311.21.7"


@dataclass(frozen=True)
class Template:
    """Either ``name`` (version 1), or ``oid`` with an optional ``major`` and then an optional ``minor`` (version 2)."""

    name: str | None = None
    oid: str | None = None
    major: int | None = None
    minor: int | None = None


def build_extension(template: Template) -> x509.UnrecognizedExtension:
    """Return the extension, which is never critical. Raises ValueError if the template makes no sense."""
    if (template.name is None) == (template.oid is None):
        raise ValueError("give either name, or oid")
    if template.name == "":
        raise ValueError("the name of the template is empty")
    if template.name is not None:
        if template.major is not None or template.minor is not None:
            raise ValueError("major and minor go with oid")
        value = encoding.encode_bmp_string(template.name)
        return x509.UnrecognizedExtension(x509.ObjectIdentifier(ENROLL_CERTTYPE), value)
    if template.minor is not None and template.major is None:
        raise ValueError("minor needs major")
    versions = [number for number in (template.major, template.minor) if number is not None]
    if any(number < 0 for number in versions):
        raise ValueError("major and minor are 0 or more")
    numbers = [encoding.encode_integer(number) for number in versions]
    value = encoding.encode(encoding.SEQUENCE, encoding.encode_oid(template.oid or ""), *numbers)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(CERTIFICATE_TEMPLATE), value)
