# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the playbooks of the guide to publishing against a BIND and an OpenLDAP of their own, before and after a renewal.

What is in DNS is asked for with dnspython, what is in the directory with ldapsearch, and both are held against the files by openssl.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import plistlib
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_BLOCK = re.compile(r"^\.\. code-block:: yaml\n\n   # (publish_\w+\.yml)\n((?:(?:   .*)?\n)+)", re.MULTILINE)
MAILBOXES = {"alice@example.test": "publish-alice", "bob@example.test": "publish-bob"}
PROVISION, LDAP_RECIPE = "mailops.smime.provision", "publish_ldap.yml"
ADMIN = "cn=admin,dc=example,dc=test"
SYSTEM_PYTHON = "/usr/bin/python3"
NAMED = """\
options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;
  pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key"; managed-keys-directory "{folder}"; dnssec-validation no; }};
controls {{ }};
key smime {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "example.test" {{ type master; file "{folder}/example.test"; update-policy {{ grant smime zonesub SMIMEA; }}; }};
"""
ZONE = """\
$TTL 60
@ IN SOA ns.example.test. hostmaster.example.test. 1 60 60 60 60
@ IN NS ns.example.test.
ns IN A 127.0.0.1
"""
SLAPD = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
suffix "dc=example,dc=test"
rootdn "{admin}"
rootpw {secret}
directory {folder}
"""
TREE = """\
dn: dc=example,dc=test
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people
"""
PERSON = """
dn: mail={email},ou=people,dc=example,dc=test
objectClass: inetOrgPerson
cn: {email}
sn: {email}
mail: {email}
userCertificate;binary:: {foreign}
"""
# Asks for a record and prints its numbers and its contents, as dnspython has them.
ASK = """\
import sys, dns.message, dns.query
answer = dns.query.tcp(dns.message.make_query(sys.argv[1], "SMIMEA"), "127.0.0.1", port=int(sys.argv[2]))
for record in (record for found in answer.answer for record in found):
    print(record.usage, record.selector, record.mtype, record.cert.hex())
