# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that are measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.controller import Task
from bench.mailboxes import Stock
from bench.plan import CACHE

LOGIN = {"login_name": "demo", "login_password": "demo-password"}
# A run that has nothing to do calls nobody. If one did, nobody would be there, and the benchmark would fail.
NOWHERE = {"api_url": "https://127.0.0.1:9/", "api_retries": 0, "api_timeout": 1}


def ping(name: str = "ping") -> Task:
    """Return the task that does nothing."""
    return {"name": name, "ansible.builtin.ping": {}}


def keep_one(name: str, stock: Stock, email: str, **options: str) -> Task:
    """Return a task for one mailbox that needs nothing; ``email`` may be a template."""
    return {
        "name": name,
        "mailops.smime.smime_certificate": {
            **_locate(stock, email),
            "email": email,
            "order_number": "1",
            **LOGIN,
            **NOWHERE,
            **options,
        },
    }


def keep_in_loop(name: str, stock: Stock, count: int) -> Task:
    """Return a task that does the same for many mailboxes, one after the other."""
    return {**keep_one(name, stock, "{{ item.email }}"), "loop": f"{{{{ orders[:{count}] }}}}"}


def keep_many(name: str, stock: Stock, entries: str, count: int, **options: str) -> Task:
    """Return one task for many mailboxes that need nothing; ``entries`` names the variable that holds them."""
    return {
        "name": name,
        "mailops.smime.smime_certificates": {
            **_locate(stock, "{email}"),
            "certificates": f"{{{{ {entries}[:{count}] }}}}",
            **(LOGIN if entries == "orders" else {}),
            **NOWHERE,
            **options,
        },
    }


def list_entries(stock: Stock) -> Mapping[str, Any]:
    """Return the variables with the mailboxes: with order numbers, and with a secret collection code each."""
    return {
        "orders": [{"email": email, "order_number": str(number)} for number, email in enumerate(stock.emails, 1000000)],
        "codes": [{"email": email, "collection_code": f"Code{number:08}"} for number, email in enumerate(stock.emails)],
    }


def look_at_one(name: str, stock: Stock, email: str) -> Task:
    """Return a task that inspects a certificate on disk with this collection."""
    return {
        "name": name,
        "mailops.smime.smime_certificate_info": {"paths": [str(stock.find(email, "cert"))], "email": email},
    }


def compare_with(stock: Stock, email: str) -> dict[str, Task]:
    """Return tasks of community.crypto for the same mailbox that have nothing to do, by their modules' names."""
    key, csr, certificate = (str(stock.find(email, kind)) for kind in ("key", "csr", "cert"))
    options: dict[str, dict[str, Any]] = {
        # It looks at the certificate's last day first, and calls nobody if that is far enough.
        "acme_certificate": {
            "account_key_src": key,
            "csr": csr,
            "dest": certificate,
            "acme_version": 2,
            "acme_directory": NOWHERE["api_url"],
            "terms_agreed": True,
            "remaining_days": 30,
        },
        # Self-signed, made in the round that is not counted.
        "x509_certificate": {
            "provider": "selfsigned",
            "privatekey_path": key,
            "csr_path": csr,
            "path": str(CACHE / "selfsigned.pem"),
        },
        "x509_certificate_info": {"path": certificate},
    }
    return {name: {"name": name, f"community.crypto.{name}": given} for name, given in options.items()}


def _locate(stock: Stock, email: str) -> dict[str, str]:
    return {
        "path": str(stock.find(email, "cert")),
        "chain_path": str(stock.find(email, "chain")),
        "privatekey_path": str(stock.find(email, "key")),
        "trusted_roots_path": str(stock.root_path),
    }
