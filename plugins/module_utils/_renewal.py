# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does once something is wanted: the key on disk, the CA asked, its answer verified, the archive kept, the files written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils import _new_key, _verify
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Replacement
from ansible_collections.mailops.smime.plugins.module_utils._x509 import request

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Question
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply
    from ansible_collections.mailops.smime.plugins.module_utils._lifecycle import Run
    from ansible_collections.mailops.smime.plugins.module_utils._plan import Plan


def predict(run: Run, plan: Plan) -> None:
    """Say what a run without check mode would do about a plan that takes the CA: one query at the most, and nothing written."""
    _new_key.check_request(plan.spec)
    if plan.spec.key_to_create is not None and plan.spec.key_path is not None:
        run.report.add_file("privatekey", plan.spec.key_path)
    _conclude(run, _ask(run, plan))
    # Whether the CA holds the CSR cannot be seen from here; a run would send it.
    run.report.changed = run.report.changed or (run.report.status == "pending" and plan.spec.has_csr)


def carry_out(run: Run, plan: Plan) -> None:
    """Bring the certificate to what ``plan`` says. Nothing is created for a question that cannot be asked."""
    if plan.asks_ca:
        _new_key.check_request(plan.spec)
        run.context.open_access().require_open()
    for path in plan.spec.written_paths:
        run.files.prepare(path)
    if plan.base.archive_path is not None:
        # Imported only now, as below: few runs keep an archive or exchange a key.
        from ansible_collections.mailops.smime.plugins.module_utils import _rollover

        _rollover.prepare_archive(plan.base, run.files)
    with run.files.locked(plan.spec.path):
        # Another run may have been here while this one waited for the lock.
        plan = run.look()
        if plan.asks_ca:
            _conclude(run, _ask(run, _create_key(run, plan)))
        else:
            run.apply(plan)


def _conclude(run: Run, plan: Plan | None) -> None:
    """Apply a plan that the CA's answer has completed; None is an order that is asked for again when the run is due."""
    if plan is None:
        return
    run.apply(plan)
    if plan.status != "pending":
        _note_answer(run, collected=True)
    last = plan.not_after
    if last is not None and last - run.now() < timedelta(days=plan.spec.remaining_days):
        run.report.warn(
            f"{plan.spec.label()}: the certificate expires on {last:%Y-%m-%d} "
            "and the CA holds no newer one: place a new order."
        )


def _create_key(run: Run, plan: Plan) -> Plan:
    """Create the private key if it is to be: on disk and synced before its request leaves the host."""
    if plan.spec.key_to_create is None or plan.spec.key_path is None:
        return plan
    pem = request.create_key(plan.spec.key_to_create)
    run.files.create(Replacement("privatekey", plan.spec.key_path, pem, private=True))
    run.report.add_file("privatekey", plan.spec.key_path)
    run.files.forget()
    return run.look()


def _ask(run: Run, plan: Plan) -> Plan | None:
    """Ask the CA, and report what it cost however it ends. Without an answer, the run is due again later."""
    report = run.report
    if run.asking is None:
        spec = plan.spec
        order = run.collection.find(spec.order, spec.email) if run.collection is not None else spec.order
        access = run.context.open_access()
        run.asking = access.open(order, lambda: _build_question(plan, predict=run.files.check_mode), spec.wait_policy)
        report.csr = run.asking.csr or spec.csr
    try:
        reply = run.asking.ask()
    finally:
        report.api_calls = run.asking.calls
        report.status_code = run.asking.status_code
        report.csr_submitted = run.asking.csr_submitted
        report.changed = report.changed or run.asking.csr_submitted
        _note_answer(run)
    run.due = run.asking.due
    return _verify.settle(plan, _read_offer(run, reply, plan), run.files, run.now()) if reply is not None else None


def _note_answer(run: Run, *, collected: bool = False) -> None:
    if run.collection is not None:
        run.collection.note(run.report.status_code, run.now(), run.report.warn, collected=collected)


def _build_question(plan: Plan, *, predict: bool) -> Question:
    # Imported only now: what is lost is mended without the CA.
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Question

    csr = None if predict else _new_key.obtain_csr(plan.spec)
    return Question(csr, plan.spec.has_csr, expect_issued=not plan.renew, predict=predict)


def _read_offer(run: Run, reply: Reply, plan: Plan) -> _verify.Offer | None:
    """Return what the CA has, verified as far as it can be seen; None if that is nothing yet."""
    if run.files.check_mode:
        return _verify.foresee(reply, plan, run.now())
    if not reply.certificates:
        return None
    offer = _verify.verify(reply, plan, run.now(), run.report.warn)
    if plan.spec.checks_revocation:
        # Imported only now: few runs ask lists.
        from ansible_collections.mailops.smime.plugins.module_utils import _revocation

        _revocation.refuse(offer, plan, run.context, run.report)
    return offer


def write(run: Run, plan: Plan) -> dict[str, str | None]:
    """Replace the stale outputs, and the key if it is exchanged. Return the backups by path."""
    options, paths = plan.spec.output_options, plan.spec.outputs
    contents = {item: item.encode(plan.certificates, options) for item in plan.stale if plan.certificates is not None}
    replacements = [
        Replacement(item.kind, paths[item], data, item.private, options.safe_keys, options.passphrases)
        for item, data in contents.items()
    ]
    if plan.spec.exchanged_path is not None:
        from ansible_collections.mailops.smime.plugins.module_utils import _rollover

        replacements += _rollover.make_replacement(plan.spec, run.params["privatekey_passphrase"])
    backups = run.files.replace(replacements) if replacements else {}
    if plan.spec.exchanged_path is not None and plan.spec.key_path is not None and options.key is not None:
        run.files.discard(plan.spec.key_path, options.key.pem)
    return backups
