# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the examples of the modules' documentation, the guides and the README against the test CA, each twice."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import ssl
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

PLACE = "/etc/ssl/smime"
MODULES = ("smime_certificate", "smime_certificates", "smime_certificate_info")
PEOPLE = ("alice", "bob", "carol", "dave", "erin")
# These examples bring a key and a request along; the others have the module make them.
WITH_REQUEST = ("alice", "bob", "carol")
ACCOUNT = {"login_name": "demo", "password": "demo-password"}
_RST_BLOCK = re.compile(r"^\.\. code-block:: yaml\n\n((?:(?:   .*)?\n)+)", re.MULTILINE)
_YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Examples:
    """A place of its own for one source of examples, with orders at the CA that are as new."""

    def __init__(self, arguments: argparse.Namespace, name: str) -> None:
        self.arguments = arguments
        self.name = name
        self.folder = Path(arguments.work) / f"examples-{name}"
        self.place = self.folder / "smime"
        self.place.mkdir(parents=True)
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(self._inventory()), encoding="utf-8")

    def _inventory(self) -> dict[str, Any]:
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        variables = {f"{person}_collection_code": f"{person}-{self.name[-9:]}"[:16] for person in PEOPLE}
        variables.update(sectigo_login_name=ACCOUNT["login_name"], sectigo_login_password=ACCOUNT["password"])
        variables.update(test_ca_python=self.arguments.ca_python, dave_pkcs12_passphrase="a passphrase")
        hosts = {"localhost": {**local, **variables}}
        return {"all": {"children": {"mail_servers": {"hosts": hosts}}}}

    def prepare(self) -> None:
        """Place the orders anew, and make the keys and requests that examples expect to find."""
        control(self.arguments, "DELETE", "orders/1234567", missing_ok=True)
        control(self.arguments, "DELETE", "orders/1234568", missing_ok=True)
        codes = self._inventory()["all"]["children"]["mail_servers"]["hosts"]["localhost"]
        for person in PEOPLE:
            order: dict[str, Any] = {"email": f"{person}@example.test", "login_name": ACCOUNT["login_name"]}
            order["collection_code"] = codes[f"{person}_collection_code"]
            if person in ("alice", "bob"):
                order["order_number"] = {"alice": "1234567", "bob": "1234568"}[person]
            control(self.arguments, "POST", "orders", order)
            (self.place / f"{person}@example.test").mkdir(exist_ok=True)

    def make_request(self, person: str) -> None:
        """Make a key and a request as an administrator would, with openssl."""
        folder = self.place / f"{person}@example.test"
        key, request = str(folder / "key.pem"), str(folder / "request.csr")
        command = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={person}"]
        subprocess.run([*command, "-keyout", key, "-out", request], check=True, capture_output=True)

    def run(self, title: str, text: str) -> None:
        """Run one example twice; the second run must change nothing."""
        content = yaml.safe_load(text.replace(PLACE, str(self.place)))
        if "hosts" not in content[0] and "ansible.builtin.import_playbook" not in content[0]:
            content = [{"hosts": "localhost", "gather_facts": False, "tasks": content}]
        playbook = self.folder / "playbook.yml"
        playbook.write_text(yaml.safe_dump(content), encoding="utf-8")
        first, second = self._play(playbook, title), self._play(playbook, title)
        if re.search(r"changed=[1-9]", second):
            raise SystemExit(f"{title}: the second run changes something\n{second}")
        print(f"{self.name}: {title}: {len(re.findall('^TASK', first, re.MULTILINE))} tasks")

    def _play(self, playbook: Path, title: str) -> str:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SMIME_")},
            "HOME": str(self.folder),
            "SMIME_API_URL": self.arguments.api_url,
            "SMIME_API_CA_PATH": self.arguments.ca_path,
        }
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.folder / "hosts.yml")]
        done = subprocess.run([*command, str(playbook)], env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{self.name}: {title} failed\n{done.stdout}\n{done.stderr}")
        return done.stdout


def control(
    arguments: argparse.Namespace, method: str, path: str, body: object = None, *, missing_ok: bool = False
) -> None:
    """Call the control API of the test CA."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{arguments.control_url}/{path}", data, method=method)
    request.add_header("Content-Type", "application/json")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=arguments.ca_path)),
    )
    try:
        opener.open(request).close()
    except urllib.error.HTTPError as error:
        if not (missing_ok and error.code == 404):
            raise


def read_examples(path: Path) -> str:
    """Return the EXAMPLES of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise SystemExit(f"{path} has no EXAMPLES")


def run_modules(arguments: argparse.Namespace) -> None:
    """Run the examples of each module; those of the info module look at what the first module wrote."""
    plugins = Path(arguments.collection) / "plugins/modules"
    first = Examples(arguments, "smime_certificate")
    first.prepare()
    for person in WITH_REQUEST:
        first.make_request(person)
    first.run("examples", read_examples(plugins / "smime_certificate.py"))
    first.name = "smime_certificate_info"
    first.run("examples", read_examples(plugins / "smime_certificate_info.py"))
    many = Examples(arguments, "smime_certificates")
    many.prepare()
    many.run("examples", read_examples(plugins / "smime_certificates.py"))


def run_readme(arguments: argparse.Namespace) -> None:
    """Run the YAML blocks of the README, in their order."""
    readme = Examples(arguments, "README.md")
    readme.prepare()
    blocks = _YAML_BLOCK.findall((Path(arguments.collection) / "README.md").read_text(encoding="utf-8"))
    for number, block in enumerate(blocks, 1):
        readme.run(f"block {number}", block)


def run_guides(arguments: argparse.Namespace) -> None:
    """Run the YAML blocks of the guides, each guide in a place of its own."""
    for path in sorted((Path(arguments.collection) / "docs/docsite/rst").glob("*.rst")):
        blocks = _RST_BLOCK.findall(path.read_text(encoding="utf-8"))
        if blocks:
            guide = Examples(arguments, path.name)
            guide.prepare()
            for number, block in enumerate(blocks, 1):
                guide.run(f"block {number}", textwrap.dedent(block))


def main() -> None:
    """Run all examples, or exit with what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("collection", "work", "control-url", "ca-path", "api-url", "ca-python"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    run_modules(arguments)
    run_guides(arguments)
    # The last block of the README stops the test CA.
    run_readme(arguments)


if __name__ == "__main__":
    main()
