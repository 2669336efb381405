# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains: from the end entity up to a root, by names and signatures (RFC 5280, 6.1), wherever a certificate stood in the reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import is_signed_by
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

MAX_DEPTH = 8
_MAX_PATHS = 64


@dataclass(frozen=True)
class Chain:
    """An end entity with its intermediates, its issuer first, and the root if it is known."""

    end_entity: Certificate
    intermediates: tuple[Certificate, ...]
    root: Certificate | None

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Return the end entity and the intermediates."""
        return (self.end_entity, *self.intermediates)


def build(
    end_entity: Certificate, pool: Iterable[Certificate], trusted: tuple[Certificate, ...] | None, now: datetime
) -> Chain:
    """Return the shortest chain of ``end_entity`` through ``pool`` that ends in a root, one of ``trusted`` unless that is None.

    A pool without any root gives a chain that ends in an intermediate, if ``trusted`` is None.
    Raises CheckError: chain_invalid, or untrusted_root if the chain holds and ends in none of ``trusted``.
    """
    candidates = tuple(dict.fromkeys((*(trusted or ()), *pool)))
    issuers = tuple(item for item in candidates if item.is_ca and item.not_before <= now <= item.not_after)
    anchors = trusted or ()
    paths = _take(_climb((end_entity,), issuers, anchors), _MAX_PATHS)
    whole = [path for path in paths if len(path) > 1 and (path[-1].is_self_issued or path[-1] in anchors)]
    if trusted is not None:
        anchored = [path for path in whole if path[-1] in anchors]
        if anchored:
            return _to_chain(min(anchored, key=len))
        if whole:
            raise CheckError(
                f"the chain ends in a root that is not trusted: {whole[0][-1].parsed.subject.rfc4514_string()}",
                name="untrusted_root",
                hint="Check trusted_roots_path, and that the CA is the one you ordered from.",
            )
    if whole:
        return _to_chain(min(whole, key=len))
    if trusted is None and not any(item.is_self_issued for item in candidates):
        partial = max(paths, key=len)
        if len(partial) > 1:
            return Chain(end_entity, partial[1:], None)
    raise _broken(max(paths, key=len))


def sort(pool: Iterable[Certificate]) -> list[Certificate]:
    """Return the certificates of ``pool`` with the end entity first, then from issuer to issuer; strangers come last."""
    left = list(dict.fromkeys(pool))
    ordered: list[Certificate] = []
    while left:
        following = [item for item in left if ordered and _is_issued_by(ordered[-1], item)]
        # A start is what issued nothing that is left.
        starts = [item for item in left if not any(_is_issued_by(other, item) for other in left if other != item)]
        chosen = (following or sorted(starts, key=lambda item: item.is_ca) or left)[0]
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _climb(
    path: tuple[Certificate, ...], issuers: tuple[Certificate, ...], anchors: tuple[Certificate, ...]
) -> Iterator[tuple[Certificate, ...]]:
    """Yield each way up from the top of ``path``, as far as it goes."""
    top = path[-1]
    done = top.is_self_issued or top in anchors or len(path) > MAX_DEPTH
    above = [] if done else [item for item in issuers if item not in path and _is_issued_by(top, item)]
    for issuer in above:
        yield from _climb((*path, issuer), issuers, anchors)
    if not above:
        yield path


@lru_cache(maxsize=4096)
def _is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    # Kept, since a batch of mailboxes shares its intermediates.
    return is_signed_by(certificate.parsed, issuer.parsed)


def _take(paths: Iterator[tuple[Certificate, ...]], count: int) -> list[tuple[Certificate, ...]]:
    return [path for path, _number in zip(paths, range(count))]


def _to_chain(path: tuple[Certificate, ...]) -> Chain:
    return Chain(path[0], path[1:-1], path[-1])


def _broken(path: tuple[Certificate, ...]) -> CheckError:
    top = path[-1]
    return CheckError(
        f"the chain is broken: no valid certificate of '{top.parsed.issuer.rfc4514_string()}' signed "
        f"'{top.parsed.subject.rfc4514_string()}'",
        name="chain_invalid",
        hint="Run the task again; if it stays, ask the CA's support for the intermediates of this product.",
    )
