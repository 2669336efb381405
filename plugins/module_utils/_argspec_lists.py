# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that take a list of certificates."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible_collections.mailops.smime.plugins.module_utils import _argspec


def entry_options() -> dict[str, Any]:
    """Return the options of an entry in a list of certificates: without defaults, since those stand beside the list."""
    own = {**_argspec.certificate_options(), **FILE_COMMON_ARGUMENTS}
    left_out = ("default", "required", "fallback", "aliases")
    bare = {name: {key: value for key, value in spec.items() if key not in left_out} for name, spec in own.items()}
    return {**bare, "email": {"type": "str", "required": True}}


def batch_options() -> dict[str, Any]:
    """Return all options of smime_certificates, but Ansible's own."""
    return {
        **_argspec.certificate_options(),
        "path": {"type": "path"},
        "certificates": {"type": "list", "elements": "dict", "required": True, "options": entry_options()},
        "directory_mode": {"type": "raw", "default": "0755"},
        **_argspec.endpoint_options(),
        **_argspec.relay_options(),
    }


def archive_options() -> dict[str, Any]:
    """Return which files are kept, and where."""
    sources: dict[str, Any] = {
        "path": {"type": "path"},
        "chain_path": {"type": "path"},
        "privatekey_path": {"type": "path", "no_log": False},
        "privatekey_passphrase": {"type": "str", "no_log": True},
    }
    entry = {"email": {"type": "str", "required": True}, **sources}
    return {
        "archive_path": {"type": "path", "required": True},
        **sources,
        "certificates": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }
