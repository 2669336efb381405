# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are looked at, and which options fit to them."""

from __future__ import annotations

import base64
import contextlib
import io
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _info
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import inspection
from ansible_collections.mailops.smime.plugins.modules import smime_certificate_info
from ansible_collections.mailops.smime.tests.unit.plugins.ansible_modules import module_arguments
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    NOW,
    SERVER_AUTH,
    Authority,
    issue,
    issue_ca,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport

NOTHING: dict[str, Any] = dict.fromkeys(
    ("paths", "privatekey_path", "chain_path", "email", "order_number", "collection_code")
)


@pytest.mark.parametrize("option", ["privatekey_path", "chain_path", "email"])
def test_an_option_for_one_file_is_refused_for_two_and_for_a_name_with_brackets(option: str) -> None:
    given = {**NOTHING, "paths": ["/etc/ssl/[old]/cert.pem"], option: "a@example.test"}
    with pytest.raises(OptionError, match=option) as caught:
        _info.check_options(given)
    assert "/etc/ssl/[old]/cert.pem is a pattern" in caught.value.message
    with pytest.raises(OptionError, match="one file") as caught:
        _info.check_options({**given, "paths": ["/a.pem", "/b.pem"]})
    assert "pattern" not in caught.value.message


def test_the_chain_is_checked_as_a_run_checks_it(authority: Authority) -> None:
    """RFC 5280, 6.1; the tests of _x509 try each of its rules."""
    middle = issue_ca("Middle", issuer=authority.root, key_usages=("crl_sign",))
    good, bad = authority.issue(), issue("leaf", issuer=middle)
    for end_entity, issuer, fault in ((good, authority.intermediate, ""), (bad, middle, "keyCertSign")):
        own, chain, trusted = (certificates.load_der(item.der) for item in (end_entity, issuer, authority.root))
        looked = inspection.inspect_certificate(own, inspection.Criteria(NOW, chain=(chain,), trusted=(trusted,)))
        (said,) = [check for check in looked if check["name"] == "chain"]
        assert (said["passed"], fault in said["detail"]) == (not fault, True)


STRICT = "2.23.140.1.5.1.3"


@pytest.mark.parametrize(
    ("flaw", "failed"),
    [
        ({}, []),
        ({"not_after": NOW - timedelta(days=1)}, ["valid_now"]),
        ({"usages": (SERVER_AUTH,)}, ["email_protection", "forbidden_usages"]),
        ({"ca": True}, ["end_entity"]),
        ({"emails": ()}, ["mailbox"]),
        ({"key": make_rsa_key(1024)}, ["key_strength"]),
        ({"policies": ()}, ["policy"]),
        ({"policies": (STRICT, "2.23.140.1.5.1.2")}, ["policy"]),
        ({"not_before": NOW - timedelta(days=800)}, ["validity_span"]),
    ],
)
def test_each_check_that_a_certificate_fails_is_named(
    authority: Authority, flaw: dict[str, Any], failed: list[str]
) -> None:
    issued = authority.issue(**{"policies": (STRICT,), **flaw})
    looked = inspection.inspect_certificate(certificates.load_der(issued.der), inspection.Criteria(NOW))
    assert [check["name"] for check in looked if not check["passed"]] == failed


@pytest.mark.parametrize(
    ("content_type", "body", "free"),
    [
        ("text/plain", b"0\n", True),
        ("text/plain; charset", b"0\nhunter2", False),
        ("text/plain; x=hunter2", b"0\n%68unter2", False),
        ("text/plain; x=%68unter2\x1e", b"0\n" + b"x" * 9000 + b"%68unter2", False),
    ],
)
def test_an_order_s_answer_is_shown_without_the_secrets_that_it_repeats(
    content_type: str, body: bytes, free: bool
) -> None:
    asked = {
        "order_number": "1", "login_name": "name", "login_password": "hunter2", "collection_code": None,
        "query_type": "status", "response_type": "individual", "response_encoding": "base64",
        "response_mime_type": None, "show_validity_period": False,
    }  # fmt: skip
    shown = _info.inspect_order(asked, Client(ScriptedTransport(HttpResponse(200, content_type, body))), print)
    assert shown["raw"] == (base64.b64encode(body).decode() if free else None)
    assert not any(coat in str(shown) for coat in ("hunter2", "%68unter2"))


def test_ten_thousand_files_cost_ten_thousand_times_one(authority: Authority, tmp_path: Path) -> None:
    """What the module calls is counted, Ansible's own part of it too: a clock would measure the machine."""
    pem = authority.issue().pem
    for number in range(80):
        (tmp_path / f"{number}.pem").write_bytes(pem)

    def count_calls(files: int) -> int:
        calls = 0

        def note(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        paths = [str(tmp_path / f"{number}.pem") for number in range(files)]
        watched = {"metrics_path": str(tmp_path / "smime.prom"), "report_path": str(tmp_path / "smime.html")}
        with contextlib.ExitStack() as ends:
            ends.enter_context(module_arguments({"paths": paths, **watched}))
            ends.enter_context(contextlib.redirect_stdout(io.StringIO()))
            ends.enter_context(contextlib.suppress(SystemExit))
            ends.callback(sys.setprofile, None)
            sys.setprofile(note)
            smime_certificate_info.main()
        assert f"{files - 1}.pem" in (tmp_path / "smime.html").read_text("utf-8")
        return calls

    few, some, many = [count_calls(files) for files in (1, 20, 40, 80)][1:]
    assert (many - some) / (some - few) == pytest.approx(2, abs=0.05)
