# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How diff mode shows a certificate."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

_SHOWN = ("subject", "emails", "serial_number", "not_before", "not_after", "fingerprint_sha256")


def format_facts(certificate: Certificate | None, now: datetime) -> str:
    """Return the facts of ``certificate`` that change from one to the next, a line each; nothing if there is none."""
    if certificate is None:
        return ""
    shown = certificates.describe(certificate, now)
    shown["emails"] = ", ".join(shown["emails"])
    shown["subject"] = ", ".join(f"{name}={value}" for name, value in shown["subject"].items())
    return "".join(f"{name}: {shown[name]}\n" for name in _SHOWN)
