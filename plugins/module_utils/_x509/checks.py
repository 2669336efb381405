# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules an S/MIME certificate must keep (CA/Browser Forum S/MIME Baseline Requirements, 7.1): one predicate a rule.

A predicate returns what is wrong, or an empty string.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:

    class Period(Protocol):
        """What is valid from a first to a last second, in UTC."""

        @property
        def not_before(self) -> datetime:
            """Return the first second."""

        @property
        def not_after(self) -> datetime:
            """Return the last second."""


EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
ANY_USAGE = "2.5.29.37.0"
FORBIDDEN_USAGES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    ANY_USAGE: "anyExtendedKeyUsage",
}
# At least one of these; None stands for any other key type.
NEEDED_KEY_USAGES = {
    "RSA": frozenset({"digital_signature", "key_encipherment"}),
    "ECC": frozenset({"digital_signature", "key_agreement"}),
    "Ed25519": frozenset({"digital_signature"}),
    "Ed448": frozenset({"digital_signature"}),
}
# Baseline Requirements, 6.1.5: others have the same sizes.
EC_CURVES = ("secp256r1", "secp384r1", "secp521r1")
# The extensions that are read here, or that say nothing as long as policies and revocation are not asked for (RFC 5280, 4.2).
KNOWN_EXTENSIONS = {
    "2.5.29.15": "keyUsage",
    "2.5.29.17": "subjectAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extKeyUsage",
    "2.5.29.54": "inhibitAnyPolicy",
}


def find_email_protection_fault(certificate: Certificate) -> str:
    """The extended key usage holds emailProtection."""
    if EMAIL_PROTECTION in (certificate.extended_key_usages or ()):
        return ""
    return "its extended key usage does not hold emailProtection"


def find_forbidden_usage(certificate: Certificate) -> str:
    """The extended key usage holds none of the usages that an S/MIME certificate must not have."""
    found = [FORBIDDEN_USAGES[usage] for usage in certificate.extended_key_usages or () if usage in FORBIDDEN_USAGES]
    return f"its extended key usage holds {', '.join(found)}" if found else ""


def find_mailbox_fault(certificate: Certificate) -> str:
    """The subjectAltName holds an rfc822Name or a SmtpUTF8Mailbox."""
    return "" if certificate.emails else "its subjectAltName holds no mailbox"


def find_key_usage_fault(certificate: Certificate) -> str:
    """The key usage, where it is present, fits the key's type."""
    needed = NEEDED_KEY_USAGES.get(certificate.key_type, frozenset())
    if certificate.key_usages is None or certificate.key_usages & needed:
        return ""
    return f"its key usage holds none of {', '.join(sorted(needed)) or 'those of a known key type'}"


def find_key_fault(certificate: Certificate) -> str:
    """The key is one that S/MIME certificates may have."""
    if certificate.key_type == "RSA":
        fits = certificate.key_size >= 2048 and certificate.key_size % 8 == 0
    elif certificate.key_type == "ECC":
        fits = certificate.key_curve in EC_CURVES
    else:
        fits = certificate.key_type in NEEDED_KEY_USAGES
    kind = f"{certificate.key_type} ({certificate.key_curve})" if certificate.key_curve else certificate.key_type
    return "" if fits else f"its key is {kind} with {certificate.key_size} bits"


def find_authority_fault(certificate: Certificate) -> str:
    """It is an end entity, not a CA."""
    return "it is a CA certificate" if certificate.is_ca else ""


def find_critical_fault(certificate: Certificate) -> str:
    """No critical extension is unknown (RFC 5280, 4.2)."""
    unknown = sorted(certificate.critical - KNOWN_EXTENSIONS.keys())
    return f"its critical extension {', '.join(unknown)} is unknown" if unknown else ""


SMIME_RULES = {
    "email_protection": find_email_protection_fault,
    "forbidden_usages": find_forbidden_usage,
    "mailbox": find_mailbox_fault,
    "key_usage": find_key_usage_fault,
    "key_strength": find_key_fault,
    "end_entity": find_authority_fault,
    "critical_extensions": find_critical_fault,
}


def find_smime_faults(certificate: Certificate) -> list[str]:
    """Return what is wrong with a certificate for S/MIME; an empty list is a certificate that may be used."""
    return [fault for rule in SMIME_RULES.values() for fault in (rule(certificate),) if fault]


def find_email_fault(certificate: Certificate, email: str) -> str:
    """The mailbox ``email`` is in the certificate. Raises ValueError if ``email`` is not an address."""
    if address.is_one_of(email, certificate.emails):
        return ""
    return f"it is for {', '.join(certificate.emails) or 'no mailbox'}, not for {email}"


def find_key_mismatch(certificate: Certificate, public_key: bytes) -> str:
    """The certificate's public key is ``public_key`` (SubjectPublicKeyInfo, DER)."""
    return "" if certificate.public_key == public_key else "its public key is another one"


def find_validity_fault(certificate: Period, now: datetime) -> str:
    """The certificate is valid at ``now`` (aware, UTC)."""
    if now < certificate.not_before:
        return f"it is not valid before {certificate.not_before:%Y-%m-%d %H:%M:%S} UTC"
    if now > certificate.not_after:
        return f"it expired on {certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def find_reasons(
    certificate: Certificate, public_key: bytes | None, email: str | None, remaining_days: int, now: datetime
) -> list[str]:
    """Return why ``certificate`` is not the wanted end entity at ``now``, as names of reasons; without ``email``, any mailbox is."""
    reasons = []
    if now < certificate.not_before:
        reasons.append("not_yet_valid")
    if now > certificate.not_after:
        reasons.append("expired")
    elif certificate.not_after - now < timedelta(days=remaining_days):
        reasons.append("expiring")
    if public_key is None or find_key_mismatch(certificate, public_key):
        reasons.append("key_mismatch")
    if email is not None and find_email_fault(certificate, email):
        reasons.append("email_mismatch")
    if find_smime_faults(certificate):
        reasons.append("not_smime")
    return reasons
