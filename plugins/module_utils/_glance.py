# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A glance at the common case, a certificate that is as it should be: what has no reason costs no library.

The rules are those of the full way, and their order does not matter here: a fault, and every doubt, ends the glance, and the
full way decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._report import Report
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import read_file
from ansible_collections.mailops.smime.plugins.module_utils._x509 import checks, glance, rsa
from ansible_collections.mailops.smime.plugins.module_utils._x509.glance import Glimpse

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._clock import Clock

_OUTPUTS = ("path", "chain_path", "fullchain_path")
# What may be given; the first group tells what to look at, the second changes nothing about a certificate that is as it should be.
_KNOWN = {
    *(
        *_OUTPUTS,
        "privatekey_path",
        "trusted_roots_path",
        "email",
        "remaining_days",
        "api_from",
        "api_url",
        "api_timeout",
    ),
    *(
        "api_retries",
        "order_number",
        "login_name",
        "login_password",
        "collection_code",
        "wait_timeout",
        "poll_interval",
    ),
    *("privatekey_create", "privatekey_type", "privatekey_size", "privatekey_curve", "privatekey_passphrase"),
    *("pkcs12_encryption", "private_mode", "backup", "unsafe_writes", "api_ca_path"),
}
# More issuers than any chain has, or a bundle: the full way finds its path through them.
_MOST = 6


def manage(module: AnsibleModule, clock: Clock) -> Report:
    """Bring the certificate of the module's parameters to what is wanted: at a glance if it is that, or else the full way."""
    report = look(module.params, clock.now())
    if report is not None:
        return report
    # Imported only now: most runs need none of it.
    from ansible_collections.mailops.smime.plugins.module_utils import _lifecycle, _world

    return _lifecycle.manage(module, _world.open_world(module.params))


def look(params: Mapping[str, Any], now: datetime) -> Report | None:
    """Return the report of a certificate that needs nothing, or None if that cannot be told at a glance."""
    given = {option for option, value in params.items() if value not in (None, False)}
    if params[options.RELAY] == {"phase": options.LOOK}:
        given.remove(options.RELAY)
    if not given <= _KNOWN:
        return None
    try:
        certificate = _look(params, now)
    except Exception:  # noqa: BLE001 - whatever it is, the full way says it as it is to be said
        return None
    if certificate is None:
        return None
    report = Report(params["path"])
    report.status, report.before, report.certificate = "valid", certificate, certificate
    return report


def _look(params: Mapping[str, Any], now: datetime) -> Glimpse | None:
    options.check(params)
    options.check_distinct(params, _OUTPUTS)
    if params["privatekey_create"] and params["email"] is None:
        return None
    files = {
        option: _read(params[option]) for option in (*_OUTPUTS, "trusted_roots_path") if params[option] is not None
    }
    (certificate,) = files["path"]
    public_key = rsa.read_public_half(_require(params["privatekey_path"]))
    if checks.find_reasons(certificate, public_key, params["email"], params["remaining_days"], now):
        return None
    return certificate if _holds(certificate, files, now) else None


def _holds(certificate: Glimpse, files: Mapping[str, list[Glimpse]], now: datetime) -> bool:
    """Tell whether the files with intermediates hold the one chain that there is."""
    whole = files.get("fullchain_path") or [certificate, *files.get("chain_path", [])]
    if len(whole) == 1:
        return files.keys() <= {"path", "trusted_roots_path"}
    trusted = files.get("trusted_roots_path")
    above = [*whole[1:], *(trusted or [])]
    # Where each name is there once, each certificate has one issuer at most, and there is one chain.
    if len(above) > _MOST or len({repr(item.subject) for item in (certificate, *above)}) <= len(above):
        return False
    top = whole[-1]
    roots = [item for item in trusted or [] if item.subject_der == top.issuer_der]
    path = [*whole, *roots]
    return (
        whole[0] == certificate
        and files.get("chain_path", whole[1:]) == whole[1:]
        and len(roots) == (trusted is not None)
        and (trusted is not None or all(item.subject_der != top.issuer_der for item in whole))
        and not any(item.subject_der == item.issuer_der for item in whole)
        and all(item.is_ca and item.not_before <= now <= item.not_after for item in path[1:])
        and all(glance.is_signed_by(below, item) for below, item in zip(path, path[1:]))
    )


def _read(path: str) -> list[Glimpse]:
    return glance.read_certificates(_require(path))


def _require(path: str) -> bytes:
    data = read_file(path)
    if data is None:
        raise ValueError(f"{path} does not exist")
    return data
