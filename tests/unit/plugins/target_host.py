# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder as on a mail server, and runs of the real module in it: only the network's edge and the clock are replaced."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._context import Clock
from ansible_collections.mailops.smime.plugins.module_utils._x509 import _compat
from ansible_collections.mailops.smime.plugins.modules import smime_certificate, smime_certificates
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import run_module
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    ALICE,
    NOW,
    Authority,
    Issued,
    encode_key,
    make_csr_pem,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport, Step

PENDING = b"0\n"
HELD = b"-18\nA CSR has already been provided.\n"


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    moment: datetime = NOW
    seconds: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """Return Clock's fields, in their order."""
        assert [*inspect.signature(Clock).parameters] == ["now", "monotonic", "sleep"]
        return (lambda: self.moment), (lambda: self.seconds), self.sleep


@dataclass(frozen=True)
class Outcome:
    """What a run returned, what it asked the CA, and how it slept."""

    result: dict[str, Any]
    forms: list[dict[str, str]]
    pauses: list[float]
    printed: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def error(self) -> str:
        """Return the name of the error; a run without one fails the test."""
        assert self.failed, self.result
        name: str = self.result["error"]["name"]
        return name

    @property
    def reasons(self) -> list[str]:
        return list(self.result["reasons"])

    @property
    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.result["files"]]

    @property
    def warnings(self) -> str:
        return str(self.result.get("warnings") or "")


def issue_reply(*issued: Issued, code: int = 2) -> bytes:
    """Return the CA's reply with these certificates."""
    return f"{code}\n{''.join(armour(item.der) for item in issued)}".encode()


def show(issued: Issued) -> bytes:
    """Return what the CA answers to check mode: that there is a certificate, and its days."""
    first, last = (_compat.to_utc(issued.certificate, f"not_valid_{end}") for end in ("before", "after"))
    return f"1\n{first:%d/%m/%Y} {last:%d/%m/%Y}\n".encode()


@dataclass
class Host:
    """One mailbox's folder with key and CSR, and the options of the task that cares for it."""

    folder: Path
    authority: Authority
    key: Any = field(default_factory=make_key)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write("key.pem", encode_key(self.key))
        self.write("request.csr", make_csr_pem(self.key).encode())
        self.options = {
            "path": self.path("cert.pem"),
            "chain_path": self.path("chain.pem"),
            "fullchain_path": self.path("fullchain.pem"),
            "privatekey_path": self.path("key.pem"),
            "csr_path": self.path("request.csr"),
            "email": ALICE,
            "order_number": "12345",
            "login_name": "name",
            "login_password": "hunter2",
        }

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def names(self) -> set[str]:
        return {item.name for item in self.folder.iterdir()}

    def snapshot(self) -> dict[str, tuple[bytes, int, int]]:
        """Return contents, mode and time of each file: equal ones were not touched."""
        stats = {item: item.stat() for item in self.folder.iterdir() if item.is_file()}
        return {item.name: (item.read_bytes(), stat.st_mode, stat.st_mtime_ns) for item, stat in stats.items()}

    def issue(self, **options: Any) -> Issued:
        return self.authority.issue(**{"key": self.key, **options})

    def reply(self, issued: Issued | None = None) -> bytes:
        """Return the CA's reply in its usual order: root, intermediate, end entity."""
        return issue_reply(self.authority.root, self.authority.intermediate, issued or self.issue())

    def fill(self, issued: Issued | None = None) -> Issued:
        """Write what a finished run leaves behind."""
        issued = issued or self.issue()
        self.write("cert.pem", issued.pem)
        self.write("chain.pem", self.authority.intermediate.pem)
        self.write("fullchain.pem", issued.pem + self.authority.intermediate.pem)
        return issued

    def run(self, *steps: Step, **changes: Any) -> Outcome:
        """Run the task; the CA answers ``steps`` and fails the test beyond them. An option that is None is left out.

        Beside options of the module: check_mode, ``now`` for the clock, and ``ca`` for another one than that of the steps.
        """
        return self._run(smime_certificate.main, {**self.options, **changes}, steps)

    def run_list(self, entries: list[dict[str, Any]] | None, *steps: Step, **changes: Any) -> Outcome:
        """Do the same with smime_certificates: with the options of the mailbox beside the list, but for what names it."""
        beside = {name: value for name, value in self.options.items() if name not in ("email", "order_number")}
        return self._run(smime_certificates.main, {**beside, **changes, "certificates": entries}, steps)

    def _run(self, main: Callable[[], None], options: dict[str, Any], steps: tuple[Step, ...]) -> Outcome:
        ca: ScriptedTransport = options.pop("ca", None) or ScriptedTransport(*steps)
        time = Time(options.pop("now", NOW))
        given = {"_ansible_check_mode": options.pop("check_mode", False), "_ansible_diff": True}
        given["_ansible_remote_tmp"] = str(self.folder)
        printed = run_module(main, {**options, **given}, ca, time.functions)
        return Outcome(json.loads(printed), ca.forms, time.pauses, printed)
