# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what signing costs a Postfix: without a milter, with one that only accepts, and with ours; smtp-source knows no milters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PYTHON = "/usr/bin/python3"  # the one that has Debian's packages
PROGRAM = str(Path(__file__).parents[1] / "roles/mail_signing/files/smime_milter")
NEEDED = (
    f"{PYTHON} -c 'import Milter, cryptography' && command -v postfix && command -v smtp-source && command -v openssl"
)
ALICE = "alice@example.test"
CONNECTIONS, MAILS, ROUNDS = 10, 500, 3
LARGE = 25 * 2**20
PORTS = {"no milter": 25925, "only accepts": 25926, "ours": 25927}
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
Milter.runmilter("accepting", sys.argv[1])
"""
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


def main() -> int:
    """Measure, print the table, and return the exit status."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() or subprocess.run(NEEDED, shell=True, capture_output=True, check=False).returncode:  # noqa: S602 - a text of ours
        print("This needs root, and Debian's packages postfix, python3-milter, python3-cryptography and openssl.")
        return 1
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, ExitStack() as stack:
        place = Path(folder)
        place.chmod(0o755)  # Postfix comes with a user of its own
        options = make_pair(place)
        sockets = {name: f"unix:{place}/{port}" for name, port in PORTS.items()}
        commands = {
            "only accepts": [PYTHON, "-c", ACCEPTING, sockets["only accepts"]],
            "ours": [PYTHON, PROGRAM, "serve", f"--socket={sockets['ours']}", *options],
        }
        processes = {
            name: stack.enter_context(serve_milter(place / str(PORTS[name]), command))
            for name, command in commands.items()
        }
        stack.enter_context(serve_postfix(place, sockets))
        print(f"| milter | mails a second, {CONNECTIONS} at a time | seconds for 25 MiB | memory at the most |")
        print("| --- | --- | --- | --- |")
        print(*measure(place / "large", processes), sep="\n")
        signed = (place / f"{PORTS['ours']}.log").read_text("utf-8").count(" signed\n")
        if signed != ROUNDS * (MAILS + 1):
            raise SystemExit(
                f"Only {signed} of {ROUNDS * (MAILS + 1)} mails were signed: these are no figures of signing."
            )
    return 0


def make_pair(place: Path) -> list[str]:
    """Make a key with its certificate and a policy for it, and return our milter's options."""
    files = [place / "key", place / "certificate"]
    subject = ["-subj", "/CN=Alice", "-addext", f"subjectAltName=email:{ALICE}"]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files[0], "-out", files[1], *subject)
    (place / "live").mkdir()
    (place / f"live/{ALICE}.pem").write_bytes(b"".join(file.read_bytes() for file in files))
    relays = [{"networks": ["127.0.0.0/8"], "senders": [ALICE]}]
    policy = {"owners": {}, "sendmail": False, "on_expired": "defer", "on_unclear_author": "defer", "relays": relays}
    (place / "policy.json").write_text(json.dumps(policy), "utf-8")
    return [f"--live={place}/live", f"--policy={place}/policy.json", f"--temporary={place}", "--umask=0", "--stderr"]


@contextmanager
def serve_milter(socket: Path, command: list[str]) -> Iterator[int]:
    """Have a milter, and give the number of its process."""
    with socket.with_suffix(".log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            while not socket.exists():
                if process.poll() is not None:
                    raise SystemExit(socket.with_suffix(".log").read_text())
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def serve_postfix(place: Path, sockets: dict[str, str]) -> Iterator[None]:
    """Have a Postfix with a port for each milter, and for none."""
    for folder in ("etc", "queue", "data"):
        (place / folder).mkdir(mode=0o755)
    run("chown", "postfix", place / "data")
    settings = f"queue_directory={place}/queue\ndata_directory={place}/data\nmessage_size_limit={2 * LARGE}\n"
    settings += f"maillog_file={place}/log\nmaillog_file_prefixes={place}\n"
    (place / "etc/main.cf").write_text(settings + MAIN, "utf-8")
    milters = {**sockets, "no milter": ""}
    ports = [f"{port} inet n - n - - smtpd\n    -o smtpd_milters={milters[name]}" for name, port in PORTS.items()]
    (place / "etc/master.cf").write_text("\n".join(ports) + SERVICES, "utf-8")
    run("postfix", "-c", place / "etc", "start")
    try:
        yield
    finally:
        run("postfix", "-c", place / "etc", "stop")


def measure(large: Path, processes: dict[str, int]) -> Iterator[str]:
    """Yield the rows of the table: the best of some rounds, in which all take turns."""
    head = f"From: {ALICE}\nContent-Type: application/x-raw\nContent-Transfer-Encoding: base64\n\n"
    line = "QUJD" * 19 + "\n"
    large.write_text(head + line * (LARGE // len(line)), "utf-8")
    many = [f"-s{CONNECTIONS}", f"-m{MAILS}", "-l2000"]
    rounds = [
        {name: (send(name, *many), send(name, "-m1", f"-F{large}")) for name in PORTS} for _round in range(ROUNDS)
    ]
    for name in PORTS:
        small, one = (min(times) for times in zip(*(each[name] for each in rounds), strict=True))
        status = Path(f"/proc/{processes[name]}/status").read_text("utf-8") if name in processes else ""
        memory = f"{int(status.partition('VmHWM:')[2].split()[0]) // 1024} MiB" if status else "-"
        yield f"| {name} | {MAILS / small:.0f} | {one:.2f} | {memory} |"


def send(name: str, *options: str) -> float:
    """Return how many seconds mails take that smtp-source sends."""
    before = time.monotonic()
    run("smtp-source", *options, "-f", ALICE, "-t", "bob@example.test", f"inet:127.0.0.1:{PORTS[name]}")
    return time.monotonic() - before


def run(*command: str | Path) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True, capture_output=True, timeout=300)


if __name__ == "__main__":
    sys.exit(main())
