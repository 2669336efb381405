# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode says is what the run then does, over the whole table of situations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    LAST_SECOND,
    NOW,
    Authority,
    Issued,
    make_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, Host, Outcome, issue_reply, show
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

SOON = NOW + timedelta(days=3)
PAST = NOW - timedelta(days=3)

# What stands at ``path``, as options of the certificate.
ON_DISK: dict[str, dict[str, Any] | None] = {
    "nothing": None,
    "good": {},
    "expiring": {"not_after": SOON},
    "expired": {"not_after": PAST},
    "of another key": {"key": make_key()},
    "of another mailbox": {"emails": ("bob@example.test",)},
    "not for S/MIME": {"usages": None},
}
# What the CA holds: the last second of its certificate, "same", or None.
AT_CA: dict[str, datetime | str | None] = {
    "nothing": None,
    "the same": "same",
    "a newer one": LAST_SECOND + timedelta(days=365),
    "an older one": SOON - timedelta(days=1),
    "an expired one": PAST - timedelta(days=30),
}
ALL = ("cert.pem", "chain.pem", "fullchain.pem", "root.pem", "cert.der", "cert.p7b")
LOST = [
    (), ("chain.pem",), ("fullchain.pem",), ("cert.p7b", "chain.pem", "fullchain.pem"), ("cert.pem",), ("root.pem",), ALL,
]  # fmt: skip
REQUESTS: dict[str, dict[str, Any]] = {
    "key and CSR": {},
    "key alone": {"csr_path": None},
    "CSR alone": {"privatekey_path": None},
    "key without mailbox": {"csr_path": None, "email": None},
}


class OrderAtCa(ScriptedTransport):
    """One order, for as many calls as come: the CSR that it has, and the certificate that it holds."""

    def __init__(self, authority: Authority, issued: Issued | None, *, has_csr: bool) -> None:
        super().__init__()
        self.authority, self.issued, self.has_csr = authority, issued, has_csr

    def post(self, form: dict[str, str], url: str | None = None) -> HttpResponse:
        self.forms.append(dict(form))
        return HttpResponse(200, "text/plain", self._answer(form))

    def _answer(self, form: dict[str, str]) -> bytes:
        if "csr" in form:
            if self.has_csr:
                return HELD
            self.has_csr = True
        if not self.has_csr:
            return b"-3\nMissing argument: csr\n"
        if self.issued is None:
            return b"0\n"
        if form["queryType"] == "0":
            return show(self.issued)
        return issue_reply(self.authority.root, self.authority.intermediate, self.issued)


@dataclass(frozen=True)
class Situation:
    on_disk: str
    lost: tuple[str, ...]
    at_ca: str
    has_csr: bool
    request: str
    options: tuple[str, ...]


SITUATIONS = st.builds(
    Situation,
    on_disk=st.sampled_from([*ON_DISK]),
    lost=st.sampled_from(LOST),
    at_ca=st.sampled_from([*AT_CA]),
    has_csr=st.booleans(),
    request=st.sampled_from([*REQUESTS]),
    options=st.sampled_from(
        [(), ("rollover",), ("root_path",), ("der_path", "pkcs7_path"), ("force",), ("trusted_roots_path", "mode")]
    ),
)


