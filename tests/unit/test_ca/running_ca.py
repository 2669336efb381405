# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA in a process of its own, and the ways to talk to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

PROGRAM = Path(__file__).resolve().parents[3] / "roles/test_ca/files/test_ca"
PATIENCE = 60.0
ACCOUNT = {"login_name": "Demo", "password": "correct horse"}
LOGIN = {"loginName": ACCOUNT["login_name"], "loginPassword": ACCOUNT["password"]}
EMAIL = "alice@example.test"
COLLECT, PLACE, RESEND = "download/RequestAndCollectSMIME", "!AutoApplyOrder", "!ResendVerificationEmailSMIME"


def run_program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
    )


class RunningCa:
    """A CA that listens, with a client for its endpoint and one for its control API."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        done = run_program("serve", "--daemon", "--directory", str(directory), *options)
        assert done.returncode == 0, done.stderr
        self.identity: dict[str, Any] = json.loads(done.stdout)
        self.session = self.connect()

    def connect(self) -> requests.Session:
        """Open a session that trusts the CA's listener and no proxy."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.identity["ca_path"]
        return session

    def stop(self) -> None:
        """Stop the CA and wait until it is gone."""
        self.session.close()
        assert run_program("stop", "--directory", str(self.directory)).returncode == 0

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Use the control API."""
        reply = self.session.request(method, f"{self.identity['control_url']}/{path}", json=body, timeout=PATIENCE)
        assert reply.ok, reply.text
        return reply.json()

    def order(self, **terms: object) -> dict[str, Any]:
        """Place an order through the control API."""
        made: dict[str, Any] = self.control("POST", "orders", {"email": EMAIL, **terms})
        return made

    def change(self, order: dict[str, Any], **terms: object) -> None:
        """Change an order."""
        self.control("PATCH", f"orders/{order['order_number']}", terms)

    def fault(self, fault: str, **fields: object) -> None:
        """Queue a fault."""
        self.control("POST", "faults", {"fault": fault, **fields})

    def calls(self) -> list[dict[str, Any]]:
        """List the endpoints' calls."""
        recorded: list[dict[str, Any]] = self.control("GET", "calls")["calls"]
        return recorded

    def post(self, arguments: Any, call: str = COLLECT, **options: Any) -> requests.Response:
        """Post to an endpoint; arguments without a value are left out."""
        if isinstance(arguments, dict):
            arguments = {name: value for name, value in arguments.items() if value is not None}
        options.setdefault("timeout", PATIENCE)
        return self.session.post(self.identity["url"].replace(COLLECT, call), data=arguments, **options)

    def place(self, **changes: str | None) -> str:
        """Place an order at the endpoint, whole but for the changes, and give the reply."""
        whole = {**LOGIN, "product": "794", "days": "365", "sanEmailAddress": EMAIL}
        return self.post({**whole, **changes}, PLACE).text

    def ask(self, order: dict[str, Any], **arguments: str | None) -> requests.Response:
        """Call the endpoint for an order, with the account and query type 1 unless told otherwise."""
        return self.post({**LOGIN, "orderNumber": order["order_number"], "queryType": "1", **arguments})

    def code(self, order: dict[str, Any], **arguments: str | None) -> int:
        """Call the endpoint and read the status code alone."""
        return int(self.ask(order, **arguments).text.splitlines()[0])

    def issued(self, csr: str, **terms: object) -> dict[str, Any]:
        """Place an order and have it issued."""
        order = self.order(**terms)
        assert self.code(order, csr=csr, returnCertificate="Y") == 2
        return order
