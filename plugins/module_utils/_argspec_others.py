# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the other modules: one builder a group, documented by the doc fragment of the same stem.

They stand apart from those of smime_certificate, whose run would pay for reading them.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible_collections.mailops.smime.plugins.module_utils._argspec import (
    cache_options,
    certificate_options,
    endpoint_options,
    order_options,
    revocation_options,
    same_type,
)


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
        **same_type("path", "chain_path", "trusted_roots_path"),
        "email": {"type": "str"},
    }


def monitoring_options() -> dict[str, Any]:
    """Return what is written for others to watch."""
    return same_type("path", "metrics_path", "report_path")


def info_options() -> dict[str, Any]:
    """Return all options of smime_certificate_info."""
    more = {**revocation_options(), **cache_options(), **monitoring_options()}
    return {**inspection_options(), **more, **order_options(), **query_options(), **endpoint_options()}


def entry_options() -> dict[str, Any]:
    """Return the options of an entry in a list of certificates: without defaults, since those stand beside the list."""
    own = {**certificate_options(), **FILE_COMMON_ARGUMENTS}
    left_out = ("default", "required", "fallback", "aliases")
    bare = {name: {key: value for key, value in spec.items() if key not in left_out} for name, spec in own.items()}
    return {**bare, "email": {"type": "str", "required": True}}


def batch_options() -> dict[str, Any]:
    """Return all options of smime_certificates, but Ansible's own."""
    return {
        **certificate_options(),
        "path": {"type": "path"},
        "certificates": {"type": "list", "elements": "dict", "required": True, "options": entry_options()},
        "directory_mode": {"type": "raw", "default": "0755"},
        **same_type("str", "directory_owner", "directory_group"),
        **monitoring_options(),
        **endpoint_options(),
        **cache_options(),
    }


def placing_options() -> dict[str, Any]:
    """Return what is ordered for a mailbox, and from which day on."""
    products = ["mailbox_multipurpose", "mailbox_strict", "organization_multipurpose"]
    return {
        "product": {"type": "str", "choices": products},
        "days": {"type": "int", "choices": [365, 730]},
        "organization": {"type": "dict", "options": same_type("str", "name", "identifier", "state", "country")},
        "remaining_days": {"type": "int"},
    }


def orders_options() -> dict[str, Any]:
    """Return all options of smime_orders."""
    shared = placing_options()
    entry = {
        "email": {"type": "str", "required": True},
        **shared,
        "path": {"type": "path"},
        **same_type("str", "not_after", "order_number"),
        "collection_code": {"type": "str", "no_log": True},
    }
    login = {name: order_options()[name] for name in ("login_name", "login_password")}
    return {
        "certificates": {"type": "list", "elements": "dict", "required": True, "options": entry},
        **shared,
        "remaining_days": {"type": "int", "default": 30},
        "orders_path": {"type": "path", "required": True},
        "place": {"type": "bool", "default": False},
        "max_orders": {"type": "int", "default": 10},
        "test": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["ordered", "reminded", "resolved", "forgotten"], "default": "ordered"},
        **login,
        **endpoint_options(),
    }
