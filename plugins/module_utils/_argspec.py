# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of smime_certificate, which other modules share: one builder a group, documented by the doc fragment of the same stem."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

DEFAULT_URL = "https://secure.trust-provider.com/products/download/RequestAndCollectSMIME"

CURVES = ("secp256r1", "secp384r1", "secp521r1")


def same_type(kind: str, *names: str) -> dict[str, Any]:
    """Return options of one type, without more to say about them."""
    return {name: {"type": kind} for name in names}


def files_options() -> dict[str, Any]:
    """Return where the certificate goes; Ansible's own file options come from ``add_file_common_args``."""
    return {
        "path": {"type": "path", "required": True},
        **same_type("path", "chain_path", "fullchain_path", "root_path", "der_path"),
        **same_type("path", "pkcs7_path", "combined_path", "pkcs12_path"),
        "pkcs12_passphrase": {"type": "str", "no_log": True},
        "pkcs12_friendly_name": {"type": "str"},
        "pkcs12_encryption": {"type": "str", "choices": ["modern", "legacy"], "default": "modern"},
        "private_mode": {"type": "raw", "default": "0600"},
        "backup": {"type": "bool", "default": False},
    }


def mailbox_options() -> dict[str, Any]:
    """Return whose certificate it is."""
    return {"email": {"type": "str"}}


def key_options() -> dict[str, Any]:
    """Return which key the certificate is for, and the request for it."""
    return {
        "privatekey_path": {"type": "path", "no_log": False},
        "privatekey_content": {"type": "str", "no_log": True},
        "privatekey_passphrase": {"type": "str", "no_log": True},
        **same_type("path", "csr_path", "archive_path"),
        "csr_content": {"type": "str"},
        "privatekey_create": {"type": "bool", "default": False, "no_log": False},
        "privatekey_rollover": {"type": "bool", "default": False, "no_log": False},
        "privatekey_type": {"type": "str", "choices": ["RSA", "ECC"], "default": "RSA", "no_log": False},
        "privatekey_size": {"type": "int", "choices": [2048, 3072, 4096], "default": 2048, "no_log": False},
        "privatekey_curve": {"type": "str", "choices": [*CURVES], "default": CURVES[0], "no_log": False},
        "subject": {"type": "dict"},
        "ms_template": {
            "type": "dict",
            "options": {**same_type("str", "name", "oid"), **same_type("int", "major", "minor")},
        },
    }


def order_options() -> dict[str, Any]:
    """Return which order it is at the CA, and what opens it."""
    return {
        "order_number": {"type": "str"},
        "login_name": {"type": "str", "fallback": (env_fallback, ["SMIME_LOGIN_NAME"])},
        "login_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["SMIME_LOGIN_PASSWORD"])},
        "collection_code": {"type": "str", "no_log": True},
    }


def journal_options() -> dict[str, Any]:
    """Return where the orders are that smime_orders placed."""
    return {"orders_path": {"type": "path"}}


def endpoint_options() -> dict[str, Any]:
    """Return where the CA listens and how it is called."""
    return {
        "api_url": {"type": "str", "default": DEFAULT_URL, "fallback": (env_fallback, ["SMIME_API_URL"])},
        "api_ca_path": {"type": "path", "fallback": (env_fallback, ["SMIME_API_CA_PATH"])},
        "api_timeout": {"type": "int", "default": 30},
        "api_retries": {"type": "int", "default": 3},
        "api_from": {"type": "str", "choices": ["target", "controller"], "default": "target"},
    }


def behaviour_options() -> dict[str, Any]:
    """Return when the CA is asked, how long its answer is waited for, and what is trusted."""
    return {
        "remaining_days": {"type": "int", "default": 30},
        "force": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 0},
        "poll_interval": {"type": "int", "default": 60},
        "trusted_roots_path": {"type": "path"},
    }


def revocation_options() -> dict[str, Any]:
    """Return how revoked certificates are noticed."""
    return {"check_revocation": {"type": "str", "choices": ["none", "crl"], "default": "none"}}


def cache_options() -> dict[str, Any]:
    """Return where lists of revoked certificates are kept, for a whole task."""
    return {"crl_cache_path": {"type": "path"}}


def certificate_options() -> dict[str, Any]:
    """Return all that describes a certificate but its mailbox; many can share it."""
    return {
        **files_options(),
        **key_options(),
        **order_options(),
        **journal_options(),
        **behaviour_options(),
        **revocation_options(),
    }


def single_options() -> dict[str, Any]:
    """Return all options of smime_certificate, but Ansible's own."""
    return {**mailbox_options(), **certificate_options(), **endpoint_options(), **cache_options()}
