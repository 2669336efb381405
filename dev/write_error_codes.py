# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/docsite/rst/guide_error_codes.rst from the tables and the errors of the plugins; --check says whether that was done.

The CA's codes come from the table in _ca/codes.py. What to do about an error without a code is what the plugins say where they
raise it; what such a name means stands here, and a name that only one of the two knows is a fault.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.mailops.smime.plugins.module_utils import _errors
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import STATUS_CODES, UNLISTED
from collection_copy import CLONE

GUIDE = CLONE / "docs/docsite/rst/guide_error_codes.rst"
PLUGINS = CLONE / "plugins"
SEE_MESSAGE = "What the message says: it names the {}, what is wrong with it and what to do."

# The errors that are no answer of the CA, in the order in which a run can meet them.
MEANINGS = {
    "invalid_option": "An option, or a combination of options, cannot work. Nothing has been sent.",
    "file_error": "A file cannot be read or written.",
    "connection_failed": "There is no connection to the CA, or it was cut.",
    "tls_failed": "The TLS connection failed: the server's certificate, its name or its protocol.",
    "timed_out": "The CA did not answer within ``api_timeout`` seconds.",
    "http_error": "The answer has an HTTP status of failure and no code of the CA.",
    "redirected": "The CA, or a proxy, sent a redirect.",
    "reply_too_large": "The reply is larger than 1 MiB.",
    "reply_unreadable": "The reply has none of the forms that the endpoint's page describes.",
    "still_pending": "The seconds of ``wait_timeout`` are over, and the certificate has not been issued.",
    "key_mismatch": "The CA sent certificates, and none of them is for this key or CSR.",
    "email_mismatch": "The certificate that the CA sent is for another mailbox.",
    "not_smime": "The certificate that the CA sent cannot be used for S/MIME: its usages, its key or its names.",
    "not_valid_now": "The certificate that the CA sent is not valid yet, or no longer.",
    "certificate_expired": "The certificate on disk has expired, and the CA holds no newer one.",
    "chain_invalid": "The chain from the certificate up to a root is broken or incomplete.",
    "untrusted_root": "The chain ends in a root that is not in ``trusted_roots_path``.",
}
# Built from the table of codes, or again on the controller from what a target reported.
FROM_THE_CA = (_errors.CaError, _errors.SmimeError)
# These are raised in so many places that the advice differs with the message.
IN_THE_MESSAGE = {"invalid_option": "option", "file_error": "file"}

HEAD = """\
..
  Copyright: (c) 2026, mailops.smime contributors
  GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by dev/write_error_codes.py ("make generated"): change plugins/module_utils/_ca/codes.py, or the errors where they are
  raised, and not this file.

.. _ansible_collections.mailops.smime.docsite.guide_error_codes:

Error codes and what to do
==========================

When a task fails, its result has an entry ``error``. :ansretval:`mailops.smime.smime_certificate#module:error.name` is one of
the names on this page, ``message`` the CA's own text or ours, ``hint`` what to do, ``code`` the CA's status code, if that is what
failed. With ``retryable``, the same task can succeed later with nothing changed in it. Certificates that were on disk are still there:
a task that fails has replaced none of them by one that did not pass every check.
:ansplugin:`mailops.smime.smime_certificates#module` has such an entry for each mailbox that failed.

In a playbook, tell the names apart, not the texts:

.. code-block:: yaml

   - name: Provide a certificate, and leave it for the next run if the order still waits for somebody
     mailops.smime.smime_certificate:
       path: /etc/smime/alice@example.test/cert.pem
       privatekey_path: /etc/smime/alice@example.test/privkey.pem
       privatekey_create: true
       email: alice@example.test
       collection_code: "{{ alice_collection_code }}"
     register: certificate
     failed_when:
       - certificate is failed
       - certificate.error.name | default('') not in ['awaiting_payment', 'email_not_verified']

What the CA answers
-------------------

Codes from 0 up are no errors: 0 is an order in process, 1 says that the certificate can be collected, 2 that it comes along.

"""
BETWEEN = """
What fails before, without or after an answer
---------------------------------------------

These have no code: ``error.code`` is none. What the CA said last is in ``status_code``.

"""


def main() -> int:
    """Write the guide, or with --check compare it, and return the exit status."""
    hints = collect_hints()
    if hints.keys() != MEANINGS.keys():
        wrong = ", ".join(sorted(hints.keys() ^ MEANINGS.keys()))
        print(f"dev/write_error_codes.py and the plugins do not know the same names: {wrong}")
        return 1
    text = "".join([HEAD, *_code_table(), BETWEEN, *_name_table(hints)])
    if "--check" not in sys.argv[1:]:
        GUIDE.write_text(text, encoding="utf-8")
        return 0
    if GUIDE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{GUIDE.relative_to(CLONE)} is not what the plugins say: run 'make generated'")
    return 1


def _code_table() -> Iterator[str]:
    yield from _table("10 25 30 35", ("Code", "Name", "What it says", "What to do"))
    for row in sorted(STATUS_CODES.values(), key=lambda row: -row.code):
        yield from _row(f"``{row.code}``", f"``{row.name}``", row.meaning, _advice(row.hint, retryable=row.retryable))
    yield from _row("other", f"``{UNLISTED.name}``", UNLISTED.meaning, UNLISTED.hint)


def _name_table(hints: dict[str, list[str]]) -> Iterator[str]:
    yield from _table("25 35 40", ("Name", "What it says", "What to do"))
    for name, meaning in MEANINGS.items():
        yield from _row(f"``{name}``", meaning, "\n\n".join(hints[name]))


def _table(widths: str, heads: Iterable[str]) -> Iterator[str]:
    yield f".. list-table::\n   :header-rows: 1\n   :widths: {widths}\n\n"
    yield from _row(*heads)


def _row(*cells: str) -> Iterator[str]:
    for number, cell in enumerate(cells):
        text = cell.replace("\n\n", "\n\n       ")
        yield f"   {' ' if number else '*'} - {text}\n"


def _advice(hint: str, *, retryable: bool) -> str:
    return f"{hint} Retryable." if retryable else hint


def collect_hints() -> dict[str, list[str]]:
    """Return what the plugins advise for each error name that is no status code, each advice once."""
    hints: dict[str, list[str]] = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        for name, hint in _find_errors(path):
            known = hints.setdefault(name, [])
            if hint and hint not in known:
                known.append(hint)
    for name, what in IN_THE_MESSAGE.items():
        hints[name] = [SEE_MESSAGE.format(what)]
    return hints


def _find_errors(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and hint of each error that is built in a file; the CA's own have both from the table."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
        kind = getattr(_errors, node.func.id, None)
        if node.func.id == "_require_none":
            yield _text(node.args[0]), _text(node.args[-1])
        elif isinstance(kind, type) and issubclass(kind, _errors.SmimeError) and kind not in FROM_THE_CA:
            name = texts.get("name", kind.name)
            # A name that is not written out was given to the function that raises the error, which is looked at above.
            if name:
                yield name, texts.get("hint") or kind.default_hint


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


if __name__ == "__main__":
    sys.exit(main())
