# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: where it listens, what it leaves on disk, how it ends; and connections that break without disturbing others."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from ansible_collections.mailops.smime.tests.unit.test_ca.openssl import openssl
from ansible_collections.mailops.smime.tests.unit.test_ca.running_ca import (
    ACCOUNT,
    PATIENCE,
    PROGRAM,
    RunningCa,
    run_program,
)
from test_ca.listeners import Delivery, Http, Listener, Request, check_loopback, say

KEYS = ("root-key.pem", "intermediate-key.pem", "tls-ca-key.pem", "tls-server-key.pem")


def is_stopped(directory: Path) -> bool:
    return run_program("status", "--directory", str(directory)).stdout == '{"running": false}\n'


def wait_until_stopped(directory: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_stopped(directory):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.1)


def test_it_listens_on_loopback_only(there: Path) -> None:
    for address in ("0.0.0.0", "192.0.2.1", "::", "localhost.example"):  # noqa: S104
        with pytest.raises(ValueError, match="is not a loopback address"):
            check_loopback(address)
    done = run_program("serve", "--directory", str(there), "--address", "192.0.2.1")
    assert (done.returncode, done.stderr) == (2, "test_ca: '192.0.2.1' is not a loopback address\n")
    assert not there.exists()


def test_other_addresses_of_the_machine_are_closed(ca: RunningCa) -> None:
    with socket.socket() as probe, pytest.raises(OSError, match="refused"):
        probe.connect(("127.0.0.2", ca.identity["port"]))


def test_its_name_is_localhost(ca: RunningCa) -> None:
    connect = f"127.0.0.1:{ca.identity['port']}"
    for name in ("localhost", "127.0.0.1", "::1"):
        check = "-verify_hostname" if name == "localhost" else "-verify_ip"
        options = ("-verify_return_error", "-CAfile", ca.identity["ca_path"], check, name)
        openssl("s_client", "-connect", connect, *options)


def test_the_directory_is_private(ca: RunningCa) -> None:
    assert stat.S_IMODE(ca.directory.stat().st_mode) == 0o700
    for name in (*KEYS, "ready.json", "server.log"):
        assert stat.S_IMODE((ca.directory / name).stat().st_mode) == 0o600


def test_a_place_that_is_not_safe_from_other_users_is_refused(tmp_path: Path) -> None:
    everybody_s = tmp_path / "everybody's"
    everybody_s.mkdir()
    everybody_s.chmod(0o777)
    other_user_s = Path("/usr")
    if os.geteuid() == 0:
        other_user_s = tmp_path / "other user's"
        other_user_s.mkdir()
        os.chown(other_user_s, 65534, -1)
    for command, directory, message in (
        ("serve", everybody_s / "state", "every user can replace"),
        ("serve", other_user_s, "to another user"),
        ("status", everybody_s / "state", "every user can replace"),
        ("stop", other_user_s, "to another user"),
    ):
        done = run_program(command, "--directory", str(directory))
        assert done.returncode == 2
        assert message in done.stderr
    assert list(everybody_s.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes links that belong to others")
def test_a_link_of_another_user_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to("mine")
    os.lchown(tmp_path / "link", 65534, -1)
    done = run_program("serve", "--directory", str(tmp_path / "link/state"))
    assert "is a symbolic link of another user" in done.stderr
    assert list((tmp_path / "mine").iterdir()) == []


def test_ready_json_says_where(ca: RunningCa) -> None:
    ready = json.loads((ca.directory / "ready.json").read_text())
    assert {"url", "control_url", "pid", "port", "ca_path", "root_path", "http_url"} <= ready.keys()
    assert ready["url"] == f"https://127.0.0.1:{ready['port']}/products/download/RequestAndCollectSMIME"


def test_a_signal_stops_it_cleanly_and_its_keys_stay(there: Path) -> None:
    first = RunningCa(there)
    root = (there / "root.pem").read_text()
    os.kill(first.identity["pid"], signal.SIGTERM)
    wait_until_stopped(there)
    assert not (there / "ready.json").exists()
    second = RunningCa(there)
    assert (there / "root.pem").read_text() == root
    second.control("POST", "stop")
    wait_until_stopped(there)


def test_it_stops_when_nobody_asks(there: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), "serve", "--directory", str(there), "--idle-timeout", "1"]
    )
    assert process.wait(PATIENCE) == 0
    assert not (there / "ready.json").exists()
    assert "idle for 1 seconds" in (there / "server.log").read_text()


def test_neither_a_delay_nor_a_silent_client_holds_up_the_stop(there: Path) -> None:
    server = RunningCa(there)
    server.fault("delay", seconds=3600)
    with pytest.raises(OSError, match="timed out"):
        server.post({"queryType": "1"}, timeout=0.5)
    with socket.create_connection(("127.0.0.1", server.identity["port"])):
        server.stop()
    assert is_stopped(there)


