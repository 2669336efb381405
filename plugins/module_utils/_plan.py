# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one decision, for the run and for check mode: why something is to be done, and what.

It is made offline from what is on disk. If that takes the CA, _verify.py completes it with the CA's answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import CERTIFICATE, Output
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.path import CertificateSet

# Reasons for which the certificate on disk is asked for again: the CA may hold the very same, and that is no news.
_BY_AGE = {"expiring", "expired"}


class Plan(NamedTuple):
    """What is to be done about one certificate: about the one of ``base``, or of its successor if that is ``spec``.

    ``status`` is how it will end (valid, issued, pending), or None as long as that is for the CA to say. ``stale`` are the
    outputs to be written, ``certificates`` what they are made of: None if nobody has seen it yet. ``not_after`` is until when
    there will be a certificate, as far as the CA has said so.
    ``current`` is the certificate at ``path``, if it can be read, and ``faults`` are the reasons that are about it. ``held`` is
    the one on disk that the CA may hold as well, ``known`` what is on disk of the chain. ``renew`` says that another
    certificate is wanted, not only a chain.
    """

    base: CertificateSpec
    spec: CertificateSpec
    reasons: tuple[str, ...]
    current: Certificate | None
    faults: frozenset[str]
    held: Certificate | None
    known: CertificateSet | None
    renew: bool
    status: str | None = None
    certificates: CertificateSet | None = None
    stale: tuple[Output, ...] = ()
    not_after: datetime | None = None

    @property
    def asks_ca(self) -> bool:
        """Tell whether it takes the CA."""
        return self.status is None


def make(base: CertificateSpec, files: Files, now: datetime) -> Plan:
    """Return the plan for what is on disk at ``now`` (aware, UTC). Raises FileError for a file that cannot be opened."""
    current, faults = _judge_path(base, files, now)
    flawless = _find_own(base, files, now, set()) if faults else current
    spec = _choose_spec(base, current, renew=base.force or flawless is None)
    if spec is not base:
        flawless = _find_own(spec, files, now, set()) or flawless
    aged = current if _BY_AGE.issuperset(faults) else _find_own(base, files, now, _BY_AGE)
    # A certificate of another key or mailbox than the wanted ones is nothing that the CA could hand out again.
    held = flawless or aged
    reasons = [*faults, "forced"] if base.force else list(faults)
    subject = held or current
    owner = find_owner(base, spec, subject)
    known = gather(owner, files, subject, now) if subject is not None else None
    if flawless or current:
        reasons += _judge_outputs(owner, files, known)
    renew = base.force or flawless is None
    plan = Plan(base, spec, tuple(dict.fromkeys(reasons)), current, frozenset(faults), held, known, renew)
    if renew or not is_complete(owner, known):
        return plan
    return plan._replace(spec=owner, status="valid", certificates=known, stale=find_stale(owner, files, known))


def _choose_spec(base: CertificateSpec, current: Certificate | None, *, renew: bool) -> CertificateSpec:
    """Return whose certificate is wanted: that of ``base``, or of its successor if it is to ``renew`` or the exchange was begun."""
    successor = base.successor
    if successor is None or current is None:
        return base
    begun = current.public_key == successor.public_key
    return successor if begun or (renew and current.public_key == base.public_key) else base


def find_owner(base: CertificateSpec, spec: CertificateSpec, certificate: Certificate | None) -> CertificateSpec:
    """Return the one of both whose key ``certificate`` is for; without any, it is to come for ``spec``."""
    return base if certificate is not None and certificate.public_key != spec.public_key else spec


def _judge_path(spec: CertificateSpec, files: Files, now: datetime) -> tuple[Certificate | None, list[str]]:
    data = files.read_output(spec.path)
    if data is None:
        return None, ["missing"]
    found = read_certificates(CERTIFICATE, data, spec)
    if not found:
        return None, ["unreadable"]
    return found[0], _find_faults(found[0], spec, now)


