# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what signing costs a Postfix: without a milter, with one that only accepts, and with ours; smtp-source knows no milters.

As root on Debian, with the packages postfix, python3-milter, python3-cryptography and openssl: ``python3 dev/bench_milter.py``. It has a
Postfix of its own on loopback, and writes a table to standard output. ``--former FOLDER`` measures an older ``smime_milter``, too.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "roles/mail_signing/files/smime_milter"
ALICE = "alice@example.test"
CONNECTIONS, MAILS, ROUNDS = 10, 500, 3
LARGE = 25 * 2**20
os.environ["PATH"] += ":/usr/sbin:/sbin"
MAIN = """
compatibility_level = 3.5
myhostname = mail.example.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
default_transport = discard:
smtpd_client_connection_count_limit = 0
"""
SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
discard unix - - n - - discard
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
# What any milter in Python costs that looks at the whole mail.
ACCEPTING = """
import os, sys, Milter
os.umask(0)
class Accepting(Milter.Base):
    @Milter.noreply
    @Milter.decode("bytes")
    def header(self, name, value): return Milter.CONTINUE
    def envfrom(self, sender, *options): return Milter.CONTINUE
    def eoh(self): return Milter.CONTINUE
    @Milter.noreply
    def body(self, chunk): return Milter.CONTINUE
Milter.factory = Accepting
Milter.runmilter("accepting", sys.argv[3].partition("=")[2])
"""


def run(*command: str) -> str:
    """Run a command that must succeed, and return what it writes."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def find_ports(count: int) -> list[int]:
    """Return ports that are free."""
    with ExitStack() as stack:
        return [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _number in range(count)
        ]


@contextmanager
def serve_postfix(place: Path, services: dict[str, int]) -> Iterator[None]:
    """Have a Postfix with a service for each milter, and for none."""
    for folder in ("etc", "queue", "data"):
        (place / folder).mkdir(mode=0o755)
    run("chown", "postfix", str(place / "data"))
    settings: dict[str, object] = {
        "queue_directory": place / "queue",
        "data_directory": place / "data",
        "maillog_file": place / "log",
    }
    settings |= {"maillog_file_prefixes": place, "message_size_limit": 2 * LARGE}
    (place / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()) + MAIN)
    entries = [
        f"{port} inet n - n - - smtpd\n    -o smtpd_milters={'' if name == 'no milter' else f'unix:{place}/{port}'}"
        for name, port in services.items()
    ]
    (place / "etc/master.cf").write_text("\n".join(entries) + SERVICES)
    run("postfix", "-c", f"{place}/etc", "start")
    try:
        yield
    finally:
        run("postfix", "-c", f"{place}/etc", "stop")


@contextmanager
def serve_milter(place: Path, port: int, command: list[str], *, policy: bool) -> Iterator[int]:
    """Have a milter, and give its process."""
    options = [
        "serve",
        f"--live={place}/live",
        f"--socket=unix:{place}/{port}",
        f"--temporary={place}",
        "--umask=0",
        "--stderr",
    ]
    options += [f"--policy={place}/policy.json"] if policy else []
    with (place / f"{port}.log").open("wb") as log, subprocess.Popen([*command, *options], stderr=log) as process:
        try:
            while not (place / str(port)).exists():
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def send(port: int, *options: str) -> float:
    """Return how many seconds mails take that smtp-source sends."""
    before = time.monotonic()
    run("smtp-source", *options, "-f", ALICE, "-t", "bob@example.test", f"inet:127.0.0.1:{port}")
    return time.monotonic() - before


def measure(place: Path, services: dict[str, int], processes: dict[str, int]) -> Iterator[str]:
    """Yield the rows of the table: the best of some rounds, in which all take turns."""
    large = place / "large"
    lines = b"QUJD" * 19 + b"\n"
    large.write_bytes(
        f"From: {ALICE}\nContent-Type: application/x-raw\nContent-Transfer-Encoding: base64\n\n".encode()
        + lines * (LARGE // len(lines))
    )
    small = ["-s", str(CONNECTIONS), "-m", str(MAILS), "-l", "2000"]
    rates = dict.fromkeys(services, 0.0)
    seconds = dict.fromkeys(services, float("inf"))
    for _round in range(ROUNDS):
        for name, port in services.items():
            rates[name] = max(rates[name], MAILS / send(port, *small))
            seconds[name] = min(seconds[name], send(port, "-m", "1", "-F", str(large)))
    for name in services:
        status = Path(f"/proc/{processes[name]}/status").read_text() if name in processes else ""
        memory = f"{int(status.partition('VmHWM:')[2].split()[0]) // 1024} MiB" if status else "-"
        yield f"| {name} | {rates[name]:.0f} | {seconds[name]:.2f} | {memory} |"


def main() -> int:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--former", help="an older smime_milter")
    former = parser.parse_args().former
    commands = {"ours": ["/usr/bin/python3", str(PROGRAM)], "only accepts": ["/usr/bin/python3", "-c", ACCEPTING]}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, ExitStack() as stack:
        place = Path(folder)
        place.chmod(0o755)
        (place / "live").mkdir()
        key, certificate = place / "key", place / "certificate"
        subject = ["-subj", "/CN=Alice", "-addext", f"subjectAltName=email:{ALICE}"]
        run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
            *subject,
        )
        (place / f"live/{ALICE}.pem").write_bytes(key.read_bytes() + certificate.read_bytes())
        policy = {"owners": {}, "sendmail": False, "on_expired": "defer", "on_unclear_author": "defer"}
        relays = [{"networks": ["127.0.0.0/8"], "senders": [ALICE]}]
        (place / "policy.json").write_text(json.dumps({**policy, "relays": relays}))
        if former:
            commands["former"] = ["/usr/bin/python3", former]
        services = dict(zip(["no milter", *commands], find_ports(len(commands) + 1), strict=True))
        processes = {
            name: stack.enter_context(serve_milter(place, services[name], command, policy=name != "former"))
            for name, command in commands.items()
        }
        stack.enter_context(serve_postfix(place, services))
        print(f"| milter | mails a second, {CONNECTIONS} at a time | seconds for 25 MiB | memory at the most |")
        print("|---|---|---|---|")
        for row in measure(place, services, processes):
            print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
