# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read at a glance is what the library reads, and what it would refuse is refused: over good certificates and damaged ones."""

from __future__ import annotations

import inspect
import random
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der, glance, releases, rsa, strict
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509.facts import Facts
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import (
    Authority,
    Issued,
    encode_key,
    issue,
    make_key,
    make_rsa_key,
)
from ansible_collections.mailops.smime.tests.unit.plugins.der_writer import SEQUENCE, encode
from ansible_collections.mailops.smime.tests.unit.plugins.fuzzing import der_tree
from ansible_collections.mailops.smime.tests.unit.plugins.samples import armour
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.x509.oid import AuthorityInformationAccessOID

LINK = x509.UniformResourceIdentifier("http://ca.test/issuer.crt")
# As in a certificate that is bought: where its issuer, its revocation and its policy are to be found.
BOUGHT = (
    x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, LINK)]),
    x509.CRLDistributionPoints([x509.DistributionPoint([LINK], None, None, None)]),
    x509.CertificatePolicies(
        [
            x509.PolicyInformation(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), ["https://ca.test/cps"]),
            x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.5.1.2"), None),
        ]
    ),
)
DAMAGES = 1500


@pytest.fixture(scope="module")
def bought(rsa_authority: Authority) -> Issued:
    intermediate = rsa_authority.intermediate
    identifiers = (
        x509.SubjectKeyIdentifier.from_public_key(make_rsa_key().public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(intermediate.key.public_key()),
    )
    usages = ("digital_signature", "key_encipherment")
    return rsa_authority.issue(key=make_rsa_key(), key_usages=usages, extra=(*BOUGHT, *identifiers))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"emails": ()},
        {"emails": ("a@example.test", "b@example.test")},
        {"usages": None},
        {"usages": ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.10.3.12")},
        {"key_usages": None},
        {"key_usages": ("digital_signature", "content_commitment", "data_encipherment", "key_agreement")},
        {"policies": ("2.23.140.1.5.1.2",)},
        {"ca": True},
        {"name": "M\u00fcnchen \u2603"},
        {
            "not_before": datetime(1999, 12, 31, tzinfo=timezone.utc),
            "not_after": datetime(2050, 1, 1, tzinfo=timezone.utc),
        },
    ],
)
def test_what_is_seen_is_what_the_library_reads(rsa_authority: Authority, options: dict[str, Any]) -> None:
    issued = rsa_authority.issue(**{"key": make_rsa_key(), **options})
    (seen,) = glance.read_certificates(issued.pem)
    assert tell(seen) == tell(certificates.load_der(issued.der))


def test_a_bought_certificate_is_read(bought: Issued, rsa_authority: Authority) -> None:
    (seen,) = glance.read_certificates(bought.pem)
    assert tell(seen) == tell(certificates.load_der(bought.der))
    (intermediate,) = glance.read_certificates(rsa_authority.intermediate.pem)
    assert glance.is_signed_by(seen, intermediate)


def test_all_of_a_file_is_read(rsa_authority: Authority) -> None:
    chain = (rsa_authority.intermediate, rsa_authority.root)
    seen = glance.read_certificates(b"".join(item.pem for item in chain))
    assert [item.der for item in seen] == [item.der for item in chain]


@pytest.mark.parametrize(
    "options",
    [
        {"key": make_key()},
        {"utf8_mailboxes": (b"\x0c\x03a@b",)},
        {"extra": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),)},
        {"key_usages": ("key_agreement", "encipher_only")},
    ],
)
def test_what_is_unusual_is_left_to_the_library(rsa_authority: Authority, options: dict[str, Any]) -> None:
    issued = rsa_authority.issue(**{"key": make_rsa_key(), **options})
    certificates.load_der(issued.der)
    with pytest.raises(ValueError, match=r"."):
        glance.read_certificates(issued.pem)


@pytest.mark.parametrize(("content", "dotted"), [("2affffff7f", "1.2.268435455"), ("2a8180808000", None)])
def test_large_numbers_in_object_identifiers_are_left_to_the_library(content: str, dotted: str | None) -> None:
    """With cryptography 41, whose limit this is, an altered policy was seen that the library refused."""
    element = der.read_whole(encode(der.OID, bytes.fromhex(content)))
    if dotted is not None:
        assert strict.read_oid(element) == dotted
    else:
        with pytest.raises(ValueError, match="arc"):
            strict.read_oid(element)


