# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of smime_certificate_info: one builder a group, documented by the doc fragment of the same stem."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils import _argspec


def query_options() -> dict[str, Any]:
    """Return what is asked about an order, and in which form the CA is to answer."""
    return {
        "query_type": {"type": "str", "choices": ["status", "all", "certificate", "chain"], "default": "all"},
        "response_type": {
            "type": "str",
            "choices": ["netscape", "pkcs7", "individual", "cmmf"],
            "default": "individual",
        },
        "response_encoding": {"type": "str", "choices": ["base64", "binary", "javascript"], "default": "base64"},
        "response_mime_type": {"type": "str"},
        "show_validity_period": {"type": "bool", "default": False},
    }


def inspection_options() -> dict[str, Any]:
    """Return which files are looked at, and what they are measured against."""
    return {
        "paths": {"type": "list", "elements": "path"},
        "privatekey_path": {"type": "path", "no_log": False},
        "privatekey_passphrase": {"type": "str", "no_log": True},
        "chain_path": {"type": "path"},
        "email": {"type": "str"},
        "trusted_roots_path": {"type": "path"},
    }


def info_options() -> dict[str, Any]:
    """Return all options of smime_certificate_info."""
    return {**inspection_options(), **_argspec.order_options(), **query_options(), **_argspec.endpoint_options()}
