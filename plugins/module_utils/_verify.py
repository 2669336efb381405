# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verifying what the CA sent, before anything is written."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import ACCEPTED
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError, ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._plan import Offer, Plan, is_held
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec, Warn
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, Validity

_ASK_SUPPORT = "Run the task again; if it stays, ask the CA's support."


def load_reply(reply: Reply, warn: Warn) -> tuple[Certificate, ...]:
    """Return the certificates of ``reply``, in its order; ``warn`` takes what is to be told of those that cannot be read.

    Raises ReplyError if none can.
    """
    found, passed_over = certificates.load_readable(reply.certificates)
    if passed_over and not found:
        raise ReplyError("the CA sent no certificate that can be read", hint=_ASK_SUPPORT)
    if passed_over:
        warn(f"the CA's reply: {passed_over}")
    return found


def verify(reply: Reply, plan: Plan, now: datetime, warn: Warn) -> Offer:
    """Return what the CA sent, checked. Raises CheckError with the name of the check that failed, or ReplyError."""
    spec = plan.spec
    pool = load_reply(reply, warn)
    own = [item for item in pool if item.public_key in (spec.public_key, plan.base.public_key)]
    if not own and len(pool) < len(reply.certificates):
        raise ReplyError(
            "none of the certificates that the CA sent and that can be read is for this key", hint=_ASK_SUPPORT
        )
    if not own:
        raise CheckError(
            f"none of the {len(pool)} certificates that the CA sent is for this key",
            name="key_mismatch",
            hint="Give the key, or the CSR, that the order was made with.",
        )
    end_entity = max(own, key=lambda item: (item.not_after, item.public_key == spec.public_key))
    _check_end_entity(end_entity, spec)
    _check_validity(end_entity, end_entity == plan.current, now)
    chain = paths.build(end_entity, pool, spec.trusted, now)
    if chain.root is None and spec.needs_root:
        raise CheckError(
            "the CA sent no root certificate, and root_path asks for it",
            name="chain_invalid",
            hint="Leave root_path out, or give the root in trusted_roots_path.",
        )
    return Offer(end_entity.not_after, chain, tuple(pool))


def foresee(reply: Reply, plan: Plan, now: datetime) -> Offer | None:
    """Return what the CA would send, as far as its validity shows that; None if that is nothing yet.

    Raises CheckError for what ``verify`` would refuse.
    """
    if reply.code == ACCEPTED:
        return None
    if reply.validity is None:
        return Offer(None)
    _check_validity(reply.validity, plan.held == plan.current and is_held(plan, reply.validity.not_after), now)
    return Offer(reply.validity.not_after)


def _check_end_entity(end_entity: Certificate, spec: CertificateSpec) -> None:
    if spec.email is not None:
        _require_none(
            "email_mismatch",
            checks.find_email_fault(end_entity, spec.email),
            "Check email and the order: they are for different mailboxes.",
        )
    _require_none(
        "not_smime",
        "; ".join(checks.find_smime_faults(end_entity)),
        "Check that the order is for an S/MIME certificate.",
    )


def _check_validity(period: Certificate | Validity, is_current: bool, now: datetime) -> None:
    """Refuse what is not valid now; if it ``is_current``, the CA has nothing newer than what is on disk."""
    if is_current and now > period.not_after:
        raise CheckError(
            f"the certificate expired on {period.not_after:%Y-%m-%d} and the CA holds no newer one",
            name="certificate_expired",
            hint="Place a new order, and give its order_number or collection_code.",
        )
    _require_none(
        "not_valid_now",
        checks.find_validity_fault(period, now),
        "Check the clock of this host; if it is right, place a new order.",
    )


def _require_none(name: str, fault: str, hint: str) -> None:
    if fault:
        raise CheckError(f"the certificate that the CA sent cannot be used: {fault}", name=name, hint=hint)
