# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call at a time for all hosts of a run, and a refused login is not tried for the next host."""

from __future__ import annotations

import multiprocessing
import stat
import sys
from pathlib import Path

import pytest

if sys.version_info < (3, 11):
    pytest.skip("turns are taken on the controller, which needs Python 3.11", allow_module_level=True)

from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._ca.transport import HttpResponse
from ansible_collections.mailops.smime.plugins.module_utils._errors import CaError, NotAttemptedError
from ansible_collections.mailops.smime.plugins.plugin_utils._turns import Turns, TurnTakingClient
from ansible_collections.mailops.smime.tests.unit.plugins.scripted_transport import ScriptedTransport, Step

LOGIN = Order("1001", "demo", "very secret guess")
REFUSED = b"-16\nlogin refused\n"
PENDING = b"0\n"
HOSTS = 4
TURNS = 50


def make_client(folder: Path, *steps: Step) -> tuple[TurnTakingClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return TurnTakingClient(transport, turns=Turns(str(folder))), transport


def refuse(folder: Path, order: Order = LOGIN) -> None:
    client, _transport = make_client(folder, REFUSED)
    assert client.ask(order, Query()).code == -16


@pytest.mark.parametrize(
    "refused",
    [REFUSED, HttpResponse(503, "", b"-16: no"), HttpResponse(401, "", b"<html>"), HttpResponse(403, "", b"0\n")],
)
def test_a_refused_login_is_not_tried_for_the_next_host(tmp_path: Path, refused: bytes | HttpResponse) -> None:
    client, _transport = make_client(tmp_path, refused)
    assert client.ask(LOGIN, Query()).code == -16
    client, transport = make_client(tmp_path)
    with pytest.raises(CaError) as caught:
        client.ask(LOGIN, Query())
    assert (caught.value.name, caught.value.code) == ("login_failed", -16)
    assert "not tried again" in caught.value.message
    with pytest.raises(NotAttemptedError):
        client.ask(LOGIN, Query())
    assert transport.forms == []


OTHERS = {
    "another password": Order("1001", "demo", "the right one"),
    "another name": Order("1001", "somebody else", "very secret guess"),
    "a collection code": Order(None, None, None, "THE-ORDERS-OWN"),
}


@pytest.mark.parametrize("order", OTHERS.values(), ids=OTHERS)
def test_what_was_not_refused_is_tried(tmp_path: Path, order: Order) -> None:
    refuse(tmp_path)
    client, _transport = make_client(tmp_path, PENDING)
    assert client.ask(order, Query()).code == 0


def test_the_collection_code_counts_where_both_are_given(tmp_path: Path) -> None:
    refuse(tmp_path, Order("1001", "demo", "very secret guess", "A-CODE"))
    client, _transport = make_client(tmp_path, PENDING)
    assert client.ask(LOGIN, Query()).code == 0
    client, transport = make_client(tmp_path)
    with pytest.raises(CaError):
        client.ask(Order(None, None, None, "A-CODE"), Query())
    assert transport.forms == []


def test_nothing_on_disk_says_what_the_login_was(tmp_path: Path) -> None:
    refuse(tmp_path)
    written = list(tmp_path.iterdir())
    assert written
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not {"demo", "very", "secret", "guess"} & set(path.read_text().replace('"', " ").split())


def test_one_process_has_the_turn_at_a_time(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("fork")
    hosts = [context.Process(target=count_up, args=(tmp_path, counter)) for _host in range(HOSTS)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
    assert [host.exitcode for host in hosts] == [0] * HOSTS
    assert counter.read_text() == str(HOSTS * TURNS)


def count_up(folder: Path, counter: Path) -> None:
    """Read and write without a lock of its own: turns that overlap would lose some."""
    for _turn in range(TURNS):
        with Turns(str(folder)).take():
            counter.write_text(str(int(counter.read_text()) + 1))
