# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells: filled on the way, so that a failure still says what was reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Question
    from ansible_collections.mailops.smime.plugins.module_utils._x509.crl import Revocation


class Outcome(NamedTuple):
    """What a task returns; with a ``msg`` in ``result`` it failed."""

    result: dict[str, Any]
    warnings: Sequence[str] = ()


class Report:
    """The result of one certificate, which messages call ``label``.

    ``before`` is the certificate that was on disk, ``certificate`` the one that counts now. ``question`` is what
    another host is to ask the CA before it goes on. ``revocations`` is what lists of revoked certificates said.
    """

    status: str | None = None
    changed: bool = False
    reasons: tuple[str, ...] = ()
    before: Certificate | None = None
    certificate: Certificate | None = None
    question: Question | None = None
    status_code: int | None = None
    api_calls: int = 0
    csr_submitted: bool = False
    csr: str | None = None
    # Check mode only: a certificate would be written that nobody has seen yet.
    expected: bool = False

    def __init__(self, label: str, error: SmimeError | None = None) -> None:
        self.label = label
        self.error = error
        self.files: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.revocations: dict[Certificate, Revocation] = {}

    def warn(self, text: str) -> None:
        """Have ``text`` told, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def add_file(self, kind: str, path: str, backup: str | None = None) -> None:
        """Name a file that changed, with the path of its backup."""
        self.files.append({"path": path, "kind": kind, "backup_file": backup})
        self.changed = True

    def add_exchange(self, waiting: str | None, path: str, backup: str | None = None) -> None:
        """Name the private key at ``path`` that the one at ``waiting`` has replaced: that one is gone."""
        self.files = [item for item in self.files if item["path"] != waiting]
        self.add_file("privatekey", path, backup)

    def to_result(self, now: datetime) -> dict[str, Any]:
        """Return the module's result."""
        result = {
            "changed": self.changed,
            "reasons": list(self.reasons),
            "certificate": self._describe_certificate(now),
            "status_code": self.status_code,
            "api_calls": self.api_calls,
            "csr_submitted": self.csr_submitted,
            "csr": self.csr,
            "files": self.files,
        }
        if self.error is not None:
            # The CSR is long, and whoever brought or built it can have it.
            return {**result, "csr": None, **describe_failure(self.error, self.label)}
        if self.question is not None:
            return {**result, "question": self.question.to_values()}
        return {**result, "status": self.status}

    def _describe_certificate(self, now: datetime) -> dict[str, Any] | None:
        if self.certificate is None:
            return None
        facts = certificates.describe(self.certificate, now)
        if self.certificate not in self.revocations:
            return facts
        from ansible_collections.mailops.smime.plugins.module_utils._x509 import crl

        return {**facts, **crl.describe(self.revocations[self.certificate])}

    def to_diff(self, path: str, now: datetime) -> dict[str, str]:
        """Return what diff mode shows of the certificate at ``path``: public facts before and after, never a secret."""
        after = "the certificate that the CA has issued\n" if self.expected else format_facts(self.certificate, now)
        return {
            "before_header": path,
            "after_header": path,
            "before": format_facts(self.before, now),
            "after": after,
        }


def describe_failure(error: SmimeError, label: str) -> dict[str, Any]:
    """Return what makes a result that of a failure; ``traceback`` is for -vvv alone."""
    traceback = {"traceback": error.traceback} if error.traceback is not None else {}
    return {"error": error.describe(), "msg": explain(error, label), **traceback}


def explain(error: SmimeError, label: str) -> str:
    """Return the ``msg`` of a failure: for which certificate, what failed, what the CA said, what to do."""
    said = f" (code {error.code}, {error.name})" if error.code is not None else f" ({error.name})"
    return f"{label}: {error.message}{said}. {error.hint}".rstrip()


_SHOWN = ("subject", "emails", "serial_number", "not_before", "not_after", "fingerprint_sha256")


def format_facts(certificate: Certificate | None, now: datetime) -> str:
    """Return the facts of ``certificate`` that change from one to the next, a line each; nothing if there is none."""
    if certificate is None:
        return ""
    shown = certificates.describe(certificate, now)
    shown["emails"] = ", ".join(shown["emails"])
    shown["subject"] = ", ".join(f"{name}={value}" for name, value in shown["subject"].items())
    return "".join(f"{name}: {shown[name]}\n" for name in _SHOWN)
