# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate looked at in two ways, at a glance and in full: what the glance accepts, the full way accepts alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _glance
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    NOW,
    Authority,
    encode_key,
    issue_ca,
    make_rsa_authority,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import encode, sequence
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import der_tree
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.test_replies import MANY
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils._x509.test_glance import BOUGHT
from ansible_collections.mailops.smime.tests.unit.plugins.module_utils.test_glance import go_full_way, read_params
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour, unwrap
from ansible_collections.mailops.smime.tests.unit.plugins.target_host import Host
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st

VERY_MANY = settings(MANY, max_examples=400)
FOLDERS = settings(MANY, max_examples=200)
OPTIONAL = ("chain_path", "fullchain_path", "trusted_roots_path")

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's, about certificates that it reads all the same


@lru_cache(maxsize=None)
def end_entity() -> bytes:
    return make_rsa_authority().issue(key=make_rsa_key(), extra=BOUGHT).der


def counted(name: str, strategy: st.SearchStrategy[bytes]) -> int:
    """Try a decoder with the examples of a strategy and return how many it accepted."""
    accepted = []

    @VERY_MANY
    @given(data=strategy)
    def run(data: bytes) -> None:
        accepted.append(DECODERS[name].accepts(data))

    run()
    return sum(accepted)


def test_an_altered_certificate_is_seen_as_the_library_reads_it_or_not_at_all() -> None:
    authority = make_rsa_authority()
    good = st.sampled_from([end_entity(), end_entity(), authority.intermediate.der, authority.root.der])
    assert counted("glance_certificate", der_tree.altered(good)) > 20


@pytest.mark.parametrize("traditional", [True, False])
def test_an_altered_key_is_seen_as_the_library_reads_it_or_not_at_all(traditional: bool) -> None:
    good = unwrap(encode_key(make_rsa_key(), traditional=traditional))
    assert counted("glance_key", der_tree.altered(st.just(good), least=0)) > 10


@lru_cache(maxsize=None)
def authorities() -> dict[str, bytes]:
    """Return CAs that may stand in the files of a chain, in PEM: the right ones, and those that are easily taken for them."""
    right = make_rsa_authority()
    root, middle, key = right.root, right.intermediate, make_rsa_key(2072)
    other = issue_ca("Other Root", key=key)
    past, future = NOW - timedelta(days=1), NOW + timedelta(days=1)
    root_name, name = "RSA Root", "RSA Issuing CA"
    made = {
        "root": root,
        "root renewed": issue_ca(root_name, key=root.key),
        "root expired": issue_ca(root_name, key=root.key, not_after=past),
        "root with another key": issue_ca(root_name, key=key),
        "root that is none": issue_ca(root_name, key=root.key, ca=False),
        "root below another": issue_ca(root_name, key=root.key, issuer=other),
        "other root": other,
        "middle": middle,
        "middle renewed": issue_ca(name, key=middle.key, issuer=root),
        "middle expired": issue_ca(name, key=middle.key, issuer=root, not_after=past),
        "middle early": issue_ca(name, key=middle.key, issuer=root, not_before=future),
        "middle that is no CA": issue_ca(name, key=middle.key, issuer=root, ca=False),
        "middle with another key": issue_ca(name, key=key, issuer=root),
        "middle not signed": issue_ca(name, key=middle.key, issuer=root, sign_with=key),
        "middle below another root": issue_ca(name, key=middle.key, issuer=other),
        "middle as a root": issue_ca(name, key=middle.key),
        "below the middle": issue_ca("Below", key=key, issuer=middle),
    }
    return {label: item.pem for label, item in made.items()}


def lists_of_authorities() -> Iterator[tuple[list[str], list[str] | None]]:
    """Yield what may stand above the end entity and what may be trusted: the right CAs, with each other one beside or for them."""
    for label in authorities():
        for above in ([label], ["middle", label], [label, "middle"]):
            for roots in (None, ["root"], ["other root"]):
                yield above, roots
        for roots in ([label], ["root", label], [label, "root"]):
            yield ["middle"], roots
            yield [], roots


