# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revocation lists: what they say, and each reason for which one says nothing; NIST's lists beside our own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import crl, path
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import NOW, Authority, issue_ca, make_list
from cryptography import x509
from cryptography.hazmat.primitives import serialization

URL = "http://ca.test/own.crl"
SOMETHING = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.9"), b"\x05\x00")


def point(*urls: str, **options: Any) -> x509.DistributionPoint:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.DistributionPoint(
        **{"full_name": names, "relative_name": None, "reasons": None, "crl_issuer": None, **options}
    )


@pytest.fixture(scope="module")
def pair(authority: Authority) -> tuple[Certificate, Certificate]:
    """An end entity that names its list, and its issuer."""
    own = authority.issue(extra=(x509.CRLDistributionPoints([point(URL)]),))
    return certificates.load_der(own.der), certificates.load_der(authority.intermediate.der)


def look(pair: tuple[Certificate, Certificate], data: bytes) -> crl.Revocation:
    return crl.look_up(crl.load(data), *pair, NOW)


def test_a_list_says_good_or_revoked_with_time_and_reason(authority: Authority, pair: Any) -> None:
    number = pair[0].serial_number
    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
        data = make_list(authority.intermediate, {1: None, number + 1: "superseded"}, encoding=encoding)
        assert look(pair, data) == crl.Revocation("good")
    when = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc)
    names = {None: "unspecified", "key_compromise": "keyCompromise", "certificate_hold": "certificateHold"}
    for reason, told in names.items():
        said = look(pair, make_list(authority.intermediate, {1: None, number: reason}, revoked_at=when))
        assert said == crl.Revocation("revoked", when, told)


def scope(**options: Any) -> dict[str, Any]:
    usual: dict[str, Any] = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    usual.update(full_name=None, relative_name=None, only_some_reasons=None)
    return {"critical": (x509.IssuingDistributionPoint(**{**usual, **options}),)}


PLACE = [x509.UniformResourceIdentifier(URL)]
ELSEWHERE = [x509.UniformResourceIdentifier("http://ca.test/other.crl")]
# What makes a list say nothing, each with words of the reason; the revoked certificate is in all of them.
USELESS: dict[str, tuple[dict[str, Any], str]] = {
    "not yet": ({"this_update": NOW + timedelta(hours=1)}, "not yet"),
    "over": ({"next_update": NOW}, "followed by another"),
    "a signature of somebody else": ({"sign_with": "other"}, "signature"),
    "a delta": ({"critical": (x509.DeltaCRLIndicator(1),)}, "delta"),
    "an unknown critical extension": ({"critical": (SOMETHING,)}, "1.3.6.1.4.1.99999.9"),
    "an unknown critical extension of an entry": ({"entry_critical": (SOMETHING,)}, "1.3.6.1.4.1.99999.9"),
    "an indirect list": (scope(indirect_crl=True), "indirect"),
    "authorities only": (scope(only_contains_ca_certs=True), "another kind"),
    "attribute certificates only": (scope(only_contains_attribute_certs=True), "not about all"),
    "some reasons only": (scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), "not about all"),
    "another part": (scope(full_name=ELSEWHERE), "another part"),
}
USEFUL: dict[str, dict[str, Any]] = {
    "a clock that is ahead": {"this_update": NOW + timedelta(minutes=4)},
    "an unknown extension that is not critical": {"extra": (SOMETHING,), "entry_extra": (SOMETHING,)},
    "end entities only": scope(only_contains_user_certs=True),
    "this part": scope(full_name=PLACE, only_contains_user_certs=True),
}


@pytest.mark.parametrize(("options", "words"), USELESS.values(), ids=USELESS)
def test_a_list_that_does_not_count_says_why(authority: Authority, pair: Any, options: Any, words: str) -> None:
    options = {**options, **({"sign_with": authority.root.key} if "sign_with" in options else {})}
    said = look(pair, make_list(authority.intermediate, {pair[0].serial_number: None}, **options))
    assert (said.status, words in said.why) == ("unknown", True), said


@pytest.mark.parametrize("options", USEFUL.values(), ids=USEFUL)
def test_a_list_that_fits_counts(authority: Authority, pair: Any, options: Any) -> None:
    said = look(pair, make_list(authority.intermediate, {pair[0].serial_number: None}, **options))
    assert said.status == "revoked"


