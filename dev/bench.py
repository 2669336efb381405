# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what runs cost and write docs/benchmark/results.md; general tools for benchmarks know neither tasks nor pings.

A task of ansible.builtin.ping pays for all that Ansible does around a module, and is the unit. It stands on both sides of each task
that is measured, in one playbook, and what counts is the median over the rounds, with the quartiles.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from collection_copy import CLONE
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from loopback_ca import running_authority

PLACE = CLONE / ".cache/bench"
OUTPUT = CLONE / "docs/benchmark/results.md"
CRYPTO = "ansible==14.5.0"  # the package with community.crypto, of which only that is unpacked
ROUNDS, FEW_ROUNDS, LOOP, ISSUED, FILES = 15, 3, 50, 100, 10_000
SIZES = (1000, 5000)
NOBODY = {"login_name": "demo", "login_password": "demo-password", "api_url": "https://127.0.0.1:9/", "api_retries": 0}
CALLBACK = """\
import json, time
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "durations"
    def v2_playbook_on_task_start(self, task, is_conditional):
        self.start = time.perf_counter()
    def v2_runner_on_ok(self, result):
        print(json.dumps([time.perf_counter() - self.start, result._result.get("changed")]))
    def v2_runner_on_failed(self, result, ignore_errors=False):
        print(json.dumps(result._result))
"""
Task = dict[str, Any]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PING: Task = {"ansible.builtin.ping": {}}


