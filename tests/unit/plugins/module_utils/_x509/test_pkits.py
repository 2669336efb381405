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

# By section: how many tests it has, how the files of all of them begin, and what says "no" to the invalid ones.
SECTIONS: dict[str, tuple[int, str, str]] = {
    "4.1 signatures": (6, "CertificatePath|CASignature|EESignature|DSA", "no valid certificate of"),
    "4.2 validity": (8, "(CA|EE|pre2000UTC|GeneralizedTime)(EE)?not[BA]", "it is not valid before 2047|it expired on (2011|1999)"),
    "4.3 names": (11, "Name(Chaining|UIDs)|RFC3280|UTF8String|Rollover", "no valid certificate of"),
    "4.5 self-issued": (8, "BasicSelfIssued", "it is not a CA certificate"),
    "4.6 basic constraints": (
        17,
        "(MissingbasicC|basicC|(SelfIssued)?pathLenC)onstraint|cAFalse",
        "it is not a CA certificate|its path length allows",
    ),
    "4.7 key usage": (5, "keyUsage", "its key usage does not hold keyCertSign"),
    "4.13 name constraints": (38, "(DN|RFC822|DNandRFC822|DNS|URI)nameConstraints", "its name constraints do not allow"),
    "4.16 private extensions": (
        2,
        "Unknown(Not)?CriticalCertificateExtension",
        "its critical extension 2.16.840.1.101.2.1.12.2 is unknown",
    ),
}  # fmt: skip
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
NAMES = sorted(file.name[: -len("EE.crt")] for file in CERTIFICATES.glob("*EE.crt"))
TESTS = {
    section: [name for name in NAMES if re.match(f"(Valid|Invalid)({start})", name)]
    for section, (_count, start, _fault) in SECTIONS.items()
}


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


@pytest.mark.parametrize("section", SECTIONS)
def test_valid_paths_are_found_and_invalid_ones_are_refused_for_their_fault(section: str) -> None:
    count, _start, fault = SECTIONS[section]
    assert sorted(int(name.rpartition("Test")[2]) for name in TESTS[section]) == list(range(1, count + 1))
    for name in TESTS[section]:
        if name not in LEFT_OUT:
            found = find_fault(name)
            assert found == "" if name.startswith("Valid") else re.search(fault, found), (name, found)


def test_what_is_left_out_exists() -> None:
    assert LEFT_OUT.keys() <= {name for names in TESTS.values() for name in names}
