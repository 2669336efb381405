# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of the S/MIME Baseline Requirements (7.1.6.1): what is reported of a certificate beside what makes it unusable."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.mailops.smime.plugins.module_utils._x509.facts import Facts

# By the last two digits: who was validated, and for how many days a certificate may be valid.
_VALIDATIONS = {"1": "mailbox", "2": "organization", "3": "sponsor", "4": "individual"}
_GENERATIONS = {"1": ("legacy", 1185), "2": ("multipurpose", 825), "3": ("strict", 825)}
_POLICY_ARC = "2.23.140.1.5."


def find_policy_fault(certificate: Facts) -> str:
    """Exactly one policy of the S/MIME Baseline Requirements is asserted (7.1.6.1)."""
    found = _find_policies(certificate)
    return "" if len(found) == 1 else f"it asserts {len(found)} policies of the S/MIME Baseline Requirements"


def find_span_fault(certificate: Facts) -> str:
    """The certificate is not valid for longer than its policy allows (6.3.2), or 1185 days without one."""
    longest = min(
        (_GENERATIONS[generation][1] for _validation, generation in _find_policies(certificate)), default=1185
    )
    span = certificate.not_after - certificate.not_before
    return "" if span <= timedelta(days=longest) else f"it is valid for {span.days} days, {longest} are allowed"


def describe_policy(certificate: Facts) -> str:
    """Return the policy in words, such as ``mailbox-validated, multipurpose``."""
    words = [
        f"{_VALIDATIONS[validation]}-validated, {_GENERATIONS[generation][0]}"
        for validation, generation in _find_policies(certificate)
    ]
    return "; ".join(words)


def _find_policies(certificate: Facts) -> list[tuple[str, str]]:
    """Return the pair of digits that tells validation and generation, for each such policy."""
    suffixes = [
        policy[len(_POLICY_ARC) :].split(".") for policy in certificate.policies if policy.startswith(_POLICY_ARC)
    ]
    return [
        (pair[0], pair[1])
        for pair in suffixes
        if len(pair) == 2 and pair[0] in _VALIDATIONS and pair[1] in _GENERATIONS
    ]
