# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key and the request that a certificate is to get, from the options: checked before anything is created or sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError
from ansible_collections.mailops.smime.plugins.module_utils._x509 import request
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import KeySpec
from ansible_collections.mailops.smime.plugins.module_utils._x509.request import Template

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._spec import CertificateSpec


def plan_key(params: Mapping[str, Any], csr_option: str) -> KeySpec:
    if params["privatekey_path"] is None:
        raise OptionError("privatekey_create needs privatekey_path", hint="Say where the key is to be kept.")
    if params["csr_path"] is not None or params["csr_content"] is not None:
        raise OptionError(
            f"there is a CSR in {csr_option}, and its private key does not exist at {params['privatekey_path']}",
            hint="Put the key of that CSR there. To begin with a new key, leave the CSR out.",
        )
    request.check_passphrase(params["privatekey_passphrase"])
    return options.read_key_spec(params)


def plan_request(said: Mapping[str, Any]) -> request.RequestSpec:
    """Return the plan of a request. Raises OptionError for what cannot be put into one."""
    template = Template(**said["ms_template"]) if said["ms_template"] else None
    plan = request.RequestSpec(said["email"], said["subject"], template)
    request.check(plan)
    return plan


def check_request(spec: CertificateSpec) -> None:
    """Raise OptionError if no request can be built, before a key is created for it."""
    if spec.csr is None and spec.request_options is not None:
        plan_request(spec.request_options)


def obtain_csr(spec: CertificateSpec) -> str | None:
    """Return the CSR in PEM, built now if it was not given; None if there is none. Raises OptionError."""
    if spec.csr is not None or spec.request_options is None or spec.output_options.key is None:
        return spec.csr
    return request.build(spec.output_options.key, plan_request(spec.request_options)).pem
