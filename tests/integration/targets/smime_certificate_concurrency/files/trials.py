# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of smime_certificate side by side, and runs that are killed: what is left must be whole, and the next run must finish.

Reads its settings as JSON from the standard input, starts the module as Ansible does on a target, and prints a report as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import ssl
import subprocess
import sys
import time
from urllib.parse import urlsplit

SETTINGS = json.load(sys.stdin)
WORK = SETTINGS["work"]
PASSPHRASE = "friend-of-mail"
EMAIL = "dora@example.test"
FILES = {
    "path": "cert.pem",
    "chain_path": "chain.pem",
    "fullchain_path": "fullchain.pem",
    "root_path": "root.pem",
    "der_path": "cert.der",
    "pkcs7_path": "cert.p7b",
    "combined_path": "cert+key.pem",
    "pkcs12_path": "cert.p12",
}
OPENSSL = {
    "cert.pem": ["x509", "-noout", "-serial", "-in"],
    "fullchain.pem": ["x509", "-noout", "-serial", "-in"],
    "cert+key.pem": ["x509", "-noout", "-serial", "-in"],
    "cert.der": ["x509", "-noout", "-serial", "-inform", "DER", "-in"],
}
LONGEST_RUN = 60


class Fault(Exception):
    """Something is not as it must be."""


def require(fact, text):
    """Stop unless a fact holds."""
    if not fact:
        raise Fault(text)


def control(method, path, body=None):
    """Call the control API of the test CA."""
    url = urlsplit(SETTINGS["control_url"])
    context = ssl.create_default_context(cafile=SETTINGS["ca_path"])
    connection = http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=30)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, f"{url.path}/{path}", data, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        require(reply.status < 300, f"the test CA refuses {method} {path}")
        return json.load(reply)
    finally:
        connection.close()


def place_of(order):
    """Make the directory of an order."""
    place = os.path.join(WORK, order)
    os.makedirs(place, exist_ok=True)
    return place


