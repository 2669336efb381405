# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NIST's Public Key Interoperability Test Suite (version 1.0.1), as far as it is about paths: each test's name says what is right."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._errors import CheckError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks, path
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate

vectors = pytest.importorskip(
    "cryptography_vectors", reason="the test suite comes with the package cryptography_vectors"
)

CERTIFICATES = Path(vectors.__file__).parent / "x509" / "PKITS_data" / "certs"
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)

# By section: how many tests it has, what says "no" to the invalid ones, and all of them, each less "EE.crt".
SECTIONS: dict[str, tuple[int, str, str]] = {
    "4.1 signatures": (
        6,
        "no valid certificate of",
        """
        ValidCertificatePathTest1 InvalidCASignatureTest2 InvalidEESignatureTest3 ValidDSASignaturesTest4
        ValidDSAParameterInheritanceTest5 InvalidDSASignatureTest6
        """,
    ),
    "4.2 validity": (
        8,
        "it is not valid before 2047|it expired on (2011|1999)",
        """
        InvalidCAnotBeforeDateTest1 InvalidEEnotBeforeDateTest2 Validpre2000UTCnotBeforeDateTest3
        ValidGeneralizedTimenotBeforeDateTest4 InvalidCAnotAfterDateTest5 InvalidEEnotAfterDateTest6
        Invalidpre2000UTCEEnotAfterDateTest7 ValidGeneralizedTimenotAfterDateTest8
        """,
    ),
    "4.3 names": (
        11,
        "no valid certificate of",
        """
        InvalidNameChainingTest1 InvalidNameChainingOrderTest2 ValidNameChainingWhitespaceTest3
        ValidNameChainingWhitespaceTest4 ValidNameChainingCapitalizationTest5 ValidNameUIDsTest6
        ValidRFC3280MandatoryAttributeTypesTest7 ValidRFC3280OptionalAttributeTypesTest8
        ValidUTF8StringEncodedNamesTest9 ValidRolloverfromPrintableStringtoUTF8StringTest10
        ValidUTF8StringCaseInsensitiveMatchTest11
        """,
    ),
    "4.5 self-issued": (
        8,
        "it is not a CA certificate",
        """
        ValidBasicSelfIssuedOldWithNewTest1 InvalidBasicSelfIssuedOldWithNewTest2
        ValidBasicSelfIssuedNewWithOldTest3 ValidBasicSelfIssuedNewWithOldTest4
        InvalidBasicSelfIssuedNewWithOldTest5 ValidBasicSelfIssuedCRLSigningKeyTest6
        InvalidBasicSelfIssuedCRLSigningKeyTest7 InvalidBasicSelfIssuedCRLSigningKeyTest8
        """,
    ),
    "4.6 basic constraints": (
        17,
        "it is not a CA certificate|its path length allows",
        """
        InvalidMissingbasicConstraintsTest1 InvalidcAFalseTest2 InvalidcAFalseTest3
        ValidbasicConstraintsNotCriticalTest4 InvalidpathLenConstraintTest5 InvalidpathLenConstraintTest6
        ValidpathLenConstraintTest7 ValidpathLenConstraintTest8 InvalidpathLenConstraintTest9
        InvalidpathLenConstraintTest10 InvalidpathLenConstraintTest11 InvalidpathLenConstraintTest12
        ValidpathLenConstraintTest13 ValidpathLenConstraintTest14 ValidSelfIssuedpathLenConstraintTest15
        InvalidSelfIssuedpathLenConstraintTest16 ValidSelfIssuedpathLenConstraintTest17
        """,
    ),
    "4.7 key usage": (
        5,
        "its key usage does not hold keyCertSign",
        """
        InvalidkeyUsageCriticalkeyCertSignFalseTest1 InvalidkeyUsageNotCriticalkeyCertSignFalseTest2
        ValidkeyUsageNotCriticalTest3 InvalidkeyUsageCriticalcRLSignFalseTest4
        InvalidkeyUsageNotCriticalcRLSignFalseTest5
        """,
    ),
    "4.13 name constraints": (
        38,
        "its name constraints do not allow",
        """
        ValidDNnameConstraintsTest1 InvalidDNnameConstraintsTest2 InvalidDNnameConstraintsTest3
        ValidDNnameConstraintsTest4 ValidDNnameConstraintsTest5 ValidDNnameConstraintsTest6
        InvalidDNnameConstraintsTest7 InvalidDNnameConstraintsTest8 InvalidDNnameConstraintsTest9
        InvalidDNnameConstraintsTest10 ValidDNnameConstraintsTest11 InvalidDNnameConstraintsTest12
        InvalidDNnameConstraintsTest13 ValidDNnameConstraintsTest14 InvalidDNnameConstraintsTest15
        InvalidDNnameConstraintsTest16 InvalidDNnameConstraintsTest17 ValidDNnameConstraintsTest18
        ValidDNnameConstraintsTest19 InvalidDNnameConstraintsTest20 ValidRFC822nameConstraintsTest21
        InvalidRFC822nameConstraintsTest22 ValidRFC822nameConstraintsTest23 InvalidRFC822nameConstraintsTest24
        ValidRFC822nameConstraintsTest25 InvalidRFC822nameConstraintsTest26 ValidDNandRFC822nameConstraintsTest27
        InvalidDNandRFC822nameConstraintsTest28 InvalidDNandRFC822nameConstraintsTest29
        ValidDNSnameConstraintsTest30 InvalidDNSnameConstraintsTest31 ValidDNSnameConstraintsTest32
        InvalidDNSnameConstraintsTest33 ValidURInameConstraintsTest34 InvalidURInameConstraintsTest35
        ValidURInameConstraintsTest36 InvalidURInameConstraintsTest37 InvalidDNSnameConstraintsTest38
        """,
    ),
    "4.16 private extensions": (
        2,
        "its critical extension 2.16.840.1.101.2.1.12.2 is unknown",
        """
        ValidUnknownNotCriticalCertificateExtensionTest1 InvalidUnknownCriticalCertificateExtensionTest2
        """,
    ),
}
_REVOKED = "the path is valid, and a certificate in it is revoked: the tests of crl look that up"
_UNLISTED = "the path is valid, and the key in it may not sign lists: the tests of crl look that up"
_DSA = "S/MIME certificates have RSA, ECDSA or EdDSA signatures (Baseline Requirements, 7.1.3.2): none with DSA counts as signed"
# 4.4, 4.14 and 4.15 are about revocation lists, 4.8 to 4.12 about policies, which nobody here asks for.
LEFT_OUT = {
    "ValidDSASignaturesTest4": _DSA,
    "ValidDSAParameterInheritanceTest5": _DSA,
    "InvalidBasicSelfIssuedOldWithNewTest2": _REVOKED,
    "InvalidBasicSelfIssuedNewWithOldTest5": _REVOKED,
    "InvalidBasicSelfIssuedCRLSigningKeyTest7": _REVOKED,
    "InvalidkeyUsageCriticalcRLSignFalseTest4": _UNLISTED,
    "InvalidkeyUsageNotCriticalcRLSignFalseTest5": _UNLISTED,
}
TESTS = [(section, name) for section, (_count, _fault, text) in SECTIONS.items() for name in text.split()]


