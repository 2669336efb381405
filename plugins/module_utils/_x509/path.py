# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification paths: found among loose certificates, and validated as RFC 5280, 6.1 says, without policies and revocation.

All that a CA certificate limits can be judged when it is put on top of what it issued: so a path is climbed from the end
entity up, and what a rule forbids is never climbed further. Extensions about policies are known and not enforced, as in
OpenSSL and NSS unless they are told to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat, checks, der
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

MAX_DEPTH = 8
# How many paths are looked at: the shortest come first, and real ones are a handful.
_MAX_PATHS = 2000


class CertificateSet(NamedTuple):
    """An end entity with its ``intermediates``, its issuer first, and the ``root`` if it is known."""

    end_entity: Certificate
    intermediates: tuple[Certificate, ...] = ()
    root: Certificate | None = None

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Return the end entity and the intermediates."""
        return (self.end_entity, *self.intermediates)


def build(
    end_entity: Certificate, pool: Iterable[Certificate], trusted: tuple[Certificate, ...] | None, now: datetime
) -> CertificateSet:
    """Return the shortest valid chain of ``end_entity`` through ``pool`` that ends in one of ``trusted``.

    If ``trusted`` is None any root counts, and a pool without any gives a chain that ends in an intermediate. The dates and
    usages of the end entity itself are not judged here. Raises CheckError: chain_invalid, or untrusted_root if the chain
    holds and ends in none of ``trusted``.
    """
    anchors = frozenset(trusted or ())
    candidates = tuple(dict.fromkeys((*(trusted or ()), *pool)))
    search = _Search(candidates, anchors, now, any_root=trusted is None)
    search.climb(end_entity)
    found = search.anchored or (search.rooted if search.any_root else ())
    if found:
        return CertificateSet(end_entity, found[1:-1], found[-1])
    if search.rooted:
        raise CheckError(
            f"the chain ends in a root that is not trusted: {_tell(search.rooted[-1])}",
            name="untrusted_root",
            hint="Check trusted_roots_path, and that the CA is the one you ordered from.",
        )
    top = search.longest[-1]
    rootless = search.any_root and not any(item.is_self_issued for item in candidates)
    if rootless and len(search.longest) > 1 and top not in search.blocked:
        return CertificateSet(end_entity, search.longest[1:], None)
    raise _broken(top, search.faults)


class _Search:
    """A climb to all roots, shortest path first.

    ``anchored`` is the first valid path to a trust anchor, ``rooted`` the first to another root, ``longest`` the longest one.
    ``faults`` say what is wrong with issuers that a rule forbids, ``blocked`` are the certificates that they issued.
    """

    def __init__(
        self, candidates: tuple[Certificate, ...], anchors: frozenset[Certificate], now: datetime, *, any_root: bool
    ) -> None:
        self.candidates = candidates
        self.anchors = anchors
        self.now = now
        self.any_root = any_root
        self.anchored: tuple[Certificate, ...] = ()
        self.rooted: tuple[Certificate, ...] = ()
        self.longest: tuple[Certificate, ...] = ()
        self.faults: list[str] = []
        self.blocked: set[Certificate] = set()

    def climb(self, end_entity: Certificate) -> None:
        waiting: deque[tuple[Certificate, ...]] = deque([(end_entity,)])
        self.longest = (end_entity,)
        for _step in range(_MAX_PATHS):
            if not waiting or self.anchored or (self.any_root and self.rooted):
                break
            path = waiting.popleft()
            if len(path) > len(self.longest):
                self.longest = path
            if len(path) > 1 and path[-1] in self.anchors:
                self.anchored = path
            elif is_root(path[-1]):
                self.rooted = self.rooted or (path if len(path) > 1 else ())
            elif len(path) <= MAX_DEPTH:
                waiting.extend((*path, issuer) for issuer in self._find_issuers(path))

    def _find_issuers(self, path: tuple[Certificate, ...]) -> Iterable[Certificate]:
        top = path[-1]
        for candidate in self.candidates:
            if candidate.subject_name != top.issuer_name or any(_is_same_authority(candidate, item) for item in path):
                continue
            if not is_signed_by(top, candidate):
                continue
            fault = _find_fault(candidate, path, self.now, is_anchor=candidate in self.anchors)
            if not fault:
                yield candidate
                continue
            if fault != _find_date_fault(candidate, self.now):
                self.blocked.add(top)
            self.faults.append(f"{_tell(candidate)} may not have issued it: {fault}")


def _is_same_authority(one: Certificate, other: Certificate) -> bool:
    # A path through one twice is a loop (RFC 4158, 5.2).
    return one.subject_name == other.subject_name and one.public_key == other.public_key


def is_root(certificate: Certificate) -> bool:
    """Tell whether ``certificate`` is self-signed; one that only names itself as its issuer is no root."""
    return certificate.is_self_issued and is_signed_by(certificate, certificate)


@lru_cache(maxsize=8192)
def is_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Tell whether ``issuer`` is named as the issuer of ``certificate`` and its key made the signature (RFC 5280, 6.1.3 a)."""
    # Kept, since a batch of mailboxes shares its intermediates.
    if certificate.issuer_name != issuer.subject_name:
        return False
    try:
        with _compat.reading("a signature"):
            signed = certificate.parsed.tbs_certificate_bytes
            _compat.verify_signature(certificate.parsed, signed, _load_public_key(issuer))
            return _has_one_algorithm(certificate)
    except ValueError:
        return False