def start(order, **more):
    """Start the module on the certificate of an order, which has a directory of its own."""
    place = os.path.join(WORK, order)
    arguments = {
        "email": EMAIL,
        "order_number": order,
        "login_name": "demo",
        "login_password": "demo-password",
        "api_url": SETTINGS["url"],
        "api_ca_path": SETTINGS["ca_path"],
        "trusted_roots_path": SETTINGS["root_path"],
        "privatekey_path": os.path.join(place, "key.pem"),
        "privatekey_create": True,
        "privatekey_type": "ECC",
        "pkcs12_passphrase": PASSPHRASE,
        "pkcs12_encryption": SETTINGS["encryption"],
        **{option: os.path.join(place, name) for option, name in FILES.items()},
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, SETTINGS["module"]],
        env={**os.environ, "PYTHONPATH": SETTINGS["python_path"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    process.stdin.close()
    process.stdin = None
    return process


def finish(process):
    """Wait for a run and return its result, which must be a success."""
    output, _none = process.communicate(timeout=LONGEST_RUN)
    text = output.decode(errors="replace")
    require(process.returncode == 0, f"a run ended with {process.returncode}: {text}")
    return json.loads(text[text.index("{") :])


def snapshot(order):
    """Return the contents of all files of an order but those that the module names with a dot."""
    place = os.path.join(WORK, order)
    found = {}
    for name in os.listdir(place):
        if not name.startswith("."):
            with open(os.path.join(place, name), "rb") as file:
                found[name] = file.read()
    return found


def openssl(*arguments, data=None):
    """Run openssl and return what it says; it must succeed."""
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    require(done.returncode == 0, f"openssl {arguments[0]} refuses what is on disk: {done.stderr.decode()}")
    return done.stdout


def read_serial(place, name):
    """Return the serial number of the end entity in a file, which must be whole."""
    path = os.path.join(place, name)
    if name in OPENSSL:
        said = openssl(*OPENSSL[name], path)
    elif name == "cert.p12":
        opened = openssl("pkcs12", "-in", path, "-passin", "pass:" + PASSPHRASE, "-nodes")
        require(b"PRIVATE KEY" in opened, "the PKCS#12 has lost its key")
        said = openssl("x509", "-noout", "-serial", data=opened)
    else:
        certificates = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", path)
        ours = [part for part in certificates.split(b"subject=") if EMAIL.encode() in part.split(b"\n")[0]]
        require(len(ours) == 1, "the PKCS#7 has lost its end entity")
        said = openssl("x509", "-noout", "-serial", data=ours[0])
    return int(said.strip().split(b"=")[1], 16)


def check_files(order, before, serials):
    """Check that each file is as it was, or that of a certificate which the CA has issued, and whole; return the contents."""
    place = os.path.join(WORK, order)
    now = snapshot(order)
    require(not set(before) - set(now), f"lost: {set(before) - set(now)}")
    for name, data in now.items():
        if before.get(name) == data:
            continue
        if name == "key.pem":
            require("key.pem" not in before, "the key was replaced")
            openssl("pkey", "-noout", "-in", os.path.join(place, name))
        elif name in ("chain.pem", "root.pem"):
            require(
                data.startswith(b"-----BEGIN") and data.endswith(b"-----END CERTIFICATE-----\n"), f"{name} is not whole"
            )
            openssl("x509", "-noout", "-in", os.path.join(place, name))
        else:
            require(name in FILES.values(), f"{name} does not belong here")
            require(read_serial(place, name) in serials, f"{name} holds a certificate that the CA did not issue")
    return now


def check_set(order, serial):
    """Check that all files belong to one certificate and one key."""
    place = os.path.join(WORK, order)
    files = snapshot(order)
    require(set(files) == {*FILES.values(), "key.pem"}, f"the set is {sorted(files)}")
    for name in ("cert.pem", "fullchain.pem", "cert.der", "cert.p7b", "cert+key.pem", "cert.p12"):
        require(read_serial(place, name) == serial, f"{name} holds another certificate")
    require(files["cert+key.pem"] == files["key.pem"] + files["cert.pem"], "the combined file holds something else")
    require(files["fullchain.pem"] == files["cert.pem"] + files["chain.pem"], "the full chain holds something else")
    public = [openssl("pkey", "-pubout", "-in", os.path.join(place, "key.pem"))]
    public.append(openssl("x509", "-noout", "-pubkey", "-in", os.path.join(place, "cert.pem")))
    require(public[0] == public[1], "the certificate is for another key")
    chain, root = (os.path.join(place, name) for name in ("chain.pem", "root.pem"))
    openssl("verify", "-purpose", "smimesign", "-untrusted", chain, "-CAfile", root, os.path.join(place, "cert.pem"))
    left = sorted(name for name in os.listdir(place) if name.startswith("."))
    require(not left, f"left behind: {left}")


def find_serial(order):
    """Return the serial number of the certificate that the CA holds, or None."""
    number = control("GET", f"orders/{order}")["serial_number"]
    return None if number is None else int(number)


def count_calls(order):
    """Return the calls about an order."""
    return [call for call in control("GET", "calls")["calls"] if call["values"].get("orderNumber") == order]


def run_side_by_side(order, number):
    """Start as many runs on one certificate at once; one of them does the work, the others find it done."""
    place_of(order)
    control("POST", "orders", {"order_number": order, "email": EMAIL})
    processes = [start(order) for _number in range(number)]
    try:
        results = [finish(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    states = sorted(result["status"] for result in results)
    require(states == ["issued"] + ["valid"] * (number - 1), f"the runs came to {states}")
    require(sum(result["changed"] for result in results) == 1, "more than one run changed something")
    calls = count_calls(order)
    require(len(calls) == 1 and calls[0]["had_csr"], f"the CA was called {len(calls)} times")
    check_set(order, find_serial(order))
    return states


def measure(order):
    """Return how long a run takes, and when in it the CA is called: kills are aimed at the time after that, too."""
    place_of(order)
    control("POST", "orders", {"order_number": order, "email": EMAIL})
    began = time.monotonic()
    process = start(order)
    called = None
    while process.poll() is None:
        if called is None and count_calls(order):
            called = time.monotonic() - began
    finish(process)
    whole = time.monotonic() - began
    return whole, min(called or whole, whole)


def kill_one(order, fresh, delay):
    """Kill a run after a delay, look at what it left, and have the next run finish. Return whether the kill came in time."""
    if fresh:
        place_of(order)
        control("POST", "orders", {"order_number": order, "email": EMAIL})
    else:
        control("POST", f"orders/{order}/reissue", {})
    before = snapshot(order)
    old = {read_serial(os.path.join(WORK, order), "cert.pem")} if "cert.pem" in before else set()
    process = start(order, force=not fresh)
    try:
        process.wait(timeout=delay)
        killed = False
    except subprocess.TimeoutExpired:
        process.kill()
        killed = True
    process.communicate()
    state = control("GET", f"orders/{order}")
    serials = old | {find_serial(order)}
    middle = check_files(order, before, serials)
    require(not state["has_csr"] or "key.pem" in middle, "the CA has a CSR for a key that is lost")
    finish(start(order, force=not fresh))
    after = snapshot(order)
    require("key.pem" not in middle or middle["key.pem"] == after["key.pem"], "the key was replaced")
    check_set(order, find_serial(order))
    return killed


def kill_many(wanted, fresh_rounds):
    """Kill runs at random moments of their life, half of them while they deal with the answer and the files."""
    whole, called = measure("measured")
    seed = SETTINGS.get("seed") or random.randrange(2**32)
    chance = random.Random(seed)
    killed = number = 0
    # A kill that comes too late counts for nothing.
    while killed < wanted:
        require(number < 3 * wanted, f"only {killed} of {number} runs could be killed")
        fresh = number < fresh_rounds
        delay = chance.uniform(called if number % 2 else 0, whole)
        order = f"fresh-{number}" if fresh else "measured"
        try:
            in_time = kill_one(order, fresh, delay)
        except Fault as fault:
            raise Fault(
                f"seed {seed}, round {number}, killed after {delay:.3f} of {whole:.3f} seconds: {fault}"
            ) from fault
        number += 1
        killed += in_time
        if not in_time:
            # The measured run was slower than those that came after it.
            whole, called = whole * 0.9, called * 0.9
    require(finish(start("measured"))["changed"] is False, "a run after all that changed something")
    return {"seed": seed, "killed": killed, "rounds": number, "whole": round(whole, 3), "called": round(called, 3)}


def main():
    """Run the trial that the settings name."""
    began = time.monotonic()
    try:
        if SETTINGS["trial"] == "side_by_side":
            report = {"states": run_side_by_side("side-by-side", SETTINGS["runs"])}
        else:
            report = kill_many(SETTINGS["runs"], SETTINGS["fresh_runs"])
    except Fault as fault:
        report = {"fault": str(fault)}
    sys.stdout.write(json.dumps({**report, "seconds": round(time.monotonic() - began, 1)}) + "\n")
    return 1 if "fault" in report else 0


if __name__ == "__main__":
    sys.exit(main())