def main() -> int:
    """Measure everything, write the page and print it."""
    PLACE.mkdir(parents=True, exist_ok=True)
    unpack_community_crypto()
    emails = [f"mailbox{number:05}@example.test" for number in range(max(*SIZES, FILES))]
    make_mailboxes(emails)
    rows = [*measure_single_tasks(), *measure_lists(emails), *measure_issues(emails)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    head = OUTPUT.read_text("utf-8").partition("\n#")[0]
    tools = ", ".join(f"{name} {version(name)}" for name in ("ansible-core", "cryptography", "requests"))
    OUTPUT.write_text(
        f"{head}\n# What runs cost\n\nWritten by `make bench` on {datetime.now(UTC):%Y-%m-%d}, with Python {sys.version.split()[0]}, "
        f"{tools}, on {os.cpu_count()} processors. Medians, with quartiles in brackets. A ping is a task of `ansible.builtin.ping`.\n\n"
        f"| what | in pings | seconds beyond a ping |\n| --- | --- | --- |\n{table}\n",
        "utf-8",
    )
    print(OUTPUT.read_text("utf-8"))
    return 0


def measure_single_tasks() -> Iterator[tuple[str, ...]]:
    """One certificate that needs nothing, looked at by this collection and by community.crypto."""
    tasks: dict[str, Task] = {}
    for kind in ("rsa", "ec"):
        folder = PLACE / kind
        tasks[f"`smime_certificate`, nothing to do, {kind.upper()}"] = {
            "mailops.smime.smime_certificate": {
                "email": f"{kind}@example.test",
                "order_number": "1",
                **locate(folder),
                **NOBODY,
            }
        }
        tasks[f"`community.crypto.x509_certificate_info`, {kind.upper()}"] = {
            "community.crypto.x509_certificate_info": {"path": f"{folder}/cert.pem"}
        }
    tasks["`community.crypto.acme_certificate`, nothing to do, RSA"] = {
        "community.crypto.acme_certificate": {
            "account_key_src": f"{PLACE}/rsa/key.pem", "csr": f"{PLACE}/rsa/csr.pem", "dest": f"{PLACE}/rsa/cert.pem",
            "acme_version": 2, "acme_directory": NOBODY["api_url"], "terms_agreed": True, "remaining_days": 30,
        }
    }  # fmt: skip
    return run_rounds(tasks, ROUNDS)


def measure_lists(emails: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Many certificates that need nothing: one task for all, a loop, and the module that only looks."""
    tasks: dict[str, Task] = {}
    for size in SIZES:
        entries = [{"email": email, "order_number": str(number)} for number, email in enumerate(emails[:size])]
        options = {"certificates": entries, **locate(PLACE / "many/{email}"), **NOBODY}
        tasks[f"`smime_certificates`, {size} mailboxes in one task, nothing to do"] = {
            "mailops.smime.smime_certificates": options
        }
    tasks[f"a loop of `smime_certificate` over {LOOP} of them"] = {
        "mailops.smime.smime_certificate": {
            "email": "{{ item }}",
            "order_number": "1",
            **locate(PLACE / "many/{{ item }}"),
            **NOBODY,
        },
        "loop": list(emails[:LOOP]),
    }
    tasks[f"`smime_certificate_info` over {FILES} files"] = {
        "mailops.smime.smime_certificate_info": {
            "paths": [f"{PLACE}/many/{email}/cert.pem" for email in emails[:FILES]]
        }
    }
    return run_rounds(tasks, FEW_ROUNDS)


def measure_issues(emails: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """First issues: keys, requests, calls and files, at a test CA on the same processors."""
    kinds = [f"{kind}-{number}" for kind in ("RSA", "ECC") for number in range(FEW_ROUNDS + 1)]
    orders = [
        {"email": email, "collection_code": f"{kind}-{email[7:12]}"} for kind in kinds for email in emails[:ISSUED]
    ]
    shutil.rmtree(PLACE / "ca", ignore_errors=True)
    shutil.rmtree(PLACE / "issued", ignore_errors=True)
    with running_authority(PLACE / "ca", orders) as authority:
        access = {"api_url": authority.url, "api_ca_path": authority.ca_path}
        for kind in ("RSA", "ECC"):
            rounds = [
                {
                    "mailops.smime.smime_certificates": {
                        **locate(PLACE / f"issued/{kind}-{number}/{{email}}"),
                        "privatekey_create": True, "privatekey_type": kind, "trusted_roots_path": f"{PLACE}/ca/root.pem", **access,
                        "certificates": [
                            {"email": email, "collection_code": f"{kind}-{number}-{email[7:12]}"} for email in emails[:ISSUED]
                        ],
                    }
                }
                for number in range(FEW_ROUNDS + 1)
            ]  # fmt: skip
            yield from run_rounds(
                {f"`smime_certificates`, first issue of {ISSUED}, {kind} keys": rounds.__getitem__}, FEW_ROUNDS
            )


def run_rounds(tasks: Mapping[str, Task | Callable[[int], Task]], rounds: int) -> Iterator[tuple[str, ...]]:
    """Run the tasks in turns with pings, and return a row of the table for each; the first round only fills caches."""
    turns = [[task(number) if callable(task) else task for task in tasks.values()] for number in range(rounds + 1)]
    line = [PING, *(task for turn in turns for measured in turn for task in (measured, PING))]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": line}
    play["vars"] = {"ansible_python_interpreter": sys.executable}
    (PLACE / "callbacks").mkdir(exist_ok=True)
    (PLACE / "callbacks/durations.py").write_text(CALLBACK, "utf-8")
    (PLACE / "play.json").write_text(json.dumps([play]), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "SMIME_"))}
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": f"{PLACE}/callbacks", "ANSIBLE_STDOUT_CALLBACK": "durations", "ANSIBLE_HOME": f"{PLACE}/home",
        "ANSIBLE_COLLECTIONS_PATH": f"{CLONE}/.cache/tree:{PLACE}/tree", "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    command: list[str | Path] = [
        Path(sys.executable).with_name("ansible-playbook"),
        "--inventory=localhost,",
        PLACE / "play.json",
    ]
    told = subprocess.run(
        command, env={**kept, **settings}, stdout=subprocess.PIPE, text=True, check=False
    ).stdout.splitlines()
    if len(told) != len(line) or any(not text.startswith("[") for text in told):
        raise SystemExit("\n".join(told[-5:])[:3000])
    seconds: list[float] = [json.loads(text)[0] for text in told]
    for place, name in enumerate(tasks):
        spots = [2 * (number * len(tasks) + place) + 1 for number in range(1, rounds + 1)]
        pings = [(seconds[spot - 1] + seconds[spot + 1]) / 2 for spot in spots]
        ratios = [seconds[spot] / ping for spot, ping in zip(spots, pings, strict=True)]
        beyond = [seconds[spot] - ping for spot, ping in zip(spots, pings, strict=True)]
        yield name, describe(ratios), describe(beyond)


def describe(values: Sequence[float]) -> str:
    """Return the median and the quartiles as text."""
    low, _middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{statistics.median(values):.2f} ({low:.2f} to {high:.2f})"


def locate(folder: Path) -> Task:
    """Return the options that name a mailbox's files."""
    names = {"path": "cert", "chain_path": "chain", "privatekey_path": "key"}
    return {
        **{option: f"{folder}/{name}.pem" for option, name in names.items()},
        "trusted_roots_path": f"{PLACE}/root.pem",
    }


def make_mailboxes(emails: Sequence[str]) -> None:
    """Make mailboxes that need nothing for half a year, unless they are there; some share a key, which costs no less to look at."""
    done = PLACE / "many" / emails[-1] / "cert.pem"
    if done.exists() and done.stat().st_mtime > (datetime.now(UTC) - timedelta(days=180)).timestamp():
        return
    root, issuer = (rsa.generate_private_key(65537, 3072) for _number in range(2))
    chain = certify("issuer", issuer, "root", root, "")
    write(PLACE / "root.pem", certify("root", root, "root", root, ""))
    keys = [rsa.generate_private_key(65537, 2048) for _number in range(20)]
    mailboxes = [(PLACE / "many" / email, email, keys[number % 20]) for number, email in enumerate(emails)]
    special: list[tuple[Path, str, Key]] = [
        (PLACE / "rsa", "rsa@example.test", keys[0]),
        (PLACE / "ec", "ec@example.test", ec.generate_private_key(ec.SECP256R1())),
    ]
    for folder, email, key in [*special, *mailboxes]:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "cert.pem", certify(email, key, "issuer", issuer, email))
        write(folder / "chain.pem", chain)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(folder / "key.pem", private)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(keys[0], hashes.SHA256())
    write(PLACE / "rsa/csr.pem", request.public_bytes(serialization.Encoding.PEM))


def certify(name: str, key: Key, issuer_name: str, issuer: rsa.RSAPrivateKey, email: str) -> bytes:
    """Return a certificate for a mailbox, or for a CA if ``email`` is empty."""
    now = datetime.now(UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer_name)]
    builder = (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=360))
        .add_extension(x509.BasicConstraints(ca=not email, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        .add_extension(x509.KeyUsage(bool(email), False, False, False, False, not email, not email, False, False), critical=True)
    )  # fmt: skip
    if email:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def write(path: Path, data: bytes) -> None:
    """Write a file for its owner alone."""
    path.touch(mode=0o600)
    path.write_bytes(data)


def unpack_community_crypto() -> None:
    """Have the collection to compare with."""
    if not (PLACE / "tree").exists():
        command = [
            "-m",
            "pip",
            "--quiet",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--python-version=3.12",
            f"--dest={PLACE}",
        ]
        subprocess.run([sys.executable, *command, CRYPTO], check=True)
        with zipfile.ZipFile(next(PLACE.glob("ansible-*.whl"))) as archive:
            names = [name for name in archive.namelist() if name.startswith("ansible_collections/community/crypto/")]
            archive.extractall(PLACE / "tree", names)


if __name__ == "__main__":
    sys.exit(main())
