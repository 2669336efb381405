# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages and pictures that are written by hand lack nothing that the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.smime.plugins.doc_fragments.attributes import ModuleDocFragment
from ansible_collections.mailops.smime.plugins.module_utils import _errors, _monitoring
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import STATUS_CODES
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import crl
from ansible_collections.mailops.smime.plugins.modules import smime_certificate, smime_certificate_info
from ansible_collections.mailops.smime.plugins.plugin_utils._controller import ENVIRONMENT
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW, make_authority

CLONE = Path(__file__).resolve().parents[3]
GUIDES = CLONE / "docs/docsite/rst"
RETURN: dict[str, Any] = yaml.safe_load(smime_certificate.RETURN)
REASONS = set(re.findall(r"V\((\w+)\)", " ".join(RETURN["reasons"]["description"])))
STATUSES = ("valid", "issued", "pending", "failed")
# Boxes of the drawing, and what does it in _lifecycle.py and _renewal.py.
STEPS = {"Plan": "plans.make", "Prepare": "_create_key", "Ask the CA": "_ask", "Verify": "verify", "Write": "write"}
DRAWING = " ".join((CLONE / "docs/pictures/lifecycle.svg").read_text(encoding="utf-8").split())


def words(path: Path) -> str:
    """Return a file's text with every run of white space as one space."""
    return " ".join(path.read_text(encoding="utf-8").split())


def rows(path: Path) -> list[list[str]]:
    """Return the cells of all list tables of a guide."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"^   \* - (.*(?:\n {5,}.*|\n)*)", text, re.MULTILINE)
    return [[" ".join(cell.split()) for cell in re.split(r"\n {5}- ?", row)] for row in found]


def test_the_modules_document_every_fact_of_a_certificate_and_no_other() -> None:
    certificate = certificates.load_der(make_authority().issue().der)
    facts = {**certificates.describe(certificate, NOW), **crl.describe(crl.Revocation(crl.GOOD))}
    looked = yaml.safe_load(smime_certificate_info.RETURN)["certificates"]["contains"]
    assert RETURN["certificate"]["contains"].keys() == facts.keys()
    assert looked.keys() == facts.keys() | {"path", "error", "checks"}


def test_the_guide_to_errors_has_every_code() -> None:
    table = {cells[0]: cells[1] for cells in rows(GUIDES / "guide_error_codes.rst")}
    assert {f"``{row.code}``": f"``{row.name}``" for row in STATUS_CODES.values()}.items() <= table.items()


def test_the_guide_to_errors_has_every_name() -> None:
    named = {error.name for error in vars(_errors).values() if isinstance(error, type) and hasattr(error, "name")}
    for path in (CLONE / "plugins").rglob("*.py"):
        named.update(re.findall(r"\bname=\"(\w+)\"", path.read_text(encoding="utf-8")))
    assert {"chain_invalid", "timed_out", "file_error"} <= named
    page = words(GUIDES / "guide_error_codes.rst")
    assert [name for name in sorted(named) if f"``{name}``" not in page] == []


def test_the_guide_to_monitoring_has_every_metric_and_alerts_of_no_other() -> None:
    page = GUIDES / "guide_monitoring.rst"
    table = {name for cells in rows(page) for name in re.findall(r"``(x509_\w+|mailops_smime_\w+)``", cells[0])}
    assert table == set(_monitoring._HELP)
    alerted = set(
        re.findall(r"x509_\w+|mailops_smime_\w+", " ".join(re.findall("expr: (.*)", page.read_text("utf-8"))))
    )
    assert len(alerted) == 4
    assert alerted <= table


def test_the_guide_and_the_drawing_of_a_run_have_every_reason() -> None:
    assert {"expiring", "chain_missing"} <= REASONS
    page = words(GUIDES / "guide_lifecycle.rst")
    assert [name for name in REASONS if f"``{name}``" not in page] == []
    assert [name for name in REASONS if not re.search(rf"[> ]{name}[,<]", DRAWING)] == []


def test_the_drawing_of_a_run_has_every_status_and_step() -> None:
    files = (CLONE / f"plugins/module_utils/{name}.py" for name in ("_lifecycle", "_renewal"))
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    assert all(name in code for name in STEPS.values())
    assert [name for name in (*STATUSES, *STEPS) if f">{name}<" not in DRAWING] == []


def test_the_guide_to_faults_has_every_trouble_and_its_end() -> None:
    table = yaml.safe_load((CLONE / "tests/integration/targets/faults/vars/main.yml").read_text(encoding="utf-8"))
    page = rows(GUIDES / "guide_faults.rst")
    troubles = [{**section["usual"], **trouble} for section in table["troubles"] for trouble in section["cases"]]
    assert len(troubles) > 50
    ends = [
        f"``{trouble['ends']}``" + (f", from the controller ``{trouble['far']}``" if "far" in trouble else "")
        for trouble in troubles
    ]
    assert [
        row for row in ([trouble["says"], end] for trouble, end in zip(troubles, ends, strict=True)) if row not in page
    ] == []


def test_the_action_group_and_the_documentation_of_the_modules_agree() -> None:
    groups = yaml.safe_load((CLONE / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["attributes"]
    assert fragment["action_group"]["membership"] == [f"mailops.smime.{name}" for name in groups]
    documented = {}
    for path in (CLONE / "plugins/modules").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        documented[path.stem] = "\n  - mailops.smime.attributes\n" in text and "\n  - mailops.smime.endpoint\n" in text
    assert sorted(groups["smime"]) == sorted(name for name, agrees in documented.items() if agrees)


def test_each_module_says_what_it_supports() -> None:
    fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["attributes"]
    assert {"idempotent", "check_mode", "diff_mode", "async", "safe_file_operations"} <= set(fragment)
    for path in (CLONE / "plugins/modules").glob("*.py"):
        (text,) = re.findall(r'DOCUMENTATION = r"""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL)
        own = yaml.safe_load(text)["attributes"]
        assert [name for name, entry in fragment.items() if "support" not in {**entry, **own.get(name, {})}] == []


def test_the_credential_type_for_awx_fills_the_environment_that_the_controller_reads() -> None:
    page = (GUIDES / "guide_fleets.rst").read_text(encoding="utf-8")
    (inputs, injector) = (
        yaml.safe_load(text)
        for text in re.findall(r"code-block:: yaml\n\n((?:   (?:fields|env):.*\n)(?:   .*\n)+)", page)
    )
    fields = {entry["id"]: entry for entry in inputs["fields"]}
    assert injector["env"] == {ENVIRONMENT[name]: f"{{{{ {name} }}}}" for name in fields}
    assert [name for name, entry in fields.items() if entry.get("secret")] == ["login_password"]
    assert set(inputs["required"]) == set(fields)
