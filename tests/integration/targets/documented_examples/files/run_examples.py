# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the examples of the modules' documentation, the guides and the Markdown files against the test CA, each twice.

The commands of console blocks run, too, in the order of the text. A YAML block that opens with a comment with a file's name is
there for them under that name. An example that does not run has a comment above it that says why, or its command is in NOT_RUN.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# The one layout of all examples, and the default of the role.
PLACE = re.compile(r"/etc/smime(?=[/\s\"'])")
MODULES = ("smime_certificate", "smime_certificates", "smime_certificate_info", "smime_archive")
PEOPLE = ("alice", "bob", "carol", "dave", "erin")
# These examples bring a key and a request along; the others have the module make them.
WITH_REQUEST = ("alice", "bob", "carol")
ACCOUNT = {"login_name": "demo", "password": "demo-password"}
# A comment with a reason above a block, ".. Not run: it needs root" or "<!-- Not run: it needs root -->", exempts it.
BLOCKS = {
    ".rst": re.compile(
        r"(?:^\.\. Not run: (?P<reason>.+)\n\n)?^\.\. code-block:: (?P<language>\w+)\n(?:   :.+\n)*\n(?P<text>(?:(?:   .*)?\n)+)",
        re.MULTILINE,
    ),
    ".md": re.compile(
        r"(?:^<!-- Not run: (?P<reason>.+) -->\n\n)?^```(?P<language>\w+)\n(?P<text>(?:(?!```).*\n)*)^```$",
        re.MULTILINE,
    ),
}
# All that opens a block, in whatever form: a block that the patterns above do not know would escape without a word.
OPENINGS = {
    ".rst": re.compile(r"^\s*\.\. (?:code|code-block|sourcecode|parsed-literal)::|^(?!\s*\.\. ).*::$", re.MULTILINE),
    ".md": re.compile(r"^\s*(?:```|~~~)", re.MULTILINE),
}
_FILE_NAME = re.compile(r"# ([\w-]+\.yml)\n")

# The commands that do not run here, by how they start, and why. Of make it is only asked whether it has such a target: what
# that does is a stage of "make test", or a demo.
NOT_RUN = {
    "ansible-galaxy collection install mailops.smime": "asks Galaxy; test-package installs the tarball",
    "ansible-galaxy collection install git+": "asks the host of the repository",
    "ansible-galaxy collection build": "test-package does it",
    "ansible-galaxy collection install --offline": "test-package does it",
    "ansible-vault create": "opens an editor on a terminal",
    "ansible-playbook --inventory": "the mail servers are the reader's own; the README's inventory is read with ansible-inventory",
}
CHANGES_EACH_TIME = {"roles/test_ca/README.md": "it starts a CA and stops it again"}


