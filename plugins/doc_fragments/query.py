# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of query_options() in module_utils/_argspec_others.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what is asked about an order."""

    DOCUMENTATION = r"""
options:
  query_type:
    description:
      - What is asked of the CA. V(status) asks for the status alone, V(all) for the end entity with intermediates and root,
        V(certificate) for the end entity alone, V(chain) for intermediates and root alone.
    type: str
    choices: [status, all, certificate, chain]
    default: all
  response_type:
    description:
      - How the CA is to pack the certificates.
      - V(netscape) is a Netscape Certificate Sequence, V(pkcs7) a PKCS#7, V(individual) each certificate encoded on its own,
        V(cmmf) a CMMF structure. All but V(individual) need O(query_type=all).
    type: str
    choices: [netscape, pkcs7, individual, cmmf]
    default: individual
  response_encoding:
    description:
      - How the CA is to encode its reply. V(binary) needs O(query_type=all) and O(response_type=pkcs7).
    type: str
    choices: [base64, binary, javascript]
    default: base64
  response_mime_type:
    description:
      - The media type that the CA is to give its reply, at most 255 characters.
    type: str
  show_validity_period:
    description:
      - Whether the CA is to show the validity of the certificate. Needs O(response_encoding=base64).
    type: bool
    default: false
"""