@lru_cache(maxsize=None)
def load_all() -> dict[str, Certificate]:
    """Return what is there, by file names less ".crt": all authorities are offered to each path."""
    loaded = {}
    for file in CERTIFICATES.glob("*.crt"):
        try:
            loaded[file.stem] = certificates.load_der(file.read_bytes())
        except ValueError:
            assert "DSA" in file.name, f"{file} cannot be read"
    return loaded


def find_fault(name: str) -> str:
    end_entity = load_all()[f"{name}EE"]
    trusted = (load_all()["TrustAnchorRootCertificate"],)
    try:
        path.build(end_entity, load_all().values(), trusted, NOW)
    except CheckError as error:
        assert error.name == "chain_invalid"
        return error.message
    return checks.find_validity_fault(end_entity, NOW) or checks.find_critical_fault(end_entity)


@pytest.mark.parametrize(("section", "name"), [(s, n) for s, n in TESTS if n not in LEFT_OUT and n.startswith("Valid")])
def test_a_valid_path_is_found(section: str, name: str) -> None:
    assert find_fault(name) == ""


@pytest.mark.parametrize(("section", "name"), [(s, n) for s, n in TESTS if n not in LEFT_OUT and n.startswith("Inv")])
def test_an_invalid_path_is_refused_for_its_fault(section: str, name: str) -> None:
    assert re.search(SECTIONS[section][1], find_fault(name))


def test_the_table_holds_every_test_of_its_sections() -> None:
    for section, (count, _fault, text) in SECTIONS.items():
        numbers = [int(name.rpartition("Test")[2]) for name in text.split()]
        assert numbers == list(range(1, count + 1)), section
    assert LEFT_OUT.keys() <= {name for _section, name in TESTS}