def sign_anew(data: bytes, key: Any) -> bytes:
    """Return a certificate with a signature that holds, if it still has the three parts of one."""
    parts = der.read_whole(data).children()
    if len(parts) != 3:
        return data
    body, algorithm, _signature = (part.encoded for part in parts)
    return sequence(body, algorithm, encode(0x03, b"\0" + key.sign(body, padding.PKCS1v15(), hashes.SHA256())))


def altered_pem(data: bytes, key: Any) -> st.SearchStrategy[bytes]:
    return der_tree.altered(st.just(data)).map(lambda changed: armour(sign_anew(changed, key)).encode())


@st.composite
def folders(draw: Any, authority: Authority) -> dict[str, bytes]:
    """Return the files of a certificate, right or with something put in, left out, or taken for something else."""
    leaf = authority.issue(key=make_rsa_key()).pem
    lists = {"above": [authority.intermediate.pem], "roots": [authority.root.pem]}
    own = draw(st.one_of(st.just(leaf), altered_pem(end_entity(), authority.intermediate.key)))
    strange = st.one_of(
        st.sampled_from([*authorities().values(), leaf]),
        altered_pem(authority.intermediate.der, authority.root.key),
        altered_pem(authority.root.der, authority.root.key),
    )
    for _accident in range(draw(st.integers(0, 2))):
        items = lists[draw(st.sampled_from(sorted(lists)))]
        start = draw(st.integers(0, len(items)))
        items[start : start + draw(st.integers(0, 1))] = draw(st.lists(strange, max_size=1))
    above, roots = (b"".join(items) for items in (lists["above"], lists["roots"]))
    whole = draw(st.sampled_from([own + above, own + above, own + above, own, leaf + above, above + own]))
    return {"cert.pem": own, "chain.pem": above, "fullchain.pem": whole, "roots.pem": roots}


@dataclass
class Comparison:
    """A host's files, looked at in both ways. ``seen`` says of each look whether the glance was enough."""

    host: Host
    monkeypatch: pytest.MonkeyPatch
    seen: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host.fill()
        self.host.options.update(csr_path=None)
        self.params = read_params(self.host, self.monkeypatch)
        self.paths = {**self.host.options, "trusted_roots_path": self.host.path("roots.pem")}

    def look(self, files: dict[str, bytes], named: set[str]) -> None:
        for name, data in files.items():
            self.host.write(name, data)
        changes: dict[str, Any] = {name: self.paths[name] if name in named else None for name in OPTIONAL}
        enough = _glance.look({**self.params, **changes}, NOW) is not None
        self.seen.append(enough)
        if enough:
            assert self.host.run(**changes).result == go_full_way(self.host, self.monkeypatch, **changes).result


@pytest.fixture
def comparison(tmp_path: Path, rsa_authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    return Comparison(Host(tmp_path, rsa_authority, make_rsa_key()), monkeypatch)


def test_altered_files_with_nothing_to_do_at_a_glance_have_nothing_to_do(
    comparison: Comparison, rsa_authority: Authority
) -> None:
    @FOLDERS
    @given(files=folders(rsa_authority), named=st.sets(st.sampled_from(OPTIONAL)))
    def run(files: dict[str, bytes], named: set[str]) -> None:
        comparison.look(files, named)

    run()
    assert 25 < sum(comparison.seen) < len(comparison.seen), "one answer to all: this test tests nothing"


def test_other_chains_with_nothing_to_do_at_a_glance_have_nothing_to_do(
    comparison: Comparison, rsa_authority: Authority
) -> None:
    leaf = rsa_authority.issue(key=make_rsa_key()).pem
    for labels, trusted in lists_of_authorities():
        above = b"".join(authorities()[label] for label in labels)
        roots = b"".join(authorities()[label] for label in trusted or ())
        files = {"cert.pem": leaf, "chain.pem": above, "fullchain.pem": leaf + above, "roots.pem": roots}
        named = {"trusted_roots_path"} if trusted is not None else set()
        comparison.look(files, {*named, "fullchain_path"})
        comparison.look(files, {*named, "chain_path"} if above else named)
    assert 25 < sum(comparison.seen) < len(comparison.seen), "one answer to all: this test tests nothing"