def test_a_silent_client_does_not_keep_others_waiting_for_long(ca: RunningCa) -> None:
    with socket.create_connection(("127.0.0.1", ca.identity["port"])), ca.connect() as another:
        assert another.post(ca.identity["url"], data={}, timeout=PATIENCE).text.startswith("-3\n")


def test_a_second_start_finds_the_first(there: Path) -> None:
    server = RunningCa(there)
    again = json.loads(run_program("serve", "--daemon", "--directory", str(there)).stdout)
    assert again == {**server.identity, "changed": False}
    in_front = run_program("serve", "--directory", str(there))
    assert in_front.returncode == 2
    assert "running" in in_front.stderr
    server.stop()
    assert json.loads(run_program("stop", "--directory", str(there)).stdout) == {"changed": False}


def test_a_leftover_of_a_killed_one_is_no_hindrance(there: Path) -> None:
    server = RunningCa(there)
    os.kill(server.identity["pid"], signal.SIGKILL)
    wait_until_stopped(there)
    assert (there / "ready.json").exists()
    assert json.loads(run_program("stop", "--directory", str(there)).stdout) == {"changed": False}
    assert not (there / "ready.json").exists()


def test_a_seed_fills_it(there: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    orders = [{"order_number": "7", "email": "a@example.test"}]
    seed.write_text(json.dumps({"settings": {"no_csr_answer": "pending"}, "accounts": [ACCOUNT], "orders": orders}))
    server = RunningCa(there, "--seed", str(seed))
    assert server.code({"order_number": "7"}) == 0
    server.stop()


def test_a_bad_seed_is_one_line_not_a_traceback(there: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"orders": [{"email": "no address"}]}')
    done = run_program("serve", "--directory", str(there), "--seed", str(seed))
    assert done.returncode == 2
    assert done.stderr == "test_ca: 'email' must be an e-mail address\n"


def test_no_secret_reaches_the_log(ca: RunningCa, csr: str) -> None:
    order = ca.order(collection_code="TopSecretCode123")
    ca.ask(order, csr=csr)
    ca.ask(order, loginPassword="a slip of the tongue")
    ca.post({"collectionCode": "TopSecretCode123", "queryType": "1", "hidden name": "x"})
    ca.session.get(ca.identity["url"], params={"loginPassword": "in the address"}, timeout=30)
    ca.fault("cut")
    with pytest.raises(OSError, match="aborted"):
        ca.ask(order)
    log = (ca.directory / "server.log").read_text()
    assert "csr='***'" in log
    for secret in (ACCOUNT["password"], "slip", "TopSecretCode123", "in the address", "hidden", csr.splitlines()[1]):
        assert secret not in log


# More connections than a server that shares its threads would have.
CONNECTIONS = 30


def test_no_connection_inherits_what_openssl_remembers_for_a_thread() -> None:
    """OpenSSL keeps the error of a broken connection in its thread; from 3.2 on, the next read there fails with it."""
    memory = threading.local()

    def respond(_request: Request, send: Callable[[Delivery], None]) -> None:
        found = getattr(memory, "trace", "nothing")
        memory.trace = "the error of another connection"
        send(say(200, found.encode(), "text/plain"))

    listener = Listener("127.0.0.1", 0, Http(respond))
    listener.open()
    try:
        for _connection in range(CONNECTIONS):
            client = HTTPConnection("127.0.0.1", listener.port, timeout=PATIENCE)
            client.request("GET", "/")
            assert client.getresponse().read() == b"nothing"
            client.close()
    finally:
        listener.stop()


def test_after_broken_connections_all_others_are_served(ca: RunningCa) -> None:
    for fault, reset in itertools.product(("cut", "cut_after", "cut_body", "raw"), (False, True)):
        ca.fault(fault, count=CONNECTIONS // 4, reset=reset)
        for _connection in range(CONNECTIONS // 4):
            with ca.connect() as broken, pytest.raises(requests.RequestException):
                broken.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE)
    for _connection in range(CONNECTIONS):
        with ca.connect() as sound:
            assert sound.get(f"{ca.identity['control_url']}/settings", timeout=PATIENCE).ok
            assert sound.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE).text.startswith("-3\n")


def test_a_connection_that_is_left_in_the_middle_disturbs_nobody(ca: RunningCa) -> None:
    ca.fault("delay", count=CONNECTIONS, slow_bytes=1, slow_seconds=0.05)
    for _connection in range(CONNECTIONS):
        with ca.connect() as impatient:
            impatient.post(ca.identity["url"], data={"queryType": "1"}, timeout=PATIENCE, stream=True).close()
    assert ca.post({"queryType": "1"}).text.startswith("-3\n")


def test_half_a_call_is_none(ca: RunningCa) -> None:
    port = int(ca.identity["http_url"].split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as leaving:
        leaving.sendall(b"POST /products/!AutoApplyOrder HTTP/1.1\r\nContent-Length: 99\r\n\r\nproduct=794")
        leaving.shutdown(socket.SHUT_WR)
        assert leaving.recv(1) == b""
    assert ca.calls() == []
