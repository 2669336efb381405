# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of endpoint_options() in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - The endpoint. Only https is accepted, the server's certificate is always verified, and redirects are refused.
      - A proxy is taken from the usual environment variables, such as E(HTTPS_PROXY).
      - If not given, the environment variable E(SMIME_API_URL) is used.
    type: str
    default: https://secure.trust-provider.com/products/download/RequestAndCollectSMIME
  api_ca_path:
    description:
      - A file of CA certificates in PEM to verify the endpoint's server with, in place of the system's.
      - If not given, the environment variable E(SMIME_API_CA_PATH) is used.
    type: path
  api_timeout:
    description:
      - How many seconds one call may take.
    type: int
    default: 30
  api_retries:
    description:
      - How many times a call is tried again after a connection error, a timeout, or HTTP status 429, 502, 503 or 504.
      - The pauses in between grow; a C(Retry-After) of the server is honoured up to a minute. What the CA itself answers is never retried.
    type: int
    default: 3
  api_from:
    description:
      - Where the CA is called from.
      - With V(controller), the target looks and writes, and the controller makes the calls. The account's login and the collection
        code never get to the target, which then needs neither C(requests) nor a way to the CA. O(api_ca_path) and the environment
        variables are the controller's then. C(async) cannot be used.
    type: str
    choices: [target, controller]
    default: target
"""
