# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter mobileconfig, read with plistlib and held against the keys that Apple documents."""

from __future__ import annotations

import base64
import plistlib
import uuid
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smime.plugins.filter.mobileconfig import mobileconfig
from ansible_collections.mailops.smime.tests.unit.plugins.certificates import make_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

DATA = pkcs12.serialize_key_and_certificates(b"alice", make_key(), None, None, BestAvailableEncryption(b"a passphrase"))
PKCS12 = base64.b64encode(DATA).decode()
SERVERS = {"imap_host": "imap.example.test", "smtp_host": "smtp.example.test"}
COMMON = "PayloadType PayloadVersion PayloadIdentifier PayloadUUID PayloadDisplayName"
# The keys of each payload in Apple's schema of device management, as far as they are used.
DOCUMENTED = {
    "Configuration": f"{COMMON} PayloadContent PayloadOrganization",
    "com.apple.security.pkcs12": f"{COMMON} PayloadContent PayloadCertificateFileName Password",
    "com.apple.mail.managed": f"""{COMMON} EmailAccountDescription EmailAccountName EmailAccountType EmailAddress
        IncomingMailServerAuthentication IncomingMailServerHostName IncomingMailServerPortNumber IncomingMailServerUseSSL
        IncomingMailServerUsername OutgoingMailServerAuthentication OutgoingMailServerHostName OutgoingMailServerPortNumber
        OutgoingMailServerUseSSL OutgoingMailServerUsername OutgoingPasswordSameAsIncomingPassword SMIMEEnabled
        SMIMESigningEnabled SMIMESigningCertificateUUID SMIMEEncryptionEnabled SMIMEEncryptByDefault
        SMIMEEnableEncryptionPerMessageSwitch SMIMEEncryptionCertificateUUID""",
}


def read(text: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    profile = plistlib.loads(text.encode())
    certificate, account = profile["PayloadContent"]
    return profile, certificate, account


def test_a_profile_has_an_account_that_signs_and_encrypts_with_the_certificate() -> None:
    profile, certificate, account = read(mobileconfig(PKCS12, "alice@example.test", **SERVERS))
    assert certificate["PayloadContent"] == DATA
    assert "Password" not in certificate
    assert account["EmailAddress"] == account["IncomingMailServerUsername"] == "alice@example.test"
    servers = [
        account[f"{way}MailServer{part}"] for way in ("Incoming", "Outgoing") for part in ("HostName", "PortNumber")
    ]
    assert servers == ["imap.example.test", 993, "smtp.example.test", 465]
    assert all(account[f"SMIME{name}"] is True for name in ("SigningEnabled", "EncryptByDefault", "EncryptionEnabled"))
    for use in ("Signing", "Encryption"):
        assert account[f"SMIME{use}CertificateUUID"] == certificate["PayloadUUID"]
    payloads = (profile, certificate, account)
    for payload in payloads:
        assert set(payload) <= set(DOCUMENTED[payload["PayloadType"]].split())
        assert str(uuid.UUID(payload["PayloadUUID"])).upper() == payload["PayloadUUID"]
    assert len({payload[key] for payload in payloads for key in ("PayloadUUID", "PayloadIdentifier")}) == 6


def test_every_option_goes_into_the_profile() -> None:
    options = {
        "imap_port": "1993", "smtp_port": 587, "username": "al", "full_name": "Alice Ä", "organization": "Example & Co",
        "identifier": "test.example.own", "passphrase": "a <passphrase>",
    }  # fmt: skip
    profile, certificate, account = read(mobileconfig(PKCS12, "alice@example.test", **SERVERS, **options))
    assert (account["IncomingMailServerPortNumber"], account["OutgoingMailServerPortNumber"]) == (1993, 587)
    assert account["IncomingMailServerUsername"] == account["OutgoingMailServerUsername"] == "al"
    assert (account["EmailAccountName"], profile["PayloadOrganization"]) == ("Alice Ä", "Example & Co")
    assert (profile["PayloadIdentifier"], certificate["Password"]) == ("test.example.own", "a <passphrase>")


def test_the_same_input_gives_the_same_bytes_and_a_renewal_the_same_identifiers() -> None:
    first, again = (mobileconfig(PKCS12, "alice@example.test", **SERVERS) for _call in range(2))
    assert first == again
    renewed = mobileconfig(base64.b64encode(DATA[:-1] + b"\1").decode(), "alice@example.test", **SERVERS)
    for old, new in zip(read(first), read(renewed)):
        assert old["PayloadIdentifier"] == new["PayloadIdentifier"]
        assert old["PayloadUUID"] != new["PayloadUUID"]


def test_mailboxes_have_identifiers_of_their_own() -> None:
    emails = (
        "alice@example.test", "a.lice@example.test", "a-lice@example.test", "alice@bücher.test", "ålice@example.test",
    )  # fmt: skip
    identifiers = [read(mobileconfig(PKCS12, email, **SERVERS))[0]["PayloadIdentifier"] for email in emails]
    assert identifiers[0] == "test.example.smime.alice"
    assert len(set(identifiers)) == len(emails)
    assert all(identifier.isascii() and " " not in identifier for identifier in identifiers)


@pytest.mark.parametrize(
    ("pkcs12_content", "email", "options", "complaint"),
    [
        ("-----BEGIN CERTIFICATE-----", "alice@example.test", {}, "the PKCS#12 is not base64"),
        ("MAA=", "alice@example.test", {}, "this is not a PKCS#12"),
        ("MAMCAQ==", "alice@example.test", {}, "this is not a PKCS#12"),
        (PKCS12[:400], "alice@example.test", {}, "this is not a PKCS#12"),
        ("", "alice@example.test", {}, "the PKCS#12 must be a text that is not empty"),
        (None, "alice@example.test", {}, "the PKCS#12 must be a text"),
        (PKCS12, None, {}, "email must be a text that is not empty, not of type NoneType"),
        (PKCS12, "alice", {}, "'alice' is not a mailbox address"),
        (PKCS12, "alice@example.test", {"imap_host": None}, "imap_host must be a text that is not empty"),
        (PKCS12, "alice@example.test", {"smtp_host": " "}, "smtp_host must be a text"),
        (PKCS12, "alice@example.test", {"imap_port": 65536}, "imap_port must be a number from 1 to 65535"),
        (PKCS12, "alice@example.test", {"pasphrase": "x"}, "there is no option pasphrase"),
        (PKCS12, "alice@example.test", {"passphrase": 12345}, "passphrase must be a text"),
        (PKCS12, "alice@example.test", {"identifier": "no name"}, "identifier must be like org.example.mail"),
        (PKCS12, "alice@example.test", {"full_name": "a\x07b"}, "characters that a profile cannot hold"),
    ],
)
def test_bad_input_is_named(pkcs12_content: Any, email: Any, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^mobileconfig: ") as caught:
        mobileconfig(pkcs12_content, email, **{**SERVERS, **options})
    assert complaint in str(caught.value)
    assert "12345" not in str(caught.value)
    assert PKCS12[:40] not in str(caught.value)
