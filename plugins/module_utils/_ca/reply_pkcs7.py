# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response type 2: certs-only PKCS#7 (RFC 2315, section 9; RFC 8551, section 3.8)."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import pkcs7


def read_certificates(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in the PKCS#7 ``data``, in their order. Raises ReplyError."""
    try:
        return pkcs7.split(data)
    except ValueError as error:
        raise ReplyError(f"the reply cannot be read: {error}") from error
