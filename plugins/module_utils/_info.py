# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking, never touching: certificates on disk, and an order at the CA."""

from __future__ import annotations

import base64
import glob
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils import _spec as specs
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import AVAILABLE
from ansible_collections.mailops.smime.plugins.module_utils._ca.masking import is_free_of, mask
from ansible_collections.mailops.smime.plugins.module_utils._ca.order import check_order, check_url
from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply, require_accepted
from ansible_collections.mailops.smime.plugins.module_utils._ca.request import (
    QUERY_TYPES,
    RESPONSE_ENCODINGS,
    RESPONSE_TYPES,
    Query,
    check_query,
)
from ansible_collections.mailops.smime.plugins.module_utils._context import Clock
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    OptionError,
    SmimeError,
    make_defect,
)
from ansible_collections.mailops.smime.plugins.module_utils._report import Outcome, describe_failure
from ansible_collections.mailops.smime.plugins.module_utils._spec import Warn
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import read_file
from ansible_collections.mailops.smime.plugins.module_utils._verify import load_reply
from ansible_collections.mailops.smime.plugins.module_utils._x509 import certificate as certificates
from ansible_collections.mailops.smime.plugins.module_utils._x509 import key as keys
from ansible_collections.mailops.smime.plugins.module_utils._x509._compat import require_cryptography
from ansible_collections.mailops.smime.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.mailops.smime.plugins.module_utils._x509.inspection import Criteria, inspect_certificate, sort

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._ca.client import Client
    from ansible_collections.mailops.smime.plugins.module_utils._revocation import RevocationLists


@dataclass
class Inspection:
    """What a look found. ``error`` is what ended it."""

    certificates: list[dict[str, Any]] = field(default_factory=list)
    order: dict[str, Any] | None = None
    api_calls: int = 0
    warnings: list[str] = field(default_factory=list)
    error: SmimeError | None = None

    def warn(self, text: str) -> None:
        """Have ``text`` told, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def to_result(self, label: str) -> dict[str, Any]:
        """Return the module's result; ``label`` is how messages call the order."""
        result = {
            "changed": False,
            "certificates": self.certificates,
            "order": self.order,
            "api_calls": self.api_calls,
        }
        if self.error is not None:
            return {**result, **describe_failure(self.error, label)}
        return result


def inspect(
    params: Mapping[str, Any],
    make_client: Callable[[Clock], Client],
    open_lists: Callable[[], RevocationLists] | None = None,
) -> Inspection:
    """Look at the files and the order that ``params`` name, and return what was found, of a failure too.

    ``open_lists`` returns the lists of revoked certificates, for where there are files.
    """
    inspection = Inspection()
    clock = Clock()
    try:
        require_cryptography()
        check_options(params)
        inspection.certificates = inspect_files(params, clock.now(), inspection.warn)
        if params["check_revocation"] == "crl" and open_lists is not None:
            add_revocations(inspection.certificates, params, open_lists(), clock.now(), inspection.warn)
        if options.asks_ca(params):
            client = make_client(clock)
            try:
                inspection.order = inspect_order(params, client, inspection.warn)
            finally:
                inspection.api_calls = client.calls
    except SmimeError as error:
        inspection.error = error
    except BaseException as error:  # noqa: BLE001 - no traceback reaches the output
        inspection.error = make_defect(error)
    return inspection


def manage(
    module: AnsibleModule, make_client: Callable[[Clock], Client], open_lists: Callable[[], RevocationLists]
) -> Outcome:
    """Look at what the module's parameters name, and return what is to be told."""
    found = inspect(module.params, make_client, open_lists)
    if found.error is None and (module.params["metrics_path"] or module.params["report_path"]):
        _publish(module, found)
    return Outcome(found.to_result(find_label(module.params)), found.warnings)


def _publish(module: AnsibleModule, found: Inspection) -> None:
    from ansible_collections.mailops.smime.plugins.module_utils import _monitoring

    try:
        _monitoring.publish(module, _monitoring.read_files(found.certificates), Clock().now())
    except SmimeError as error:
        found.error = error


def find_label(params: Mapping[str, Any]) -> str:
    """Return how messages call what is looked at."""
    return options.read_order(params).label() if options.asks_ca(params) else "smime_certificate_info"


def check_options(params: Mapping[str, Any]) -> None:
    """Raise OptionError for options that do not go together, before anything is read or sent."""
    single = [name for name in ("privatekey_path", "chain_path", "email") if params[name] is not None]
    names = params["paths"] or []
    if not names and not options.asks_ca(params):
        raise OptionError(
            "missing: paths, order_number or collection_code", hint="Say which files, or which order, to look at."
        )
    if single and (len(names) != 1 or glob.has_magic(names[0])):
        said = f", and {names[0]} is a pattern, since it holds *, ? or [" if len(names) == 1 else ""
        raise OptionError(
            f"{single[0]} needs paths to be one file{said}",
            hint=f"Look at one file at a time, or leave {single[0]} out.",
        )
    options.check_email(params["email"])
    options.check_secrets(params)
    if options.asks_ca(params):
        options.check_numbers(params)
        check_url(params["api_url"])
        check_order(options.read_order(params))
        check_query(read_query(params))


