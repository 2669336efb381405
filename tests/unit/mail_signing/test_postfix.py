# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix says about senders counts as it does for Postfix, and only our part of its configuration changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from smime_milter.changes import State, answer, plan
from smime_milter.postfix import PATH, Postfix, Request, run

pytestmark = pytest.mark.skipif(not shutil.which("postconf", path=PATH), reason="needs Postfix's postconf and postmap")
ALICE = "alice@example.test"
MAPS = """\
alice@example.test alice, second
@other.test catchall
staff local-staff
"""
BOUND = {
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sender_login_maps": "texthash:{0}/maps",
    "smtpd_sender_restrictions": "reject_sender_login_mismatch",
}


def write(folder: Path, options: dict[str, str], main: str = "") -> str:
    lines = "".join(f"  -o {{ {name} = {value.format(folder)} }}\n" for name, value in options.items())
    (folder / "master.cf").write_text(f"submission inet n - n - - smtpd\n{lines}relay inet n - n - - smtpd\n")
    (folder / "main.cf").write_text(
        f"compatibility_level = 3.5\nmyhostname = mail.example.test\nrecipient_delimiter = +\nmydestination = own.test\n{main}\n"
    )
    (folder / "maps").write_text(MAPS)
    # The second is no whole address, for which alone Postfix asks such a map.
    (folder / "patterns").write_text("/^(.*)@example.test$/ $1\n/^@example.org$/ everybody\n")
    for name in ("main.cf", "master.cf", "maps", "patterns"):
        # Postfix takes its time with what has just been written.
        os.utime(folder / name, (0, 0))
    return str(folder)


def look(directory: str, **changes: Any) -> dict[str, Any]:
    request = {"directory": directory, "services": ["submission/inet"], "socket": "smime-milter/milter.sock", **changes}
    return answer("look", request)