def test_an_empty_extension_is_none(rsa_authority: Authority) -> None:
    """What the campaign of "make fuzz" found."""
    whole = der_tree.read(rsa_authority.root.der)
    (extensions,) = whole.children[0].children[-1].children
    extensions.children[0] = der_tree.Node(SEQUENCE)
    with pytest.raises(ValueError, match="not an extension"):
        glance.read_certificates(armour(whole.write()).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: b"",
        lambda pem: b"text\n" + pem,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem + b"text",
        lambda pem: pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
        lambda pem: pem[:-40] + pem[-30:],
        lambda pem: pem.replace(b"-\nM", b"-\nM-", 1),
        lambda pem: pem.replace(b"\n", b"", 2).replace(b"E-----", b"E-----\n", 1),
        lambda pem: pem[:-1],
        lambda pem: pem + pem.replace(b"BEGIN", b"BEGUN"),
        lambda pem: pem + b"-----END CERTIFICATE-----\n",
    ],
)
def test_only_files_of_plain_pem_are_read(bought: Issued, change: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        glance.read_certificates(change(bought.pem))


def test_no_damage_is_seen_as_something_else_than_the_library_reads(bought: Issued, rsa_authority: Authority) -> None:
    chance = random.Random(4)  # noqa: S311 - the same each time
    for issued in (bought, rsa_authority.intermediate, rsa_authority.root):
        accepted = 0
        for _number in range(DAMAGES):
            damaged = damage(issued.der, chance)
            try:
                (seen,) = glance.read_certificates(armour(damaged).encode())
            except ValueError:
                continue
            accepted += 1
            assert tell(seen) == tell(certificates.load_pem(armour(damaged).encode())[0]), damaged.hex()
        assert accepted, "no damage was let through: this test tests nothing"


def test_signatures_are_judged_as_the_library_judges_them(bought: Issued, rsa_authority: Authority) -> None:
    other = issue("stranger", key=make_rsa_key(2056), ca=True)
    everything = (bought, rsa_authority.intermediate, rsa_authority.root, other)
    for one in everything:
        for issuer in everything:
            (below,), (above,) = glance.read_certificates(one.pem), glance.read_certificates(issuer.pem)
            assert glance.is_signed_by(below, above) == releases.is_signed_by(one.certificate, issuer.certificate)


def test_a_damaged_signature_is_none(bought: Issued, rsa_authority: Authority) -> None:
    (above,) = glance.read_certificates(rsa_authority.intermediate.pem)
    for position in (1, 100, 255):
        changed = bytearray(bought.der)
        changed[-position] ^= 1
        (below,) = glance.read_certificates(armour(bytes(changed)).encode())
        assert not glance.is_signed_by(below, above)


@pytest.mark.parametrize("traditional", [False, True])
@pytest.mark.parametrize("size", [2048, 2056, 3072])
def test_the_public_half_is_the_library_s(size: int, traditional: bool) -> None:
    pem = encode_key(make_rsa_key(size), traditional=traditional)
    assert rsa.read_public_half(pem) == keys.load(pem, None, "test").public_key


@pytest.mark.parametrize(
    "pem",
    [
        encode_key(make_key()),
        encode_key(make_rsa_key(), "passphrase"),
        encode_key(make_rsa_key()) + b"text",
        encode_key(rsa_keys.generate_private_key(65537, 1024)),  # noqa: S505 - on purpose
        encode_key(rsa_keys.generate_private_key(3, 2048)),
    ],
)
def test_other_keys_are_left_to_the_library(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        rsa.read_public_half(pem)


def test_no_damaged_key_is_seen_as_a_good_one() -> None:
    chance = random.Random(5)  # noqa: S311 - the same each time
    whole = encode_key(make_rsa_key(), traditional=True)
    good = rsa.read_public_half(whole)
    (body,) = strict.read_pem(whole, b"RSA PRIVATE KEY")
    for _number in range(DAMAGES):
        pem = armour(damage(body, chance), "RSA PRIVATE KEY").encode()
        try:
            seen = rsa.read_public_half(pem)
        except ValueError:
            continue
        try:
            assert seen == keys.load(pem, None, "test").public_key == good
        except OptionError:
            pytest.fail(f"the library refuses what was seen as a key: {pem!r}")


def tell(facts: Facts) -> dict[str, Any]:
    return {name: value for name, value in vars(facts).items() if name in inspect.signature(Facts).parameters}


def damage(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with one octet or two changed, taken out or put in; most of it in the first half, where the structure is."""
    changed = bytearray(data)
    for _number in range(chance.choice((1, 1, 2))):
        position = chance.randrange(len(changed))
        kind = chance.randrange(6)
        if kind == 0:
            del changed[position]
        elif kind == 1:
            changed.insert(position, chance.randrange(256))
        elif kind == 2:
            changed[position] ^= 1 << chance.randrange(8)
        else:
            changed[position] = chance.randrange(256)
    return bytes(changed)
