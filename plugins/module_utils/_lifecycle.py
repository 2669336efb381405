# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one certificate on one host: plan, and if need be ask, verify and write, as _renewal.py says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils import _plan as plans
from ansible_collections.mailops.smime.plugins.module_utils import _spec as specs
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock, Context, open_collection, open_files
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    ElsewhereError,
    NotAttemptedError,
    SmimeError,
    make_defect,
)
from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, Report
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Asking
    from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection
    from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule

    class Steppable(Protocol):
        """Something that takes steps, another one whenever it is ``due`` (monotonic seconds), until that is None."""

        due: float | None

        def step(self) -> None:
            """Take a step. Raises nothing that another run should suffer from."""


class Run:
    """One certificate from look to file, in one step, or in several if the CA is waited for.

    ``report`` says how far it came. ``due`` is when the next step is to be taken (monotonic seconds), or None if it is over.
    """

    due: float | None = None
    asking: Asking | None = None

    def __init__(
        self,
        params: Mapping[str, Any],
        files: Files,
        context: Context,
        report: Report,
        collection: Collection | None = None,
    ) -> None:
        self.params = params
        self.files = files
        self.context = context
        self.report = report
        self.collection = collection

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
        except BaseException as error:  # noqa: BLE001 - what nobody foresaw must not end the other certificates
            self.report.error = make_defect(error)
        finally:
            self.files.forget()

    def _step(self) -> None:
        plan = self.look()
        if not self.files.check_mode:
            self.files.tidy(plan.spec.own_paths)
        if not (plan.asks_ca if self.files.check_mode else plan.reasons):
            self.apply(plan)
            return
        # Imported only now: most runs have nothing to do.
        from ansible_collections.mailops.smime.plugins.module_utils import _renewal

        if self.files.check_mode:
            _renewal.predict(self, plan)
        else:
            _renewal.carry_out(self, plan)

    def look(self) -> Plan:
        """Read the options and the files, and decide offline."""
        spec = specs.load(self.params, self.files, self.report.warn)
        if self.params["privatekey_rollover"]:
            from ansible_collections.mailops.smime.plugins.module_utils import _rollover

            spec = _rollover.add_successor(spec, self.params, self.files)
        if spec.checks_revocation:
            from ansible_collections.mailops.smime.plugins.module_utils import _revocation

            spec = _revocation.mark(spec, self.files, self.context, self.report)
        options = spec.output_options
        for output, path in spec.outputs.items():
            self.files.protect(path, options.safe_keys if output.private else (), options.passphrases)
        plan = plans.make(spec, self.files, self.now())
        self.report.reasons = plan.reasons
        self.report.before = self.report.certificate = plan.current
        self.report.csr = self.asking.csr if self.asking is not None else plan.spec.csr
        return plan

    def apply(self, plan: Plan) -> None:
        """Write what is to be written, mend the attributes of the rest, and report both; in check mode, report alone."""
        self.report.status = plan.status
        if plan.status == "pending":
            return
        backups: dict[str, str | None] = {}
        if plan.base.archive_path is not None:
            from ansible_collections.mailops.smime.plugins.module_utils import _rollover

            _rollover.archive(plan, self.files, self.report)
        if not self.files.check_mode and (plan.stale or plan.spec.exchanged_path is not None):
            from ansible_collections.mailops.smime.plugins.module_utils import _renewal

            backups = _renewal.write(self, plan)
        for output, path in plan.spec.outputs.items():
            if output in plan.stale:
                self.report.add_file(output.kind, path, backups.get(path))
            elif self.files.mend_attributes(path, private=output.private):
                self.report.add_file(output.kind, path)
        if plan.spec.exchanged_path is not None:
            self.report.add_exchange(
                plan.spec.key_path, plan.spec.exchanged_path, backups.get(plan.spec.exchanged_path)
            )
        if plan.certificates is not None:
            self.report.certificate = plan.certificates.end_entity
        self.report.expected = plan.status == "issued" and plan.certificates is None

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self.context.clock.now()


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


def manage(module: SmimeModule, context: Context) -> Outcome:
    """Bring the certificate that the module's parameters describe to what is wanted, and return what is to be told."""
    run = open_run(module, module.params, open_files(module, module.params), context)
    carry_out([run], context.clock)
    report, now = run.report, context.clock.now()
    diff = {"diff": report.to_diff(module.params["path"], now)}
    return Outcome({**report.to_result(now), **diff}, report.warnings)


def open_run(module: SmimeModule, params: Mapping[str, Any], files: Files, context: Context, index: int = 0) -> Run:
    """Return the run of one certificate, which asks the CA itself unless the controller does; ``index`` is its entry's number."""
    report = Report(options.label(params["email"], params["path"] or "", options.read_order(params)))
    if params["api_from"] == "target":
        return Run(params, files, context, report, collection=open_collection(module, params["orders_path"]))
    from ansible_collections.mailops.smime.plugins.module_utils import _remote_ca

    access = _remote_ca.open_access(module.relay, index)
    if isinstance(access, _remote_ca.ControllerReply):
        # Told even if another run has written the certificate meanwhile, so that the answer is not wanted any more.
        report.api_calls, report.status_code = access.calls, access.status_code
        report.csr_submitted = report.changed = access.csr_submitted
        if not module.check_mode:
            report.files = access.files
            report.changed = report.changed or bool(access.files)
    return Run(params, files, Context(context.clock, lambda: access, context.open_lists), report)
