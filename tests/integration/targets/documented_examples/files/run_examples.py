# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the examples of the modules' documentation, the guides and the Markdown files against the test CA.

Tasks and plays of a document run together, twice (but for CHANGES_EACH_TIME): the second run must change nothing, and neither may show
a secret with -vvv.
A YAML block that opens with a comment with a file's name is only written, for the commands of the console blocks, which run in their
order. A text block below a comment "Next run: JSON" is what the last command prints after Alice's order was changed so.
A comment "Not run: REASON" above a block exempts it; commands that do not run are in NOT_RUN.
"""

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
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# The one layout of all examples, and the default of the role.
PLACE = re.compile(r"/etc/smime(?=[/\s\"'])")
# What others look at, and what is kept for the next run.
VARIABLE = re.compile(r"/var(?=/(?:cache|lib|www)/)")
PEOPLE = {"alice": "1234567", "bob": "1234568", "carol": None, "dave": None, "erin": None}
# The examples of smime_certificate bring a key and a request of these along; the others have the module make them.
WITH_REQUEST = ("alice", "bob", "carol")
LOGIN_NAME, LOGIN_PASSWORD = "demo", "demo-password"
_COMMENT = r"(?:Not run: (?P<reason>.+?)|Next run: (?P<order>.+?))"
BLOCKS = {
    ".rst": re.compile(
        rf"(?:^\.\. {_COMMENT}\n\n)?^\.\. code-block:: (?P<language>\w+)\n(?:   :.+\n)*\n(?P<text>(?:(?:   .*)?\n)+)",
        re.MULTILINE,
    ),
    ".md": re.compile(
        rf"(?:^<!-- {_COMMENT} -->\n\n)?^```(?P<language>\w+)\n(?P<text>(?:(?!```).*\n)*)^```$", re.MULTILINE
    ),
}
# All that opens a block, in whatever form: a block that the patterns above do not know would escape without a word.
OPENINGS = {
    ".rst": re.compile(r"^\s*\.\. (?:code|code-block|sourcecode|parsed-literal)::|^(?!\s*\.\. ).*::$", re.MULTILINE),
    ".md": re.compile(r"^\s*(?:```|~~~)", re.MULTILINE),
}
_FILE_NAME = re.compile(r"# ([\w/-]+\.yml)\n")
_OWN_CODE = re.compile(r"^\s*alice_collection_code: \"(\w+)\"$", re.MULTILINE)

# The commands that do not run here, by how they start, and why. Of make it is only asked whether it has such a target: what
# that does is a stage of "make test", or a demo.
NOT_RUN = {
    "python3 -m venv": "it downloads; test-package installs as the README says",
    ". ~/smime-venv": "it belongs to that",
    "pip install": "it belongs to that",
    "ansible-galaxy collection": "the target playbooks and test-package do it",
    "ansible-playbook -i localhost, mailops.smime.quickstart": "the target playbooks and test-package do it",
    "ansible-playbook --inventory inventory.yml --become --ask-vault-password publish_": "the target publishing does it",
    "openssl verify -purpose smimesign -untrusted ~/smime-quickstart": "test-package does it",
}
# Only root can do that; for others the examples run without.
GIVEN_AWAY = re.compile(r"^ *(owner|group): \w+\n", re.MULTILINE)
CHANGES_EACH_TIME = {"roles/test_ca/README.md": "it starts a CA and stops it again"}


@dataclass
class Document:
    """One source of examples, with a folder of its own, and with orders at the CA that are as new."""

    arguments: argparse.Namespace
    name: str
    text: str = ""
    plays: list[dict[str, Any]] = field(default_factory=list)
    last_command: str = ""

    def __post_init__(self) -> None:
        self.folder = Path(self.arguments.work) / f"examples-{self.name.replace('/', '-')}"
        self.place = self.folder / "etc-smime"
        # The CA wants each code once, and of 16 characters at the most.
        own = f"{zlib.crc32(str(self.folder).encode()):08x}"
        self.codes = {person: f"{person}-{own}" for person in PEOPLE}
        if found := _OWN_CODE.search(self.text):
            self.codes["alice"] = found.group(1)

    def prepare(self) -> None:
        """Place the orders anew, and write what the commands find: an inventory, and a vault's password and contents."""
        for person, number in PEOPLE.items():
            order = {"email": f"{person}@example.test", "login_name": LOGIN_NAME, "collection_code": self.codes[person]}
            if number:
                control(self.arguments, "DELETE", f"orders/{number}", missing_ok=True)
                order["order_number"] = number
            control(self.arguments, "POST", "orders", order)
            (self.place / f"{person}@example.test").mkdir(parents=True)
        for name in ("var/lib/prometheus/node-exporter", "var/www/html"):
            (self.folder / name).mkdir(parents=True)
        local = {"ansible_connection": "local", "ansible_become": False, "smime_directory": str(self.place)}
        local["ansible_python_interpreter"] = sys.executable
        variables = {f"{person}_collection_code": code for person, code in self.codes.items()}
        variables.update(sectigo_login_name=LOGIN_NAME, sectigo_login_password=LOGIN_PASSWORD)
        variables.update(dave_pkcs12_passphrase="a passphrase of dave")
        hosts = {"all": {"children": {"mail_servers": {"hosts": {"localhost": {**local, **variables}}}}}}
        self._write("of-the-test.yml", yaml.safe_dump(hosts))
        self._write("group_vars/all.yml", yaml.safe_dump({"test_ca_python": self.arguments.ca_python}))
        self._write("host_vars/mail.example.test.yml", yaml.safe_dump(local))
        self._write("vault-password", "of the vault\n")
        self._write("edited", "".join(found.group() + "\n" for found in _OWN_CODE.finditer(self.text)))

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, text: str) -> None:
        """Take a YAML block: a file for a command, or tasks or plays to run."""
        if os.geteuid():
            text = GIVEN_AWAY.sub("", text)
        content = yaml.safe_load(VARIABLE.sub(f"{self.folder}/var", PLACE.sub(str(self.place), text)))
        if named := _FILE_NAME.match(text):
            if named.group(1) not in self.text.replace(named.group(), ""):
                raise SystemExit(f"{self.name}: nothing uses {named.group(1)}")
            # What stands in a vault is written by ansible-vault.
            if not named.group(1).endswith("vault.yml"):
                self._write(named.group(1), yaml.safe_dump(content))
        elif "hosts" in content[0]:
            self.plays += content
        else:
            self.plays.append({"hosts": "localhost", "gather_facts": False, "tasks": content})

    def play(self) -> None:
        """Run what was added twice, and look at both outputs."""
        if not self.plays:
            return
        self._write("playbook.yml", yaml.safe_dump(self.plays))
        # One process for both runs; what it counts goes on.
        runs = 1 if self.name in CHANGES_EACH_TIME else 2
        told = self.execute(["ansible-playbook", "-vvv", *["playbook.yml"] * runs])
        first, *counts = told.split("\nPLAY RECAP ")
        once, *twice = (re.findall(r"^(\S+) +: .*changed=(\d+)", count, re.MULTILINE) for count in counts)
        if not once or twice != [once] * (runs - 1):
            raise SystemExit(f"{self.name}: the second run changes something: {once} {twice}\n{told}")
        secrets = [LOGIN_PASSWORD, "a passphrase of dave", *self.codes.values()]
        shown = [value for value in secrets if value not in self.text and value in told]
        if shown:
            raise SystemExit(f"{self.name}: Ansible shows {shown}\n{told}")
        tasks = len(re.findall("^TASK", first, re.MULTILINE))
        print(f"{self.name}: {tasks} tasks in {len(self.plays)} plays")
        self.plays = []

    def run_commands(self, text: str) -> None:
        """Run the commands of a console block in one shell, which stops at the first that fails."""
        lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        if not lines:
            raise SystemExit(f"{self.name}: a console block without a command\n{text}")
        script = [changed for changed in map(self._adapt, lines) if changed]
        if "--inventory inventory.yml" in (script or [""])[-1]:
            self.last_command = script.pop()  # the blocks below say what it prints
        self.execute(["sh", "-e", "-c", "\n".join(script)])
        print(f"{self.name}: {len(script)} of {len(lines)} commands")

    def _adapt(self, command: str) -> str:
        """Return what runs in the place of a command, which is nothing for some."""
        if any(command.startswith(start) for start in NOT_RUN):
            return ""
        if command.startswith("make "):
            return f"make --dry-run --directory={self.arguments.collection} {command.removeprefix('make ')} >/dev/null"
        program = f"{self.arguments.ca_python} {self.arguments.collection}/roles/test_ca/files/test_ca"
        replacements = {
            "python3 files/test_ca": program,
            "/tmp/ca": f"{self.folder}/ca",  # noqa: S108
            " ADDRESS ": f" {self.arguments.collection} ",
            # There is no terminal for an editor, and the environment names a file with the password.
            "ansible-vault create": f"ansible-vault encrypt {self.folder}/edited --output",
            " --ask-vault-password": "",
        }
        for old, new in replacements.items():
            command = command.replace(old, new)
        return command

    def run_again(self, order: str, expected: str) -> None:
        """Run the last command after a change of the order, and find what it is to print."""
        control(self.arguments, "PATCH", f"orders/{PEOPLE['alice']}", json.loads(order))
        told = self.execute(["sh", "-c", f"{self.last_command}; true"])
        missing = [line for line in expected.splitlines() if line.strip() not in told]
        if missing:
            raise SystemExit(f"{self.name}: after {order} this is not printed: {missing}\n{told}")
        print(f"{self.name}: a run with {order}")

    def execute(self, command: list[str]) -> str:
        """Run a program in the document's folder and return what it printed."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SMIME_")},
            "HOME": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_INVENTORY": str(self.folder / "of-the-test.yml"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.folder / "vault-password"),
            "ANSIBLE_PIPELINING": "1",
            "SMIME_API_URL": self.arguments.api_url,
            "SMIME_API_CA_PATH": self.arguments.ca_path,
        }
        done = subprocess.run(command, cwd=self.folder, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{self.name}: {command} failed\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_blocks(self) -> None:
        """Run the blocks of the document in their order."""
        for block in find_blocks(self.name, self.text):
            text = textwrap.dedent(block["text"])
            if block["reason"]:
                print(f"{self.name}: a block does not run: {block['reason']}")
            elif block["language"] == "yaml":
                self.add(text)
            elif block["language"] == "console":
                self.play()
                self.run_commands(text)
            elif block["order"]:
                self.run_again(block["order"], text)
        self.play()


def find_blocks(name: str, text: str) -> Iterator[Mapping[str, str]]:
    """Return language, text and comment of each block; stop at one that would escape."""
    suffix = Path(name).suffix
    blocks = [found.groupdict() for found in BLOCKS[suffix].finditer(text)]
    openings = [found.group().strip() for found in OPENINGS[suffix].finditer(BLOCKS[suffix].sub("", text))]
    strange = {block["language"] for block in blocks} - {"yaml", "console", "text"}
    if openings or strange:
        raise SystemExit(f"{name} has examples that would not run: {openings} {strange}")
    yield from blocks


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
    """Return the EXAMPLES of a module, or of a filter's documentation."""
    if path.suffix == ".yml":
        return str(yaml.safe_load(path.read_text(encoding="utf-8"))["EXAMPLES"])
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise SystemExit(f"{path} has no EXAMPLES")


