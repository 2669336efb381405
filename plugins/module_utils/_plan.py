# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deciding offline: what is on disk against what is spec, as reasons by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import CERTIFICATE, CertificateSet, Output
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate


@dataclass(frozen=True)
class Plan:
    """Why something is to be done, and with what.

    ``current`` is the certificate at ``path``, if it can be read. ``material`` is what all files can be made of
    without the CA, or None if that takes the CA; ``stale`` are the outputs that differ from it. ``renew`` says that
    another certificate is spec, not only its chain. ``faults`` are the reasons that are about ``current`` itself, and
    ``spare`` is what the files can be made of if it has to stay.
    """

    reasons: tuple[str, ...]
    current: Certificate | None
    material: CertificateSet | None
    stale: tuple[Output, ...]
    renew: bool
    faults: frozenset[str] = frozenset()
    spare: CertificateSet | None = None


def make_plan(spec: CertificateSpec, files: Files, now: datetime) -> Plan:
    """Compare the files with what is spec at ``now`` (aware, UTC). Raises FileError for a file that cannot be opened."""
    current, reasons = _judge_path(spec, files, now)
    faults = frozenset(reasons)
    end_entity = current
    if reasons:
        end_entity = _find_substitute(spec, files, now)
    if spec.force:
        reasons, end_entity = [*reasons, "forced"], None
    subject = end_entity or current
    material = _gather(spec, files, subject, now) if subject is not None else None
    stale = find_stale(spec, files, material) if material is not None else ()
    if subject is not None:
        reasons += _judge_outputs(spec, files, material, stale)
    usable = end_entity is not None and material is not None and not _is_rootless(spec, material)
    return Plan(
        tuple(dict.fromkeys(reasons)),
        current,
        material if usable else None,
        stale if usable else (),
        renew=end_entity is None,
        faults=faults,
        spare=None if _is_rootless(spec, material) else material,
    )


def find_faults(certificate: Certificate, spec: CertificateSpec, now: datetime) -> list[str]:
    """Return why ``certificate`` is not the wanted end entity at ``now``, as names of reasons."""
    return checks.find_reasons(certificate, spec.public_key, spec.email, spec.remaining_days, now)


def find_stale(spec: CertificateSpec, files: Files, material: CertificateSet) -> tuple[Output, ...]:
    """Return the outputs whose files do not hold what ``material`` makes of them, in the order of writing."""
    outputs = spec.outputs.items()
    return tuple(output for output, path in outputs if not _is_current(output, files.read_output(path), material, spec))


def _judge_path(spec: CertificateSpec, files: Files, now: datetime) -> tuple[Certificate | None, list[str]]:
    data = files.read_output(spec.path)
    if data is None:
        return None, ["missing"]
    found = _read_certificates(CERTIFICATE, data, spec)
    if not found:
        return None, ["unreadable"]
    return found[0], find_faults(found[0], spec, now)


def _find_substitute(spec: CertificateSpec, files: Files, now: datetime) -> Certificate | None:
    """Return a flawless end entity that another output holds: ``path`` alone was lost, or a run died before it wrote it."""
    fitting = [item for item in _read_all(spec, files) if not find_faults(item, spec, now)]
    return max(fitting, key=lambda item: item.not_after, default=None)


def _gather(spec: CertificateSpec, files: Files, end_entity: Certificate, now: datetime) -> CertificateSet | None:
    """Return what the outputs of ``end_entity`` can be made of, from all that is on disk; None if the chain does not hold."""
    if not spec.needs_chain:
        return CertificateSet(end_entity)
    try:
        # A self-signed certificate of the same key, as it can stand in a key file, is no root of anything here.
        pool = [
            item
            for item in _read_all(spec, files)
            if not (item.is_self_issued and item.public_key == end_entity.public_key)
        ]
        chain = paths.build(end_entity, pool, spec.trusted, now)
    except CheckError:
        return None
    return CertificateSet(end_entity, chain.intermediates, chain.root)


def _is_rootless(spec: CertificateSpec, material: CertificateSet | None) -> bool:
    return material is not None and material.root is None and spec.needs_root


def _judge_outputs(
    spec: CertificateSpec, files: Files, material: CertificateSet | None, stale: tuple[Output, ...]
) -> list[str]:
    """Name the reasons that the files beside ``path`` give. Without ``material`` no chain on disk holds."""
    reasons = []
    for output, path in spec.outputs.items():
        data = files.read_output(path)
        prefix = "chain" if output.kind == "chain" else "output"
        if output is CERTIFICATE:
            continue
        if data is None:
            reasons.append(f"{prefix}_missing")
        elif output in stale or (material is None and output.needs_chain):
            reasons.append(f"{prefix}_mismatch")
    return reasons


def _is_current(output: Output, data: bytes | None, material: CertificateSet, spec: CertificateSpec) -> bool:
    if data is None:
        return False
    try:
        return output.is_current(data, material, spec.recipe)
    except ValueError:
        return False


def _read_all(spec: CertificateSpec, files: Files) -> list[Certificate]:
    return list(dict.fromkeys(_iterate_certificates(spec, files)))


def _iterate_certificates(spec: CertificateSpec, files: Files) -> Iterator[Certificate]:
    for output, path in spec.outputs.items():
        data = files.read_output(path)
        if data is not None:
            yield from _read_certificates(output, data, spec)


def _read_certificates(output: Output, data: bytes, spec: CertificateSpec) -> list[Certificate]:
    try:
        return output.read_certificates(data, spec.recipe)
    except ValueError:
        return []
