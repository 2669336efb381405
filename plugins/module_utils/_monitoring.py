# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others watch: how each mailbox stands, as metrics for Prometheus, and as a page with its JSON file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.smime.plugins.module_utils import _metrics as metrics
from ansible_collections.mailops.smime.plugins.module_utils import _page as page
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Files, Replacement
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import LARGEST, read_output

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OPTIONS = ("metrics_path", "report_path")
# Most urgent first: what each state of a mailbox is called.
STATES = ("failed", "unreadable", "not_attempted", "expired", "missing", "expiring", "pending", "valid", "issued")


@dataclass(frozen=True)
class Standing:
    """How a mailbox stands: one of STATES, the facts of its certificate, and what the CA or a check said.

    ``pending_since`` is in seconds since 1970.
    """

    email: str
    path: str
    state: str
    facts: Mapping[str, Any] | None = None
    failed: bool = False
    code: int | None = None
    message: str = ""
    pending_since: int | None = None


def read_results(results: Sequence[Mapping[str, Any]], paths: Sequence[str], due_days: int) -> list[Standing]:
    """Return how the mailboxes of a list's ``results`` stand, whose certificates are at ``paths``."""
    return [
        Standing(
            email=result["email"],
            path=path,
            state=_find_state(result["status"], result["certificate"], due_days),
            facts=result["certificate"],
            failed=result["status"] in ("failed", "not_attempted"),
            code=result["status_code"],
            message=result.get("msg", ""),
        )
        for result, path in zip(results, paths)
    ]


def read_files(found: Sequence[Mapping[str, Any]], due_days: int = 30) -> list[Standing]:
    """Return how the certificates stand that smime_certificate_info ``found``."""
    standings = []
    for item in found:
        faults = [check["detail"] for check in item["checks"] if not check["passed"] and check["name"] != "valid_now"]
        state = "unreadable" if item["error"] else _find_state("valid", item, due_days)
        standings.append(
            Standing(
                email=next(iter(item.get("emails", ())), ""),
                path=item["path"],
                state=state,
                facts=None if item["error"] else item,
                failed=bool(item["error"]),
                message=item["error"] or "; ".join(faults),
            )
        )
    return standings


def _find_state(status: str, facts: Mapping[str, Any] | None, due_days: int) -> str:
    """Return the most urgent of what is true of a mailbox."""
    true = [status]
    if facts is None:
        true += ["missing"] if status in ("valid", "issued") else []
    elif facts["days_remaining"] < 0:
        true.append("expired")
    elif facts["days_remaining"] < due_days:
        true.append("expiring")
    return min(true, key=STATES.index)


def find_outputs(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that are written if ``params`` ask for them, by the option that does."""
    outputs = {option: params[option] for option in OPTIONS if params[option] is not None}
    if "report_path" in outputs:
        outputs["report_path (JSON)"] = f"{os.path.splitext(outputs['report_path'])[0]}.json"
    return outputs


def publish(module: AnsibleModule, standings: Sequence[Standing], now: datetime) -> None:
    """Write what the module's parameters ask for, each file atomically. Raises FileError."""
    outputs = find_outputs(module.params)
    if not outputs or module.check_mode:
        return
    if len(set(outputs.values())) < len(outputs):
        raise FileError(
            "report_path: the JSON file beside it has the same name", hint="Give a path that ends in .html."
        )
    files = Files(module, Attributes({}))
    for path in outputs.values():
        files.prepare(path)
    told = [replace(item, message=_tell(item.message, module)) for item in standings]
    if "metrics_path" in outputs:
        told = metrics.remember(told, read_output(outputs["metrics_path"], most=LARGEST) or b"", int(now.timestamp()))
    texts: dict[str, Callable[[str], str]] = {
        "metrics_path": lambda path: metrics.format_metrics(told, int(now.timestamp()), os.path.basename(path)),
        "report_path": lambda _path: page.format_page(_sort(told), STATES, _round(now)),
        "report_path (JSON)": lambda _path: page.format_json(_sort(told), STATES, _round(now)),
    }
    files.replace([Replacement(name, path, texts[name](path).encode()) for name, path in outputs.items()])


def _tell(message: str, module: AnsibleModule) -> str:
    # Ansible masks what a task returns, and no file.
    return str(remove_values(message, module.no_log_values))


def _sort(standings: Sequence[Standing]) -> list[Standing]:
    def rank(item: Standing) -> tuple[int, int, str]:
        return STATES.index(item.state), item.facts["days_remaining"] if item.facts else -1, item.email

    return sorted(standings, key=rank)


def _round(now: datetime) -> datetime:
    return now.astimezone(timezone.utc).replace(microsecond=0)
