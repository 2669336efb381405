# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody foresaw: it ends no list, keeps its traceback for whoever asks, and tells no secret."""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn
from unittest import mock

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _batch, _plan
from ansible_collections.mailops.smime.plugins.module_utils._no_log import mask
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import ALICE
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host

BOB = "bob@example.test"
KEYS = {"changed", "reasons", "certificate", "status_code", "api_calls", "csr_submitted", "csr", "files"}


class PanicException(BaseException):
    """As pyo3 raises it, with what it was given."""

    __module__ = "pyo3_runtime"


def panic(*_args: object, **_options: object) -> NoReturn:
    os.write(2, b"thread panicked at hunter2")
    raise PanicException("NulError(6, [104, 117, 110, 116, 101, 114, 50])")


def fail(*_args: object, **_options: object) -> NoReturn:
    raise LookupError("nothing of hunter2, nor 'hunter2'")


@pytest.mark.parametrize("failure", [panic, fail])
@pytest.mark.parametrize(("verbosity", "told"), [(0, False), (2, False), (3, True)])
def test_a_defect_keeps_its_traceback_for_whoever_asks(
    host: Host, capfd: pytest.CaptureFixture[str], failure: Any, verbosity: int, told: bool
) -> None:
    with mock.patch.object(_plan, "make", failure):
        outcome = host.run(_ansible_verbosity=verbosity)
    assert outcome.failed
    assert "defect" in outcome.result["error"]["hint"]
    assert outcome.result.keys() >= KEYS
    assert ("traceback" in outcome.result) is told
    if told:
        assert "test_defects.py" in str(outcome.result["traceback"])
        assert ("nothing of ****" in str(outcome.result["traceback"])) is (failure is fail)
    assert "hunter2" not in outcome.printed + capfd.readouterr().err
    assert "104, 117" not in outcome.printed


@pytest.mark.parametrize("failure", [panic, fail])
def test_a_defect_in_one_entry_stops_no_other(host: Host, failure: Any) -> None:
    host.fill()
    make = _plan.make

    def fail_for_bob(spec: Any, *rest: Any) -> Any:
        return failure() if spec.email == BOB else make(spec, *rest)

    entries = [
        {"email": BOB, "path": host.path("bob.pem"), "chain_path": host.path("b"), "fullchain_path": host.path("f")}
    ]
    with mock.patch.object(_plan, "make", fail_for_bob):
        result = host.run_list([*entries, {"email": ALICE, "order_number": "1"}]).result
    assert [item["status"] for item in result["certificates"]] == ["failed", "valid"]
    assert result["attention"][0].startswith(f"failed: {BOB}")


def test_a_defect_beyond_any_entry_has_the_keys_of_a_result(host: Host) -> None:
    with mock.patch.object(_batch, "read_entries", fail):
        result = host.run_list([{"email": ALICE, "order_number": "1"}]).result
    assert result["certificates"] == []
    assert result["summary"]["failed"] == 0
    assert result["attention"] == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_whoever_ends_the_process_ends_it(host: Host, stop: type[BaseException]) -> None:
    with mock.patch.object(_plan, "make", side_effect=stop), pytest.raises((stop, json.JSONDecodeError)):
        host.run()


@pytest.mark.parametrize("text", ["a'b\"c\n", "ß\\x", "hunter2"])
def test_a_secret_is_masked_in_each_of_pythons_spellings(text: str) -> None:
    octets = text.encode()
    for coat in (text, repr(text), ascii(text), repr(octets), str(list(octets))):
        assert coat.strip("'\"b[]") not in mask(f"told: {coat}!", [text])


@pytest.mark.parametrize("option", ["pkcs12_passphrase", "privatekey_passphrase"])
def test_a_passphrase_with_a_null_character_is_refused_for_its_entry_alone(host: Host, option: str) -> None:
    host.fill()
    changes: dict[str, Any] = {option: "Geheim\0Wort"}
    outcome = host.run(**changes)
    assert outcome.error == "invalid_option"
    assert option in outcome.result["error"]["message"]
    entry = {"email": BOB, "path": host.path("b"), "chain_path": host.path("c"), "fullchain_path": host.path("f")}
    result = host.run_list([{**entry, option: "Geheim\0Wort"}, {"email": ALICE, "order_number": "1"}]).result
    assert [item["status"] for item in result["certificates"]] == ["failed", "valid"]
    assert "Geheim" not in outcome.printed + json.dumps(result)


@pytest.mark.parametrize("option", ["login_password", "collection_code", "privatekey_passphrase", "pkcs12_passphrase"])
@pytest.mark.parametrize("value", ["a", "key", ""])
def test_a_secret_that_stands_everywhere_by_chance_is_refused_in_words_that_survive(
    host: Host, option: str, value: str
) -> None:
    changes: dict[str, Any] = {option: value}
    outcome = host.run(**changes)
    assert outcome.error == "invalid_option"
    assert option in outcome.result["msg"]
    assert "fewer than 4 characters" in outcome.result["msg"]
