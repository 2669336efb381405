# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit reports: every stage of "make test" leaves some, and the summary is counted from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from collection_copy import CLONE

REPORTS = CLONE / ".cache/reports"


@dataclass(frozen=True)
class Count:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def count_reports(folder: Path) -> Count:
    """Count the test cases in all reports of a folder."""
    total = Count()
    for report in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by our own tools
            total += _count_case(case)
    return total


def write_report(stage: str, failures: Mapping[str, str | None], skipped: Mapping[str, str] | None = None) -> None:
    """Write the report of a stage: test names with what went wrong, none for those that passed, and with why they were skipped."""
    suite = ElementTree.Element("testsuite", name=stage)
    for name, failure in failures.items():
        case = ElementTree.SubElement(suite, "testcase", classname=stage, name=name)
        if failure is not None:
            ElementTree.SubElement(case, "failure", message=failure)
    for name, reason in (skipped or {}).items():
        case = ElementTree.SubElement(suite, "testcase", classname=stage, name=name)
        ElementTree.SubElement(case, "skipped", message=reason)
    folder = empty_folder(stage)
    ElementTree.ElementTree(suite).write(folder / "report.xml", encoding="utf-8", xml_declaration=True)


def collect_reports(stage: str, reports: Iterable[Path]) -> None:
    """Copy reports that another tool wrote to where the summary looks."""
    folder = empty_folder(stage)
    for report in reports:
        shutil.copy2(report, folder / report.name)


def empty_folder(stage: str) -> Path:
    """Return the folder for a stage's reports, without those of earlier runs."""
    folder = REPORTS / stage
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _count_case(case: ElementTree.Element) -> Count:
    if case.find("failure") is not None or case.find("error") is not None:
        return Count(failed=1)
    if case.find("skipped") is not None:
        return Count(skipped=1)
    return Count(passed=1)
