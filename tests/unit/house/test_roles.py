# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles repeat of the modules is what the modules have."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.mailops.smime.plugins.module_utils._store.outputs import OUTPUTS

ROLE = Path(__file__).parents[3] / "roles/mailbox_certificates"


def test_a_new_key_takes_every_output_along() -> None:
    known = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))["__mailbox_certificates_options"]
    assert sorted(known) == sorted([*(output.option for output in OUTPUTS), "privatekey_path"])
    # A run that dies on the way is finished by the next one, which looks at the certificate.
    assert known[-2:] == ["privatekey_path", "path"]