@pytest.mark.parametrize(
    ("mailbox", "maps", "logins"),
    [
        (ALICE, "texthash:{0}/maps", ["alice", "second"]),
        ("alice+news@example.test", "texthash:{0}/maps", ["alice", "second"]),
        ("anybody@other.test", "texthash:{0}/maps", ["catchall"]),
        ("staff@own.test", "texthash:{0}/maps", ["local-staff"]),
        ("staff@example.test", "texthash:{0}/maps", []),
        ("bob@example.test", "texthash:{0}/maps", []),
        (ALICE, "inline:{{alice@example.test=first}}, texthash:{0}/maps", ["first"]),
        ("bob@example.test", "inline:{{@example.test=all}} proxy:texthash:{0}/maps", ["all"]),
        ("bob@example.test", "regexp:{0}/patterns", ["bob"]),
        ("dave@example.org", "regexp:{0}/patterns", []),
        ("alice@b\u00fccher.test", "inline:{{alice@xn--bcher-kva.test=alice}}", ["alice"]),
    ],
)
def test_a_mailbox_has_the_logins_that_postfix_finds(
    mailbox: str, maps: str, logins: list[str], tmp_path: Path
) -> None:
    directory = write(tmp_path, {**BOUND, "smtpd_sender_login_maps": maps})
    assert look(directory, mailboxes=[mailbox])["owners"] == {mailbox: logins}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"smtpd_sender_login_maps": ""}, "has no smtpd_sender_login_maps"),
        ({"smtpd_sender_restrictions": ""}, "does not ask smtpd_sender_login_maps"),
        ({"smtpd_sender_restrictions": "permit_sasl_authenticated, reject_sender_login_mismatch"}, "does not ask"),
        ({"smtpd_sender_restrictions": "reject_unauthenticated_sender_login_mismatch"}, "does not ask"),
        ({"smtpd_sasl_auth_enable": "no"}, "has no logins"),
        ({"smtpd_sender_login_maps": "texthash:{0}/nowhere"}, "cannot be asked"),
    ],
)
def test_a_service_that_binds_no_sender_to_its_login_is_refused(
    changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    assert said in look(write(tmp_path, {**BOUND, **changes}), mailboxes=[ALICE])["fault"]


@pytest.mark.parametrize(
    "changes",
    [
        {"smtpd_sender_restrictions": "$mua_restrictions"},
        {
            "smtpd_sender_restrictions": "",
            "smtpd_recipient_restrictions": "permit_mynetworks, reject_authenticated_sender_login_mismatch",
        },
    ],
)
def test_a_service_binds_wherever_its_restriction_stands(changes: dict[str, str], tmp_path: Path) -> None:
    directory = write(tmp_path, {**BOUND, **changes}, "mua_restrictions = reject_sender_login_mismatch, permit")
    assert look(directory, mailboxes=[ALICE])["owners"] == {ALICE: ["alice", "second"]}


def test_what_the_administrator_says_of_logins_counts_instead(tmp_path: Path) -> None:
    logins = {"a": [ALICE, "info@example.test"], "b": [ALICE]}
    assert look(write(tmp_path, {}), logins=logins)["owners"] == {ALICE: ["a", "b"], "info@example.test": ["a"]}


def test_with_relays_nobody_needs_a_login(tmp_path: Path) -> None:
    relays = [{"networks": ["192.0.2.0/24", "2001:db8::/64"], "senders": [ALICE]}]
    assert look(write(tmp_path, {}), relays=relays, mailboxes=[ALICE])["owners"] == {ALICE: []}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"relays": [{"networks": ["nowhere"], "senders": [ALICE]}]}, "'nowhere' does not appear"),
        ({"relays": [{"networks": ["192.0.2.1/32"]}]}, "needs networks and senders"),
        ({"relays": [{"networks": ["192.0.2.1/32"], "senders": ["@example.test"]}]}, "no address"),
        ({"logins": {"a": ALICE}}, "must be a list"),
        ({"logins": {}, "services": ["submissions/inet"]}, "has no service submissions/inet"),
        ({"logins": {}, "directory": "/nowhere"}, "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused(request_: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in look(**{"directory": write(tmp_path, {}), **request_})["fault"]


def test_without_a_postfix_somebody_has_to_say_who_may_send() -> None:
    assert "There is no Postfix yet" in look("/nowhere", may_be_missing=True)["fault"]
    assert look("/nowhere", may_be_missing=True, logins={"a": [ALICE]})["owners"] == {ALICE: ["a"]}


OURS = "{unix:smime-milter/%s,default_action=tempfail,protocol=6}"
OTHER = "{inet:127.0.0.1:1,default_action=accept}"


def apply(directory: str, **wanted: Any) -> dict[str, str]:
    """Set what is to be set, without a Postfix that runs, and return the milters."""
    request = Request(
        directory, **{"services": ["submission/inet"], "socket": "smime-milter/a", "logins": {}, **wanted}
    )
    state = State.read(directory)
    for change in plan(Postfix(directory), request, state):
        assert run("postconf", "-c", directory, *change.arguments()).returncode == 0
        os.utime(f"{directory}/{'master.cf' if change.option == '-P' else 'main.cf'}", (0, 0))
    state.write()
    assert plan(Postfix(directory), request, State.read(directory)) == []
    found = {**Postfix(directory).set_in_main, **Postfix(directory).options}
    return {name: value for name, value in found.items() if "milter" in name}


def test_our_entry_comes_first_goes_with_its_address_and_leaves_what_was_there(tmp_path: Path) -> None:
    main = "milter_default_action = accept\nsmtpd_milters = { inet:127.0.0.1:1, default_action=accept }\n"
    main += "non_smtpd_milters = inet:127.0.0.1:2,  $smtpd_milters"
    directory = write(tmp_path, {}, main)
    before = apply(directory, services=[])
    service, non_smtpd = "submission/inet/smtpd_milters", "non_smtpd_milters"
    signing = apply(directory, non_smtpd=True)
    assert signing == {
        **before,
        service: f"{OURS % 'a'},{OTHER}",
        non_smtpd: f"{OURS % 'a'},inet:127.0.0.1:2,$smtpd_milters",
    }
    assert apply(directory, non_smtpd=True, socket="smime-milter/b") == {
        name: value.replace("/a,", "/b,") for name, value in signing.items()
    }
    assert apply(directory, services=["relay/inet"], socket="smime-milter/b") == {
        **before,
        "relay/inet/smtpd_milters": f"{OURS % 'b'},{OTHER}",
    }


def test_where_nothing_else_signs_our_entry_stands_alone_and_leaves_nothing(tmp_path: Path) -> None:
    directory, ours = write(tmp_path, {}), OURS % "a"
    before = apply(directory, services=[])
    assert apply(directory, non_smtpd=True) == {
        **before, "submission/inet/smtpd_milters": ours, "non_smtpd_milters": ours,
    }  # fmt: skip
    left = apply(directory, services=["relay/inet"])
    assert (left.get("non_smtpd_milters", ""), left["relay/inet/smtpd_milters"]) == ("", ours)
    assert "submission/inet/smtpd_milters" not in left


def test_there_is_no_state_where_nothing_is_kept(tmp_path: Path) -> None:
    state = State(str(tmp_path / "smime-milter.json"), ["unix:smime-milter/a"])
    state.write()
    assert State.read(str(tmp_path)) == state
    State(state.path).write()
    assert os.listdir(tmp_path) == []


def test_a_state_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    directory = write(tmp_path, BOUND)
    Path(directory, "smime-milter.json").write_text("{")
    assert "smime-milter.json cannot be read" in look(directory)["fault"]
    assert os.listdir(directory).count("smime-milter.json") == 1
