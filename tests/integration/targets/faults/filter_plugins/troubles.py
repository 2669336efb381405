# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of troubles: what each attempt takes, which attempts share a task, and what is wrong with what they came to."""

from __future__ import annotations

import json

FILES = {"path": "cert.pem", "chain_path": "chain.pem", "combined_path": "combined.pem", "privatekey_path": "key.pem"}


def expand(troubles):
    """Return one case for each value of a trouble's `each`, and the others as they are, with the section of each."""
    return [
        {"needs": "nothing", **case, "section": section["title"]}
        for section in troubles
        for trouble in section["cases"]
        for case in _expand({**section["usual"], **trouble})
    ]


def _expand(trouble):
    each = trouble.get("each")
    if each is None:
        return [{**trouble, "id": _slug(trouble["name"])}]
    (fault,) = trouble["faults"]
    return [
        {
            **trouble,
            "name": f"{trouble['name']} {value}",
            "id": _slug(f"{trouble['name']} {value}"),
            "faults": [{**fault, each["field"]: value}],
        }
        for value in each["values"]
    ]


def _slug(text):
    return "".join(character if character.isalnum() else "-" for character in text.lower())


# What a way takes one case of each of.
KINDS = {
    "all": lambda case: case["id"],
    "sections": lambda case: (case["section"], case["ends"], case.get("unsent")),
    "ends": lambda case: case["ends"],
}


def attempts(cases, ways, work):
    """Return an attempt for each case that a way takes: its order, its options, and the `run` that it shares with its kind."""
    made = []
    for way in ways:
        chosen = {}
        for case in cases:
            chosen.setdefault(KINDS[way["of"]](case), case)
        made += [_attempt(case, way, work) for case in chosen.values()]
    return made


def _attempt(case, way, work):
    place = f"{work}/{way['from']}-{way['of']}/{case['id']}"
    order = f"{way['from']}.{way['of']}.{case['id']}"
    paths = {option: f"{place}/{name}" for option, name in FILES.items()}
    given = {name: _fill(value, place) for name, value in case.get("options", {}).items()}
    run = {
        "bulk": way["bulk"],
        "api_from": way["from"],
        "python": case.get("python", "plain"),
        "listener": case.get("listener", "none"),
        "api_timeout": case.get("timeout", 30),
        "api_retries": case.get("retries", 0),
    }
    entry = {"email": mailbox(case), "order_number": order, "force": True, **paths, **given}
    lifted = {**entry, **{name: _fill(value, place) for name, value in case.get("lifted", paths).items()}}
    ends = case.get("far", case["ends"]) if way["from"] == "controller" else case["ends"]
    made = {
        "way": way["name"],
        "place": place,
        "good": f"{work}/good/{mailbox(case)}",
        "order": order,
        "run": run,
        "entry": entry,
        "lifted": lifted,
        "ends": ends,
    }
    return {**case, **made}


def _fill(value, place):
    return value.replace("{place}", place) if isinstance(value, str) else value


def mailbox(case):
    """Return the mailbox of a case."""
    return f"{case['id']}@example.test"


def survivors(cases):
    """Return the entries of the certificates that are there before anything goes wrong."""
    return [{"order_number": f"good.{case['id']}", "email": mailbox(case)} for case in cases]


def wanted_listeners(cases):
    """Return what the control API takes to open the listeners of the cases."""
    return [{"trouble": case["listener"]} for case in cases if "listener" in case]


def wanted_orders(made):
    """Return what the control API takes for the orders of the attempts."""
    return [
        {"order_number": attempt["order"], "email": mailbox(attempt), "dialect": attempt.get("dialect", {})}
        for attempt in made
    ]


def wanted_faults(made):
    """Return what the control API takes for the faults of the attempts."""
    return [{"order_number": attempt["order"], **fault} for attempt in made for fault in attempt.get("faults", [])]


def batches(made):
    """Return the attempts in the batches that one task can take together."""
    together = {}
    for attempt in made:
        together.setdefault(json.dumps(attempt["run"], sort_keys=True), []).append(attempt)
    return [{"run": group[0]["run"], "attempts": group} for group in together.values()]


def spread(results):
    """Return the results of a list's entries as if each were a task of its own."""
    spread_out = []
    for result in results:
        attempts_made = result["item"]["attempts"]
        entries = result.get("certificates") or [
            {"msg": result.get("msg"), "exception": result.get("exception")}
        ] * len(attempts_made)
        for attempt, entry in zip(attempts_made, entries, strict=True):
            spread_out.append({**entry, "item": attempt, "changed": entry.get("changed")})
    return spread_out


def verdicts(results, secrets, calls):
    """Return a sentence for each thing that is not as it has to be; `calls` are those that the CA counted meanwhile."""
    asked = {call["values"].get("orderNumber") for call in calls}
    return [
        f"{result['item']['way']}, {result['item']['name']}: {fault}"
        for result in results
        for fault in _find_faults(result, secrets, asked)
    ]


def _find_faults(result, secrets, asked):
    attempt = result["item"]
    said = {name: value for name, value in result.items() if name != "item"}
    text = json.dumps(said, default=str)
    if any(secret in text for secret in secrets):
        yield "shows a secret"
        return
    if said.get("exception") or "Traceback" in text or "MODULE FAILURE" in text or "defect" in text:
        yield f"ended in a traceback: {text[:2000]}"
        return
    error = said.get("error") or {}
    ended = error.get("name") or said.get("status")
    if ended != attempt["ends"]:
        yield f"ended in {ended}, not in {attempt['ends']} ({said.get('msg')})"
    if error and not (error.get("hint") and error.get("message") and said.get("msg")):
        yield "does not say what failed and what to do"
    if error and said.get("files"):
        yield f"says that it changed files: {said['files']}"
    if attempt.get("unsent") and (attempt["order"] in asked or said.get("csr_submitted")):
        yield "reached the CA"


def differences(before, after, ended_well):
    """Return a sentence for each file that is not as it was, but for the attempts that ended well."""
    return [
        f"{place}: was {sorted(set(before[place]) - set(after[place]))}, is {sorted(set(after[place]) - set(before[place]))}"
        for place in before
        if place not in ended_well and before[place] != after[place]
    ]


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self):
        """Name the filters."""
        named = (expand, attempts, survivors, wanted_listeners, wanted_orders, wanted_faults, batches, spread)
        return {function.__name__: function for function in (*named, verdicts, differences)}