class Examples:
    """A place of its own for one source of examples, with orders at the CA that are as new."""

    def __init__(self, arguments: argparse.Namespace, name: str) -> None:
        self.arguments = arguments
        self.name = name
        self.folder = Path(arguments.work) / f"examples-{name.replace('/', '-')}"
        self.place = self.folder / "smime"
        self.place.mkdir(parents=True)
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(self._inventory()), encoding="utf-8")

    def _inventory(self) -> dict[str, Any]:
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        # The CA wants each code once, and of 16 characters at the most.
        own = f"{zlib.crc32(str(self.folder).encode()):08x}"
        variables = {f"{person}_collection_code": f"{person}-{own}" for person in PEOPLE}
        variables.update(sectigo_login_name=ACCOUNT["login_name"], sectigo_login_password=ACCOUNT["password"])
        variables.update(test_ca_python=self.arguments.ca_python, dave_pkcs12_passphrase="a passphrase")
        # For an example that has the role's default.
        variables.update(smime_directory=str(self.place))
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
        key, request = str(folder / "privkey.pem"), str(folder / "request.csr")
        command = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={person}"]
        subprocess.run([*command, "-keyout", key, "-out", request], check=True, capture_output=True)

    def run(self, title: str, text: str) -> None:
        """Run one example twice; the second run must change nothing."""
        content = yaml.safe_load(PLACE.sub(str(self.place), text))
        if isinstance(content, dict):
            self._read_inventory(title, content)
            return
        if "hosts" not in content[0] and "ansible.builtin.import_playbook" not in content[0]:
            content = [{"hosts": "localhost", "gather_facts": False, "tasks": content}]
        named = _FILE_NAME.match(text)
        playbook = self.folder / (named.group(1) if named else "playbook.yml")
        playbook.write_text(yaml.safe_dump(content), encoding="utf-8")
        first, second = self._play(playbook, title), self._play(playbook, title)
        if re.search(r"changed=[1-9]", second) and self.name not in CHANGES_EACH_TIME:
            raise SystemExit(f"{title}: the second run changes something\n{second}")
        print(f"{self.name}: {title}: {len(re.findall('^TASK', first, re.MULTILINE))} tasks")

    def _read_inventory(self, title: str, content: dict[str, Any]) -> None:
        """Have Ansible read an inventory, which holds what the mapping says."""
        path = self.folder / "inventory.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        told = json.loads(self._execute(["ansible-inventory", "-i", str(path), "--list"], title))
        if not content.keys() <= told.keys():
            raise SystemExit(f"{self.name}: {title}: Ansible reads {sorted(told)}")
        print(f"{self.name}: {title}: an inventory")

    def run_commands(self, title: str, text: str) -> None:
        """Run the commands of a console block in one shell, which stops at the first that fails."""
        lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        if not lines:
            raise SystemExit(f"{self.name}: {title} has no command")
        script = [changed for changed in (self._adapt(line) for line in lines) if changed]
        self._execute(["sh", "-e", "-c", "\n".join(script)], title)
        print(f"{self.name}: {title}: {len(script)} of {len(lines)} commands")

    def _adapt(self, command: str) -> str:
        """Return what runs in the place of a command, which is nothing for some."""
        if any(command.startswith(start) for start in NOT_RUN):
            return ""
        if command.startswith("make "):
            return f"make --dry-run --directory={self.arguments.collection} {command.removeprefix('make ')} >/dev/null"
        program = f"{self.arguments.ca_python} {self.arguments.collection}/roles/test_ca/files/test_ca"
        return command.replace("python files/test_ca", program).replace("/tmp/ca", f"{self.folder}/ca")  # noqa: S108

    def _play(self, playbook: Path, title: str) -> str:
        return self._execute(["ansible-playbook", str(playbook)], title)

    def _execute(self, command: list[str], title: str) -> str:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SMIME_")},
            "HOME": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_INVENTORY": str(self.folder / "hosts.yml"),
            "SMIME_API_URL": self.arguments.api_url,
            "SMIME_API_CA_PATH": self.arguments.ca_path,
        }
        done = subprocess.run(command, cwd=self.folder, env=environment, check=False, capture_output=True, text=True)
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
    if sorted(path.stem for path in plugins.glob("*.py")) != sorted(MODULES):
        raise SystemExit(f"There are other modules than {MODULES}")
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
    many.name = "smime_archive"
    many.run("examples", read_examples(plugins / "smime_archive.py"))


def find_blocks(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Return language, text and, if it is not to run, the reason of each block; stop at one that would escape."""
    suffix = Path(name).suffix
    blocks = list(BLOCKS[suffix].finditer(text))
    openings = [found.group().strip() for found in OPENINGS[suffix].finditer(BLOCKS[suffix].sub("", text))]
    strange = {block["language"] for block in blocks} - {"yaml", "console", "text"}
    if openings or strange:
        raise SystemExit(f"{name} has examples that would not run: {openings} {strange}")
    for block in blocks:
        yield block["language"], textwrap.dedent(block["text"]), block["reason"] or ""


def run_document(arguments: argparse.Namespace, name: str) -> None:
    """Run the blocks of a document in their order, in a place of its own."""
    blocks = list(find_blocks(name, (Path(arguments.collection) / name).read_text(encoding="utf-8")))
    if not blocks:
        return
    document = Examples(arguments, name)
    document.prepare()
    for number, (language, text, reason) in enumerate(blocks, 1):
        if reason:
            print(f"{name}: block {number} does not run: {reason}")
        elif language == "yaml":
            document.run(f"block {number}", text)
        elif language == "console":
            document.run_commands(f"block {number}", text)


def main() -> None:
    """Run all examples, or exit with what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("collection", "work", "control-url", "ca-path", "api-url", "ca-python"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    run_modules(arguments)
    root = Path(arguments.collection)
    for pattern in ("docs/docsite/rst/*.rst", "*.md", "roles/*/README.md"):
        for document in sorted(root.glob(pattern)):
            run_document(arguments, str(document.relative_to(root)))


if __name__ == "__main__":
    main()
