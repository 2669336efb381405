# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which libraries a run loads, and what is said where one is missing. Each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE, FAR_AHEAD, LONG_AGO
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host

PACKAGE = "ansible_collections.mailops.smime.plugins"
PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
MODULES = sorted(item.stem for item in (PLUGINS / "modules").glob("*.py"))
BLOCKER = """
import sys
blocked = {blocked!r}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError(f"no module named {{name}}")
sys.meta_path.insert(0, Blocker())
"""
RUN = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("LOADED " + " ".join(sorted(sys.modules)) + "\\n"))
from {package}.modules import {module}
{module}.main()
"""


def run_python(program: str, arguments: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONWARNINGS": "ignore"}
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments or {}})
    return subprocess.run(
        [sys.executable, "-c", program],
        input=given, env=environment, check=False, timeout=60, capture_output=True, text=True,
    )  # fmt: skip


def run_module(module: str, arguments: dict[str, Any], *blocked: str) -> tuple[dict[str, Any], set[str]]:
    """Return the result of a module in a process of its own, and the modules of Python that it loaded."""
    program = BLOCKER.format(blocked=set(blocked)) + RUN.format(package=PACKAGE, module=module)
    process = run_python(program, arguments)
    loaded = [line for line in process.stderr.splitlines() if line.startswith("LOADED ")]
    assert loaded, process.stderr
    return json.loads(process.stdout), set(loaded[-1].split()[1:])


@pytest.mark.parametrize("lost", [None, "fullchain.pem"])
def test_a_run_that_need_not_ask_the_ca_loads_no_http_library(host: Host, lost: str | None) -> None:
    # Without a replaced clock: so the certificate is good for a century.
    host.fill(host.issue(not_before=LONG_AGO, not_after=FAR_AHEAD))
    if lost is not None:
        (host.folder / lost).unlink()
    result, loaded = run_module("smime_certificate", host.options)
    assert (result.get("status"), result["changed"], result["api_calls"]) == ("valid", lost is not None, 0), result
    heavy = {"requests", "urllib3", "http.client", "socketserver"} | {"chardet", "charset_normalizer"}
    assert not heavy & loaded
    assert not [name for name in loaded if name.startswith(f"{PACKAGE}.module_utils._ca.transport")]


def test_every_plugin_can_be_imported_without_the_libraries() -> None:
    files = [
        item for folder in ("modules", "module_utils", "doc_fragments") for item in (PLUGINS / folder).rglob("*.py")
    ]
    names = [f"{PACKAGE}." + ".".join(item.relative_to(PLUGINS).with_suffix("").parts) for item in sorted(files)]
    assert len(names) > 20
    program = BLOCKER.format(blocked={"requests", "urllib3", "cryptography", "idna"})
    process = run_python(program + f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)\n")
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("library", ["requests", "cryptography"])
@pytest.mark.parametrize("module", MODULES)
def test_a_missing_library_is_named_in_ansibles_words_and_no_result_lacks_its_keys(
    host: Host, module: str, library: str
) -> None:
    login = {name: host.options[name] for name in ("login_name", "login_password")}
    options: dict[str, dict[str, Any]] = {
        "smime_certificate": host.options,
        "smime_certificates": {"certificates": [host.options]},
        "smime_certificate_info": {"paths": [host.path("*.pem")]} if library == "cryptography" else {"order_number": "1", **login},
        "smime_orders": {
            "certificates": [{"email": ALICE, "path": host.path("cert.pem")}], "orders_path": host.path("orders.json"),
            "place": True, "product": "mailbox_strict", "days": 365, **login,
        },
    }  # fmt: skip
    if library == "cryptography":
        host.fill()
    before = host.names()
    result, _loaded = run_module(module, options[module], library)
    assert result["failed"] is True
    assert f"Failed to import the required Python library ({library})" in result["msg"]
    assert {"smime_certificates": "certificates", "smime_orders": "orders"}.get(module, "changed") in result
    assert host.names() == before
