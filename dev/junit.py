# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit reports: every stage of "make test" leaves some, and the summary is counted from them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from collection_copy import CLONE

REPORTS = CLONE / ".cache/reports"
MARKS = {"failure", "error", "skipped"}


class Count(NamedTuple):
    """How many tests passed, failed and were skipped."""

    passed: int
    failed: int
    skipped: int


def count_reports(folder: Path) -> Count:
    """Count the test cases in all reports of a folder."""
    reports = [ElementTree.parse(report) for report in folder.glob("*.xml")]  # noqa: S314 - written by our own tools
    cases = [case for report in reports for case in report.iter("testcase")]
    marks = [next((child.tag for child in case if child.tag in MARKS), "passed") for case in cases]
    return Count(marks.count("passed"), marks.count("failure") + marks.count("error"), marks.count("skipped"))


def write_report(stage: str, failures: Mapping[str, str | None], skipped: Mapping[str, str] | None = None) -> None:
    """Write the report of a stage: test names with what went wrong, none for those that passed, and with why they were skipped."""
    suite = ElementTree.Element("testsuite", name=stage)
    marks = {name: ("failure", failure) for name, failure in failures.items()}
    marks |= {name: ("skipped", reason) for name, reason in (skipped or {}).items()}
    for name, (mark, message) in marks.items():
        case = ElementTree.SubElement(suite, "testcase", classname=stage, name=name)
        if message is not None:
            ElementTree.SubElement(case, mark, message=message)
    ElementTree.ElementTree(suite).write(empty_folder(stage) / "report.xml", encoding="utf-8", xml_declaration=True)


def empty_folder(stage: str) -> Path:
    """Return the folder for a stage's reports, without those of earlier runs."""
    folder = REPORTS / stage
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
