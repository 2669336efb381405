# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one certificate on one host: decide, ask, verify, write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _decision as decisions
from ansible_collections.mailops.smime.plugins.module_utils import _wanted as wanteds
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import ACCEPTED
from ansible_collections.mailops.smime.plugins.module_utils._clock import Clock
from ansible_collections.mailops.smime.plugins.module_utils._decision import Decision
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    CheckError,
    MissingLibraryError,
    ReplyError,
    SmimeError,
)
from ansible_collections.mailops.smime.plugins.module_utils._report import Report
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import Material
from ansible_collections.mailops.smime.plugins.module_utils._wanted import Wanted
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import chain as chains
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.releases import require_cryptography

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
    from ansible_collections.mailops.smime.plugins.module_utils._inquiry import Inquiry

# What add_file_common_args adds to a module's options.
FILE_OPTIONS = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes", "unsafe_writes")


@dataclass(frozen=True)
class World:
    """What a run needs beside its files. ``open_client`` is called when the CA is to be asked: only then is there a client."""

    open_client: Callable[[], Client]
    clock: Clock


@dataclass
class Run:
    """One certificate from look to file. Raises SmimeError from ``carry_out``; ``report`` says how far it came."""

    wanted: Wanted
    files: Files
    world: World
    report: Report

    def carry_out(self) -> None:
        """Bring the certificate to what is wanted."""
        decision = self._decide()
        if self.files.check_mode:
            self._rehearse(decision)
        elif not decision.reasons:
            self._act(decision)
        else:
            for path in self.wanted.outputs.values():
                self.files.check_writable(path)
            with self.files.locked(self.wanted.path):
                # Another run may have been here while this one waited for the lock.
                self._act(self._decide())
        self._warn_if_due()

    def _decide(self) -> Decision:
        decision = decisions.decide(self.wanted, self.files, self.world.clock.now())
        self.report.reasons = decision.reasons
        self.report.before = self.report.certificate = decision.current
        self.report.csr = self.wanted.csr
        return decision

    def _act(self, decision: Decision) -> None:
        if decision.material is not None:
            self._write(decision, decision.material)
            return
        with self._asking(decision) as inquiry:
            if self.wanted.wait_timeout:
                reply = inquiry.wait(self.wanted.wait_timeout, self.wanted.poll_interval, self.world.clock)
            else:
                reply = inquiry.collect()
        if not reply.certificates:
            self.report.status = "pending"
            return
        material = verify(reply, self.wanted, decision.current, self.world.clock.now())
        if _is_older(material.end_entity, decision):
            self.report.status = "valid"
            return
        self._write(decision, material)

    @contextlib.contextmanager
    def _asking(self, decision: Decision) -> Iterator[Inquiry]:
        """Open the inquiry, and report what it cost however it ends."""
        from ansible_collections.mailops.smime.plugins.module_utils._inquiry import Inquiry  # noqa: PLC0415

        client = self.world.open_client()
        calls = client.calls
        inquiry = Inquiry(client, self.wanted.order, self.wanted.csr, expect_issued=not decision.renew)
        try:
            yield inquiry
        finally:
            self.report.api_calls += client.calls - calls
            self.report.status_code = inquiry.status_code
            self.report.csr_submitted = inquiry.csr_submitted
            self.report.changed = self.report.changed or inquiry.csr_submitted

    def _write(self, decision: Decision, material: Material) -> None:
        """Write what differs, mend the attributes of the rest, and report both."""
        stale = decisions.find_stale(self.wanted, self.files, material)
        replacements = [
            Replacement(item.kind, self.wanted.outputs[item], item.encode(material), item.private) for item in stale
        ]
        backups = {} if self.files.check_mode else self.files.replace(replacements)
        self.report.add_files({item: self.wanted.outputs[item] for item in stale}, backups)
        for output, path in self.wanted.outputs.items():
            if output not in stale and self.files.mend_attributes(path, private=output.private):
                self.report.add_files({output: path}, {})
        self.report.certificate = material.end_entity
        self.report.status = (
            "valid" if decision.material is not None or material.end_entity == decision.current else "issued"
        )

    def _rehearse(self, decision: Decision) -> None:
        """Say what a run without check mode would do: one query at the most, and nothing written."""
        if decision.material is not None:
            self._write(decision, decision.material)
            return
        with self._asking(decision) as inquiry:
            reply = inquiry.predict()
        if reply.code == ACCEPTED:
            self.report.status = "pending"
            # Whether the CA holds the CSR cannot be seen from here; a run would send it.
            self.report.changed = self.wanted.csr is not None
            return
        last = reply.validity.not_after if reply.validity is not None else None
        if _holds_the_same(last, decision):
            _refuse_expired(decision.current, self.world.clock.now())
            self.report.status = "valid"
            return
        affected = {
            item: path
            for item, path in self.wanted.outputs.items()
            if decision.renew or item.needs_chain or item.needs_root
        }
        self.report.add_files(affected, {})
        self.report.expected = decision.renew
        self.report.status = "issued" if decision.renew else "valid"

    def _warn_if_due(self) -> None:
        certificate = self.report.certificate
        if certificate is None or not self.report.api_calls or self.report.status == "pending" or self.report.expected:
            return
        if certificate.not_after - self.world.clock.now() < timedelta(days=self.wanted.remaining_days):
            self.report.warnings.append(
                f"{self.wanted.label()}: the certificate expires on {certificate.not_after:%Y-%m-%d} and the CA holds no newer one: "
                "place a new order."
            )