"""


class Trial:
    """The servers, the mailboxes and what is looked at."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.work = Path(arguments.work)
        self.place = self.work / "smime"
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.dns_port, self.ldap_port = find_ports(2)
        self.foreign = self.make_foreign()
        manifest = Path(arguments.community, "ansible_collections/community/general/MANIFEST.json")
        version: str = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        self.with_ldap = tuple(map(int, version.split(".")[:2])) >= (12, 5)

    def make_foreign(self) -> bytes:
        """Make a certificate of another origin that stands in the directory."""
        key, certificate = self.work / "foreign.key", self.work / "foreign.der"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=foreign"]
        self.run([*command, "-keyout", str(key), "-out", str(certificate), "-outform", "DER"])
        return certificate.read_bytes()

    def run(self, command: list[str], text: str = "", *, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=self.work, env=env)
        if done.returncode:
            raise SystemExit(f"{command} failed\n{done.stdout}\n{done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def serve(self) -> Iterator[None]:
        """Run both servers."""
        commands = []
        for name, template, port in (("bind", NAMED, self.dns_port), ("ldap", SLAPD, self.ldap_port)):
            folder = self.work / name
            folder.mkdir()
            configuration = template.format(folder=folder, port=port, secret=self.secret, admin=ADMIN)
            (folder / "server.conf").write_text(configuration, encoding="utf-8")
            (folder / "server.conf").chmod(0o600)
            commands.append([str(folder / "server.conf"), str(port)])
        (self.work / "bind/example.test").write_text(ZONE, encoding="utf-8")
        named = ["named", "-g", "-c", commands[0][0]]
        slapd = ["slapd", "-d", "0", "-f", commands[1][0], "-h", f"ldap://127.0.0.1:{self.ldap_port}/"]
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        with contextlib.ExitStack() as stack:
            for command, port in ((named, self.dns_port), (slapd, self.ldap_port)):
                log = stack.enter_context((self.work / f"{command[0]}.log").open("w"))
                process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
                stack.callback(process.wait)
                stack.callback(process.terminate)
                wait_for(port, process, Path(log.name))
            people = [
                PERSON.format(email=email, foreign=base64.b64encode(self.foreign).decode()) for email in MAILBOXES
            ]
            self.run([*self.ldap("ldapadd"), "-D", ADMIN, "-w", self.secret], TREE + "".join(people))
            yield

    def ldap(self, program: str) -> list[str]:
        return [program, "-x", "-H", f"ldap://127.0.0.1:{self.ldap_port}/"]

    def write_playbooks(self) -> list[str]:
        """Write the guide's playbooks for the folder at hand, an inventory, and a play of the role; return the recipes' names."""
        guide = Path(self.arguments.guide).read_text(encoding="utf-8")
        recipes = {name: textwrap.dedent(text) for name, text in _BLOCK.findall(guide)}
        for name, text in recipes.items():
            (self.work / name).write_text(text.replace("/etc/smime", str(self.place)), encoding="utf-8")
        local = {"ansible_connection": "local"}
        mail_server = {
            **local,
            "ansible_python_interpreter": sys.executable,
            "smime_directory": str(self.place),
            "smime_pkcs12": True,
            "smime_pkcs12_passphrase": "a passphrase",
            "smime_mailboxes": [{"email": email, "collection_code": code} for email, code in MAILBOXES.items()],
            "smime_api_url": self.arguments.api_url,
            "smime_api_ca_path": self.arguments.ca_path,
        }
        controller = {**local, "ansible_python_interpreter": SYSTEM_PYTHON}
        hosts = {
            "mail_servers": {"hosts": {"mail.example.test": mail_server}},
            "all": {"hosts": {"localhost": controller}},
        }
        (self.work / "inventory.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
        # Play variables of the guide that are this machine's own.
        own = {"dns_port": self.dns_port, "dns_key_secret": self.secret, "ldap_password": self.secret}
        own["ldap_uri"] = f"ldap://127.0.0.1:{self.ldap_port}"
        (self.work / "own.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
        return sorted(recipes)

    def play(self, playbooks: list[str], *arguments: str) -> list[int]:
        """Run playbooks in one process, and return how many changes there were after each; no secret may be shown."""
        program = [sys.executable, "-m", "ansible.cli.playbook", "-i", "inventory.yml", "-e", "@own.yml"]
        paths = f"{self.arguments.community}{os.pathsep}{os.environ['ANSIBLE_COLLECTIONS_PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SMIME_")}
        environment = {**kept, "ANSIBLE_COLLECTIONS_PATH": paths, "ANSIBLE_PIPELINING": "1"}
        told = self.run([*program, *playbooks, *arguments], env=environment)
        if self.secret in told or "PRIVATE KEY" in told:
            raise SystemExit(f"{playbooks} show a secret\n{told}")
        changes = [int(number) for number in re.findall(r"^mail.example.test .*changed=(\d+)", told, re.MULTILINE)]
        require(len(changes) == len(playbooks), told)
        return changes

    def look(self) -> None:
        """Hold what is published against the files."""
        for email in MAILBOXES:
            folder = self.place / email
            data = subprocess.check_output(["openssl", "x509", "-in", str(folder / "cert.pem"), "-outform", "DER"])
            owner = self.run([sys.executable, "-c", OWNER, str(folder / "cert.pem")]).strip()
            records = self.run([SYSTEM_PYTHON, "-c", ASK, owner, str(self.dns_port)]).splitlines()
            require(records == [f"3 0 0 {data.hex()}"], f"{email}: the records are {records}")
            if self.with_ldap:
                self.look_in_directory(email, data)
            if shutil.which("xmllint"):
                self.run(["xmllint", "--noout", "--nonet", str(folder / f"{email}.mobileconfig")])
            profile = plistlib.loads((folder / f"{email}.mobileconfig").read_bytes())
            require(
                profile["PayloadContent"][0]["PayloadContent"] == (folder / f"{email}.p12").read_bytes(),
                "another PKCS#12",
            )

    def look_in_directory(self, email: str, data: bytes) -> None:
        """Hold an entry against the certificate and the files."""
        entry = self.search(email)
        require(sorted(entry["userCertificate;binary"]) == sorted([self.foreign, data]), f"{email}: {entry}")
        (bundle,) = entry["userSMIMECertificate"]
        (self.work / "bundle.p7b").write_bytes(bundle)
        names = self.run(["openssl", "pkcs7", "-inform", "DER", "-in", "bundle.p7b", "-print_certs"])
        full = (self.place / email / "fullchain.pem").read_text(encoding="utf-8")
        require(read_pem(names) == read_pem(full), f"{email}: userSMIMECertificate has other certificates\n{names}")

    def search(self, email: str) -> dict[str, list[bytes]]:
        """Return the published values of an entry."""
        base = f"mail={email},ou=people,dc=example,dc=test"
        command = [*self.ldap("ldapsearch"), "-LLL", "-o", "ldif-wrap=no", "-b", base]
        told = self.run([*command, "-s", "base", "userCertificate;binary", "userSMIMECertificate"])
        found: dict[str, list[bytes]] = {}
        for name, value in re.findall(r"^(userCertificate;binary|userSMIMECertificate):: (\S+)$", told, re.MULTILINE):
            found.setdefault(name, []).append(base64.b64decode(value))
        return found

    def control(self, method: str, path: str, body: object) -> Any:
        """Call the control API of the test CA."""
        request = urllib.request.Request(
            f"{self.arguments.control_url}/{path}", json.dumps(body).encode(), method=method
        )
        request.add_header("Content-Type", "application/json")
        context = ssl.create_default_context(cafile=self.arguments.ca_path)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request) as answer:
            return json.load(answer)


