# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that the role is run on, and what is wrong with what was printed for each."""

from __future__ import annotations

import re

_TOLD = re.compile(r"^\w+: \[(\S+?)\].*?(?=^\w+: \[|^TASK|^PLAY|\Z)", re.MULTILINE | re.DOTALL)
_RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=(\d+)", re.MULTILINE)


def mail_servers(servers, usual, common, work):
    """Return the inventory: each server has a folder of its own, what it always has, and what it has in this round."""
    hosts = {}
    for name, server in servers.items():
        place = {"smime_directory": f"{work}/servers/{name}"}
        mailboxes = {"smime_mailboxes": server["mailboxes"]} if "mailboxes" in server else {}
        hosts[name] = {**common, **place, **usual.get(name, {}), **mailboxes, **server.get("settings", {})}
    return {"all": {"hosts": hosts}}


def judge_round(run, servers, secrets):
    """Return a sentence for each thing that is not as vars/main.yml has it."""
    told, faults = {}, []
    for found in _TOLD.finditer(run["stdout"]):
        told[found[1]] = told.get(found[1], "") + found[0]
    recap = {name: (int(changed), failed != "0") for name, changed, failed in _RECAP.findall(run["stdout"])}
    for name, server in servers.items():
        wanted = (server.get("changed", 0), server.get("fails", False))
        if recap.get(name) != wanted:
            faults.append(f"{name}: changed and failed are {recap.get(name)}, not {wanted}: {told.get(name)}")
        faults += [
            f"{name}: does not say {text}: {told.get(name)}"
            for text in server["says"]
            if text not in told.get(name, "")
        ]
    printed = run["stdout"] + run["stderr"]
    return faults + [f"shows {text}" for text in (*secrets, "Traceback") if text in printed]


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self):
        """Name the filters."""
        return {"judge_round": judge_round, "mail_servers": mail_servers}
