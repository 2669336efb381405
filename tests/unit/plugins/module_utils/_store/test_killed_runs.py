# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs that are killed: each file is old or new, the next run finishes, and the key of a request that left is on disk."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW, encode_public_key
from ansible_collections.mailops.smime.tests.unit.plugins.killed import run_and_kill
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, PENDING, Host
from cryptography import x509
from cryptography.hazmat.primitives import serialization


def test_whenever_a_renewal_is_killed_each_file_is_old_or_new_and_the_next_run_finishes(
    host: Host, tmp_path: Path
) -> None:
    older = host.fill(host.issue(not_after=NOW + timedelta(days=3)))
    newer, intermediate = host.issue(), host.authority.intermediate.pem
    host.write("chain.pem", b"damaged")
    start = shutil.copytree(host.folder, tmp_path / "start")
    number, killed = 0, True
    while killed:
        number += 1
        shutil.rmtree(host.folder)
        shutil.copytree(start, host.folder)
        killed = run_and_kill(lambda: host.run(HELD, host.reply(newer)), number)
        assert host.read("chain.pem") in (b"damaged", intermediate)
        assert host.read("fullchain.pem") in (older.pem + intermediate, newer.pem + intermediate)
        collected = host.read("fullchain.pem") == newer.pem + intermediate
        assert host.read("cert.pem") == older.pem or (host.read("cert.pem") == newer.pem and collected), (
            "path comes last"
        )
        # What is on disk is not asked for again.
        assert not host.run(*([] if collected else [HELD, host.reply(newer)])).failed
        assert host.read("cert.pem") == newer.pem
        assert host.read("chain.pem") == intermediate
        assert host.read("fullchain.pem") == newer.pem + intermediate
        assert not [name for name in host.names() if name.startswith(".")]
    assert number > 10


def test_a_run_that_is_killed_while_its_request_leaves_has_the_key_on_disk(host: Host, tmp_path: Path) -> None:
    (host.folder / "key.pem").unlink()
    host.options.update(csr_path=None, privatekey_create=True, privatekey_type="ECC")
    sent = tmp_path / "sent"

    class Watched(ScriptedTransport):
        def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
            sent.write_text(form["csr"])
            return super().post(form, url)

    assert run_and_kill(lambda: host.run(ca=Watched(PENDING)), 1, (ScriptedTransport, "post"), calls=())
    key = host.read("key.pem")
    outcome = host.run(PENDING)
    assert host.read("key.pem") == key
    for csr in (sent.read_text(), outcome.forms[0]["csr"]):
        public = x509.load_pem_x509_csr(csr.encode()).public_key()
        spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert spki == encode_public_key(serialization.load_pem_private_key(key, None))
