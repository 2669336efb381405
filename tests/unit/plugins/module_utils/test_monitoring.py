# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics and page say how each mailbox stands, in absolute times, most urgent first, and without a secret."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _monitoring, _page
from ansible_collections.mailops.smime.plugins.module_utils._monitoring import STATES, Standing
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, NOW
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import PENDING, Host

SECONDS = int(NOW.timestamp())
LOGIN_FAILED = b"-16\nPermission denied\n"
FAR = 300
BOB = "bob@example.test"
FACTS = {
    "serial_number": 7, "subject": {"commonName": "é\ud800"},
    "issuer": {"commonName": 'The "CA"\\\n', "countryName": "DE", "stateOrProvinceName": "Bayern", "streetAddress": "Weg 1"},
    "not_before": "20260101000000Z", "not_after": "20260131235959Z", "days_remaining": 12,
}  # fmt: skip


def read_metrics(text: str) -> dict[str, list[tuple[dict[str, str], int]]]:
    """Return the samples of each metric."""
    found: dict[str, list[tuple[dict[str, str], int]]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (-?\d+)", line).groups()  # type: ignore[union-attr]
            found.setdefault(name, []).append((dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), int(value)))
    return found


def run_list(host: Host, *steps: bytes, emails: tuple[str, ...] = (ALICE, BOB), **options: Any) -> Any:
    entries = [
        {
            "email": email,
            "order_number": email,
            **{option: host.path(f"{email}.{option}") for option in ("path", "chain_path", "fullchain_path")},
        }
        for email in emails
    ]
    outputs = {"metrics_path": host.path("smime.prom"), "report_path": host.path("smime.html")}
    return host.run_list(entries, *steps, **{**outputs, "csr_path": None, **options})


def test_a_list_writes_how_each_mailbox_stands(host: Host) -> None:
    issued = host.issue(not_after=NOW + timedelta(days=FAR))
    host.write(f"{ALICE}.path", issued.pem)
    host.write(f"{ALICE}.chain_path", host.authority.intermediate.pem)
    host.write(f"{ALICE}.fullchain_path", issued.pem + host.authority.intermediate.pem)
    assert not run_list(host, PENDING).failed
    first = read_metrics(host.read("smime.prom").decode())
    place = {"email": BOB, "filepath": host.path(f"{BOB}.path")}
    assert first["mailops_smime_pending_since"] == [(place, SECONDS)]
    assert first["mailops_smime_last_code"] == [(place, 0)]
    assert [value for _labels, value in first["mailops_smime_failed"]] == [0, 0]
    assert first["mailops_smime_last_run"] == [({"textfile": "smime.prom"}, SECONDS)]
    ((labels, last),) = first["x509_cert_not_after"]
    assert last == int((NOW + timedelta(days=FAR)).timestamp())
    assert (labels["filename"], labels["filepath"]) == (f"{ALICE}.path", host.path(f"{ALICE}.path"))
    assert {"serial_number", "issuer_CN", "subject_CN"} <= set(labels)
    told = json.loads(host.read("smime.json"))
    assert [(item["email"], item["state"]) for item in told["mailboxes"]] == [(BOB, "pending"), (ALICE, "valid")]
    assert told["summary"]["pending"] == 1

    later = NOW + timedelta(hours=5)
    assert run_list(host, LOGIN_FAILED, now=later).failed
    second = read_metrics(host.read("smime.prom").decode())
    assert "mailops_smime_pending_since" not in second
    assert [value for _labels, value in second["mailops_smime_failed"]] == [0, 1]
    assert second["mailops_smime_last_code"] == [(place, -16)]
    # Where the CA was not asked, its last code is the one of before.
    assert not run_list(host, PENDING, now=later).failed
    assert read_metrics(host.read("smime.prom").decode())["mailops_smime_pending_since"] == [
        (place, int(later.timestamp()))
    ]


def test_an_order_is_pending_since_it_was_first_seen_so_and_check_mode_writes_nothing(host: Host) -> None:
    run_list(host, PENDING, emails=(BOB,), check_mode=True)
    assert not {name for name in host.names() if name.startswith("smime.")}
    for hours in (0, 30):
        assert not run_list(host, PENDING, emails=(BOB,), now=NOW + timedelta(hours=hours)).failed
    ((_labels, since),) = read_metrics(host.read("smime.prom").decode())["mailops_smime_pending_since"]
    assert since == SECONDS
    assert "since 2" in host.read("smime.html").decode()


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"metrics_path": "{}/key.pem"}, []),
        ({"report_path": "{}/key.pem"}, []),
        ({"report_path": "{}/smime.prom"}, []),
        ({"metrics_path": "{}/smime.json"}, []),
        ({"report_path": "{}/smime.json"}, []),
        ({"metrics_path": "{}/none/smime.prom"}, [PENDING]),
    ],
)
def test_what_is_watched_overwrites_nothing_else(host: Host, options: dict[str, str], steps: list[bytes]) -> None:
    key = host.read("key.pem")
    given = {name: path.format(host.folder) for name, path in options.items()}
    # A folder that is missing shows at the end only.
    outcome = run_list(host, *steps, emails=(BOB,), **given)
    assert outcome.error == ("file_error" if steps else "invalid_option")
    assert host.read("key.pem") == key


