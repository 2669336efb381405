# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the rules for options: whatever is given is taken, or refused in our own words, and never repeated if secret."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _new_key
from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils import _rollover as rollover
from ansible_collections.mailops.smime.plugins.module_utils import _spec as wanteds
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509 import request as csrs
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import encode_key, make_csr_pem, make_key
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import strategies
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's, about keys and names that it reads all the same


def text_around(length: int) -> st.SearchStrategy[str | None]:
    """Return texts that are there or not, and now and then one that is just too long."""
    edge = st.integers(length - 1, length + 1).map(lambda size: "x" * size)
    return st.one_of(st.none(), st.just(""), st.text(min_size=1, max_size=12), st.just("1"), edge)


def accepted(check: Any, *values: Any) -> bool:
    """Tell whether ``check`` took them; what it refuses must say what is wrong, and what to do."""
    try:
        check(*values)
    except OptionError as error:
        assert error.message
        assert error.hint
        return False
    return True


HOSTS = ["ca.example.test", "user:secret@ca.example.test", "[::1]", "[::", "ca.example.test:x", ":443", ""]
URLS = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(["https", "HTTPS", "http", ""]),
        st.sampled_from(HOSTS),
        st.sampled_from(["", "/", "/path?query", "/#part", "/a b", "/\n", "/\u2028"]),
    ),
)


DOMAINS = ["example.test", "ex\u00e4mple.test", "xn--a", "a..b", "-", "\u200d.test"]
ADDRESSES = st.one_of(
    st.text(max_size=30),
    st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=20)),
    st.sampled_from(DOMAINS).map("alice@{}".format),
)


@given(email=ADDRESSES)
def test_an_address_is_normal_or_refused(email: str) -> None:
    if accepted(options.check_email, email):
        normal = address.normalize(email)
        assert address.normalize(normal) == normal
        assert address.is_one_of(email.upper() if email.isascii() else email, (normal,))


SUBJECTS = st.dictionaries(
    st.one_of(st.sampled_from(["CN", "C", "O", "emailAddress", "2.5.4.3", "1.2", "9.9.9"]), st.text(max_size=8)),
    st.one_of(st.text(max_size=70), st.lists(st.text(max_size=5), max_size=2), st.integers(), st.none()),
    max_size=3,
)
TEMPLATES = st.fixed_dictionaries({
    "name": st.one_of(st.none(), st.text(max_size=10)),
    "oid": st.one_of(st.none(), st.text(max_size=10), st.sampled_from(["1.3.6.1.4.1.311.21.8.1", "1", "3.1", "1.40", "2.999"])),
    "major": st.one_of(st.none(), st.integers(-1, 1 << 40)),
    "minor": st.one_of(st.none(), st.integers(-1, 1 << 40)),
})  # fmt: skip
KEY = make_key()


@given(email=ADDRESSES, subject=st.one_of(st.none(), SUBJECTS), template=st.one_of(st.none(), TEMPLATES))
def test_a_request_can_be_made_or_is_refused_beforehand(email: str, subject: Any, template: Any) -> None:
    said = {"email": email, "subject": subject, "ms_template": template}
    if accepted(_new_key.plan_request, said):
        key = keys.load(encode_key(KEY), None, "privatekey_content")
        made = csrs.build(key, _new_key.plan_request(said))
        assert csrs.load(made.pem.encode(), "csr_content") == made


@given(data=strategies.damaged(st.just(make_csr_pem(KEY).encode())))
def test_a_damaged_request_is_refused(data: bytes) -> None:
    try:
        loaded = csrs.load(data, "csr_path")
    except OptionError as error:
        assert "csr_path" in error.message
    else:
        assert loaded.public_key == keys.load(encode_key(KEY), None, "").public_key


@given(
    data=strategies.damaged(st.sampled_from([encode_key(KEY), encode_key(KEY, "hunter2")])),
    passphrase=st.sampled_from([None, "hunter2", "\ud800", ""]),
)
def test_a_damaged_key_is_read_or_refused_without_repeating_it(data: bytes, passphrase: str | None) -> None:
    try:
        keys.load(data, passphrase, "privatekey_path")
    except SmimeError as error:
        assert "privatekey_path" in error.message
        assert not any(line in error.message for line in data.decode("utf-8", "replace").split() if len(line) > 20)