def manage(params: Mapping[str, Any], files: Files, world: World) -> Report:
    """Bring the certificate that ``params`` describe to what is wanted, and return the report, of a failure too."""
    report = Report(wanteds.label(params["email"], params["path"], wanteds.read_order(params)))
    try:
        require_cryptography()
        Run(wanteds.load(params, files), files, world, report).carry_out()
    except SmimeError as error:
        report.error = error
    except MissingLibraryError as error:
        report.missing = error
    return report


def open_files(module: AnsibleModule, params: Mapping[str, Any]) -> Files:
    """Return the files of the certificate that ``params`` describe."""
    options = {name: params.get(name) for name in FILE_OPTIONS}
    return Files(module, Attributes(options, backup=params["backup"]))


def open_world(params: Mapping[str, Any]) -> World:
    """Return the real clock, and the endpoint of ``params``."""
    clock = Clock()
    return World(lambda: open_client(params, clock), clock)


def open_client(params: Mapping[str, Any], clock: Clock) -> Client:
    """Return a client for the endpoint of ``params``. Nothing is sent yet."""
    # Imported here: a run that does not ask pays for no client.
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client  # noqa: PLC0415
    from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import Endpoint, Transport  # noqa: PLC0415

    endpoint = Endpoint(params["api_url"], params["api_ca_path"], params["api_timeout"], params["api_retries"])
    return Client(Transport(endpoint, clock.sleep))


def verify(reply: Reply, wanted: Wanted, current: Certificate | None, now: datetime) -> Material:
    """Return the checked contents of ``reply``. Raises CheckError with the name of the check that failed, or ReplyError."""
    try:
        pool = [certificates.load_der(der) for der in reply.certificates]
    except ValueError as error:
        raise ReplyError(
            f"the CA sent something that is {error}", hint="Run the task again; if it stays, ask the CA's support."
        ) from error
    own = [item for item in pool if item.public_key == wanted.public_key]
    if not own:
        raise CheckError(
            f"none of the {len(pool)} certificates that the CA sent is for this key",
            name="key_mismatch",
            hint="Give the key, or the CSR, that the order was made with.",
        )
    end_entity = max(own, key=lambda item: item.not_after)
    _check_end_entity(end_entity, wanted, current, now)
    chain = chains.build(end_entity, pool, wanted.trusted, now)
    if chain.root is None and wanted.needs_root:
        raise CheckError(
            "the CA sent no root certificate, and root_path asks for it",
            name="chain_invalid",
            hint="Leave root_path out, or give the root in trusted_roots_path.",
        )
    return Material(end_entity, chain.intermediates, chain.root)


def _check_end_entity(end_entity: Certificate, wanted: Wanted, current: Certificate | None, now: datetime) -> None:
    if wanted.email is not None:
        _require_none(
            "email_mismatch",
            checks.find_email_fault(end_entity, wanted.email),
            "Check email and the order: they are for different mailboxes.",
        )
    _require_none(
        "not_smime",
        "; ".join(checks.find_smime_faults(end_entity)),
        "Check that the order is for an S/MIME certificate.",
    )
    if end_entity == current:
        _refuse_expired(end_entity, now)
    _require_none(
        "not_valid_now",
        checks.find_validity_fault(end_entity, now),
        "Check the clock of this host; if it is right, place a new order.",
    )


def _require_none(name: str, fault: str, hint: str) -> None:
    if fault:
        raise CheckError(f"the certificate that the CA sent cannot be used: {fault}", name=name, hint=hint)


def _refuse_expired(current: Certificate | None, now: datetime) -> None:
    if current is not None and now > current.not_after:
        raise CheckError(
            f"the certificate expired on {current.not_after:%Y-%m-%d} and the CA holds no newer one",
            name="certificate_expired",
            hint="Place a new order, and give its order_number or collection_code.",
        )


def _holds_the_same(last: datetime | None, decision: Decision) -> bool:
    """Tell whether the validity that the CA shows is that of the certificate which is to be renewed for its age alone."""
    if decision.current is None or last is None or decision.reasons not in (("expiring",), ("expired",)):
        return False
    return last <= decision.current.not_after


def _is_older(end_entity: Certificate, decision: Decision) -> bool:
    """Tell whether the CA's certificate is no better than the expiring one on disk."""
    current = decision.current
    return current is not None and decision.reasons == ("expiring",) and end_entity.not_after <= current.not_after
