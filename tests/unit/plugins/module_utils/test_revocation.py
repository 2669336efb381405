# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoked certificates are noticed: the list is had once, kept while it counts, and never stops anything if it cannot be had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _info
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CallError
from ansible_collections.mailops.smime.plugins.module_utils._revocation import RevocationLists
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW, Authority, Issued, make_list
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport, Step
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import HELD, Host, Outcome
from cryptography import x509

URL = "http://ca.test/own.crl"


def name_list(*urls: str) -> tuple[x509.CRLDistributionPoints]:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return (x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)]),)


def fill(host: Host, *urls: str) -> Issued:
    return host.fill(host.issue(extra=name_list(*(urls or (URL,)))))


def sign(host: Host, *revoked: Issued, **options: Any) -> bytes:
    numbers: dict[int, str | None] = {item.certificate.serial_number: "key_compromise" for item in revoked}
    return make_list(host.authority.intermediate, numbers, **options)


def run(host: Host, *replies: bytes, lists: tuple[Step, ...] = (), **changes: Any) -> Outcome:
    ca = ScriptedTransport(*replies)
    ca.lists = list(lists)
    outcome = host.run(ca=ca, **{"check_revocation": "crl", **changes})
    assert not ca.lists, "a list was asked for less often than expected"
    return outcome


def told(outcome: Outcome) -> tuple[Any, ...]:
    certificate = outcome.result["certificate"]
    return certificate["revocation"], certificate["revocation_time"], certificate["revocation_reason"]


def test_a_good_certificate_stays_and_without_the_option_nothing_is_asked(host: Host) -> None:
    fill(host)
    outcome = run(host, lists=(sign(host),))
    assert (outcome.result["status"], outcome.result["changed"], outcome.warnings) == ("valid", False, "")
    assert told(outcome) == ("good", None, None)
    assert outcome.result["certificate"]["crl_urls"] == [URL]
    assert "revocation" not in run(host, check_revocation=None).result["certificate"]


@pytest.mark.parametrize("option", ["chain_path", "trusted_roots_path"])
def test_a_revoked_certificate_is_asked_for_again(host: Host, option: str) -> None:
    revoked = fill(host)
    found = sign(host, revoked)
    rest = dict.fromkeys(("chain_path", "fullchain_path"))
    issuer = {option: str(host.write("issuer.pem", host.authority.intermediate.pem))}
    outcome = run(host, HELD, host.reply(), lists=(found,), **{**rest, **issuer})
    assert (outcome.reasons[0], outcome.result["status"]) == ("revoked", "issued")
    assert host.read("cert.pem") != revoked.pem


@pytest.mark.parametrize("lost", [False, True])
def test_the_same_revoked_certificate_again_is_refused_and_mends_nothing(host: Host, lost: bool) -> None:
    revoked = fill(host)
    if lost:
        (host.folder / "cert.pem").unlink()
    before = host.snapshot()
    outcome = run(host, HELD, host.reply(revoked), lists=(sign(host, revoked),))
    assert outcome.error == "certificate_revoked"
    assert host.snapshot() == before
    if not lost:
        assert outcome.reasons == ["revoked"]
        assert "keyCompromise" in outcome.result["error"]["message"]
        assert told(outcome) == ("revoked", "20260530120000Z", "keyCompromise")


def test_check_mode_foresees_another_certificate(host: Host) -> None:
    revoked = fill(host)
    outcome = run(host, b"2\n", lists=(sign(host, revoked),), check_mode=True)
    assert (outcome.reasons, outcome.result["changed"], outcome.result["status"]) == (["revoked"], True, "issued")


TROUBLES: dict[str, tuple[Step, str]] = {
    "no answer": (CallError("the connection to the CA failed"), "connection"),
    "not found": (HttpResponse(404, "text/plain", b"no"), "404"),
    "a redirect": (HttpResponse(302, "text/html", b""), "redirects are not followed"),
    "an encoding": (HttpResponse(200, "text/plain", b"", encoded=True), "encoding"),
    "no list": (b"<html>", "not a revocation list"),
    "another one is due": (b"", "does not count"),
}


@pytest.mark.parametrize(("step", "words"), TROUBLES.values(), ids=TROUBLES)
def test_a_list_that_cannot_be_had_is_a_warning_and_nothing_else(host: Host, step: Step, words: str) -> None:
    revoked = fill(host)
    outcome = run(host, lists=(step or sign(host, revoked, next_update=NOW),))
    assert (outcome.result["status"], outcome.result["changed"], told(outcome)[0]) == ("valid", False, "unknown")
    assert words in outcome.warnings
    assert URL in outcome.warnings or not step


