# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter mobileconfig: a profile for Apple's devices. Its options are documented in mobileconfig.yml."""

from __future__ import annotations

import base64
import hashlib
import plistlib
import re
import uuid
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smime.plugins.module_utils._errors import DerError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address, der
from ansible_collections.mailops.smime.plugins.plugin_utils._filter_input import (
    check_mailbox,
    choose_number,
    require_text,
)

NAME = "mobileconfig"
TEXTS = ("imap_host", "smtp_host", "username", "full_name", "organization", "identifier")
PORTS = {"imap_port": 993, "smtp_port": 465}
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by its name."""
        return {NAME: mobileconfig}


def mobileconfig(pkcs12: Any, email: Any = None, **options: Any) -> str:
    """Return an Apple configuration profile: a mail account that signs and encrypts with the PKCS#12, which comes in base64."""
    data = _read_pkcs12(pkcs12)
    mailbox = check_mailbox(NAME, email)
    texts, ports, passphrase = _read_options(mailbox, options)
    base = texts["identifier"]
    # Identifiers stay when the certificate is renewed, so that a device replaces the profile; UUIDs tell contents apart.
    content = hashlib.sha256(data).hexdigest()
    certificate = {
        **_payload("com.apple.security.pkcs12", f"{base}.certificate", content, f"S/MIME certificate of {mailbox}"),
        "PayloadContent": data,
        "PayloadCertificateFileName": f"{mailbox}.p12",
        **({} if passphrase is None else {"Password": passphrase}),
    }
    account = {
        **_payload("com.apple.mail.managed", f"{base}.account", content, f"Mail of {mailbox}"),
        **_describe_account(mailbox, texts, ports),
        "SMIMEEnabled": True,
        "SMIMESigningEnabled": True,
        "SMIMESigningCertificateUUID": certificate["PayloadUUID"],
        "SMIMEEncryptionEnabled": True,
        "SMIMEEncryptByDefault": True,
        "SMIMEEnableEncryptionPerMessageSwitch": True,
        "SMIMEEncryptionCertificateUUID": certificate["PayloadUUID"],
    }
    profile = {
        **_payload("Configuration", base, content, f"Signed and encrypted mail for {mailbox}"),
        "PayloadOrganization": texts["organization"],
        "PayloadContent": [certificate, account],
    }
    try:
        return plistlib.dumps(profile, sort_keys=True).decode("utf-8")
    except ValueError as error:
        raise AnsibleFilterError(f"{NAME}: an option has characters that a profile cannot hold: {error}") from error


def _read_options(mailbox: str, options: dict[str, Any]) -> tuple[dict[str, str], dict[str, int], str | None]:
    """Return the texts, with their defaults, the ports, and the passphrase."""
    if unknown := sorted(options.keys() - {*TEXTS, *PORTS, "passphrase"}):
        raise AnsibleFilterError(f"{NAME}: there is no option {', '.join(unknown)}")
    defaults = {
        "username": mailbox,
        "full_name": mailbox,
        "organization": mailbox.rpartition("@")[2],
        "identifier": _build_identifier(mailbox),
    }
    given = {name: value for name, value in options.items() if value is not None}
    texts = {name: require_text(NAME, name, {**defaults, **given}.get(name)) for name in TEXTS}
    if not _IDENTIFIER.fullmatch(texts["identifier"]):
        raise AnsibleFilterError(f"{NAME}: identifier must be like org.example.mail, not {texts['identifier']!r}")
    ports = {name: choose_number(NAME, name, given.get(name, default), 1, 65535) for name, default in PORTS.items()}
    passphrase = given.get("passphrase")
    return texts, ports, passphrase if passphrase is None else require_text(NAME, "passphrase", passphrase)


def _describe_account(mailbox: str, texts: dict[str, Any], ports: dict[str, int]) -> dict[str, Any]:
    servers = {
        f"{way}{key}": value
        for way, host, port in (("Incoming", "imap_host", "imap_port"), ("Outgoing", "smtp_host", "smtp_port"))
        for key, value in {
            "MailServerAuthentication": "EmailAuthPassword",
            "MailServerHostName": texts[host],
            "MailServerPortNumber": ports[port],
            "MailServerUseSSL": True,
            "MailServerUsername": texts["username"],
        }.items()
    }
    return {
        "EmailAccountDescription": mailbox,
        "EmailAccountName": texts["full_name"],
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": mailbox,
        "OutgoingPasswordSameAsIncomingPassword": True,
        **servers,
    }


def _payload(kind: str, identifier: str, content: str, display_name: str) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{identifier} {content}")).upper(),
        "PayloadDisplayName": display_name,
    }


def _build_identifier(mailbox: str) -> str:
    local, _at, domain = address.normalize(mailbox).rpartition("@")
    # Only letters, digits and hyphens are allowed, and two mailboxes may not become one.
    plain = re.fullmatch(r"[a-z0-9]+", local)
    label = local if plain else hashlib.sha256(local.encode("utf-8")).hexdigest()[:16]
    return f"{'.'.join(reversed(domain.split('.')))}.smime.{label}"


def _read_pkcs12(pkcs12: Any) -> bytes:
    advice = "give it in base64, such as what ansible.builtin.slurp returns as content"
    if isinstance(pkcs12, bytes):
        data = pkcs12
    else:
        try:
            data = base64.b64decode("".join(require_text(NAME, "the PKCS#12", pkcs12).split()), validate=True)
        except ValueError as error:
            raise AnsibleFilterError(f"{NAME}: the PKCS#12 is not base64: {advice}") from error
    try:
        parts = der.read_whole(data).children()
    except DerError as error:
        raise AnsibleFilterError(f"{NAME}: this is not a PKCS#12: {error}; {advice}") from error
    # RFC 7292, 4: a sequence that begins with its version, which is 3.
    if data[0] != der.SEQUENCE or not parts or parts[0].encoded != der.encode_integer(3):
        raise AnsibleFilterError(f"{NAME}: this is not a PKCS#12; {advice}")
    return data
