# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the decoders: a good reply is read, a damaged one is read or refused in our own words, and nothing else happens."""

from __future__ import annotations

import json
import re
from datetime import timezone

import pytest
from ansible_collections.mailops.smime.plugins.module_utils import _remote_ca as remote_ca
from ansible_collections.mailops.smime.plugins.module_utils._ca import formats
from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies
from ansible_collections.mailops.smime.plugins.module_utils._ca.client import LONGEST_PAUSE, Client, read_retry_after
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import LOGIN_FAILED
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, Validity, read_reply
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import Query
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError, SmimeError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import make_list, make_rsa_authority
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import strategies
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.decoders import DECODERS, ORDER
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.pathological import rewrite
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing.raw_connection import RawTransport
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's, about certificates that it reads all the same

NAMES = {1: "netscape", 2: "pkcs7", 3: "individual", 4: "cmmf"}
ANY_TEXT = st.text(max_size=200)
STRUCTURES = [name for name in DECODERS if name.startswith("structure_")]


@pytest.mark.parametrize("response_type", NAMES)
@given(data=st.data())
def test_a_good_reply_is_read(response_type: int, data: st.DataObject) -> None:
    chain, body = data.draw(strategies.bodies(response_type))
    reply = read_reply(body, Query(response_type=response_type))
    assert set(reply.certificates) == set(chain)


@pytest.mark.parametrize("response_type", NAMES)
@given(data=st.data())
def test_a_damaged_reply_is_read_or_refused(response_type: int, data: st.DataObject) -> None:
    good = strategies.bodies(response_type).map(lambda drawn: drawn[1])
    DECODERS[f"reply_{NAMES[response_type]}"].accepts(data.draw(strategies.damaged(good)))


@pytest.mark.parametrize("response_type", NAMES)
@given(data=st.data())
def test_a_damaged_structure_in_whole_base64_is_read_or_refused(response_type: int, data: st.DataObject) -> None:
    chain, tagging = data.draw(strategies.certificates()), data.draw(st.integers(0, 5))
    good = st.just(strategies.bundle(response_type, chain, tagging)[0])
    damaged = data.draw(strategies.damaged(good))
    DECODERS[f"reply_{NAMES[response_type]}"].accepts(strategies.wrapped(damaged))
    for name in ("reply_binary", "pkcs7", "der", "certificate", *STRUCTURES):
        DECODERS[name].accepts(damaged)


@pytest.mark.parametrize("response_type", NAMES)
@given(data=st.data())
def test_good_javascript_is_read(response_type: int, data: st.DataObject) -> None:
    chain, body = data.draw(strategies.declarations(response_type))
    assert set(read_reply(body, Query(response_type=response_type, response_encoding=2)).certificates) == set(chain)


@given(body=strategies.damaged(strategies.declarations().map(lambda drawn: drawn[1])))
def test_damaged_javascript_is_read_or_refused(body: bytes) -> None:
    DECODERS["reply_javascript"].accepts(body)


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.one_of(st.binary(max_size=300), st.lists(strategies.SHARDS, max_size=8).map(b"".join)))
def test_anything_at_all_is_read_or_refused(name: str, data: bytes) -> None:
    DECODERS[name].accepts(data)