NO_ADDRESSES = (
    "ldap://ca.test/x", "http://user:word@ca.test/x", "http://", "http://ca.test/a b", "http://x/" + "x" * 3000,
)  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_of_a_list_is_not_asked(host: Host, url: str) -> None:
    fill(host, url)
    assert told(run(host))[0] == "unknown"


def test_the_next_address_is_asked_if_one_does_not_help(host: Host) -> None:
    fill(host, "http://down.test/x", URL)
    outcome = run(host, lists=(CallError("down"), sign(host)))
    assert (told(outcome)[0], outcome.warnings) == ("good", "")


def test_a_list_is_kept_until_the_next_one_is_due(host: Host) -> None:
    revoked = fill(host)
    kept: dict[str, Any] = {"crl_cache_path": host.path("lists")}
    assert told(run(host, lists=(sign(host),), check_mode=True, **kept))[0] == "good"
    assert not (host.folder / "lists").exists()
    assert told(run(host, lists=(sign(host),), **kept))[0] == "good"
    (file,) = (host.folder / "lists").iterdir()
    # It is not asked for again, though it would say something else by now.
    assert told(run(host, **kept))[0] == "good"
    later = NOW + timedelta(days=2)
    newer = sign(host, revoked, this_update=NOW, next_update=later + timedelta(days=1))
    outcome = run(host, HELD, host.reply(), lists=(newer,), now=later, **kept)
    assert (outcome.reasons, outcome.result["status"]) == (["revoked"], "issued")
    assert file.read_bytes() == newer


@pytest.mark.parametrize("data", [b"", b"junk", None])
def test_what_is_kept_counts_no_more_than_what_is_fetched(host: Host, data: bytes | None) -> None:
    fill(host)
    kept: dict[str, Any] = {"crl_cache_path": host.path("lists")}
    run(host, lists=(sign(host),), **kept)
    (file,) = (host.folder / "lists").iterdir()
    file.write_bytes(sign(host, sign_with=host.authority.root.key) if data is None else data)
    assert told(run(host, lists=(sign(host),), **kept))[0] == "good"


def test_a_folder_that_cannot_be_used_is_a_warning(host: Host) -> None:
    fill(host)
    host.write("file", b"")
    outcome = run(host, lists=(sign(host),), crl_cache_path=host.path("file"))
    assert (outcome.result["status"], told(outcome)[0]) == ("valid", "good")
    assert "crl_cache_path" in outcome.warnings


@pytest.mark.parametrize("reachable", [True, False])
def test_many_mailboxes_ask_for_a_list_once(authority: Authority, reachable: bool) -> None:
    own = [certificates.load_der(authority.issue(extra=name_list(URL)).der) for _number in range(5)]
    issuer = certificates.load_der(authority.intermediate.der)
    asked: list[str] = []
    warned: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if not reachable:
            raise CallError("down")
        return make_list(authority.intermediate, {own[2].serial_number: None})

    lists = RevocationLists(fetch)
    said = [lists.look_up(item, [issuer], NOW, warned.append).status for item in own]
    assert said == (["good", "good", "revoked", "good", "good"] if reachable else ["unknown"] * 5)
    assert asked == [URL]
    assert len(set(warned)) == (0 if reachable else 1)


def test_an_issuer_that_is_not_at_hand_is_said_to_be(host: Host, authority: Authority) -> None:
    fill(host)
    outcome = run(host, chain_path=None, fullchain_path=None)
    assert told(outcome)[0] == "unknown"
    assert "in none of the files" in outcome.warnings


def test_the_info_module_finds_issuers_in_all_files_that_it_looks_at(host: Host) -> None:
    revoked = fill(host)
    host.write("good.pem", host.issue(extra=name_list(URL)).pem)
    host.write("other.pem", host.issue().pem)
    paths = [host.path(name) for name in ("cert.pem", "good.pem", "other.pem", "chain.pem", "missing.pem")]
    params = {"paths": paths, "chain_path": None, "trusted_roots_path": None}
    entries: list[dict[str, Any]] = [{"path": path, "error": None} for path in paths[:4]]
    entries.append({"path": paths[4], "error": "does not exist"})
    warned: list[str] = []
    lists = RevocationLists(lambda _url: sign(host, revoked))
    _info.add_revocations(entries, params, lists, NOW, warned.append)
    assert [entry.get("revocation") for entry in entries] == ["revoked", "good", "unknown", "unknown", None]
    assert (entries[0]["revocation_time"], entries[0]["revocation_reason"]) == ("20260530120000Z", "keyCompromise")
    assert "names no list" in warned[0]
