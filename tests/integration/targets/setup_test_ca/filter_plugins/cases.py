# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of cases: what each one runs the module with, and what is wrong with what it came to."""

from __future__ import annotations

import base64
import json

# What a table's `outputs` stand for.
FILES = {
    "privatekey_path": "key.pem",
    "chain_path": "chain.pem",
    "fullchain_path": "fullchain.pem",
    "root_path": "root.pem",
    "der_path": "cert.der",
    "pkcs7_path": "cert.p7b",
    "combined_path": "cert+key.pem",
    "pkcs12_path": "cert.p12",
}


def fill_in(cases, work, base=None, outputs=()):
    """Give each case all its options: those of the whole table, and its own; null takes one of the table away.

    Directory and order are called like the case, or like its `place` if it goes on where another one ended.
    """
    filled = []
    for case in cases:
        place = _find_place(case)
        paths = {option: f"{work}/{place}/{FILES[option]}" for option in outputs}
        own = {"path": f"{work}/{place}/cert.pem", "order_number": place, "mode": "0644"}
        options = {**own, **paths, **(base or {}), **case.get("options", {})}
        given = {name: value for name, value in options.items() if value is not None}
        filled.append({"expect": {}, **case, "options": given})
    return filled


def of_way(tables, api_from):
    """Return the tables with the cases for calls from there: all from the target, from the controller those marked with ``both``."""
    if api_from == "target":
        return tables
    chosen = [{**table, "cases": [case for case in table["cases"] if case.get("both")]} for table in tables]
    return [table for table in chosen if table["cases"]]


def places(cases):
    """Return the directories that the cases need."""
    return list(dict.fromkeys(_find_place(case) for case in cases))


def orders(cases, email):
    """Return the orders that the cases need."""
    wanted = {}
    for case in cases:
        number = _find_place(case)
        wanted.setdefault(number, {"order_number": number, "email": email}).update(case.get("order", {}))
    return list(wanted.values())


def faults(cases):
    """Return the faults that strike the orders of the cases."""
    return [{"order_number": _find_place(case), **fault} for case in cases for fault in case.get("faults", [])]


def _find_place(case):
    return case.get("place", case["name"])


def judge(results, secrets=(), expect=None):
    """Return a sentence for each thing that is not as its case expects it."""
    faults = []
    for result in results:
        case = result["item"]
        # The item is what the test put in, secrets included.
        said = {name: value for name, value in result.items() if name != "item"}
        wanted = {**(expect or {}), **case["expect"]}
        faults += [f"{case['name']}: {fault}" for fault in _find_faults(said, wanted, secrets)]
    return faults


def _find_faults(said, wanted, secrets):
    text = json.dumps(said, default=str)
    yield from (f"shows the secret number {number}" for number, secret in enumerate(secrets) if secret in text)
    if said.get("exception") or "Traceback" in text or "MODULE FAILURE" in text:
        yield f"ended in a traceback: {said.get('msg')} {said.get('exception')}"
        return
    error = said.get("error") or {}
    facts = {
        **said,
        "error": error.get("name"),
        "code": error.get("code"),
        "message": error.get("message"),
        "retryable": error.get("retryable"),
        "files": sorted(item["kind"] for item in said.get("files", [])),
        "email": (((said.get("certificate") or {}).get("emails")) or [None])[0],
    }
    facts.update(_describe_inspection(said))
    if error and not error.get("hint"):
        yield "gives no hint"
    if error.get("code") is not None and said.get("status_code", error["code"]) != error["code"]:
        yield f"status_code is {said['status_code']!r} beside {error['code']!r}"
    for name, value in {"error": None, **wanted}.items():
        if name in ("message", "msg"):
            fits = value in (facts.get(name) or "")
        elif name == "files":
            fits = sorted(value) == facts[name]
        else:
            fits = value == facts.get(name)
        if not fits:
            yield f"{name} is {facts.get(name)!r}, not {value!r}" + (f" ({said.get('msg')})" if name == "error" else "")


def _describe_inspection(said):
    """Return what smime_certificate_info found, in a form that a table can hold."""
    order, certificates = said.get("order") or {}, said.get("certificates") or []
    return {
        "order_status": order.get("status"),
        "order_code": order.get("status_code"),
        "order_certificates": len(order.get("certificates", [])),
        "order_first": (order.get("certificates") or [None])[0],
        "order_not_after": order.get("not_after"),
        "order_content_type": order.get("content_type"),
        "order_begins": base64.b64decode(order.get("raw") or "")[:1].decode("latin-1"),
        "found": len(certificates),
        "broken": [item["error"] is not None for item in certificates],
        "failed_checks": [[check["name"] for check in item["checks"] if not check["passed"]] for item in certificates],
    }


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self):
        """Name the filters."""
        return {
            "fill_in": fill_in,
            "of_way": of_way,
            "places": places,
            "orders": orders,
            "faults": faults,
            "judge": judge,
        }
