# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one certificate on one host: decide, ask, verify, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils import _decision as decisions
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils import _relay as relays
from ansible_collections.mailops.smime.plugins.module_utils import _wanted as wanteds
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import (
    Asking,
    Question,
)
from ansible_collections.mailops.smime.plugins.module_utils._clock import Clock
from ansible_collections.mailops.smime.plugins.module_utils._decision import Decision
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    MissingLibraryError,
    NotAttemptedError,
    SmimeError,
)
from ansible_collections.mailops.smime.plugins.module_utils._relay import Answer, ElsewhereError, open_access
from ansible_collections.mailops.smime.plugins.module_utils._report import Report
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import CertificateSet, Output
from ansible_collections.mailops.smime.plugins.module_utils._wanted import Wanted
from ansible_collections.mailops.smime.plugins.module_utils._world import World, open_files
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply


class Steppable(Protocol):
    """Something that takes steps, another one whenever it is ``due`` (monotonic seconds), until that is None."""

    due: float | None

    def step(self) -> None:
        """Take a step. Raises nothing that another run should suffer from."""


@dataclass
class Run:
    """One certificate from look to file, in one step, or in several if the CA is waited for.

    ``report`` says how far it came. ``due`` is when the next step is to be taken (monotonic seconds), or None if it is over.
    """

    params: Mapping[str, Any]
    files: Files
    world: World
    report: Report
    due: float | None = None
    asking: Asking | None = None

    def step(self) -> None:
        """Bring the certificate to what is wanted, as far as the CA lets it. A failure goes into the report."""
        self.due = None
        try:
            require_cryptography()
            self._step()
        except NotAttemptedError:
            self.report.status = "not_attempted"
        except ElsewhereError as error:
            self.report.question = error.question
        except SmimeError as error:
            self.report.error = error
        except MissingLibraryError as error:
            self.report.missing = error
        except Exception as error:  # noqa: BLE001 - a defect of ours must not end the other certificates
            self.report.error = SmimeError(
                f"unexpected {type(error).__name__}", hint="This is a defect of mailops.smime. Please report it."
            )
        finally:
            self.files.forget()

    def _step(self) -> None:
        wanted, decision = self._look()
        if self.files.check_mode:
            self._rehearse(wanted, decision)
        elif not decision.reasons:
            self._act(wanted, decision)
        else:
            if decision.material is None:
                wanted.check_request()
                self.world.access.require_open()
            for path in wanted.written_paths:
                self.files.prepare(path)
            with self.files.locked(wanted.path):
                # Another run may have been here while this one waited for the lock.
                self._act(*self._look())

    def _look(self) -> tuple[Wanted, Decision]:
        """Read the options and the files, and decide offline."""
        wanted = wanteds.load(self.params, self.files)
        decision = decisions.decide(wanted, self.files, self.world.clock.now())
        self.report.reasons = decision.reasons
        self.report.before = self.report.certificate = decision.current
        self.report.csr = wanted.csr
        return wanted, decision

    def _act(self, wanted: Wanted, decision: Decision) -> None:
        if decision.material is not None:
            self._write(wanted, decision, decision.material, decision.stale)
            return
        wanted = self._create_key(wanted)
        reply = self._ask(wanted, decision)
        if reply is not None:
            self._settle(wanted, decision, reply)

    def _keep(self, wanted: Wanted, decision: Decision) -> None:
        """Stay with the certificate on disk, and mend what it can mend."""
        self.report.status = "valid"
        if decision.spare is not None:
            self._write(wanted, decision, decision.spare, decisions.find_stale(wanted, self.files, decision.spare))

    def _ask(self, wanted: Wanted, decision: Decision) -> Reply | None:
        """Ask the CA, and report what it cost however it ends. Without a reply, the run is due again later."""
        if self.asking is None:
            self.asking = self.world.access.open(
                wanted.order, lambda: self._build_question(wanted, decision), wanted.patience
            )
            self.report.csr = self.asking.csr or wanted.csr
        try:
            reply = self.asking.ask()
        finally:
            self.report.api_calls = self.asking.calls
            self.report.status_code = self.asking.status_code
            self.report.csr_submitted = self.asking.csr_submitted
            self.report.changed = self.report.changed or self.asking.csr_submitted
        self.due = self.asking.due
        return reply

    def _create_key(self, wanted: Wanted) -> Wanted:
        """Create the private key if it is to be: on disk and synced before its request leaves the host."""
        if wanted.key_to_create is None or wanted.key_path is None:
            return wanted
        pem = self.world.forge.create(wanted.key_to_create)
        self.files.create(Replacement("privatekey", wanted.key_path, pem, private=True))
        self.report.add_file("privatekey", wanted.key_path)
        self.files.forget()
        return wanteds.load(self.params, self.files)

    def _settle(self, wanted: Wanted, decision: Decision, reply: Reply) -> None:
        """Verify what the CA sent and write it, unless it is nothing, or nothing better than what is there."""
        if not reply.certificates:
            self.report.status = "pending"
            return
        from ansible_collections.mailops.smime.plugins.module_utils._verification import verify

        now = self.world.clock.now()
        material = verify(reply, wanted, decision.current, now)
        if _is_older(material.end_entity, decision):
            self._keep(wanted, decision)
        else:
            self._write(wanted, decision, material, decisions.find_stale(wanted, self.files, material))
        self._warn_if_due(wanted, now)

    def _build_question(self, wanted: Wanted, decision: Decision) -> Question:
        predict = self.files.check_mode
        csr = None if predict else wanted.obtain_csr()
        return Question(csr, wanted.has_csr, expect_issued=not decision.renew, predict=predict)

    def _write(self, wanted: Wanted, decision: Decision, material: CertificateSet, stale: tuple[Output, ...]) -> None:
        """Write what differs, mend the attributes of the rest, and report both."""
        paths = wanted.outputs
        replacements = [
            Replacement(item.kind, paths[item], item.encode(material, wanted.recipe), item.private) for item in stale
        ]
        backups = self.files.replace(replacements) if replacements and not self.files.check_mode else {}
        for output, path in paths.items():
            if output in stale:
                self.report.add_file(output.kind, path, backups.get(path))
            elif self.files.mend_attributes(path, private=output.private):
                self.report.add_file(output.kind, path)
        self.report.certificate = material.end_entity
        mended = decision.material is not None or material.end_entity == decision.current
        self.report.status = "valid" if mended else "issued"

    def _rehearse(self, wanted: Wanted, decision: Decision) -> None:
        """Say what a run without check mode would do: one query at the most, and nothing written."""
        if decision.material is not None:
            self._write(wanted, decision, decision.material, decision.stale)
            return
        if wanted.key_to_create is not None and wanted.key_path is not None:
            self.report.add_file("privatekey", wanted.key_path)
        from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import ACCEPTED
        from ansible_collections.mailops.smime.plugins.module_utils._verification import refuse_expired

        wanted.check_request()
        reply = self._ask(wanted, decision)
        if reply is None or reply.code == ACCEPTED:
            self.report.status = "pending"
            # Whether the CA holds the CSR cannot be seen from here; a run would send it.
            self.report.changed = wanted.has_csr
            return
        last = reply.validity.not_after if reply.validity is not None else None
        if _holds_the_same(last, decision):
            now = self.world.clock.now()
            refuse_expired(decision.current, now)
            self.report.status = "valid"
            self._warn_if_due(wanted, now)
            return
        for output, path in wanted.outputs.items():
            if decision.renew or output.needs_chain or output.needs_root:
                self.report.add_file(output.kind, path)
        self.report.expected = decision.renew
        self.report.status = "issued" if decision.renew else "valid"

    def _warn_if_due(self, wanted: Wanted, now: datetime) -> None:
        certificate = self.report.certificate
        if certificate is not None and certificate.not_after - now < timedelta(days=wanted.remaining_days):
            self.report.warnings.append(
                f"{wanted.label()}: the certificate expires on {certificate.not_after:%Y-%m-%d} "
                "and the CA holds no newer one: place a new order."
            )