@given(situation=SITUATIONS)
@example(situation=Situation("expiring", ("fullchain.pem",), "the same", True, "key and CSR", ()))
@example(situation=Situation("expiring", LOST[3], "the same", True, "key and CSR", ("der_path", "pkcs7_path")))
@example(situation=Situation("expiring", LOST[3], "an older one", True, "key and CSR", ()))
@example(situation=Situation("expired", (), "the same", True, "key and CSR", ()))
@example(situation=Situation("nothing", (), "an expired one", True, "key and CSR", ()))
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_check_mode_says_what_the_run_does(
    situation: Situation, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("situation")
    host = Host(folder, authority)
    current = make_files(host, situation)
    last = AT_CA[situation.at_ca]
    # That a certificate is for another key or mailbox, days alone do not show.
    assume(last != "same" or situation.on_disk in ("good", "expiring", "expired"))
    changes = {**REQUESTS[situation.request], **read_options(host, situation)}
    key = host.key
    if "rollover" in situation.options:
        assume(situation.request == "key alone")
        # A renewal may have begun.
        host.run(ca=OrderAtCa(authority, None, has_csr=False), **changes)
        waiting = folder / "key.pem.next"
        key = serialization.load_pem_private_key(waiting.read_bytes(), None) if waiting.exists() else key
    issued = current if last == "same" else host.issue(key=key, not_after=last) if isinstance(last, datetime) else None
    has_csr = situation.has_csr or issued is not None

    before = host.snapshot()
    said = host.run(ca=OrderAtCa(authority, issued, has_csr=has_csr), check_mode=True, **changes)
    assert host.snapshot() == before
    done = host.run(ca=OrderAtCa(authority, issued, has_csr=has_csr), **changes)

    compare(said, done, csr_may_be_there=has_csr and issued is None)
    # What is due for a renewal gets a new key, once.
    due = "rollover" in situation.options and done.warnings
    if not done.failed and done.result["status"] != "pending" and not due:
        mended = host.run(ca=OrderAtCa(authority, issued, has_csr=True), **changes)
        assert (mended.result["status"], mended.kinds) == ("valid", [])


def make_files(host: Host, situation: Situation) -> Issued | None:
    options = ON_DISK[situation.on_disk]
    if options is None:
        return None
    issued = host.fill(host.issue(**options))
    host.write("root.pem", host.authority.root.pem)
    for name in situation.lost:
        (host.folder / name).unlink(missing_ok=True)
    return issued


def read_options(host: Host, situation: Situation) -> dict[str, Any]:
    host.write("roots", host.authority.root.pem)
    paths = {"root_path": "root.pem", "der_path": "cert.der", "pkcs7_path": "cert.p7b", "trusted_roots_path": "roots"}
    known = {**{name: host.path(file) for name, file in paths.items()}, "force": True, "mode": "0640"}
    if situation.options == ("rollover",):
        create = {"privatekey_create": True, "privatekey_rollover": True, "privatekey_type": "ECC"}
        return {**create, "archive_path": host.path("archive")}
    return {option: known[option] for option in situation.options}


def compare(said: Outcome, done: Outcome, *, csr_may_be_there: bool) -> None:
    told, true = said.result, done.result
    assert told.get("status") == true.get("status"), (told.get("error"), true.get("error"))
    assert said.reasons == done.reasons
    assert said.kinds == done.kinds
    assert (told.get("error") or {}).get("name") == (true.get("error") or {}).get("name")
    assert [item["path"] for item in told["files"]] == [item["path"] for item in true["files"]]
    # A CA that processes an order does not say whether it has a CSR.
    if not (csr_may_be_there and true.get("status") == "pending"):
        assert told["changed"] == true["changed"]
    assert told["diff"]["before"] == true["diff"]["before"]
    assert (told["diff"]["after"] == told["diff"]["before"]) == (true["diff"]["after"] == true["diff"]["before"])
    assert bool(said.warnings) == bool(done.warnings)


@pytest.mark.parametrize(
    "outputs",
    [
        {}, {"chain_path": None}, {"fullchain_path": None}, {"pkcs7_path": "cert.p7b"},
        # Without any text, a structure says that there are no intermediates.
        {"chain_path": None, "fullchain_path": None, "pkcs7_path": "cert.p7b"},
    ],
)  # fmt: skip
def test_a_certificate_of_the_root_itself_has_no_intermediates_and_takes_no_call(
    host: Host, outputs: dict[str, Any]
) -> None:
    changes: dict[str, Any] = {option: name and host.path(name) for option, name in outputs.items()}
    issued = host.issue(issuer=host.authority.root)
    done = host.run(issue_reply(host.authority.root, issued), **changes)
    assert done.result["status"] == "issued"
    again = host.run(**changes)
    assert (again.reasons, again.result["api_calls"]) == ([], 0)


def test_a_chain_that_was_cut_off_is_not_taken_for_one_without_intermediates(host: Host) -> None:
    issued = host.fill()
    host.write("chain.pem", b"")
    done = host.run(host.reply(issued), fullchain_path=None)
    assert (done.reasons, done.kinds) == (["chain_mismatch"], ["chain"])
