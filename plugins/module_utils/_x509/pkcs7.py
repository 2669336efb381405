# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking certs-only PKCS#7 apart (RFC 2315, sections 7 and 9.1).

Not with the library: before release 45 it hands damaged input to OpenSSL, which can end the process.
"""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._x509 import der

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


def split(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in ``data``, in their order. Raises ValueError."""
    whole = der.read_whole(data)
    outer = whole.children() if whole.tag == der.SEQUENCE else []
    if len(outer) != 2 or outer[0].tag != der.OID or outer[0].value != SIGNED_DATA or outer[1].tag != der.context(0):
        raise ValueError("not a PKCS#7 structure of signed data")
    content = outer[1].children()
    fields = content[0].children() if len(content) == 1 and content[0].tag == der.SEQUENCE else []
    # version, digestAlgorithms and contentInfo come first, then the certificates as [0] IMPLICIT SET.
    certificates = [field for field in fields[3:] if field.tag == der.context(0)]
    if len(fields) < 4 or len(certificates) != 1:
        raise ValueError("a PKCS#7 structure without certificates")
    return [element.encoded for element in certificates[0].children() if element.tag == der.SEQUENCE]
