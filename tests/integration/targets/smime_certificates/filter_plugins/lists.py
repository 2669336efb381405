# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of smime_certificates came to, and what is wrong with that. The files are this machine's: all runs are local."""

from __future__ import annotations

import json
import os


def options_of(case):
    """Return the options of the module that stand in a case."""
    own = ("name", "both", "check", "diff", "expect", "target", "controller")
    return {name: value for name, value in case.items() if name not in own}


def snapshot(folder):
    """Return what lies below a folder: inode, permissions, time and size by the path, of folders their permissions alone."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            state = os.lstat(path)
            facts = [] if name in folders else [state.st_ino, state.st_mtime_ns, state.st_size]
            found[os.path.relpath(path, folder)] = [state.st_mode & 0o7777, *facts]
    return found


def judge_list(result, expect, calls, files, secrets):
    """Return a sentence for each thing that is not as the case expects it, or that no run may come to.

    `files` are the snapshots before and after, `calls` what the CA has recorded since then.
    """
    faults = list(_find_wrongs(result, calls, secrets))
    facts = _describe(result, calls, *files)
    return faults + [
        f"{name} is {facts[name]!r}, not {value!r}" for name, value in expect.items() if facts[name] != value
    ]


def _describe(result, calls, before, after):
    entries = result["certificates"]
    return {
        "status": [entry["status"] for entry in entries],
        "changed": [entry["changed"] for entry in entries],
        "reasons": [entry["reasons"] for entry in entries],
        "errors": [entry["error"]["name"] for entry in entries if "error" in entry],
        "error": (result.get("error") or {}).get("name"),
        "kinds": [sorted(item["kind"] for item in entry["files"]) for entry in entries],
        "submitted": [entry["csr_submitted"] for entry in entries],
        "keys": [
            f"{facts['key_type']} {facts['key_size']}" for facts in (entry["certificate"] for entry in entries) if facts
        ],
        "api_calls": [entry["api_calls"] for entry in entries],
        "orders": [call["values"].get("orderNumber", "by code") for call in calls],
        "codes": [call["code"] for call in calls],
        "with_csr": [call["had_csr"] for call in calls],
        "queries": sorted({call["values"].get("queryType") for call in calls}),
        "collecting": any("returnCertificate" in call["arguments"] for call in calls),
        "written": sorted(path for path in after if before.get(path) != after[path]),
        "diffs": [item["after_header"].split("/")[-2] for item in result.get("diff", [])],
    }


def _find_wrongs(result, calls, secrets):
    """Say what holds for every run, whatever it comes to."""
    entries, text = result["certificates"], json.dumps(result)
    yield from (f"shows the secret number {number}" for number, secret in enumerate(secrets) if secret in text)
    if len({call["connection"] for call in calls}) > 1:
        yield "there was more than one connection"
    if not result.get("api_calls", 0) == sum(entry["api_calls"] for entry in entries) == len(calls):
        yield f"the CA got {len(calls)} calls, the module tells of {result.get('api_calls')}"
    states = [entry["status"] for entry in entries]
    if {name: states.count(name) for name in result["summary"]} != result["summary"]:
        yield f"the summary of {states} is {result['summary']}"
    if result["changed"] != any(entry["changed"] for entry in entries):
        yield "the list changed, and no entry did, or the other way around"
    # The list's own error leaves no entry.
    left = {entry["email"] for entry in entries if entry["status"] in ("failed", "not_attempted")}
    if bool(left or result.get("error")) != bool(result.get("failed")):
        yield f"failed is {result.get('failed')}"
    if left:
        beginning = f"{states.count('failed')} of {len(states)} certificates failed"
        named = {entry["email"] for entry in entries if entry["email"] in result["msg"]}
        if not result["msg"].startswith(beginning) or (named != left and all(email.isprintable() for email in left)):
            yield f"the message is not about {left}: {result['msg']}"
    yield from (
        f"{entry['email']}: gives no hint" for entry in entries if "error" in entry and not entry["error"]["hint"]
    )


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self):
        """Name the filters."""
        return {"options_of": options_of, "snapshot": snapshot, "judge_list": judge_list}