# The owner by another way than the filter's: RFC 8162, section 3, spelled out for an address of plain ASCII.
OWNER = """\
import hashlib, sys
from cryptography import x509
names = x509.load_pem_x509_certificate(open(sys.argv[1], "rb").read()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
local, domain = names.value.get_values_for_type(x509.RFC822Name)[0].split("@")
print(hashlib.sha256(local.encode()).digest()[:28].hex() + "._smimecert." + domain)
"""


def read_pem(text: str) -> list[str]:
    """Return the certificates of a PEM, sorted."""
    return sorted(
        "".join(block.split()) for block in re.findall(r"BEGIN CERTIFICATE-----(.*?)-----END", text, re.DOTALL)
    )


def require(condition: bool, complaint: str) -> None:
    if not condition:
        raise SystemExit(complaint)


def find_ports(count: int) -> list[int]:
    """Return ports that are free for TCP and, for a name server, UDP."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _number in range(count)]
        return [listener.getsockname()[1] for listener in found]


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(100):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise SystemExit(f"{process.args!r} does not listen\n{log.read_text(encoding='utf-8')}")


def main() -> None:
    """Issue, publish, renew and publish again, or exit with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("guide", "work", "community", "control-url", "ca-path", "api-url"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    Path(arguments.work).mkdir()
    trial = Trial(arguments)
    recipes = trial.write_playbooks()
    require(recipes == ["publish_apple.yml", "publish_dns.yml", LDAP_RECIPE], f"the guide has {recipes}")
    if not trial.with_ldap:
        print(f"SKIPPED {LDAP_RECIPE}: it needs community.general 12.5.0, which needs ansible-core 2.17")
        recipes.remove(LDAP_RECIPE)
    for email, code in MAILBOXES.items():
        order = {"email": email, "collection_code": code, "order_number": code, "not_before_days": -100}
        trial.control("POST", "orders", order)
    with trial.serve():
        trial.play([PROVISION, *recipes])
        trial.look()
        print("published")
        trial.control("POST", "orders/publish-alice/reissue", {"not_before_days": 0})
        before = (trial.place / "alice@example.test/cert.pem").read_bytes()
        changes = trial.play([PROVISION, *recipes, *recipes], "-e", "smime_remaining_days=300")
        renewed = before != (trial.place / "alice@example.test/cert.pem").read_bytes()
        require(renewed, "alice's certificate was not renewed")
        require(changes[-1] == changes[len(recipes)], f"the second run of the recipes changes something: {changes}")
        trial.look()
        print("published again, after a renewal")


if __name__ == "__main__":
    main()
