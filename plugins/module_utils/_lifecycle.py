# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one certificate on one host: plan, ask, verify, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from ansible_collections.mailops.smime.plugins.module_utils._plan import Offer, Plan
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, Report
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Asking, Question
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
    from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection
    from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule


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
    collection: Collection | None = None

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
        plan = self._look()
        if self.files.check_mode:
            self._predict(plan)
            return
        self.files.tidy(plan.spec.own_paths)
        if not plan.reasons:
            self._apply(plan)
        else:
            if plan.asks_ca:
                plan.spec.check_request()
                self.context.access.require_open()
            for path in plan.spec.written_paths:
                self.files.prepare(path)
            self._prepare_archive(plan)
            with self.files.locked(plan.spec.path):
                # Another run may have been here while this one waited for the lock.
                self._carry_out(self._look())

    def _look(self) -> Plan:
        """Read the options and the files, and decide offline."""
        spec = specs.load(self.params, self.files, self.report.warn)
        if self.params["privatekey_rollover"]:
            from ansible_collections.mailops.smime.plugins.module_utils import _rollover

            spec = _rollover.add_successor(spec, self.params, self.files)
        spec = self.context.mark_revoked(spec, self.files, self.report)
        options = spec.output_options
        for output, path in spec.outputs.items():
            self.files.protect(path, options.safe_keys if output.private else (), options.passphrases)
        plan = plans.make(spec, self.files, self._now())
        self.report.reasons = plan.reasons
        self.report.before = self.report.certificate = plan.current
        self.report.csr = self.asking.csr if self.asking is not None else plan.spec.csr
        return plan

    def _predict(self, plan: Plan) -> None:
        """Say what a run without check mode would do: one query at the most, and nothing written."""
        if plan.asks_ca:
            plan.spec.check_request()
            if plan.spec.key_to_create is not None and plan.spec.key_path is not None:
                self.report.add_file("privatekey", plan.spec.key_path)
        self._conclude(self._ask(plan) if plan.asks_ca else plan)
        # Whether the CA holds the CSR cannot be seen from here; a run would send it.
        self.report.changed = self.report.changed or (self.report.status == "pending" and plan.spec.has_csr)

    def _carry_out(self, plan: Plan) -> None:
        if plan.asks_ca:
            self._conclude(self._ask(self._create_key(plan)))
        else:
            self._apply(plan)

    def _conclude(self, plan: Plan | None) -> None:
        """Apply a plan that the CA's answer has completed; None is an order that is asked for again when the run is due."""
        if plan is not None:
            self._apply(plan)
            if plan.status != "pending":
                self._note_answer(collected=True)
            self._warn_if_due(plan)

    def _create_key(self, plan: Plan) -> Plan:
        """Create the private key if it is to be: on disk and synced before its request leaves the host."""
        if plan.spec.key_to_create is None or plan.spec.key_path is None:
            return plan
        pem = keys.create(plan.spec.key_to_create)
        self.files.create(Replacement("privatekey", plan.spec.key_path, pem, private=True))
        self.report.add_file("privatekey", plan.spec.key_path)
        self.files.forget()
        return self._look()

    def _ask(self, plan: Plan) -> Plan | None:
        """Ask the CA, and report what it cost however it ends. Without an answer, the run is due again later."""
        if self.asking is None:
            spec = plan.spec
            order = self.collection.find(spec.order, spec.email) if self.collection is not None else spec.order
            self.asking = self.context.access.open(order, lambda: self._build_question(plan), spec.wait_policy)
            self.report.csr = self.asking.csr or spec.csr
        try:
            reply = self.asking.ask()
        finally:
            self.report.api_calls = self.asking.calls
            self.report.status_code = self.asking.status_code
            self.report.csr_submitted = self.asking.csr_submitted
            self.report.changed = self.report.changed or self.asking.csr_submitted
            self._note_answer()
        self.due = self.asking.due
        return plans.settle(plan, self._read_offer(reply, plan), self.files, self._now()) if reply is not None else None

    def _note_answer(self, *, collected: bool = False) -> None:
        if self.collection is not None:
            self.collection.note(self.report.status_code, self._now(), self.report.warn, collected=collected)

    def _build_question(self, plan: Plan) -> Question:
        from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Question

        predict = self.files.check_mode
        csr = None if predict else plan.spec.obtain_csr()
        return Question(csr, plan.spec.has_csr, expect_issued=not plan.renew, predict=predict)

    def _read_offer(self, reply: Reply, plan: Plan) -> Offer | None:
        """Return what the CA has, verified as far as it can be seen; None if that is nothing yet."""
        # Imported only now: most runs need none of it.
        from ansible_collections.mailops.smime.plugins.module_utils import _verify

        if self.files.check_mode:
            return _verify.foresee(reply, plan, self._now())
        if not reply.certificates:
            return None
        return self.context.refuse_revoked(
            _verify.verify(reply, plan, self._now(), self.report.warn), plan, self.report
        )

    def _apply(self, plan: Plan) -> None:
        """Write what is to be written, mend the attributes of the rest, and report both; in check mode, report alone."""
        self.report.status = plan.status
        if plan.status == "pending":
            return
        self._archive(plan)
        backups = {} if self.files.check_mode else self._write(plan)
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

    def _prepare_archive(self, plan: Plan) -> None:
        if plan.base.archive_path is not None:
            from ansible_collections.mailops.smime.plugins.module_utils import _archive as archives

            archives.prepare(plan.base, self.files)

    def _archive(self, plan: Plan) -> None:
        """Keep the pair that is there, and the one that is to be written, before anything is replaced."""
        if plan.base.archive_path is None:
            return
        from ansible_collections.mailops.smime.plugins.module_utils import _archive as archives

        folder = archives.find_folder(plan.base)
        wanted = archives.find_wanted(folder, archives.find_pairs(plan), self.files)
        missing = any(self.files.read(path) is None for path in wanted)
        if missing or (plan.status == "issued" and plan.certificates is None):
            self.report.add_file("archive", folder)
        if not self.files.check_mode:
            archives.keep(wanted, self.files)

    def _write(self, plan: Plan) -> dict[str, str | None]:
        """Replace the stale outputs, and the key if it is exchanged. Return the backups by path."""
        options, paths = plan.spec.output_options, plan.spec.outputs
        contents = {
            item: item.encode(plan.certificates, options) for item in plan.stale if plan.certificates is not None
        }
        replacements = [
            Replacement(item.kind, paths[item], data, item.private, options.safe_keys, options.passphrases)
            for item, data in contents.items()
        ]
        if plan.spec.exchanged_path is not None:
            from ansible_collections.mailops.smime.plugins.module_utils import _rollover

            replacements += _rollover.make_replacement(plan.spec, self.params["privatekey_passphrase"])
        backups = self.files.replace(replacements) if replacements else {}
        if plan.spec.exchanged_path is not None and plan.spec.key_path is not None and options.key is not None:
            self.files.discard(plan.spec.key_path, options.key.pem)
        return backups

    def _warn_if_due(self, plan: Plan) -> None:
        """Warn of a certificate that does not last, though the CA was asked for a newer one."""
        last = plan.not_after
        if last is not None and last - self._now() < timedelta(days=plan.spec.remaining_days):
            self.report.warn(
                f"{plan.spec.label()}: the certificate expires on {last:%Y-%m-%d} "
                "and the CA holds no newer one: place a new order."
            )

    def _now(self) -> datetime:
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
    return Run(params, files, replace(context, access=access), report)