def _has_one_algorithm(certificate: Certificate) -> bool:
    """Tell whether the signature's algorithm is the one that the signed part names (RFC 5280, 4.1.1.2)."""
    data = certificate.der
    body = der.read_element(data, der.read_element(data).content)
    inner = der.read_element(data, body.content)
    while inner.tag != der.SEQUENCE:
        # The version and the serial number stand before it.
        inner = der.read_element(data, inner.end, body.end)
    return inner.encoded == der.read_element(data, body.end).encoded


@lru_cache(maxsize=256)
def _load_public_key(issuer: Certificate) -> Any:
    return issuer.parsed.public_key()


def _find_fault(issuer: Certificate, path: tuple[Certificate, ...], now: datetime, *, is_anchor: bool) -> str:
    """Return which rule forbids ``issuer``, whose signature holds, on top of ``path``; or an empty string."""
    return (
        _find_date_fault(issuer, now)
        or _find_authority_fault(issuer, is_anchor=is_anchor)
        or checks.find_critical_fault(issuer)
        or _find_usage_fault(issuer, is_anchor=is_anchor)
        or _find_length_fault(issuer, path)
        or _find_names_fault(issuer, path)
    )


def _find_date_fault(issuer: Certificate, now: datetime) -> str:
    return checks.find_validity_fault(issuer, now)


def _find_authority_fault(issuer: Certificate, *, is_anchor: bool) -> str:
    # 6.1.1 d: a trust anchor need not be a certificate of version 3. 6.1.4 k and n.
    old_root = is_anchor and issuer.parsed.version.name == "v1"
    if not (issuer.is_ca or old_root):
        return "it is not a CA certificate"
    if issuer.key_usages is not None and "key_cert_sign" not in issuer.key_usages:
        return "its key usage does not hold keyCertSign"
    return ""


def _find_usage_fault(issuer: Certificate, *, is_anchor: bool) -> str:
    # An intermediate's extended key usage limits what it issues (4.2.1.12; Baseline Requirements, 7.1.2.2 g); a root's says nothing.
    usages = issuer.extended_key_usages
    if usages is None or {checks.EMAIL_PROTECTION, checks.ANY_USAGE} & set(usages):
        return ""
    if is_anchor or is_root(issuer):
        return ""
    return "its extended key usage does not hold emailProtection"


def _find_length_fault(issuer: Certificate, path: tuple[Certificate, ...]) -> str:
    # 6.1.4 l and m: self-issued ones do not count, and neither does the last.
    below = sum(not item.is_self_issued for item in path[1:])
    if issuer.path_length is None or below <= issuer.path_length:
        return ""
    return f"its path length allows {issuer.path_length} intermediates below it, and there are {below}"


def _find_names_fault(issuer: Certificate, path: tuple[Certificate, ...]) -> str:
    if issuer.constraints is None:
        return ""
    # 6.1.3 b: the names of the last certificate, and of all others that are not self-issued.
    below = (path[0], *(item for item in path[1:] if not item.is_self_issued))
    return next((fault for item in below for fault in (_find_constraint_fault(issuer, item),) if fault), "")


@lru_cache(maxsize=8192)
def _find_constraint_fault(issuer: Certificate, certificate: Certificate) -> str:
    # Imported only now: few CA certificates constrain names.
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import constraints

    try:
        found = constraints.list_names(certificate.parsed.subject, certificate.alternatives)
    except ValueError as error:
        return f"it constrains names, and a name below it cannot be compared: {error}"
    return constraints.find_constraint_fault(found, issuer.constraints)


def _tell(certificate: Certificate) -> str:
    return f"'{certificate.parsed.subject.rfc4514_string()}'"


def _broken(top: Certificate, faults: list[str]) -> CheckError:
    missing = f"no valid certificate of '{top.parsed.issuer.rfc4514_string()}' signed {_tell(top)}"
    return CheckError(
        f"the chain is broken: {'; '.join(dict.fromkeys(faults)) or missing}",
        name="chain_invalid",
        hint="Run the task again; if it stays, ask the CA's support for the intermediates of this product.",
    )