def inspect_files(params: Mapping[str, Any], now: datetime, warn: Warn) -> list[dict[str, Any]]:
    """Return an entry for each file, a broken one with ``error``. Raises OptionError, FileError for the files to measure against."""
    criteria = _load_criteria(params, now, warn)
    return [_inspect_file(path, criteria) for path in _expand(params["paths"] or [])]


def add_revocations(
    entries: list[dict[str, Any]], params: Mapping[str, Any], lists: RevocationLists, now: datetime, warn: Warn
) -> None:
    """Add what lists of revoked certificates say to the entries of files. All files that are named may hold the issuers."""
    from ansible_collections.mailops.smime.plugins.module_utils._x509 import crl

    there = [entry for entry in entries if entry["error"] is None]
    others = (params["chain_path"], params["trusted_roots_path"])
    known = [item for path in (*(entry["path"] for entry in there), *others) if path for item in _load_all(path)]
    authorities = [item for item in dict.fromkeys(known) if item.is_ca]
    for entry in there:
        entry.update(crl.describe(lists.look_up(_load_first(entry["path"]), authorities, now, warn)))


def read_query(params: Mapping[str, Any]) -> Query:
    """Return the query that ``params`` describe: never with a CSR, never with returnCertificate."""
    return Query(
        query_type=QUERY_TYPES[params["query_type"]],
        response_type=RESPONSE_TYPES[params["response_type"]],
        response_encoding=RESPONSE_ENCODINGS[params["response_encoding"]],
        response_mime_type=params["response_mime_type"],
        show_validity_period=params["show_validity_period"],
    )


def inspect_order(params: Mapping[str, Any], client: Client, warn: Warn) -> dict[str, Any]:
    """Return the ``order`` entry of the result: one call. Raises OptionError, CallError, CaError, ReplyError."""
    order = options.read_order(params)
    exchange = client.exchange(order, read_query(params))
    body = exchange.response.body.decode("utf-8", "replace")
    reply = require_accepted(exchange.reply)
    pool = load_reply(reply, warn)
    not_before, not_after = _find_validity(reply, pool)
    return {
        "status_code": reply.code,
        "status": "issued" if reply.code >= AVAILABLE else "pending",
        "not_before": not_before,
        "not_after": not_after,
        "certificates": [item.to_pem().decode("ascii") for item in sort(pool)],
        "raw": base64.b64encode(exchange.response.body).decode("ascii") if is_free_of(body, order.secrets) else None,
        "content_type": mask(exchange.response.content_type, order.secrets),
    }


def _find_validity(reply: Reply, pool: tuple[Certificate, ...]) -> tuple[str | None, str | None]:
    """Return the validity that the CA shows, or else that of the end entity that it sent."""
    end_entity = next((item for item in pool if not item.is_ca), None)
    period = reply.validity or end_entity
    if period is None:
        return None, None
    return certificates.format_time(period.not_before), certificates.format_time(period.not_after)


def _expand(names: list[str]) -> list[str]:
    """Return the paths that ``names`` stand for, each once; a pattern that matches nothing stands for none."""
    found = [path for name in names for path in (sorted(glob.glob(name)) if glob.has_magic(name) else [name])]
    return list(dict.fromkeys(found))


def _inspect_file(path: str, criteria: Criteria) -> dict[str, Any]:
    try:
        certificate = _load_first(path)
    except (SmimeError, ValueError) as error:
        return {"path": path, "error": str(error), "checks": []}
    return {
        "path": path,
        "error": None,
        **certificates.describe(certificate, criteria.now),
        "checks": inspect_certificate(certificate, criteria),
    }


def _load_first(path: str) -> Certificate:
    """Return the first certificate of a file in PEM or DER. Raises FileError, ValueError."""
    data = read_file(path)
    if data is None:
        raise ValueError(f"{path} does not exist")
    return certificates.load_first(data)


def _load_all(path: str) -> tuple[Certificate, ...]:
    """Return all certificates of a file in PEM or DER that can be read."""
    data = read_file(path) or b""
    return certificates.load_readable_pem(data)[0] if b"-----BEGIN" in data else (certificates.load_der(data),)


def _load_criteria(params: Mapping[str, Any], now: datetime, warn: Warn) -> Criteria:
    key_path, chain_path = params["privatekey_path"], params["chain_path"]
    key = None
    if key_path is not None:
        data = specs.require_file("privatekey_path", key_path, read_file(key_path))
        key = keys.load(data, params["privatekey_passphrase"], f"privatekey_path ({key_path})")
    return Criteria(
        now=now,
        public_key=key.public_key if key is not None else None,
        email=params["email"],
        chain=specs.load_certificates("chain_path", chain_path, read_file, warn),
        trusted=specs.load_certificates("trusted_roots_path", params["trusted_roots_path"], read_file, warn),
    )