def carry_out(runs: Sequence[Steppable], clock: Clock) -> None:
    """Take all runs to their end: one step each, and then those that wait for the CA whenever one is due."""
    for run in runs:
        run.step()
    waiting = [run for run in runs if run.due is not None]
    while waiting:
        run = min(waiting, key=lambda item: item.due or 0.0)
        clock.sleep(max(0.0, (run.due or 0.0) - clock.monotonic()))
        run.step()
        waiting = [item for item in waiting if item.due is not None]


def manage(module: AnsibleModule, world: World) -> Report:
    """Bring the certificate that the module's parameters describe to what is wanted, and return the report, of a failure too."""
    run = open_run(module, module.params, open_files(module, module.params), world)
    carry_out([run], world.clock)
    return run.report


def open_run(module: AnsibleModule, params: Mapping[str, Any], files: Files, world: World, index: int = 0) -> Run:
    """Return the run of one certificate, which asks the CA itself unless the controller does; ``index`` is its entry's number."""
    report = Report(options.label(params["email"], params["path"] or "", options.read_order(params)))
    if params["api_from"] == "target":
        return Run(params, files, world, report)
    access = open_access(module.params[relays.OPTION], index)
    if isinstance(access, Answer):
        # Told even if another run has written the certificate meanwhile, so that the answer is not wanted any more.
        report.api_calls, report.status_code = access.calls, access.status_code
        report.csr_submitted = report.changed = access.csr_submitted
        if not module.check_mode:
            report.files = access.files
            report.changed = report.changed or bool(access.files)
    return Run(params, files, replace(world, access=access), report)


def _holds_the_same(last: datetime | None, decision: Decision) -> bool:
    """Tell whether the validity that the CA shows is that of the certificate which is to be renewed for its age alone."""
    if decision.current is None or last is None or decision.faults not in ({"expiring"}, {"expired"}):
        return False
    # The line holds days, and no time of day.
    return last.date() <= decision.current.not_after.date()


def _is_older(end_entity: Certificate, decision: Decision) -> bool:
    """Tell whether the CA's certificate is no better than the expiring one on disk."""
    current = decision.current
    if current is None or decision.faults != {"expiring"} or "forced" in decision.reasons:
        return False
    return end_entity.not_after <= current.not_after
