# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CA sent is verified before anything is written, and completes the plan: in check mode, as far as it shows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils import _plan as plans
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import ACCEPTED
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError, ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec, Warn
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import Output
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, Validity

_ASK_SUPPORT = "Run the task again; if it stays, ask the CA's support."


class Offer(NamedTuple):
    """What the CA holds: verified ``certificates`` with all that came along, or in check mode the last second alone, if it is shown."""

    not_after: datetime | None
    certificates: CertificateSet | None = None
    pool: tuple[Certificate, ...] = ()


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
    _check_validity(reply.validity, plan.held == plan.current and _is_held(plan, reply.validity.not_after), now)
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


def settle(plan: Plan, offer: Offer | None, files: Files, now: datetime) -> Plan:
    """Return ``plan`` with what is to be done about the CA's ``offer``; None is an order in process."""
    if offer is None:
        return plan._replace(status="pending")
    kept = plan.current if _is_kept(plan, offer) else None
    chosen: CertificateSet | None = offer.certificates
    if kept is not None and chosen is not None and chosen.end_entity != kept:
        completed = _complete(plan, kept, offer, files, now)
        # What has no valid chain anywhere gives way, even to one that does not last longer.
        kept, chosen = (kept, completed) if completed is not None else (None, chosen)
    owner = plans.find_owner(plan.base, plan.spec, kept or (chosen.end_entity if chosen is not None else None))
    stale = (
        plans.find_stale(owner, files, chosen)
        if offer.certificates is not None
        else _foresee_stale(plan, offer, files, now)
    )
    last = kept.not_after if kept is not None else offer.not_after
    status = "issued" if kept is None else "valid"
    return plan._replace(spec=owner, status=status, certificates=chosen, stale=stale, not_after=last)


def _is_held(plan: Plan, not_after: datetime | None) -> bool:
    """Tell whether the CA's certificate is taken for the one on disk that ends on the same day: days are all that the CA shows."""
    return plan.held is not None and not_after is not None and not_after.date() == plan.held.not_after.date()


def _is_kept(plan: Plan, offer: Offer) -> bool:
    """Tell whether the certificate on disk stays: the CA holds the same, or, unless that is what was forced, an older one."""
    if plan.current is None:
        return False
    if offer.certificates is not None and offer.certificates.end_entity == plan.current:
        return True
    if offer.certificates is None and plan.held == plan.current and _is_held(plan, offer.not_after):
        return True
    if offer.not_after is None or plan.faults - {"expiring"} or "forced" in plan.reasons:
        return False
    return offer.not_after <= plan.current.not_after


def _complete(plan: Plan, kept: Certificate, offer: Offer, files: Files, now: datetime) -> CertificateSet | None:
    """Return ``kept`` with its chain, if need be from what the CA sent; None if that does not hold either."""
    if plans.is_complete(plan.base, plan.known):
        return plan.known
    found = plans.gather(plan.base, files, kept, now, offer.pool)
    return found if plans.is_complete(plan.base, found) else None


def _foresee_stale(plan: Plan, offer: Offer, files: Files, now: datetime) -> tuple[Output, ...]:
    """Return the outputs that a run would write of certificates that only the CA has seen so far."""
    held = plan.held if _is_held(plan, offer.not_after) or _is_kept(plan, offer) else None
    outputs = plan.spec.outputs.items()
    return tuple(output for output, path in outputs if _will_change(output, files.read_output(path), plan, held, now))


def _will_change(output: Output, data: bytes | None, plan: Plan, held: Certificate | None, now: datetime) -> bool:
    """Tell whether a file will be written: for ``held`` and its chain, or else for a certificate of the same intermediates."""
    known = plan.known
    if data is None or (held is None and output.holds_end_entity(known)):
        return True
    if held is not None and not (output.needs_chain or output.needs_root):
        return not plans.is_current(output, data, CertificateSet(held), plan.spec)
    if known is not None and (known.root is not None or not output.needs_root):
        return not plans.is_current(output, data, known, plan.spec)
    if held is not None and output.needs_chain:
        return True
    # Nothing on disk says more about it than that it holds authorities.
    found = plans.read_certificates(output, data, plan.spec)
    return not found or not all(item.is_ca and item.not_before <= now <= item.not_after for item in found)
