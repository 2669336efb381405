# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one certificate on one host: make_plan, ask, verify, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils import _plan as plans
from ansible_collections.mailops.smime.plugins.module_utils import _remote_ca as remote_ca
from ansible_collections.mailops.smime.plugins.module_utils import _spec as specs
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import (
    Asking,
    Question,
)
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock, Context, open_files
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    MissingLibraryError,
    NotAttemptedError,
    SmimeError,
)
from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan
from ansible_collections.mailops.smime.plugins.module_utils._remote_ca import (
    ControllerReply,
    ElsewhereError,
    open_access,
)
from ansible_collections.mailops.smime.plugins.module_utils._report import Report
from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import CertificateSet, Output
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
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
    context: Context
    report: Report
    due: float | None = None
    asking: Asking | None = None

    def step(self) -> None:
        """Bring the certificate to what is spec, as far as the CA lets it. A failure goes into the report."""
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
        spec, plan = self._look()
        if self.files.check_mode:
            self._predict(spec, plan)
            return
        self.files.tidy([*spec.outputs.values(), *([spec.key_path] if spec.key_path else [])])
        if not plan.reasons:
            self._apply(spec, plan)
        else:
            if plan.material is None:
                spec.check_request()
                self.context.access.require_open()
            for path in spec.written_paths:
                self.files.prepare(path)
            with self.files.locked(spec.path):
                # Another run may have been here while this one waited for the lock.
                self._apply(*self._look())

    def _look(self) -> tuple[CertificateSpec, Plan]:
        """Read the options and the files, and make_plan offline."""
        spec = specs.load(self.params, self.files)
        for output, path in spec.outputs.items():
            self.files.protect(path, spec.recipe.safe_keys if output.private else (), spec.recipe.passphrases)
        plan = plans.make_plan(spec, self.files, self.context.clock.now())
        self.report.reasons = plan.reasons
        self.report.before = self.report.certificate = plan.current
        self.report.csr = spec.csr
        return spec, plan

    def _apply(self, spec: CertificateSpec, plan: Plan) -> None:
        if plan.material is not None:
            self._write(spec, plan, plan.material, plan.stale)
            return
        spec = self._create_key(spec)
        reply = self._ask(spec, plan)
        if reply is not None:
            self._settle(spec, plan, reply)

    def _keep(self, spec: CertificateSpec, plan: Plan) -> None:
        """Stay with the certificate on disk, and mend what it can mend."""
        self.report.status = "valid"
        if plan.spare is not None:
            self._write(spec, plan, plan.spare, plans.find_stale(spec, self.files, plan.spare))

    def _ask(self, spec: CertificateSpec, plan: Plan) -> Reply | None:
        """Ask the CA, and report what it cost however it ends. Without a reply, the run is due again later."""
        if self.asking is None:
            self.asking = self.context.access.open(spec.order, lambda: self._build_question(spec, plan), spec.patience)
            self.report.csr = self.asking.csr or spec.csr
        try:
            reply = self.asking.ask()
        finally:
            self.report.api_calls = self.asking.calls
            self.report.status_code = self.asking.status_code
            self.report.csr_submitted = self.asking.csr_submitted
            self.report.changed = self.report.changed or self.asking.csr_submitted
        self.due = self.asking.due
        return reply

    def _create_key(self, spec: CertificateSpec) -> CertificateSpec:
        """Create the private key if it is to be: on disk and synced before its request leaves the host."""
        if spec.key_to_create is None or spec.key_path is None:
            return spec
        pem = keys.create(spec.key_to_create)
        self.files.create(Replacement("privatekey", spec.key_path, pem, private=True))
        self.report.add_file("privatekey", spec.key_path)
        self.files.forget()
        return specs.load(self.params, self.files)

    def _settle(self, spec: CertificateSpec, plan: Plan, reply: Reply) -> None:
        """Verify what the CA sent and write it, unless it is nothing, or nothing better than what is there."""
        if not reply.certificates:
            self.report.status = "pending"
            return
        from ansible_collections.mailops.smime.plugins.module_utils._verify import verify

        now = self.context.clock.now()
        material = verify(reply, spec, plan.current, now)
        if _is_older(material.end_entity, plan):
            self._keep(spec, plan)
        else:
            self._write(spec, plan, material, plans.find_stale(spec, self.files, material))
        self._warn_if_due(spec, now)

    def _build_question(self, spec: CertificateSpec, plan: Plan) -> Question:
        predict = self.files.check_mode
        csr = None if predict else spec.obtain_csr()
        return Question(csr, spec.has_csr, expect_issued=not plan.renew, predict=predict)

    def _write(self, spec: CertificateSpec, plan: Plan, material: CertificateSet, stale: tuple[Output, ...]) -> None:
        """Write what differs, mend the attributes of the rest, and report both."""
        paths = spec.outputs
        replacements = [
            Replacement(
                item.kind,
                paths[item],
                item.encode(material, spec.recipe),
                item.private,
                spec.recipe.safe_keys,
                spec.recipe.passphrases,
            )
            for item in stale
        ]
        backups = self.files.replace(replacements) if replacements and not self.files.check_mode else {}
        for output, path in paths.items():
            if output in stale:
                self.report.add_file(output.kind, path, backups.get(path))
            elif self.files.mend_attributes(path, private=output.private):
                self.report.add_file(output.kind, path)
        self.report.certificate = material.end_entity
        mended = plan.material is not None or material.end_entity == plan.current
        self.report.status = "valid" if mended else "issued"

    def _predict(self, spec: CertificateSpec, plan: Plan) -> None:
        """Say what a run without check mode would do: one query at the most, and nothing written."""
        if plan.material is not None:
            self._write(spec, plan, plan.material, plan.stale)
            return
        if spec.key_to_create is not None and spec.key_path is not None:
            self.report.add_file("privatekey", spec.key_path)
        from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import ACCEPTED
        from ansible_collections.mailops.smime.plugins.module_utils._verify import refuse_expired

        spec.check_request()
        reply = self._ask(spec, plan)
        if reply is None or reply.code == ACCEPTED:
            self.report.status = "pending"
            # Whether the CA holds the CSR cannot be seen from here; a run would send it.
            self.report.changed = spec.has_csr
            return
        last = reply.validity.not_after if reply.validity is not None else None
        if _holds_the_same(last, plan):
            now = self.context.clock.now()
            refuse_expired(plan.current, now)
            self.report.status = "valid"
            self._warn_if_due(spec, now)
            return
        for output, path in spec.outputs.items():
            if plan.renew or output.needs_chain or output.needs_root:
                self.report.add_file(output.kind, path)
        self.report.expected = plan.renew
        self.report.status = "issued" if plan.renew else "valid"

    def _warn_if_due(self, spec: CertificateSpec, now: datetime) -> None:
        certificate = self.report.certificate
        if certificate is not None and certificate.not_after - now < timedelta(days=spec.remaining_days):
            self.report.warnings.append(
                f"{spec.label()}: the certificate expires on {certificate.not_after:%Y-%m-%d} "
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


def manage(module: AnsibleModule, context: Context) -> Report:
    """Bring the certificate that the module's parameters describe to what is spec, and return the report, of a failure too."""
    run = open_run(module, module.params, open_files(module, module.params), context)
    carry_out([run], context.clock)
    return run.report


def open_run(module: AnsibleModule, params: Mapping[str, Any], files: Files, context: Context, index: int = 0) -> Run:
    """Return the run of one certificate, which asks the CA itself unless the controller does; ``index`` is its entry's number."""
    report = Report(options.label(params["email"], params["path"] or "", options.read_order(params)))
    if params["api_from"] == "target":
        return Run(params, files, context, report)
    access = open_access(module.params[remote_ca.OPTION], index)
    if isinstance(access, ControllerReply):
        # Told even if another run has written the certificate meanwhile, so that the answer is not spec any more.
        report.api_calls, report.status_code = access.calls, access.status_code
        report.csr_submitted = report.changed = access.csr_submitted
        if not module.check_mode:
            report.files = access.files
            report.changed = report.changed or bool(access.files)
    return Run(params, files, replace(context, access=access), report)


def _holds_the_same(last: datetime | None, plan: Plan) -> bool:
    """Tell whether the validity that the CA shows is that of the certificate which is to be renewed for its age alone."""
    if plan.current is None or last is None or plan.faults not in ({"expiring"}, {"expired"}):
        return False
    # The line holds days, and no time of day.
    return last.date() <= plan.current.not_after.date()


def _is_older(end_entity: Certificate, plan: Plan) -> bool:
    """Tell whether the CA's certificate is no better than the expiring one on disk."""
    current = plan.current
    if current is None or plan.faults != {"expiring"} or "forced" in plan.reasons:
        return False
    return end_entity.not_after <= current.not_after
