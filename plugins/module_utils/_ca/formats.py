# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The four response types of the page (responseType): from the DER of one structure to the DER of its certificates."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der
from ansible_collections.mailops.smime.plugins.module_utils._x509.containers import split_pkcs7

NETSCAPE_CERT_SEQUENCE = bytes.fromhex("6086480186f8420205")
GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications


def read_individual(data: bytes) -> list[bytes]:
    """Return the one certificate that ``data`` is. Raises ReplyError if it is not one DER SEQUENCE."""
    whole = der.read_whole(data)
    if whole.tag != der.SEQUENCE:
        raise ReplyError("the reply holds something else in place of a certificate")
    return [whole.encoded]


def read_netscape(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in the sequence ``data``, in their order. Raises ReplyError."""
    whole = der.read_whole(data)
    parts = whole.children() if whole.tag == der.SEQUENCE else []
    if not parts or parts[0].tag != der.OID or parts[0].value != NETSCAPE_CERT_SEQUENCE:
        raise ReplyError("the reply is not a Netscape Certificate Sequence")
    if len(parts) != 2 or parts[1].tag != der.context(0):
        raise ReplyError("the Netscape Certificate Sequence in the reply holds no certificates")
    content = parts[1].children()
    if len(content) != 1 or content[0].tag != der.SEQUENCE:
        raise ReplyError("the Netscape Certificate Sequence in the reply is damaged")
    return [element.encoded for element in content[0].children()]


def read_pkcs7(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in the PKCS#7 ``data``, in their order. Raises ReplyError."""
    try:
        return split_pkcs7(data)
    except ValueError as error:
        raise ReplyError(f"the reply cannot be read: {error}") from error


def read_cmmf(data: bytes) -> list[bytes]:
    """Return the DER of caPubs and then of the issued certificates. Raises ReplyError, also if the status is a refusal."""
    whole = der.read_whole(data)
    parts = whole.children() if whole.tag == der.SEQUENCE else []
    certificates = []
    if parts and parts[0].tag == der.context(1):
        certificates += _read_ca_pubs(parts.pop(0))
    if len(parts) != 1 or parts[0].tag != der.SEQUENCE:
        raise ReplyError("the reply is not a CMMF CertRepContent")
    for response in parts[0].children():
        certificates += _read_response(response)
    return certificates


def _read_ca_pubs(ca_pubs: der.Element) -> list[bytes]:
    elements = ca_pubs.children()
    # Explicit tagging puts one more SEQUENCE around the certificates.
    if len(elements) == 1 and not _is_certificate(elements[0]):
        elements = elements[0].children()
    return [_require_certificate(element) for element in elements]


def _read_response(response: der.Element) -> list[bytes]:
    """Read a CertResponse: certReqId, status, certifiedKeyPair OPTIONAL, an OCTET STRING OPTIONAL."""
    parts = response.children() if response.tag == der.SEQUENCE else []
    if len(parts) < 2 or parts[0].tag != der.INTEGER or parts[1].tag != der.SEQUENCE:
        raise ReplyError("the CMMF reply has a damaged CertResponse")
    status = parts[1].children()
    if not status or status[0].tag != der.INTEGER:
        raise ReplyError("the CMMF reply has no status")
    number = int.from_bytes(status[0].value, "big", signed=True)
    if number not in GRANTED:
        raise ReplyError(f"the CMMF reply has the status {number}: the certificate was not granted")
    pairs = [part for part in parts[2:] if part.tag == der.SEQUENCE]
    return [_read_key_pair(pair) for pair in pairs]


def _read_key_pair(pair: der.Element) -> bytes:
    """Read a CertifiedKeyPair, whose certificate is bare, [0] IMPLICIT or [0] EXPLICIT."""
    parts = pair.children()
    if not parts:
        raise ReplyError("the CMMF reply has an empty CertifiedKeyPair")
    certificate = parts[0]
    if certificate.tag == der.context(1):
        raise ReplyError("the CMMF reply holds an encrypted certificate, which an S/MIME order never gets")
    if certificate.tag == der.context(0):
        inner = certificate.children()
        if len(inner) == 1:
            return _require_certificate(inner[0])
        # [0] IMPLICIT took the place of the SEQUENCE's own tag.
        return _require_certificate(der.read_whole(bytes([der.SEQUENCE]) + certificate.encoded[1:]))
    return _require_certificate(certificate)


def _is_certificate(element: der.Element) -> bool:
    """Tell whether this is SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }, the outline of a certificate (RFC 5280, 4.1)."""
    if element.tag != der.SEQUENCE:
        return False
    return [child.tag for child in element.children()] == [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]


def _require_certificate(element: der.Element) -> bytes:
    if not _is_certificate(element):
        raise ReplyError("the CMMF reply holds something else in place of a certificate")
    return element.encoded
