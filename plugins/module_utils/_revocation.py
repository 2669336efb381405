# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether certificates are revoked: each list is had once a run for all mailboxes, and kept until the next one is due.

A list that cannot be had, or that does not count, leaves it ``unknown``: that is told, and nothing else follows from it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Protocol
from urllib.parse import urlsplit

from ansible_collections.mailops.smime.plugins.module_utils import _plan as plans
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    CallError,
    CheckError,
    SmimeError,
)
from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec, Warn
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import read_file
from ansible_collections.mailops.smime.plugins.module_utils._x509 import crl
from ansible_collections.mailops.smime.plugins.module_utils._x509 import path as paths
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.crl import (
    REVOKED,
    UNKNOWN,
    Revocation,
    RevocationList,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._context import Context
    from ansible_collections.mailops.smime.plugins.module_utils._report import Report
    from ansible_collections.mailops.smime.plugins.module_utils._verify import Offer

# Octets: lists of public CAs have some megabytes at the most.
MAX_LIST = 16 * 1024 * 1024
_MOST_URLS = 3
_LONGEST_URL = 2048
_OK = 200
_REDIRECTS = (301, 302, 303, 307, 308)


class Keeper(Protocol):
    """Keeps lists from run to run."""

    def read(self, url: str) -> bytes | None:
        """Return the list that is kept of ``url``. Raises SmimeError."""

    def write(self, url: str, data: bytes) -> None:
        """Keep the list of ``url``. Raises SmimeError."""


@dataclass
class Folder:
    """Keeps lists in a folder, which is made if it is missing; in check mode, nothing is written."""

    module: AnsibleModule
    path: str

    def read(self, url: str) -> bytes | None:
        """Return the list that is kept of ``url``. Raises FileError."""
        return read_file(self._locate(url), most=MAX_LIST)

    def write(self, url: str, data: bytes) -> None:
        """Keep the list of ``url``. Raises FileError."""
        if self.module.check_mode:
            return
        path = self._locate(url)
        files = Files(self.module, Attributes({}, directory_mode="0755", with_directories=frozenset({path})))
        files.prepare(path)
        files.replace([Replacement("crl", path, data)])

    def _locate(self, url: str) -> str:
        return os.path.join(self.path, f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.crl")


@dataclass
class RevocationLists:
    """The lists of one run, by URL. ``fetch`` returns what is at a URL, or raises SmimeError."""

    fetch: Callable[[str], bytes]
    keeper: Keeper | None = None
    _lists: dict[str, RevocationList] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)

    def look_up(self, certificate: Certificate, known: Iterable[Certificate], now: datetime, warn: Warn) -> Revocation:
        """Return what the certificate's own list says of it at ``now``; its issuer is looked for among the ``known`` certificates.

        ``warn`` takes why it is unknown, if it is, and why a list could not be kept.
        """
        said = self._look_up(certificate, known, now, warn)
        if said.status == UNKNOWN:
            warn(f"whether a certificate is revoked is unknown: {said.why}")
        return said

    def _look_up(self, certificate: Certificate, known: Iterable[Certificate], now: datetime, warn: Warn) -> Revocation:
        name = ", ".join(certificate.emails) or str(certificate.serial_number)
        if not certificate.crl_urls:
            return Revocation(UNKNOWN, why=f"that of {name} names no list over HTTP or HTTPS")
        issuer = next((item for item in known if item.is_ca and paths.is_signed_by(certificate, item)), None)
        if issuer is None:
            return Revocation(UNKNOWN, why=f"the issuer of that of {name}, who signs the list, is in none of the files")
        said = Revocation(UNKNOWN)
        for url in certificate.crl_urls[:_MOST_URLS]:
            said = self._ask(url, certificate, issuer, now, warn)
            if said.status != UNKNOWN:
                break
        return said

    def _ask(self, url: str, certificate: Certificate, issuer: Certificate, now: datetime, warn: Warn) -> Revocation:
        """Ask the list of ``url``: the one of this run, or that of an earlier one as long as it counts, or else a new one."""
        if url in self._lists or url in self._faults:
            return self._judge(url, certificate, issuer, now)
        self._read(url, warn)
        said = self._judge(url, certificate, issuer, now)
        if said.status == UNKNOWN:
            data = self._renew(url)
            said = self._judge(url, certificate, issuer, now)
            if said.status != UNKNOWN and self.keeper is not None:
                self._keep(self.keeper, url, data, warn)
        return said

    def _judge(self, url: str, certificate: Certificate, issuer: Certificate, now: datetime) -> Revocation:
        if url in self._faults or url not in self._lists:
            return Revocation(UNKNOWN, why=f"the list at {url} cannot be had: {self._faults.get(url)}")
        said = crl.look_up(self._lists[url], certificate, issuer, now)
        return said if said.status != UNKNOWN else replace(said, why=f"the list at {url} does not count: {said.why}")

    def _read(self, url: str, warn: Warn) -> None:
        try:
            data = self.keeper.read(url) if self.keeper is not None else None
            if data is not None:
                self._lists[url] = crl.load(data)
        except SmimeError as error:
            warn(f"crl_cache_path: {error.message}")
        except ValueError:
            # Something else than what was kept there: a new one takes its place.
            pass

    def _renew(self, url: str) -> bytes:
        self._lists.pop(url, None)
        try:
            data = self.fetch(url)
            self._lists[url] = crl.load(data)
        except SmimeError as error:
            self._faults[url] = error.message
        except ValueError as error:
            self._faults[url] = str(error)
        else:
            return data
        return b""

    def _keep(self, keeper: Keeper, url: str, data: bytes, warn: Warn) -> None:
        try:
            keeper.write(url, data)
        except SmimeError as error:
            warn(f"crl_cache_path: {error.message}")


def open_lists(module: AnsibleModule) -> RevocationLists:
    """Return the lists for a run of ``module``. Nothing is sent yet."""
    params = module.params
    keeper = Folder(module, params["crl_cache_path"]) if params["crl_cache_path"] is not None else None
    return RevocationLists(lambda url: _fetch(url, params), keeper)


def _fetch(url: str, params: Mapping[str, Any]) -> bytes:
    """Return what is at ``url``, which a certificate names, within the limits of other calls. Raises SmimeError."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport

    _check_url(url)
    transport = Transport(Endpoint(url, params["api_ca_path"], params["api_timeout"]))
    try:
        response = transport.get(MAX_LIST)
    finally:
        transport.close()
    if response.status != _OK or response.encoded:
        what = (
            f"HTTP status {response.status}"
            if response.status != _OK
            else "it comes in an encoding that was not asked for"
        )
        raise CallError(f"{what}; redirects are not followed" if response.status in _REDIRECTS else what)
    return response.body


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
        fits = (
            plain
            and parts.scheme in ("http", "https")
            and parts.hostname
            and "@" not in parts.netloc
            and parts.port != 0
        )
    except ValueError:
        fits = False
    if not fits:
        raise CallError("its address is none that is asked")


def mark(spec: CertificateSpec, files: Files, context: Context, report: Report) -> CertificateSpec:
    """Return ``spec``, and its successor, with those certificates for their keys that are on disk, valid now, and revoked."""
    now = context.clock.now()
    there = plans.read_all(spec, files)
    wanted = {spec.public_key, spec.successor.public_key if spec.successor is not None else None}
    own = [item for item in there if item.public_key in wanted and item.not_before <= now <= item.not_after]
    known = [item for item in (*there, *(spec.trusted or ())) if item.is_ca]
    revoked = frozenset(item for item in own if _ask(item, known, context, report).status == REVOKED)
    successor = spec.successor._replace(revoked=revoked) if spec.successor is not None else None
    return spec._replace(revoked=revoked, successor=successor)


def refuse(offer: Offer, plan: Plan, context: Context, report: Report) -> None:
    """Raise CheckError if what the CA sent was revoked."""
    if offer.certificates is None:
        return
    known = [item for item in (*offer.pool, *(plan.spec.trusted or ())) if item.is_ca]
    said = _ask(offer.certificates.end_entity, known, context, report)
    if said.status == REVOKED:
        raise CheckError(
            f"the certificate that the CA holds was revoked on {said.time:%Y-%m-%d} ({said.reason})",
            name="certificate_revoked",
            hint="Place a new order, and give its order_number or collection_code.",
        )


def _ask(certificate: Certificate, known: list[Certificate], context: Context, report: Report) -> Revocation:
    said = context.open_lists().look_up(certificate, known, context.clock.now(), report.warn)
    report.revocations[certificate] = said
    return said
