# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A glance never says that all is fine where the full way would not, and what it says is what the full way would say."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any, Callable

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _glance, _lifecycle
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    LAST_SECOND,
    NOW,
    Authority,
    encode_key,
    issue_ca,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._x509.test_glance import damage
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host, Outcome

Change = Callable[[Host], object]


@pytest.fixture
def rsa_host(tmp_path: Any, rsa_authority: Authority) -> Host:
    """A host with all that the common case has, and nothing to do."""
    (tmp_path / "rsa").mkdir()
    host = Host(tmp_path / "rsa", rsa_authority, make_rsa_key())
    host.fill()
    host.write("roots.pem", rsa_authority.root.pem)
    host.options.update(csr_path=None, trusted_roots_path=host.path("roots.pem"))
    return host


# What leaves nothing to do, and can be seen at a glance.
FINE: dict[str, dict[str, Any]] = {
    "all files": {},
    "without trusted roots": {"trusted_roots_path": None},
    "chain alone": {"fullchain_path": None},
    "full chain alone": {"chain_path": None},
    "certificate alone": {"fullchain_path": None, "chain_path": None},
    "certificate and trusted roots": {"fullchain_path": None, "chain_path": None, "trusted_roots_path": None},
    "any mailbox": {"email": None},
    "a key that was created": {"privatekey_create": True},
    "a collection code": {"collection_code": "code"},
    "check mode": {"check_mode": True},
    "the last day on which nothing is due": {"now": LAST_SECOND - timedelta(days=30)},
    "the first run of two": {"api_from": "controller", "_relay": {"phase": "look"}, "login_password": None},
}


@pytest.mark.parametrize("changes", FINE.values(), ids=FINE)
def test_a_glance_says_what_the_full_way_says(
    rsa_host: Host, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    before = rsa_host.snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(_lifecycle, "manage", lambda *_arguments: pytest.fail("a glance was not enough"))
        seen = rsa_host.run(**changes)
    assert seen.result["status"] == "valid"
    assert seen.result == go_full_way(rsa_host, monkeypatch, **changes).result
    assert rsa_host.snapshot() == before


def _renew(host: Host, **options: Any) -> None:
    host.fill(host.issue(**options))


def _stranger(host: Host) -> None:
    host.write("roots.pem", issue_ca("Stranger", key=make_rsa_key(2072)).pem)


# What no glance may let through: something is to do, or an option is wrong, or it takes the library to tell.
NOT_FINE: dict[str, Change] = {
    "no certificate": lambda host: (host.folder / "cert.pem").unlink(),
    "no chain": lambda host: (host.folder / "chain.pem").unlink(),
    "no key": lambda host: (host.folder / "key.pem").unlink(),
    "an empty certificate": lambda host: host.write("cert.pem", b""),
    "an empty chain": lambda host: host.write("chain.pem", b""),
    "another key": lambda host: host.write("key.pem", encode_key(make_rsa_key(2080))),
    "an elliptic key": lambda host: host.write("key.pem", encode_key(make_key())),
    "the root in the chain": lambda host: host.write("chain.pem", host.read("chain.pem") + host.read("roots.pem")),
    "chain and full chain apart": lambda host: host.write("fullchain.pem", host.read("cert.pem")),
    "another certificate in the full chain": lambda host: host.write(
        "fullchain.pem", host.issue().pem + host.read("chain.pem")
    ),
    "an untrusted root": _stranger,
    "a broken chain": lambda host: _renew(host, sign_with=make_rsa_key(2072)),
    "another mailbox": lambda host: _renew(host, emails=("bob@example.test",)),
    "not for mail": lambda host: _renew(host, usages=("1.3.6.1.5.5.7.3.1",)),
    "no usage": lambda host: _renew(host, usages=None),
    "a weak key usage": lambda host: _renew(host, key_usages=("content_commitment",)),
    "an authority": lambda host: _renew(host, ca=True),
    "expiring": lambda host: _renew(host, not_after=NOW + timedelta(days=29)),
    "expired": lambda host: _renew(host, not_after=NOW - timedelta(days=1)),
    "not valid yet": lambda host: _renew(host, not_before=NOW + timedelta(days=1)),
    **{
        f"{option}: {value}": lambda host, option=option, value=value: host.options.update({option: value})  # type: ignore[misc]
        for option, value in (
            ("force", True),
            ("der_path", "cert.der"),
            ("mode", "0600"),
            ("remaining_days", -1),
            ("api_url", "http://ca.test/"),
            ("api_timeout", 0),
            ("order_number", None),
            ("email", "nobody"),
            ("email", "bob@example.test"),
            ("chain_path", "/nowhere/chain.pem"),
            ("subject", {"CN": "name"}),
            ("pkcs12_passphrase", ""),
        )
    },
    "one file twice": lambda host: host.options.update(chain_path=host.path("cert.pem")),
    "a key to create and no mailbox": lambda host: host.options.update(privatekey_create=True, email=None),
}


@pytest.mark.parametrize("change", NOT_FINE.values(), ids=NOT_FINE)
def test_a_glance_lets_nothing_through(rsa_host: Host, monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    params = read_params(rsa_host, monkeypatch)
    assert _glance.look(params, NOW) is not None
    change(rsa_host)
    assert _glance.look({**params, **rsa_host.options}, NOW) is None


def test_damaged_files_are_judged_alike(rsa_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is damaged, a glance that finds all fine is right."""
    params = read_params(rsa_host, monkeypatch)
    good = {name: rsa_host.read(name) for name in ("cert.pem", "chain.pem", "fullchain.pem", "key.pem", "roots.pem")}
    chance = random.Random(6)  # noqa: S311 - the same each time
    seen = 0
    for number in range(400):
        for name, data in good.items():
            rsa_host.write(name, data)
        name = chance.choice(tuple(good))
        rsa_host.write(name, damage(good[name], chance))
        changes = {"trusted_roots_path": None} if number % 2 else {}
        report = _glance.look({**params, **changes}, NOW)
        if report is not None:
            seen += 1
            assert go_full_way(rsa_host, monkeypatch, **changes).reasons == []
    assert seen < 400


def test_a_run_with_nothing_to_do_loads_no_library() -> None:
    code = (
        "import sys\n"
        "from ansible_collections.mailops.smime.plugins.modules import smime_certificate\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'cryptography', 'requests', 'urllib3', 'ssl'}))\n"
        "print([name for name in sys.modules if name.endswith(('_lifecycle', '_wanted', '_x509.certificate'))])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert run.stdout.split() == [b"[]", b"[]"]


def go_full_way(host: Host, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Outcome:
    with monkeypatch.context() as patch:
        patch.setattr(_glance, "look", lambda _params, _now: None)
        return host.run(**changes)


def read_params(host: Host, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the module's parameters as Ansible has them once it has checked them."""
    taken: dict[str, Any] = {}

    def look(params: dict[str, Any], now: datetime) -> None:
        assert now == NOW
        taken.update(params)

    with monkeypatch.context() as patch:
        patch.setattr(_glance, "look", look)
        host.run()
    return taken
