# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response type 1: Netscape Certificate Sequence, ``SEQUENCE { OID 2.16.840.1.113730.2.5, [0] EXPLICIT SEQUENCE OF Certificate }``."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der

NETSCAPE_CERT_SEQUENCE = bytes.fromhex("6086480186f8420205")


def read_certificates(data: bytes) -> list[bytes]:
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
