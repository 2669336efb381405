# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a certificate (RFC 5280), whoever read it, and how a result tells it. Nothing here needs a library."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

# The bits of a key usage that count here, in the order of RFC 5280, 4.2.1.3.
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


class Facts:
    """A certificate as the checks see it.

    ``public_key`` is SubjectPublicKeyInfo in DER, the times are in UTC, usages and policies are dotted OIDs.
    ``extended_key_usages`` and ``key_usages`` are None where the extension is absent. ``subject`` and ``issuer`` are as
    ``name.describe`` has them.
    """

    # Written out: making a dataclass takes a run that has nothing to do longer than reading its certificate.
    def __init__(  # noqa: PLR0913 - it is as many facts
        self,
        *,
        der: bytes,
        public_key: bytes,
        key_type: str,
        key_size: int,
        serial_number: int,
        not_before: datetime,
        not_after: datetime,
        emails: tuple[str, ...],
        extended_key_usages: tuple[str, ...] | None,
        key_usages: frozenset[str] | None,
        policies: tuple[str, ...],
        is_ca: bool,
        subject: Mapping[str, str],
        issuer: Mapping[str, str],
    ) -> None:
        self.der = der
        self.public_key = public_key
        self.key_type = key_type
        self.key_size = key_size
        self.serial_number = serial_number
        self.not_before = not_before
        self.not_after = not_after
        self.emails = emails
        self.extended_key_usages = extended_key_usages
        self.key_usages = key_usages
        self.policies = policies
        self.is_ca = is_ca
        self.subject = subject
        self.issuer = issuer

    def __hash__(self) -> int:
        return hash(self.der)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Facts) and self.der == other.der

    def __repr__(self) -> str:
        return f"{type(self).__name__}(serial_number={self.serial_number})"


def describe(facts: Facts, now: datetime) -> dict[str, Any]:
    """Return the ``certificate`` entry of a result: times as ASN.1 GeneralizedTime."""
    return {
        "subject": dict(facts.subject),
        "issuer": dict(facts.issuer),
        "emails": list(facts.emails),
        "serial_number": facts.serial_number,
        "not_before": format_time(facts.not_before),
        "not_after": format_time(facts.not_after),
        "days_remaining": (facts.not_after - now).days,
        "fingerprint_sha256": hashlib.sha256(facts.der).digest().hex(":"),
        "key_type": facts.key_type,
        "key_size": facts.key_size,
        "policy": facts.policies[0] if facts.policies else None,
    }


def format_time(moment: datetime) -> str:
    """Return a time in UTC as ASN.1 GeneralizedTime, as the modules of community.crypto do."""
    return moment.strftime("%Y%m%d%H%M%SZ")