def test_a_list_of_another_issuer_or_of_one_that_may_sign_none_does_not_count(authority: Authority, pair: Any) -> None:
    assert "another issuer" in look(pair, make_list(issue_ca("Other"), {pair[0].serial_number: None})).why
    mute = issue_ca("Mute", issuer=authority.root, key_usages=("key_cert_sign",))
    below = certificates.load_der(authority.issue(issuer=mute).der)
    said = crl.look_up(crl.load(make_list(mute, {})), below, certificates.load_der(mute.der), NOW)
    assert "cRLSign" in said.why


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"\x30\x00", b"-----BEGIN X509 CRL-----\nQUJD\n-----END X509 CRL-----\n"]
)
def test_what_is_no_list_is_refused(data: bytes, pair: Any) -> None:
    for junk in (data, pair[0].der):
        with pytest.raises(ValueError, match="not a revocation list"):
            crl.load(junk)


def test_the_list_is_where_the_certificate_says_over_http(authority: Authority) -> None:
    reasons, issuer = frozenset({x509.ReasonFlags.key_compromise}), [x509.DirectoryName(x509.Name([]))]
    points = [
        point("ldap://ca.test/x", "HTTP://ca.test/A.crl"),
        point("https://ca.test/b.crl", "file:///etc/passwd", "HTTP://ca.test/A.crl"),
        point("http://ca.test/some.crl", reasons=reasons),
        point("http://ca.test/indirect.crl", crl_issuer=issuer),
    ]
    loaded = certificates.load_der(authority.issue(extra=(x509.CRLDistributionPoints(points),)).der)
    assert loaded.crl_urls == ("HTTP://ca.test/A.crl", "https://ca.test/b.crl")
    assert certificates.describe(loaded, NOW)["crl_urls"] == list(loaded.crl_urls)
    assert certificates.load_der(authority.issue().der).crl_urls == ()


# NIST's test suite (4.4, and what _x509/test_pkits.py leaves to the lists): what all of its lists together say of the end entity.
PKITS = {
    "revoked": "InvalidRevokedEETest3 InvalidNegativeSerialNumberTest15 InvalidLongSerialNumberTest18",
    "good": """
        ValidTwoCRLsTest7 ValidGeneralizedTimeCRLnextUpdateTest13 ValidNegativeSerialNumberTest14 ValidLongSerialNumberTest16
        ValidLongSerialNumberTest17
    """,
    # 4.4.19, 4.5.2 and 4.5.5: another key of the issuer signs the list, which is not looked for. From 4.14 on: parts of the
    # issuer's certificates, and other issuers.
    "unknown": """
        InvalidMissingCRLTest1 InvalidBadCRLSignatureTest4 InvalidBadCRLIssuerNameTest5 InvalidWrongCRLTest6
        InvalidUnknownCRLEntryExtensionTest8 InvalidUnknownCRLExtensionTest9 InvalidUnknownCRLExtensionTest10
        InvalidOldCRLnextUpdateTest11 Invalidpre2000CRLnextUpdateTest12 ValidSeparateCertificateandCRLKeysTest19
        InvalidBasicSelfIssuedOldWithNewTest2 InvalidBasicSelfIssuedNewWithOldTest5
        InvalidkeyUsageCriticalcRLSignFalseTest4 InvalidkeyUsageNotCriticalcRLSignFalseTest5
        ValiddistributionPointTest1 InvalidonlyContainsUserCertsTest11 InvalidonlyContainsCACertsTest12
        InvalidonlyContainsAttributeCertsTest14 ValidIDPwithindirectCRLTest22 InvaliddeltaCRLIndicatorNoBaseTest1
    """,
}


def test_the_lists_of_nist_say_what_they_should() -> None:
    vectors = pytest.importorskip("cryptography_vectors", reason="the test suite comes with cryptography_vectors")
    folder = Path(vectors.__file__).parent / "x509" / "PKITS_data"
    lists, unreadable = [], set()
    for file in folder.glob("crls/*.crl"):
        try:
            lists.append(crl.load(file.read_bytes()))
        except ValueError:
            unreadable.add(file.stem)
    files = [file for file in folder.glob("certs/*Cert.crt") if "DSA" not in file.name]
    authorities = [certificates.load_der(file.read_bytes()) for file in files]
    expected = {name: status for status, names in PKITS.items() for name in names.split()}
    # Some releases of the library read no serial number below zero.
    assert unreadable <= {"NegativeSerialNumberCACRL"}
    expected.update({name: "unknown" for name in expected if unreadable and "NegativeSerialNumber" in name})
    told = {}
    for name in expected:
        own = certificates.load_der((folder / "certs" / f"{name}EE.crt").read_bytes())
        issuers = [item for item in authorities if path.is_signed_by(own, item)]
        said = [crl.look_up(item, own, issuer, NOW) for issuer in issuers for item in lists]
        known = {item.status for item in said} - {"unknown"}
        told[name] = "/".join(sorted(known)) or "unknown"
    assert told == expected
