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
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import FAR_AHEAD, LONG_AGO
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


def run_module(arguments: dict[str, Any], *blocked: str) -> tuple[dict[str, Any], set[str]]:
    """Return the result of smime_certificate in a process of its own, and the modules that it loaded."""
    program = BLOCKER.format(blocked=set(blocked)) + RUN.format(package=PACKAGE, module="smime_certificate")
    process = run_python(program, arguments)
    loaded = [line for line in process.stderr.splitlines() if line.startswith("LOADED ")]
    assert loaded, process.stderr
    return json.loads(process.stdout), set(loaded[-1].split()[1:])


def test_a_run_with_nothing_to_do_loads_no_http_library(host: Host) -> None:
    # Without a replaced clock: so the certificate is good for a century.
    host.fill(host.issue(not_before=LONG_AGO, not_after=FAR_AHEAD))
    result, loaded = run_module(host.options)
    assert (result.get("status"), result["changed"], result["api_calls"]) == ("valid", False, 0), result
    heavy = {"requests", "urllib3", "http.client", "socketserver"} | {"chardet", "charset_normalizer"}
    assert not heavy & loaded
    assert not [name for name in loaded if name.startswith(f"{PACKAGE}.module_utils._ca.transport")]


def test_a_run_with_nothing_to_do_works_without_the_http_library(host: Host) -> None:
    host.fill(host.issue(not_before=LONG_AGO, not_after=FAR_AHEAD))
    result, _loaded = run_module(host.options, "requests", "urllib3")
    assert result["status"] == "valid"


def test_files_are_mended_without_the_http_library(host: Host) -> None:
    host.fill(host.issue(not_before=LONG_AGO, not_after=FAR_AHEAD))
    (host.folder / "fullchain.pem").unlink()
    result, _loaded = run_module(host.options, "requests", "urllib3")
    assert (result["status"], result["changed"]) == ("valid", True)


@pytest.mark.parametrize("library", ["requests", "cryptography"])
def test_a_missing_library_is_named_in_ansibles_words(host: Host, library: str) -> None:
    result, _loaded = run_module(host.options, library)
    assert result["failed"] is True
    assert f"Failed to import the required Python library ({library})" in result["msg"]
    assert host.names() == {"key.pem", "request.csr"}


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
def test_every_module_names_a_missing_library(host: Host, module: str, library: str) -> None:
    endpoint = {name: value for name, value in host.options.items() if name.startswith(("api_", "login_"))}
    order = {
        **endpoint,
        "orders_path": host.path("orders.json"),
        "place": True,
        "product": "mailbox_strict",
        "days": 365,
    }
    options: dict[str, Any] = {
        "smime_certificate": host.options,
        "smime_certificates": {"certificates": [host.options]},
        "smime_certificate_info": {**endpoint, "order_number": "1001"},
        "smime_orders": {**order, "certificates": [{"email": "alice@example.test", "path": host.path("cert.pem")}]},
    }[module]
    if library == "cryptography":
        host.fill()
    program = BLOCKER.format(blocked={library}) + RUN.format(package=PACKAGE, module=module)
    result = json.loads(run_python(program, options).stdout)
    assert result["failed"] is True
    assert f"Failed to import the required Python library ({library})" in result["msg"]
