# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs smime_certificates, with its calls made on the controller if ``api_from`` says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.plugin_utils import _controller as controller

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.plugin_utils._calls import RemoteCall

_ENTRY_SPEC = {
    name: {key: value for key, value in spec.items() if key in ("type", "no_log")}
    for name, spec in {**controller.ORDER_SPEC, **controller.WAIT_SPEC}.items()
}
_ENTRY_KNOWN = controller.name_options(_argspec_others.entry_options())


class ActionModule(controller.ControllerAction):
    """Many certificates: one module run to look, one to write, however many there are."""

    known = controller.name_options({**_argspec_others.batch_options(), **FILE_COMMON_ARGUMENTS})

    def make_blank(self) -> dict[str, Any]:
        """Return the keys that each result of the module has."""
        from ansible_collections.mailops.smime.plugins.module_utils import _batch

        return _batch.summarize([])

    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Look on the target, ask from here for whom it must, write on the target."""
        # Imported only now, as all that calls from here need: most tasks call from the target.
        from ansible_collections.mailops.smime.plugins.module_utils import _remote_ca
        from ansible_collections.mailops.smime.plugins.plugin_utils import _calls as calls

        options = self.read_options(controller.CALL_SPEC, self.args)
        entries = self._read_entries()
        merged = [self._merge(options, entry) for entry in entries]
        orders = self.open_orders()
        for entry in merged:
            orders.read(entry)
        refusals = [calls.find_refusal(entry, given.get("email")) for entry, given in zip(merged, entries)]
        args = {
            **controller.withhold(self.args),
            "certificates": [controller.withhold(entry) for entry in entries],
        }
        described = {str(index): error.describe() for index, error in enumerate(refusals) if error is not None}
        looked = self.run_module(
            {**args, _remote_ca.OPTION: {"phase": _remote_ca.LOOK, "refusals": described}}, task_vars
        )
        if "error" in looked or "certificates" not in looked:
            # Of the list as a whole: no entry was looked at.
            return looked
        results = calls.read_results(looked, len(entries))
        if not any("question" in result for result in results):
            return looked
        asked = [index for index, result in enumerate(results) if "question" in result]
        for index in asked:
            merged[index] = orders.find(index, merged[index], entries[index].get("email"))
        answers = self._ask(options, merged, results, _Progress(results, (task_vars or {}).get("inventory_hostname")))
        # The second run writes what others watch, and sees nothing of an entry that failed in the first.
        failed = {str(index): str(result["msg"]) for index, result in enumerate(results) if "msg" in result}
        relay = {"phase": _remote_ca.WRITE, "answers": answers, "failed": failed}
        written = self.run_module({**args, _remote_ca.OPTION: relay}, task_vars)
        if "error" in written or "certificates" not in written:
            return written
        for index, result in zip(asked, calls.read_results(written, len(answers))):
            orders.note(index, result, answers[str(index)]["status_code"])
        return _merge_results(looked, written)

    def _read_entries(self) -> list[Mapping[str, Any]]:
        entries = self.args.get("certificates")
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise OptionError("certificates is no list of dictionaries", hint="Give one dictionary for each mailbox.")
        unknown = sorted({name for entry in entries for name in controller.find_unknown(entry, _ENTRY_KNOWN)})
        if unknown:
            # Not left to the target, which would get to see what may be a collection code.
            raise OptionError(
                f"Unsupported parameters found in certificates: {', '.join(unknown)}",
                hint=f"Supported parameters include: {', '.join(sorted(_ENTRY_KNOWN))}.",
            )
        return entries

    def _merge(self, options: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the call for an entry takes: its own options, and those beside the list."""
        own = {name: entry[name] for name in _ENTRY_SPEC if entry.get(name) is not None}
        # There may be thousands of entries, and most hold nothing but texts, which are as they should be.
        if not all(isinstance(value, str) for value in own.values()) or not own.keys().isdisjoint(controller.WAIT_SPEC):
            own = self.read_options(_ENTRY_SPEC, own, from_environment=False)
        return {**options, **{name: value for name, value in own.items() if value is not None}}

    def _ask(
        self,
        options: Mapping[str, Any],
        merged: list[dict[str, Any]],
        results: list[dict[str, Any]],
        progress: _Progress,
    ) -> dict[str, Any]:
        """Return the answers by the entries' numbers."""
        from ansible_collections.mailops.smime.plugins.module_utils import _lifecycle
        from ansible_collections.mailops.smime.plugins.plugin_utils import _calls

        access = _calls.open_access(options)
        calls = {
            index: _calls.open_call(access, merged[index], result["question"], progress)
            for index, result in enumerate(results)
            if "question" in result
        }
        _lifecycle.carry_out(list(calls.values()), access.clock)
        return {
            str(index): _calls.answer(call, results[index].get("files", []), merged[index]["login_name"])
            for index, call in calls.items()
        }


class _Progress:
    """Tells, with -v, how far the list of ``host`` is; other hosts may be worked on meanwhile."""

    def __init__(self, results: list[dict[str, Any]], host: str | None) -> None:
        self._host = host
        self._total = sum("question" in result for result in results)
        self._states: dict[int, str] = {}

    def tell(self, call: RemoteCall) -> None:
        """Take note of a step of ``call`` and show where all stand."""
        self._states[id(call)] = call.state
        counted = Counter(self._states.values())
        controller.display.v(
            f"smime_certificates: asked for {len(self._states)} of {self._total}: "
            f"{counted['answered']} answered, {counted['pending']} pending, {counted['failed']} failed",
            host=self._host,
        )


def _merge_results(looked: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """Return the result of both runs: the second one's for each entry that it was about, the first one's for the others."""
    from ansible_collections.mailops.smime.plugins.module_utils import _batch

    second = iter(written["certificates"])
    entries = [next(second) if "question" in result else result for result in looked["certificates"]]
    # With what Ansible has added to the second one, such as the interpreter that it found.
    whole = {**written, **_batch.summarize(entries)}
    whole["failed"] = "msg" in whole
    if "diff" in looked and "diff" in written:
        whole["diff"] = _merge_diffs(looked, written)
    warnings = [*looked.get("warnings", []), *written.get("warnings", [])]
    return {**whole, "warnings": warnings} if warnings else whole


def _merge_diffs(looked: dict[str, Any], written: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the diffs of both runs in the order of the list. Each run shows those of its entries that changed."""
    first, second = iter(looked["diff"]), iter(written["diff"])
    results = iter(written["certificates"])
    merged = []
    for result in looked["certificates"]:
        asked = "question" in result
        if (next(results) if asked else result)["changed"]:
            merged.append(next(second if asked else first))
    return merged