def _find_faults(certificate: Certificate, spec: CertificateSpec, now: datetime) -> list[str]:
    faults = checks.find_reasons(certificate, spec.public_key, spec.email, spec.remaining_days, now)
    return [*faults, "revoked"] if certificate in spec.revoked else faults


def _find_own(spec: CertificateSpec, files: Files, now: datetime, pardoned: set[str]) -> Certificate | None:
    """Return the end entity that any output holds and that has no faults but the ``pardoned`` ones.

    Without any, it can stand in for one at ``path`` that was lost, or that a run died before it wrote.
    """
    fitting = [item for item in read_all(spec, files) if pardoned.issuperset(_find_faults(item, spec, now))]
    return max(fitting, key=lambda item: item.not_after, default=None)


def gather(
    spec: CertificateSpec, files: Files, end_entity: Certificate, now: datetime, pool: Iterable[Certificate] = ()
) -> CertificateSet | None:
    """Return what the outputs of ``end_entity`` can be made of, from all that is on disk and ``pool``; None if the chain does not hold."""
    if not spec.needs_chain:
        return CertificateSet(end_entity)
    # A self-signed certificate of the same key, as it can stand in a key file, is no root of anything here.
    issuers = [
        item
        for item in (*read_all(spec, files), *pool)
        if not (item.is_self_issued and item.public_key == end_entity.public_key)
    ]
    try:
        return paths.build(end_entity, issuers, spec.trusted, now)
    except CheckError:
        return CertificateSet(end_entity) if _is_issued_by_root(spec, files, end_entity) else None


def _is_issued_by_root(spec: CertificateSpec, files: Files, end_entity: Certificate) -> bool:
    if spec.trusted is not None:
        return False
    from ansible_collections.mailops.smime.plugins.module_utils._store.structures import needs_no_intermediates

    found = ((output, files.read_output(path)) for output, path in spec.outputs.items())
    try:
        there = [(output, data) for output, data in found if data is not None]
        return needs_no_intermediates(end_entity, there, spec.output_options)
    except ValueError:
        return False


def is_complete(spec: CertificateSpec, known: CertificateSet | None) -> bool:
    return known is not None and (known.root is not None or not spec.needs_root)


def _judge_outputs(spec: CertificateSpec, files: Files, known: CertificateSet | None) -> list[str]:
    """Name the reasons that the files beside ``path`` give. Without ``known`` no chain on disk holds."""
    reasons = []
    stale = find_stale(spec, files, known)
    for output, path in spec.outputs.items():
        prefix = "chain" if output.kind == "chain" else "output"
        if output is CERTIFICATE:
            continue
        if files.read_output(path) is None:
            reasons.append(f"{prefix}_missing")
        elif output in stale or (known is None and output.needs_chain):
            reasons.append(f"{prefix}_mismatch")
    return reasons


def find_stale(spec: CertificateSpec, files: Files, certificates: CertificateSet | None) -> tuple[Output, ...]:
    """Return the outputs whose files do not hold what ``certificates`` make of them, in the order of writing."""
    if certificates is None:
        return ()
    outputs = spec.outputs.items()
    return tuple(
        output for output, path in outputs if not is_current(output, files.read_output(path), certificates, spec)
    )


def is_current(output: Output, data: bytes | None, certificates: CertificateSet, spec: CertificateSpec) -> bool:
    if data is None:
        return False
    try:
        return output.is_current(data, certificates, spec.output_options)
    except ValueError:
        return False


def read_all(spec: CertificateSpec, files: Files) -> list[Certificate]:
    """Return all certificates that the outputs hold, each once."""
    return list(dict.fromkeys((*_iterate_certificates(spec, files), *spec.archived)))


def _iterate_certificates(spec: CertificateSpec, files: Files) -> Iterator[Certificate]:
    for output, path in spec.outputs.items():
        data = files.read_output(path)
        if data is not None:
            yield from read_certificates(output, data, spec)


def read_certificates(output: Output, data: bytes, spec: CertificateSpec) -> list[Certificate]:
    try:
        return output.read_certificates(data, spec.output_options)
    except ValueError:
        return []