HEADERS = st.sampled_from([
    b"Content-Length", b"Content-Type", b"Retry-After", b"Location", b"Transfer-Encoding", b"Content-Encoding", b"Set-Cookie",
    b"Connection", b"Date", b"X",
])  # fmt: skip
HEADER_VALUES = st.one_of(
    st.integers().map(b"%d".__mod__),
    st.sampled_from([
        b"9" * 5000, b"gzip", b"chunked", b"close", b"http://[", b"Mon, 23 Nov 2026 10:00:00 GMT", b"", b"\xb2", b"12\x1e",
        b"text/plain; charset", b"gzip, chunked", b"identity",
    ]),
    st.binary(max_size=30),
)  # fmt: skip
FRAMING = (b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Connection")


@given(
    status=st.one_of(st.sampled_from([200, 302, 307, 401, 404, 429, 500, 503]), st.integers(0, 1000)),
    headers=st.lists(st.tuples(HEADERS, HEADER_VALUES), max_size=4),
    body=st.one_of(st.sampled_from([b"0\n", b"-16\nno\n", b"2\n", b"1\r\n0\r\n0\r\n\r\n"]), st.binary(max_size=100)),
)
def test_whatever_the_headers_say_it_is_an_answer_or_refused(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    DECODERS["http"].accepts(say(status, headers, body))


def say(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    return b"HTTP/1.1 %d Some\r\n%b\r\n%b" % (status, b"".join(b"%b: %b\r\n" % header for header in headers), body)


@given(
    status=st.sampled_from([200, 302, 401, 403, 404, 429, 500, 502, 503, 504]),
    headers=st.lists(st.tuples(HEADERS.filter(lambda name: name not in FRAMING), HEADER_VALUES), max_size=4),
    form=st.sampled_from(
        [b"-16\nno\n", b"-16 no", b"\xef\xbb\xbf-16\nno", b"g_errorCode=-16", b"var g_errorCode='-16';"]
    ),
)
def test_whatever_the_headers_say_a_refused_login_is_seen_and_not_tried_again(
    status: int, headers: list[tuple[bytes, bytes]], form: bytes
) -> None:
    clean = [(name, re.sub(rb"[\r\n]", b" ", value)) for name, value in headers]
    transport = RawTransport(say(status, [(b"Content-Length", b"%d" % len(form)), *clean], form), retries=2)
    client = Client(transport, transport.pause)
    assert client.ask(ORDER, Query()).code == LOGIN_FAILED
    assert client.calls == 1
    transport.close()


@given(value=st.one_of(st.text(), st.from_regex(r"[0-9]{1,9}\s?", fullmatch=True)), pause=st.floats(0, 60))
def test_any_retry_after_is_a_pause_of_a_minute_at_most(value: str, pause: float) -> None:
    assert 0 <= read_retry_after(value, pause) <= LONGEST_PAUSE


@given(text=st.text(), secret=st.text(min_size=4, max_size=30))
def test_masking_ends_and_leaves_no_secret(text: str, secret: str) -> None:
    assert secret not in mask(text + secret + text, [secret])


LIST = make_list(make_rsa_authority().root, {1: "superseded", 2: None})


@given(data=strategies.damaged(st.just(LIST)))
def test_a_damaged_list_of_revoked_certificates_is_read_or_refused(data: bytes) -> None:
    DECODERS["crl"].accepts(data)


@given(pem=strategies.damaged(strategies.certificates().map(lambda chain: "".join(map(armour, chain)).encode())))
def test_damaged_pem_is_read_or_refused(pem: bytes) -> None:
    DECODERS["pem"].accepts(pem)


@given(structures=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=5))
def test_armour_comes_back_as_it_was(structures: list[bytes]) -> None:
    assert formats.read_blocks("".join(map(armour, structures))) == structures


@given(payload=ANY_TEXT, message=ANY_TEXT, code=st.integers(-999_999_999, 999_999_999))
def test_json_strings_in_javascript_come_back_as_they_were(payload: str, message: str, code: int) -> None:
    # A string of JSON is one of JavaScript; characters beyond 16 bits are written as two halves, which stay two here.
    halves = [text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for text in (payload, message)]
    text = f"g_errorCode={code};g_ccc={json.dumps(halves[0])};g_errorMessage={json.dumps(halves[1])}"
    read = formats.read_declarations(text)
    assert read.code == str(code)
    assert [_join(read.payload), _join(read.message)] == halves


def _join(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(tag=st.sampled_from([0x02, 0x04, 0x06, 0x30, 0xA0]), contents=st.binary(max_size=70_000))
def test_what_we_encode_we_read(tag: int, contents: bytes) -> None:
    element = der.read_whole(der.encode(tag, contents))
    assert (element.tag, element.value) == (tag, contents)


@given(number=st.integers(0, 1 << 300))
def test_integers_are_written_in_their_shortest_form(number: int) -> None:
    value = der.read_whole(der.encode_integer(number)).value
    assert int.from_bytes(value, "big", signed=True) == number
    assert len(value) == 1 or value[0] or value[1] & 0x80


@given(arcs=st.tuples(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 27), max_size=6)))
def test_object_identifiers_are_written_as_the_library_reads_them(arcs: tuple[int, int, list[int]]) -> None:
    dotted = ".".join(map(str, (arcs[0], arcs[1], *arcs[2])))
    extension = der.encode(0x30, der.encode(0x06, b"\x55\x1d\x25"), der.encode(
        0x04, der.encode(0x30, der.encode_oid(dotted))))  # fmt: skip
    usages = x509.load_der_x509_certificate(rewrite(extensions=extension)).extensions[0].value
    assert [usage.dotted_string for usage in usages] == [dotted]


MOMENTS = st.datetimes(timezones=st.just(timezone.utc))
REPLIES = st.builds(
    Reply,
    code=st.integers(),
    message=ANY_TEXT,
    validity=st.one_of(st.none(), st.builds(Validity, MOMENTS, MOMENTS)),
    certificates=st.lists(st.binary(max_size=50), max_size=3).map(tuple),
)
ANSWERS = st.fixed_dictionaries({
    "reply": st.one_of(st.none(), REPLIES.map(replies.to_values)),
    "error": st.one_of(st.none(), st.builds(SmimeError, ANY_TEXT).map(SmimeError.describe)),
    "attempted": st.booleans(),
    "api_calls": st.integers(0, 9),
    "status_code": st.one_of(st.none(), st.integers()),
    "csr_submitted": st.booleans(),
    "csr": st.one_of(st.none(), ANY_TEXT),
})  # fmt: skip


@given(values=ANSWERS)
def test_an_answer_comes_back_from_json_as_it_was(values: dict[str, object]) -> None:
    answer = remote_ca.read_answer(json.loads(json.dumps(values)))
    assert (answer.calls, answer.status_code, answer.csr) == (values["api_calls"], values["status_code"], values["csr"])
    assert (replies.to_values(answer.reply) if answer.reply else None) == values["reply"]
    if values["attempted"]:
        assert (answer.error.describe() if isinstance(answer.error, SmimeError) else None) == values["error"]


@given(values=strategies.altered(ANSWERS))
def test_an_altered_answer_is_read_or_refused(values: dict[str, object]) -> None:
    try:
        remote_ca.read_answer(values)
    except OptionError as error:
        assert "handed over" in error.message


@given(values=strategies.JSON)
def test_no_relay_ends_in_a_traceback(values: object) -> None:
    for relay in ({"answers": {"0": values}}, {"answers": values}, {"refusals": values}, {"refusals": {"0": values}}):
        access = remote_ca.open_access(relay, 0)
        try:
            access.require_open()
        except SmimeError as error:
            assert error.describe()["message"] is not None