@dataclasses.dataclass
class Disk:
    """Files that hold what they are said to hold; ``load`` reads them and does no more."""

    contents: dict[str, bytes | None]
    check_mode: bool = True

    def read(self, path: str) -> bytes | None:
        return self.contents.get(path)


PATHS = st.one_of(st.none(), st.sampled_from(["/a/cert.pem", "/a/key.pem", "/a/../a/key.pem", "/a/other", "/a/\0", ""]))
SECRETS = st.one_of(st.none(), st.just(""), st.just("secret"), st.text(max_size=5))
PARAMETERS = st.fixed_dictionaries({
    "path": PATHS.filter(bool), "chain_path": PATHS, "fullchain_path": PATHS, "root_path": PATHS, "der_path": PATHS,
    "pkcs7_path": PATHS, "combined_path": PATHS, "pkcs12_path": PATHS, "pkcs12_passphrase": SECRETS,
    "pkcs12_friendly_name": SECRETS, "pkcs12_encryption": st.sampled_from(["modern", "legacy"]),
    "privatekey_path": PATHS, "privatekey_content": st.one_of(st.none(), st.just(encode_key(KEY).decode()), SECRETS),
    "privatekey_passphrase": SECRETS, "privatekey_create": st.booleans(), "privatekey_type": st.sampled_from(["RSA", "ECC"]),
    "privatekey_size": st.just(2048), "privatekey_curve": st.just("secp256r1"), "csr_path": PATHS,
    "csr_content": st.one_of(st.none(), st.just(make_csr_pem(KEY)), SECRETS), "email": st.one_of(st.none(), ADDRESSES),
    "subject": st.one_of(st.none(), SUBJECTS), "ms_template": st.one_of(st.none(), TEMPLATES),
    "order_number": text_around(128), "login_name": text_around(64), "login_password": text_around(128),
    "collection_code": text_around(16), "api_from": st.sampled_from(["target", "controller"]), "api_url": URLS,
    "remaining_days": st.integers(-1, 40000), "wait_timeout": st.just(0), "poll_interval": st.just(60), "api_timeout": st.just(30),
    "api_retries": st.just(3), "force": st.booleans(), "trusted_roots_path": PATHS, "privatekey_rollover": st.booleans(),
    "check_revocation": st.sampled_from(["none", "crl"]),
    "archive_path": st.one_of(st.none(), st.sampled_from(["/a", "/archive", ""])),
})  # fmt: skip
CONTENTS = st.dictionaries(
    st.sampled_from(["/a/cert.pem", "/a/key.pem", "/a/other"]),
    st.sampled_from([encode_key(KEY), encode_key(make_key()), make_csr_pem(KEY).encode(), b"junk", b"", b"\xff" * 40]),
)
GOOD = {
    "path": "/a/new.pem", "privatekey_path": "/a/key.pem", "csr_path": None, "csr_content": None, "privatekey_content": None,
    "collection_code": "CODE", "api_url": "https://ca.example.test/", "email": "alice@example.test", "remaining_days": 30,
}  # fmt: skip


@given(drawn=PARAMETERS, kept=st.sets(st.sampled_from(sorted(GOOD))), contents=CONTENTS)
def test_any_options_are_taken_or_refused(
    drawn: dict[str, Any], kept: set[str], contents: dict[str, bytes | None]
) -> None:
    params = {**drawn, **{name: GOOD[name] for name in kept}}
    try:
        disk: Any = Disk(contents)
        wanted = rollover.add_successor(wanteds.load(params, disk, print), params, disk)
        _new_key.check_request(wanted)
    except SmimeError as error:
        assert error.message
        for secret in (params["pkcs12_passphrase"], params["privatekey_passphrase"], params["login_password"]):
            assert not secret or len(secret) < 6 or secret not in error.message
    else:
        assert wanted.public_key is not None or wanted.key_to_create is not None
