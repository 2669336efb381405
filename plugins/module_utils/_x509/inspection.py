# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a certificate that is only looked at: each check by its name, its policy, and the order of a chain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

# By the last two digits: who was validated, and for how many days a certificate may be valid.
_VALIDATIONS = {"1": "mailbox", "2": "organization", "3": "sponsor", "4": "individual"}
_GENERATIONS = {"1": ("legacy", 1185), "2": ("multipurpose", 825), "3": ("strict", 825)}
_POLICY_ARC = "2.23.140.1.5."


@dataclass(frozen=True)
class Criteria:
    """What certificates on disk are measured against, as far as it was given. ``public_key`` is SubjectPublicKeyInfo in DER."""

    now: datetime
    public_key: bytes | None = None
    email: str | None = None
    chain: tuple[Certificate, ...] | None = None
    trusted: tuple[Certificate, ...] | None = None


def inspect_certificate(certificate: Certificate, criteria: Criteria) -> list[dict[str, Any]]:
    """Return the checks of one certificate: ``name``, ``passed``, ``detail``."""
    results = [("valid_now", checks.find_validity_fault(certificate, criteria.now))]
    results += [(name, rule(certificate)) for name, rule in checks.SMIME_RULES.items()]
    results += [
        ("policy", find_policy_fault(certificate)),
        ("validity_span", find_span_fault(certificate)),
    ]
    if criteria.public_key is not None:
        results.append(("key_match", checks.find_key_mismatch(certificate, criteria.public_key)))
    if criteria.email is not None:
        results.append(("email_match", checks.find_email_fault(certificate, criteria.email)))
    if criteria.chain is not None or criteria.trusted is not None:
        results.append(("chain", _find_chain_fault(certificate, criteria)))
    details = {"policy": describe_policy(certificate)}
    return [{"name": name, "passed": not fault, "detail": fault or details.get(name, "")} for name, fault in results]


def _find_chain_fault(certificate: Certificate, criteria: Criteria) -> str:
    try:
        paths.build(certificate, criteria.chain or (), criteria.trusted, criteria.now)
    except CheckError as error:
        return error.message
    return ""


def find_policy_fault(certificate: Certificate) -> str:
    """Exactly one policy of the S/MIME Baseline Requirements is asserted (7.1.6.1)."""
    found = _find_policies(certificate)
    return "" if len(found) == 1 else f"it asserts {len(found)} policies of the S/MIME Baseline Requirements"


def find_span_fault(certificate: Certificate) -> str:
    """The certificate is not valid for longer than its policy allows (6.3.2), or 1185 days without one."""
    longest = min(
        (_GENERATIONS[generation][1] for _validation, generation in _find_policies(certificate)), default=1185
    )
    span = certificate.not_after - certificate.not_before
    return "" if span <= timedelta(days=longest) else f"it is valid for {span.days} days, {longest} are allowed"


def describe_policy(certificate: Certificate) -> str:
    """Return the policy in words, such as ``mailbox-validated, multipurpose``."""
    words = [
        f"{_VALIDATIONS[validation]}-validated, {_GENERATIONS[generation][0]}"
        for validation, generation in _find_policies(certificate)
    ]
    return "; ".join(words)


def _find_policies(certificate: Certificate) -> list[tuple[str, str]]:
    """Return the pair of digits that tells validation and generation, for each such policy."""
    suffixes = [
        policy[len(_POLICY_ARC) :].split(".") for policy in certificate.policies if policy.startswith(_POLICY_ARC)
    ]
    return [
        (pair[0], pair[1])
        for pair in suffixes
        if len(pair) == 2 and pair[0] in _VALIDATIONS and pair[1] in _GENERATIONS
    ]


def sort(pool: Iterable[Certificate]) -> list[Certificate]:
    """Return the certificates of ``pool`` with the end entity first, then from issuer to issuer; strangers come last."""
    left = list(dict.fromkeys(pool))
    ordered: list[Certificate] = []
    while left:
        following = [item for item in left if ordered and paths.is_signed_by(ordered[-1], item)]
        # A start is what issued nothing that is left.
        starts = [item for item in left if not any(paths.is_signed_by(other, item) for other in left if other != item)]
        chosen = (following or sorted(starts, key=lambda item: item.is_ca) or left)[0]
        ordered.append(chosen)
        left.remove(chosen)
    return ordered