def run_module(arguments: argparse.Namespace, paths: list[Path]) -> None:
    """Run the examples of modules and filters, the later of which look at what the first one wrote."""
    document = Document(arguments, paths[0].stem)
    document.prepare()
    for person in WITH_REQUEST if paths[0].stem == "smime_certificate" else ():
        folder = document.place / f"{person}@example.test"
        command = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={person}"]
        document.execute([*command, "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "request.csr")])
    for path in paths:
        document.add(read_examples(path))
        print(f"{path.stem}: its examples")
    document.play()


def main() -> None:
    """Run all examples, or exit with what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("collection", "work", "control-url", "ca-path", "api-url", "ca-python"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("documents", nargs="*")
    arguments = parser.parse_args()
    root = Path(arguments.collection)
    found = [
        *root.glob("*.md"),
        *root.glob("roles/*/README.md"),
        *root.glob("docs/*.md"),
        *root.glob("docs/docsite/rst/*.rst"),
    ]
    # The examples of orders collect at once what they have placed: here, nobody has a mailbox to confirm.
    control(arguments, "PATCH", "settings", {"placed": {"state": "ready"}, "crl": "http"})
    names = arguments.documents or sorted(str(path.relative_to(root)) for path in found)
    if not arguments.documents:
        modules = sorted((root / "plugins/modules").glob("*.py"))
        readers = [path for path in modules if path.stem == "smime_certificate_info"]
        readers += sorted((root / "plugins/filter").glob("*.yml"))
        for path in modules:
            if path not in readers:
                run_module(arguments, [path, *readers] if path.stem == "smime_certificate" else [path])
    for name in names:
        document = Document(arguments, name, (root / name).read_text(encoding="utf-8"))
        if any(True for _block in find_blocks(name, document.text)):
            document.prepare()
            document.run_blocks()


if __name__ == "__main__":
    main()
