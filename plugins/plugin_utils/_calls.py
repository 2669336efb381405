# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of a task: the calls to the CA, what goes back to the target, and the journal of orders, which stays here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible_collections.mailops.smime.plugins.module_utils import _journal, _remote_ca
from ansible_collections.mailops.smime.plugins.module_utils import _options as rules
from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Asking, DirectAccess, make_client
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import MASK, mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import WaitPolicy, check_url
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    MissingLibraryError,
    NotAttemptedError,
    OptionError,
    SmimeError,
    make_defect,
)
from ansible_collections.mailops.smime.plugins.module_utils._journal import Collection, Journal
from ansible_collections.mailops.smime.plugins.module_utils._report import Report

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply


# What each entry of a list's result has.
_RESULT = {"email", "status", "changed", "api_calls"}
_NOT_THE_MODULES = (
    "What the target returned is not what the module returns. Have a look at the target, and at this task with -vvv."
)


class Progress(Protocol):
    """Who wants to know how calls come along."""

    def tell(self, call: RemoteCall) -> None:
        """Take note of a step."""


@dataclass
class RemoteCall:
    """One question on its way to the CA."""

    asking: Asking
    progress: Progress | None = None
    due: float | None = None
    reply: Reply | None = None
    error: SmimeError | NotAttemptedError | None = None

    def step(self) -> None:
        """Ask once."""
        try:
            _require_whole(self.asking.csr)
            self.reply = self.asking.ask()
        except MissingLibraryError as error:
            self.error = SmimeError(f"on the controller, which calls the CA: {error.message}", hint=error.hint)
        except (SmimeError, NotAttemptedError) as error:
            self.error = error
        except BaseException as error:  # noqa: BLE001 - what nobody foresaw must not end the other calls
            self.error = make_defect(error)
        self.due = self.asking.due
        if self.progress is not None:
            self.progress.tell(self)

    @property
    def state(self) -> str:
        """Return how far it is: ``answered``, ``pending`` or ``failed``."""
        if self.error is not None:
            return "failed"
        return "answered" if self.reply is not None and self.reply.certificates else "pending"


def make_blank() -> dict[str, Any]:
    """Return the keys that each result of smime_certificate has."""
    return Report("").to_result(Clock().now())


def open_access(endpoint: Mapping[str, Any]) -> DirectAccess:
    """Return the way from here to the CA, which hosts that are worked on side by side take in turns."""
    # Imported only now: without a question, nobody waits for a turn.
    from ansible_collections.mailops.smime.plugins.plugin_utils._turns import Turns, TurnTakingClient

    clock = Clock()
    turns = Turns(constants.DEFAULT_LOCAL_TMP)
    return DirectAccess(TurnTakingClient(make_client(endpoint, clock).transport, clock.sleep, turns=turns), clock)


def find_refusal(options: Mapping[str, Any], email: str | None) -> SmimeError | None:
    """Return why the order of ``options`` cannot be asked for, if they say so already."""
    try:
        rules.check_numbers(options)
        rules.check_secrets(options)
        check_url(options["api_url"])
        rules.check_known_order(rules.read_order(options), email)
    except SmimeError as error:
        return error
    return None


def open_call(
    access: DirectAccess, options: Mapping[str, Any], values: Mapping[str, Any], progress: Progress | None = None
) -> RemoteCall:
    """Return the call of a question that the target brought, about the order of ``options``.

    Raises AnsibleActionFail if it is none: what a target says is not to be relied on.
    """
    try:
        question = _remote_ca.read_question(values)
    except ValueError:
        raise AnsibleActionFail(_NOT_THE_MODULES) from None
    wait_policy = WaitPolicy(options["wait_timeout"], options["poll_interval"])
    return RemoteCall(access.open(rules.read_order(options), lambda: question, wait_policy), progress)


def read_results(whole: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Return the ``count`` entries of what a target returned. Raises AnsibleActionFail if they are none."""
    results = whole["certificates"]
    if not isinstance(results, list) or len(results) != count:
        raise AnsibleActionFail(_NOT_THE_MODULES)
    if not all(isinstance(result, dict) and result.keys() >= _RESULT for result in results):
        raise AnsibleActionFail(_NOT_THE_MODULES)
    return results


def _require_whole(csr: str | None) -> None:
    if csr is not None and MASK in csr:
        raise OptionError(
            "a passphrase of this task stands in the CSR by chance, and Ansible has hidden that part of it",
            hint="Choose a longer passphrase, or use api_from: target.",
        )


def answer(call: RemoteCall, files: list[dict[str, Any]], login_name: str | None) -> dict[str, Any]:
    """Return what goes back to the target, without ``login_name``; ``files`` are those that its first run changed."""
    values = {**_remote_ca.write_answer(call.asking, call.reply, call.error), "files": files}
    for told in (values["reply"], values["error"]):
        if told is not None and login_name:
            told["message"] = mask(told["message"], [login_name])
    return values


def describe_failure(error: SmimeError, options: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a task that failed before it began."""
    label = rules.label(args.get("email"), args.get("path") or "", rules.read_order(options))
    return {"failed": True, **Report(label, error=error).to_result(Clock().now())}


@dataclass
class Controller:
    """As much of a module as the journal's file needs. Labels of SELinux are those that the folder gives."""

    check_mode: bool

    def selinux_enabled(self) -> bool:
        """Leave labels alone."""
        return False


@dataclass
class OrdersHere:
    """The orders of one task's mailboxes, by the entries' numbers."""

    check_mode: bool
    warn: Callable[[str], None]
    _journals: dict[str, Journal] = field(default_factory=dict)
    _collections: dict[int, Collection] = field(default_factory=dict)

    def read(self, options: Mapping[str, Any]) -> Journal | None:
        """Return the journal that ``options`` name, read once. Raises FileError: then nothing has happened yet."""
        path = options["orders_path"]
        if path and path not in self._journals:
            here: Any = Controller(self.check_mode)
            self._journals[path] = _journal.open_journal(here, path).read()
        return self._journals.get(path)

    def find(self, index: int, options: Mapping[str, Any], email: str | None) -> dict[str, Any]:
        """Return ``options`` with number and code of the mailbox's order, if the journal is to say which it is."""
        journal, order = self.read(options), rules.read_order(options)
        if journal is None or not order.awaits_lookup:
            return dict(options)
        placed = journal.find_collectable(email or "")
        if placed is None:
            return dict(options)
        self._collections[index] = Collection(replace(journal), placed)
        return {**options, "order_number": placed.order_number, "collection_code": placed.collection_code}

    def note(self, index: int, result: Mapping[str, Any], code: int | None) -> None:
        """Note what the CA answered for an entry, and whether the target has its certificate now."""
        if index in self._collections:
            collected = code is not None and code >= 0 and result.get("status") in ("issued", "valid")
            self._collections[index].note(code, Clock().now(), self.warn, collected=collected)