def test_a_name_that_no_text_format_takes_is_escaped(tmp_path: Path) -> None:
    text = _monitoring.format_metrics(
        [Standing("a@example.test", '/x/"y"\n.pem', "valid", FACTS, False)], SECONDS, "a.prom"
    )
    assert text.count("\n") == len(text.splitlines())
    ((labels, _value),) = read_metrics(text)["x509_cert_not_after"]
    assert [labels[f"issuer_{part}"] for part in ("CN", "C", "ST")] == [r"The \"CA\"\\\n", "DE", "Bayern"]
    assert labels["filepath"] == r"/x/\"y\"\n.pem"
    (tmp_path / "page.html").write_text(_page.format_page([Standing("a", "b", "valid", FACTS)], STATES, NOW), "utf-8")


@pytest.mark.parametrize(
    "before", [b"", b"\xff\x00junk", b'mailops_smime_pending_since{email="x"} no', b"mailops_smime_"]
)
def test_what_is_no_metric_is_not_remembered(before: bytes) -> None:
    (told,) = _monitoring.remember([Standing("x", "/x", "pending")], before, 5)
    assert (told.pending_since, told.code) == (5, None)


@pytest.mark.parametrize(
    ("status", "days", "state"),
    [
        ("valid", 100, "valid"), ("valid", 29, "expiring"), ("valid", -1, "expired"), ("issued", 364, "issued"),
        ("pending", 5, "expiring"), ("pending", None, "pending"), ("failed", 100, "failed"), ("valid", None, "missing"),
        ("not_attempted", None, "not_attempted"),
    ],
)  # fmt: skip
def test_a_mailbox_is_in_the_most_urgent_of_its_states(status: str, days: int | None, state: str) -> None:
    facts = None if days is None else {**FACTS, "days_remaining": days}
    result = {"email": ALICE, "status": status, "certificate": facts, "status_code": None}
    (standing,) = _monitoring.read_results([result], ["/cert.pem"], 30)
    assert standing.state == state


def test_files_that_were_looked_at_are_told_by_what_is_wrong_with_them() -> None:
    checks = [
        {"name": name, "passed": False, "detail": detail}
        for name, detail in (("mailbox", "no mailbox"), ("valid_now", "x"))
    ]
    found: list[dict[str, Any]] = [
        {"path": "/a", "error": None, "emails": [ALICE], "checks": checks, **FACTS},
        {"path": "/b", "error": "/b does not exist", "checks": []},
    ]
    good, bad = _monitoring.read_files(found)
    assert (good.email, good.state, good.failed, good.message) == (ALICE, "expiring", False, "no mailbox")
    assert (bad.state, bad.failed, bad.message) == ("unreadable", True, "/b does not exist")
    assert read_metrics(_monitoring.format_metrics([good, bad], SECONDS, "x"))["x509_cert_error"] == [
        ({"filename": "a", "filepath": "/a"}, 0), ({"filename": "b", "filepath": "/b"}, 1)
    ]  # fmt: skip


class Page(HTMLParser):
    """The tags of a page, and whatever would load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        outside = [
            name for name, _value in attrs if name in ("src", "href", "srcset", "action") or name.startswith("on")
        ]
        if tag in ("script", "iframe", "object", "embed", "link", "img", "form") or outside:
            self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_the_page_runs_and_loads_nothing_whatever_a_certificate_says() -> None:
    evil = '<script src="https://evil.test">alert(1)</script><img onerror=x>'
    standing = Standing(evil, evil, "failed", FACTS, True, -16, evil, 1)
    page = Page(_page.format_page([standing], STATES, NOW))
    assert page.found == []
    assert page.cells.count(evil) == 2


def test_a_secret_in_a_message_is_masked_in_what_is_watched(tmp_path: Path) -> None:
    module: Any = SimpleNamespace(
        params={"metrics_path": None, "report_path": str(tmp_path / "smime.html")},
        check_mode=False, no_log_values={"hunter2"}, selinux_enabled=lambda: False,
    )  # fmt: skip
    now = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=timezone.utc)
    _monitoring.publish(module, [Standing(ALICE, "/x", "failed", message="said hunter2")], now)
    for name in ("smime.html", "smime.json"):
        text = (tmp_path / name).read_text("utf-8")
        assert "hunter2" not in text
        assert "2026-01-01T12:00:00+00:00" in text
