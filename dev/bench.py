# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the tasks of bench.yml and write docs/benchmark; general tools for benchmarks know neither tasks nor pings.

A task of ansible.builtin.ping pays for all that Ansible does around a module, and is the unit. It stands on both sides of each task
that is measured, in one playbook; the first round fills caches, and of the others medians and quartiles count.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from collection_copy import CLONE
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from loopback_ca import running_authority
from test_ca.authority import PEM, Hierarchy, SigningKey, key_to_pem, make_intermediate, make_root
from test_ca.issuing import Profile, issue_under

PLACE = CLONE / ".cache/bench"
OUTPUT = CLONE / "docs/benchmark/results.md"
CRYPTO = "ansible==14.5.0"  # the package with community.crypto, of which only that is unpacked
EMAILS = [f"mailbox{number:05}@example.test" for number in range(10_000)]
ISSUED = 100
CALLBACK = """\
import json, time
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "durations"
    def v2_playbook_on_task_start(self, task, is_conditional):
        self.start = time.perf_counter()
    def v2_runner_on_ok(self, result):
        print(json.dumps(time.perf_counter() - self.start))
    def v2_runner_on_failed(self, result, ignore_errors=False):
        print("FAILED", json.dumps(result._result))
"""
PAGE = """\
{head}
# What runs cost

Written by `make bench` on {now:%Y-%m-%d}, with {tools}, on {processors} processors. Medians, with quartiles in brackets.
A ping is a task of `ansible.builtin.ping`, which took {ping} seconds. The test CA runs on the same processors.

| what | in pings | seconds beyond a ping |
| --- | --- | --- |
{rows}
"""
# Both axes are logarithmic: a decade is 100 wide and 70 high.
FIGURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 470 350" font-family="sans-serif" font-size="12">
<rect width="470" height="350" fill="#fff"/>
{grid}
<g fill="none" stroke-width="2.5"><path stroke="#b3541e" d="{loop}"/>
<path stroke="#b3541e" stroke-dasharray="6 5" d="{drawn_out}"/><path stroke="#1e5fb3" d="{task}"/></g>
<g fill="#333"><text x="250" y="110" text-anchor="end">a loop of smime_certificate</text>
<text x="120" y="265">one task of smime_certificates</text><text x="235" y="342" text-anchor="middle">mailboxes</text>
<text x="15" y="170" text-anchor="middle" transform="rotate(-90 15 170)">pings</text></g>
</svg>
"""


def main() -> int:
    """Measure everything, write the page and print it."""
    PLACE.mkdir(parents=True, exist_ok=True)
    unpack_community_crypto()
    make_mailboxes()
    for old in PLACE.glob("issued-*"):
        shutil.rmtree(old, ignore_errors=True)
    orders = {kind: [[{"email": each, "collection_code": f"{kind}-{turn}-{each[7:12]}"} for each in EMAILS[:ISSUED]]
                     for turn in range(4)] for kind in ("rsa", "ec")}  # fmt: skip
    mailboxes = [{"email": each, "order_number": str(number)} for number, each in enumerate(EMAILS, 1)]
    variables = {"ansible_python_interpreter": sys.executable, "mailboxes": mailboxes, "orders": orders}
    (PLACE / "variables.json").write_text(json.dumps(variables), "utf-8")
    measured = list(measure([order for turns in orders.values() for turn in turns for order in turn]))
    tools = [f"{name} {version(name)}" for name in ("ansible-core", "cryptography", "requests")]
    page = PAGE.format(
        head=OUTPUT.read_text("utf-8").partition("\n#")[0],
        now=datetime.now(UTC),
        tools=", ".join(["Python " + sys.version.split()[0], *tools]),
        processors=os.cpu_count(),
        ping=describe([ping for _name, pings, _seconds in measured for ping in pings]),
        rows="\n".join(
            f"| {name} | {describe([task / ping for ping, task in zip(pings, tasks, strict=True)])} "
            f"| {describe([task - ping for ping, task in zip(pings, tasks, strict=True)])} |"
            for name, pings, tasks in measured
        ),
    )
    OUTPUT.write_text(page, "utf-8")
    OUTPUT.with_name("cost.svg").write_text(draw(page), "utf-8")
    print(page)
    return 0


def draw(page: str) -> str:
    """Return the figure of what mailboxes cost in one task and in a loop, from the page's table."""
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]

    def cost(words: str) -> float:
        return next(float(row[1].split()[0]) for row in rows if words in row[0])

    def at(mailboxes: float, pings: float) -> str:
        return f"{60 + 100 * math.log10(mailboxes):.1f},{310 - 70 * math.log10(pings):.1f}"

    grid = [
        f'<path stroke="#ddd" d="M{at(10**power, 1)} V30 M{at(1, 10**power)} H440"/>'
        f'<text x="{60 + 100 * power}" y="325" text-anchor="middle">{10**power}</text>'
        f'<text x="52" y="{314 - 70 * power}" text-anchor="end">{10**power}</text>'
        for power in range(4)
    ]
    one, loop, many, most = (cost(words) for words in ("do, RSA", "50 mailboxes", "1000 mailboxes", "5000 mailboxes"))
    return FIGURE.format(
        grid="\n".join(grid),
        loop=f"M{at(1, one)} L{at(50, loop)}",
        drawn_out=f"M{at(50, loop)} L{at(5000, 100 * loop)}",
        # Straight between two that were measured, which on these axes is none.
        task="M"
        + " ".join(at(10 ** (n / 4), one + (many - one) * 10 ** (n / 4) / 1000) for n in range(13))
        + f" {at(5000, most)}",
    )


