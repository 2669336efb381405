# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What filters are given: certificates in PEM, addresses, numbers and texts. Whatever is wrong is said in an AnsibleFilterError."""

from __future__ import annotations

import base64
import re
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, der

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_SUBJECT_ALT_NAME = der.encode_oid("2.5.29.17")
_SMTP_UTF8_MAILBOX = der.encode_oid("1.3.6.1.5.5.7.8.9")
_RFC822_NAME, _OTHER_NAME = 0x81, 0xA0


def read_one(name: str, pem: Any) -> bytes:
    certificates = read_certificates(name, pem)
    if len(certificates) != 1:
        raise AnsibleFilterError(f"{name}: there are {len(certificates)} certificates; give the end entity's alone")
    return certificates[0]


def read_certificates(name: str, pem: Any) -> list[bytes]:
    """Return the DER of each certificate in a PEM."""
    blocks = _PEM.findall(require_text(name, "the certificate", pem))
    if any("PRIVATE KEY" in label for label, _text in blocks):
        raise AnsibleFilterError(f"{name}: there is a private key in what was given; give the certificate alone")
    found = [text for label, text in blocks if label in ("CERTIFICATE", "X509 CERTIFICATE")]
    if not found:
        raise AnsibleFilterError(
            f"{name}: there is no certificate in PEM; what ansible.builtin.slurp returns needs b64decode first,"
            " and a file in DER is not read"
        )
    try:
        certificates = [base64.b64decode("".join(text.split()), validate=True) for text in found]
        for certificate in certificates:
            split_certificate(certificate)
    except (ValueError, IndexError) as error:
        raise AnsibleFilterError(f"{name}: this is not a certificate: {error}") from error
    return certificates


def split_certificate(data: bytes) -> list[der.Element]:
    """Return the parts of a certificate from its serial number on (RFC 5280, 4.1); the sixth is its public key."""
    tbs, _algorithm, _signature = _three(der.read_whole(data).children())
    parts = tbs.children()
    parts = parts[1:] if parts and parts[0].tag == der.CONTEXT_0 else parts
    if len(parts) < 6 or parts[0].tag != der.INTEGER or parts[5].tag != der.SEQUENCE:
        raise DerError("its parts are not those of a certificate")
    return parts


def _three(elements: list[der.Element]) -> list[der.Element]:
    if len(elements) != 3:
        raise DerError("it does not have three parts")
    return elements


def read_addresses(parts: list[der.Element]) -> list[str]:
    """Return the mailboxes of a certificate's subjectAltName (RFC 5280, 4.2.1.6; RFC 9598)."""
    addresses: list[str] = []
    for extensions in (part for part in parts[6:] if part.tag == der.context(3)):
        for extension in extensions.children()[0].children():
            oid, *_critical, value = extension.children()
            if oid.encoded != _SUBJECT_ALT_NAME:
                continue
            for general_name in der.read_whole(value.value).children():
                if general_name.tag == _RFC822_NAME:
                    addresses.append(general_name.value.decode("ascii"))
                elif general_name.tag == _OTHER_NAME and general_name.value.startswith(_SMTP_UTF8_MAILBOX):
                    addresses.append(general_name.children()[1].children()[0].value.decode("utf-8"))
    return addresses


def check_mailbox(name: str, email: Any) -> str:
    mailbox = require_text(name, "email", email)
    if "-----BEGIN" in mailbox:
        # Not to be shown: it may be a key.
        raise AnsibleFilterError(f"{name}: email must be a mailbox address; this is a PEM")
    try:
        address.normalize(mailbox)
    except ValueError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error
    return mailbox


def choose_number(name: str, option: str, value: Any, lowest: int, highest: int) -> int:
    text = str(value)
    number = int(text) if not isinstance(value, bool) and re.fullmatch("[0-9]{1,9}", text) else -1
    if not lowest <= number <= highest:
        raise AnsibleFilterError(f"{name}: {option} must be a number from {lowest} to {highest}, not {text[:40]!r}")
    return number


def require_text(name: str, option: str, value: Any) -> str:
    """Return a text. What else it is, is not shown: it may be a key."""
    if isinstance(value, str) and value.strip():
        return value
    shown = "" if isinstance(value, str) else f", not of type {type(value).__name__}"
    raise AnsibleFilterError(f"{name}: {option} must be a text that is not empty{shown}")
