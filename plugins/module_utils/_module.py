# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' way into Ansible and out of it. Of what runs on targets, only this file uses names that Ansible calls private.

Each of them that a release of Ansible lacks only makes the modules say less, or refuse to work.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.smime.plugins.module_utils import _no_log as no_log
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._errors import make_defect
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, describe_failure

# From this many v on, Ansible shows what a task was given and where it failed.
_SHOWN_FROM = 3


class SmimeModule(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that takes what an action plugin hands over, and logs for whom it runs, and nothing else.

    It takes long lists of ``certificates``: an option that none of the entries gives is missing in them, where Ansible would
    have looked at each in each, and filled in None.
    """

    params: dict[str, Any]
    argument_spec: dict[str, Any]
    no_log_values: set[Any]
    relay: Mapping[str, Any] | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # A secret that is too short is refused; masking it would only destroy the message.
        self.no_log_values = {item for item in self.no_log_values if len(str(item)) >= options.SHORTEST_SECRET}
        if "certificates" in self.argument_spec:
            self._require_entries()

    def _require_entries(self) -> None:
        # Ansible is content with an option that is there and null.
        entries = self.params["certificates"]
        if entries is None:
            self.fail_json(msg="missing required arguments: certificates")
        if any(entry["email"] is None for entry in entries):
            self.fail_json(msg="missing required arguments: email found in certificates")

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Leave with a failure. Ansible gathers no more secrets once an entry is no dictionary, and then shows the rest of them."""
        self.no_log_values |= set(no_log.find_secrets(self.params, self.argument_spec))
        super().fail_json(msg, **result)
        raise AssertionError("fail_json leaves the process")

    def _load_params(self) -> None:
        super()._load_params()
        self.relay = self.params.pop(options.RELAY, None)
        if "certificates" in self.argument_spec:
            self.argument_spec = no_log.narrow(self.argument_spec, self.params.get("certificates"))

    def log(self, msg: str, log_args: object = None) -> None:  # noqa: ARG002 - as Ansible calls it
        """Name the mailboxes in the host's log.

        Ansible would write all options, a list as Python does, and look for its secrets as they were given: one with a line
        break or a quote in it stands there in another form, and would stay.
        """
        entries = self.params.get("certificates")
        listed = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else [self.params]
        named = [str(entry.get("email") or entry.get("path") or entry.get("paths") or "an order") for entry in listed]
        super().log(f"Invoked for {', '.join(map(repr, named))}")

    def carry_out(self, work: Callable[[], Outcome], blank: Mapping[str, Any]) -> None:
        """Do the module's work and leave with its result. What nobody foresaw gives a ``blank`` one, with what failed."""
        try:
            with _closed_stderr():
                outcome = work()
        except BaseException as error:  # noqa: BLE001 - no traceback reaches the output, and the result has its keys
            defect = make_defect(error)
            outcome = Outcome({**blank, **describe_failure(defect, "mailops.smime")})
        for warning in outcome.warnings:
            # Ansible masks no secret in a warning.
            self.warn(remove_values(warning, self.no_log_values))
        result = dict(outcome.result)
        if not self._diff:
            result.pop("diff", None)
        if "certificates" in self.argument_spec or "msg" in result:
            self.no_log_values = no_log.shorten(self, result, shown=self._verbosity >= _SHOWN_FROM)
        if "msg" in result:
            self.fail_json(**result)
        self.exit_json(**result)


@contextlib.contextmanager
def _closed_stderr() -> Iterator[None]:
    """Keep what extension modules write to the standard error to themselves: when one panics, that can be what it was given."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        # It is closed already.
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
