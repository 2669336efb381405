# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response type 3: each certificate encoded on its own."""

from __future__ import annotations

from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import der


def read_certificates(data: bytes) -> list[bytes]:
    """Return the one certificate that ``data`` is. Raises ReplyError if it is not one DER SEQUENCE."""
    whole = der.read_whole(data)
    if whole.tag != der.SEQUENCE:
        raise ReplyError("the reply holds something else in place of a certificate")
    return [whole.encoded]
