# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``api_from: controller``: the target looks and writes, the controller asks the CA, and the account never gets to the target."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailops.smime.plugins.module_utils import _argspec
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError, SmimeError

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.plugin_utils._calls import OrdersHere

ACCOUNT = ("login_name", "login_password", "collection_code")
ENVIRONMENT = {
    "login_name": "SMIME_LOGIN_NAME",
    "login_password": "SMIME_LOGIN_PASSWORD",
    "api_url": "SMIME_API_URL",
    "api_ca_path": "SMIME_API_CA_PATH",
}
# What only the side that makes the call needs.
KEPT_BACK = (*ACCOUNT, "orders_path", "api_url", "api_ca_path", "api_timeout", "api_retries")

ORDER_SPEC = {**_argspec.order_options(), **_argspec.journal_options()}
WAIT_SPEC = {name: _argspec.behaviour_options()[name] for name in ("wait_timeout", "poll_interval")}
# What the controller reads of a task's options.
CALL_SPEC = {**ORDER_SPEC, **_argspec.endpoint_options(), **WAIT_SPEC}

display = Display()


class ControllerAction(ActionBase):  # type: ignore[misc]
    """Runs the module on the target, and asks the CA from here if ``api_from`` says so: without Ansible's private names, not at all."""

    _supports_check_mode = True
    _supports_async = True
    # The names of the module's options.
    known: frozenset[str]
    _surroundings: Mapping[str, str]

    @property
    def args(self) -> dict[str, Any]:
        """Return the options of the task."""
        args: dict[str, Any] = self._task.args
        return args

    @property
    def runs_here(self) -> bool:
        """Tell whether the target is the controller itself."""
        return bool(self._connection.transport == "local")

    def open_orders(self) -> OrdersHere:
        """Return the journal of orders here, if the task names one."""
        # Imported only now, as all that calls from here need: most tasks call from the target.
        from ansible_collections.mailops.smime.plugins.plugin_utils._calls import OrdersHere

        return OrdersHere(bool(self._task.check_mode), display.warning)

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        environment = self._task.environment
        try:
            self._require_known()
            if not self._calls_from_here():
                result.update(self._run_on_target(task_vars))
            elif self._task.async_val:
                raise OptionError(
                    "async cannot be used with api_from: controller, since the controller takes part in the task",
                    hint="Leave async out, or use api_from: target.",
                )
            else:
                self._surroundings = {**os.environ, **self._withhold_environment()}
                result.update(self.relay(task_vars))
        except SmimeError as error:
            told = {"msg": f"{error.message}. {error.hint}", "error": error.describe()}
            result.update({**self.make_blank(), **told, "failed": True, "changed": False})
        finally:
            self._task.environment = environment
        return result

    def make_blank(self) -> dict[str, Any]:
        """Return the keys that each result of the module has."""
        from ansible_collections.mailops.smime.plugins.plugin_utils import _calls

        return _calls.make_blank()

    def _calls_from_here(self) -> bool:
        """Tell who calls the CA. Raises OptionError for a misspelled api_from: the account must not leave for the target then."""
        choice = self.args.get("api_from") or "target"
        if choice not in ("target", "controller"):
            raise OptionError(f"api_from: {choice} is neither target nor controller", hint="Give one of the two.")
        return bool(choice == "controller")

    def _require_known(self) -> None:
        """Raise OptionError for an option that does not exist: if it is a misspelled api_from, the account must not leave."""
        unknown = find_unknown(self.args, self.known)
        if unknown:
            raise OptionError(
                f"Unsupported parameters for ({self._task.action}) module: {', '.join(unknown)}",
                hint=f"Supported parameters include: {', '.join(sorted(self.known))}.",
            )

    @abstractmethod
    def relay(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Return the result of a task whose calls are made here."""

    def _run_on_target(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=wrap_async)
        return result

    def run_module(self, args: Mapping[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module on the target with ``args``, which must hold nothing of the account."""
        result: dict[str, Any] = self._execute_module(module_args=dict(args), task_vars=task_vars)
        result.pop("invocation", None)
        return result

    def read_options(
        self, spec: Mapping[str, Any], given: Mapping[str, Any], *, from_environment: bool = True
    ) -> dict[str, Any]:
        """Return the options of ``spec`` from ``given``, or else from the environment here and of the task. Raises OptionError."""
        known = {
            option: self._surroundings[name]
            for option, name in ENVIRONMENT.items()
            if from_environment and option in spec and self._surroundings.get(name)
        }
        own = {name: value for name, value in given.items() if name in spec and value is not None}
        checked = ArgumentSpecValidator(dict(spec)).validate({**known, **own})
        if checked.error_messages:
            raise OptionError("; ".join(checked.error_messages), hint="Correct the option.")
        options: dict[str, Any] = checked.validated_parameters
        return {name: options.get(name) for name in spec}

    def _withhold_environment(self) -> dict[str, Any]:
        """Return the task's ``environment``, and leave without the account what goes to the target."""
        whole: dict[str, Any] = {}
        given = self._task.environment
        # As Ansible does it: what is nearer to the task wins.
        for part in given if isinstance(given, list) else [given]:
            templated = self._templar.template(part) if part else {}
            if not isinstance(templated, Mapping):
                raise OptionError("environment is no dictionary", hint="Give names and values.")
            whole.update(templated)
        kept_back = set(ENVIRONMENT.values())
        self._task.environment = [{name: value for name, value in whole.items() if name not in kept_back}]
        return whole


def name_options(spec: Mapping[str, Any]) -> frozenset[str]:
    """Return by which names the options of ``spec`` can be given."""
    return frozenset(name for option, said in spec.items() for name in (option, *said.get("aliases", ())))


def find_unknown(given: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    """Return the names in ``given`` that are no options."""
    return sorted(str(name) for name in given if name not in known)


def withhold(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``args`` without what the target must not see, or does not need."""
    return {name: value for name, value in args.items() if name not in KEPT_BACK}