def measure(orders: list[dict[str, str]]) -> Iterator[tuple[str, list[float], list[float]]]:
    """Yield of each task its name and, a value a round, the seconds of the pings beside it and its own."""
    ping: dict[str, Any] = {"ansible.builtin.ping": {}}
    for name, rounds, task in yaml.safe_load((CLONE / "dev/bench.yml").read_text("utf-8")):
        text = json.dumps(task).replace("<place>", str(PLACE))
        with contextlib.ExitStack() as stack:
            if "<url>" in text:  # only here is a CA asked, which would not wait that long for the others
                shutil.rmtree(PLACE / "ca", ignore_errors=True)
                text = text.replace("<url>", stack.enter_context(running_authority(PLACE / "ca", orders)).url)
            turns = [json.loads(text.replace("<round>", str(turn))) for turn in range(rounds + 1)]
            seconds = run_tasks([ping, *(each for turn in turns for each in (turn, ping))])[2:]
        yield name, [sum(pair) / 2 for pair in zip(seconds[:-2:2], seconds[2::2], strict=True)], seconds[1::2]


def run_tasks(tasks: list[dict[str, Any]]) -> list[float]:
    """Run a play and return the seconds of each task."""
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (PLACE / "callbacks").mkdir(exist_ok=True)
    (PLACE / "callbacks/durations.py").write_text(CALLBACK, "utf-8")
    (PLACE / "play.json").write_text(json.dumps([play | {"vars_files": [f"{PLACE}/variables.json"]}]), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "SMIME_"))}
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": f"{PLACE}/callbacks", "ANSIBLE_STDOUT_CALLBACK": "durations", "ANSIBLE_HOME": f"{PLACE}/home",
        "ANSIBLE_COLLECTIONS_PATH": f"{CLONE}/.cache/tree:{PLACE}/tree", "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory=localhost,", f"{PLACE}/play.json"]
    done = subprocess.run(command, env={**kept, **settings}, stdout=subprocess.PIPE, text=True, check=False)
    told = done.stdout.splitlines()
    if len(told) != len(tasks) or any(text.startswith("FAILED") for text in told):
        raise SystemExit("\n".join(told[-3:])[:3000])
    return [float(text) for text in told]


def describe(values: list[float]) -> str:
    """Return the median and the quartiles as text."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def make_mailboxes() -> None:
    """Make mailboxes that need nothing for years, unless they are there; many share a key, which costs no less to look at."""
    made = PLACE / "made-for-ten-years"
    if made.exists():
        return
    root = make_root("root", rsa.generate_private_key(65537, 3072))
    hierarchy = Hierarchy(root, make_intermediate(root, "issuer", rsa.generate_private_key(65537, 3072)))
    (PLACE / "root.pem").write_bytes(root.certificate.public_bytes(PEM))
    keys: list[SigningKey] = [rsa.generate_private_key(65537, 2048) for _number in range(20)]
    keys.append(ec.generate_private_key(ec.SECP256R1()))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    requests = [builder.sign(key, hashes.SHA256()) for key in keys]
    mailboxes = {"ec@example.test": 20, **{email: n % 20 for n, email in enumerate(["rsa@example.test", *EMAILS])}}
    for email, number in mailboxes.items():
        folder = PLACE / email
        folder.mkdir(exist_ok=True)
        chain = issue_under(hierarchy, Profile(email, validity_days=3650), requests[number])
        (folder / "cert.pem").write_bytes(chain.end_entity.public_bytes(PEM))
        (folder / "chain.pem").write_bytes(chain.above[0].public_bytes(PEM))
        (folder / "key.pem").touch(mode=0o600)
        (folder / "key.pem").write_bytes(key_to_pem(keys[number]))
    (PLACE / "rsa@example.test/csr.pem").write_bytes(requests[0].public_bytes(PEM))
    made.touch()


def unpack_community_crypto() -> None:
    """Have the collection to compare with."""
    if not (PLACE / "tree").exists():
        pip = ["-m", "pip", "--quiet", "download", "--no-deps", "--only-binary=:all:", "--python-version=3.12"]
        subprocess.run([sys.executable, *pip, f"--dest={PLACE}", CRYPTO], check=True)
        with zipfile.ZipFile(next(PLACE.glob("ansible-*.whl"))) as archive:
            names = [name for name in archive.namelist() if name.startswith("ansible_collections/community/crypto/")]
            archive.extractall(PLACE / "tree", names)


if __name__ == "__main__":
    sys.exit(main())
