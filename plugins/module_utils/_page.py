# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How all mailboxes stand on one HTML page, without scripts and without files from elsewhere, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._monitoring import Standing

# A bar of full length, in days: what a renewed certificate has.
_FULL = 365
# With fewer, a bar is in the colour of what ends soon.
_FEW = 30
_NAMES = {
    "failed": "failed",
    "unreadable": "cannot be read",
    "not_attempted": "not attempted",
    "expired": "expired",
    "missing": "no certificate",
    "expiring": "expires soon",
    "pending": "in process at the CA",
    "valid": "valid",
    "issued": "issued in this run",
}
_BAD = ("failed", "unreadable", "not_attempted", "expired", "missing")
_GOOD = ("valid", "issued")
_STYLE = """
:root { color-scheme: light dark; --bad: #c62828; --warn: #b26a00; --good: #2e7d32; --line: #8886; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.when { color: GrayText; margin: .2rem 0 1rem; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0; padding: 0; }
.counts li { border: 1px solid var(--line); border-left: .4rem solid var(--tone); border-radius: .3rem; padding: .3rem .8rem; }
.counts b { font-size: 1.3rem; margin-right: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; } td.days, td.ends { white-space: nowrap; } th:first-child { width: 30%; } th:last-child { width: 35%; }
.bar { background: var(--line); border-radius: .2rem; display: inline-block; height: .7rem; width: 8rem;
  margin-right: .5rem; overflow: hidden; }
.bar i { background: var(--tone); display: block; height: 100%; }
.bad { --tone: var(--bad); } .warn { --tone: var(--warn); } .good { --tone: var(--good); }
.state { color: var(--tone); font-weight: 600; white-space: nowrap; } small { color: GrayText; }
@media (max-width: 50rem) {
  thead { display: none; } table, tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; } td { border: 0; padding: .1rem 0; } td:empty { display: none; }
}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name=viewport content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>S/MIME certificates</title>
<style>{style}</style>
</head>
<body>
<h1>S/MIME certificates</h1>
<p class="when">As of <time datetime="{machine}">{human}</time></p>
<ul class="counts">{counts}</ul>
{tables}
</body>
</html>
"""


def format_page(standings: Sequence[Standing], states: Sequence[str], now: datetime) -> str:
    """Return the page; ``standings`` come most urgent first, ``states`` are all in that order."""
    counted = Counter(item.state for item in standings)
    counts = "".join(
        f'<li class="{_tone(state)}"><b>{counted[state]}</b>{_NAMES[state]}</li>' for state in states if counted[state]
    )
    urgent = [item for item in standings if item.state not in _GOOD]
    rest = [item for item in standings if item.state in _GOOD]
    tables = _format_table("What needs a person first", urgent) + _format_table("What is in order", rest)
    return _PAGE.format(
        style=_STYLE,
        machine=now.isoformat(),
        human=f"{now:%Y-%m-%d %H:%M} UTC",
        counts=counts or "<li>no mailboxes</li>",
        tables=tables,
    )


def format_json(standings: Sequence[Standing], states: Sequence[str], now: datetime) -> str:
    """Return the same as JSON: times in ISO 8601, UTC."""
    counted = Counter(item.state for item in standings)
    mailboxes = [
        {
            "email": item.email,
            "path": item.path,
            "state": item.state,
            "days_remaining": item.facts["days_remaining"] if item.facts else None,
            "not_after": f"{_read_time(item.facts['not_after']).isoformat()}" if item.facts else None,
            "status_code": item.code,
            "pending_since": _format_seconds(item.pending_since),
            "message": item.message,
        }
        for item in standings
    ]
    told = {
        "generated_at": now.isoformat(),
        "summary": {state: counted[state] for state in states},
        "mailboxes": mailboxes,
    }
    return json.dumps(told, indent=1) + "\n"


def _format_table(title: str, standings: Sequence[Standing]) -> str:
    if not standings:
        return ""
    rows = "\n".join(_format_row(item) for item in standings)
    head = "<tr><th>Mailbox</th><th>State</th><th>Days left</th><th>Ends</th><th>What was said</th></tr>"
    return f"<h2>{title}</h2>\n<table><thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table>\n"


def _format_row(item: Standing) -> str:
    days, ends = "", ""
    if item.facts is not None:
        left = item.facts["days_remaining"]
        width = max(0, min(100, round(100 * left / _FULL)))
        tone = "good" if left >= _FEW else "warn"
        days = f'<span class="bar {tone}"><i style="width:{width}%"></i></span>{left} days'
        ends = f"{_read_time(item.facts['not_after']):%Y-%m-%d}"
    said = _escape(item.message)
    if item.pending_since is not None:
        said = f"since {datetime.fromtimestamp(item.pending_since, timezone.utc):%Y-%m-%d} {said}"
    if item.code is not None and f"code {item.code}" not in item.message:
        said = f"{said} <small>(code {item.code})</small>"
    return (
        f'<tr class="{_tone(item.state)}"><td>{_escape(item.email) or "?"}<br><small>{_escape(item.path)}</small></td>'
        f'<td class="state">{_NAMES[item.state]}</td><td class="days">{days}</td><td class="ends">{ends}</td><td>{said}</td></tr>'
    )


def _tone(state: str) -> str:
    return "bad" if state in _BAD else "good" if state in _GOOD else "warn"


def _escape(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())


def _read_time(moment: str) -> datetime:
    return datetime.strptime(moment, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _format_seconds(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat()
