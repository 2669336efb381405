# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response type 4: CMMF CertRepContent, in every tagging that its draft of July 1998 and its readers allow.

The tagging of the CA is unknown, so that elements are told apart by their content, not by the tag alone.
"""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der

GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications


def read_certificates(data: bytes) -> list[bytes]:
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
