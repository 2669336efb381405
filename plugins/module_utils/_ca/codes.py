# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status codes of the endpoint, section "Error codes" of RequestAndCollectSMIME: one row a code."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.smime.plugins.module_utils._errors import CaError


@dataclass(frozen=True)
class StatusCode:
    """One row of the page's table, with what an administrator can do about it."""

    code: int
    name: str
    meaning: str
    hint: str
    retryable: bool = False


ACCEPTED = 0
AVAILABLE = 1
ATTACHED = 2

MISSING_ARGUMENT = -3
LOGIN_FAILED = -16
CSR_ALREADY_PROVIDED = -18
AWAITING_PAYMENT = -22
EMAIL_NOT_VERIFIED = -154

STATUS_CODES = {
    row.code: row
    for row in (
        StatusCode(
            -1,
            "not_https",
            "The request did not reach the CA over HTTPS.",
            "Check api_url and any proxy in between: something on the way ends the TLS connection.",
        ),
        StatusCode(
            -2,
            "unrecognised_argument",
            "The CA does not know an argument of the request.",
            "Check that api_url is the endpoint RequestAndCollectSMIME, and that a newer release of this collection does not exist.",
        ),
        StatusCode(
            MISSING_ARGUMENT,
            "missing_argument",
            "The CA misses an argument.",
            "If it names csr, the order has no CSR yet: give csr_path, csr_content, or a private key together with email.",
        ),
        StatusCode(
            -4,
            "invalid_argument",
            "The CA does not accept the value of an argument.",
            "Compare the option that the CA names with the order: its number, its collection code, and the account it belongs to.",
        ),
        StatusCode(
            -13,
            "unsupported_key_size",
            "The CA does not issue for a key of this size.",
            "Make a key that the CA supports (RSA 2048, 3072 or 4096 bits, or a NIST curve) and a CSR for it.",
        ),
        StatusCode(
            -14,
            "unknown_error",
            "The CA had an error that it does not explain.",
            "Run the task again later; if it stays, ask the CA's support about the order.",
            retryable=True,
        ),
        StatusCode(
            LOGIN_FAILED,
            "login_failed",
            "The CA refused the login: wrong name or password, locked account, expired password or blocked source address.",
            "Do not run the task again before the account is known to work: each failed login can lock it.",
        ),
        StatusCode(
            -17,
            "not_post",
            "The request arrived as GET.",
            "Check any proxy in between: it changes the request's method.",
        ),
        StatusCode(
            CSR_ALREADY_PROVIDED,
            "csr_already_provided",
            "The order has a CSR already.",
            "Run the task without a CSR, or order anew if the CSR at the CA belongs to a key that is lost.",
        ),
        StatusCode(
            -20,
            "csr_rejected",
            "The CA rejected the CSR.",
            "Check the CSR with 'openssl req -verify -text': its signature, key and subject.",
        ),
        StatusCode(
            -21,
            "certificate_revoked",
            "The certificate of this order has been revoked.",
            "Order a new certificate; the revoked one cannot be collected.",
        ),
        StatusCode(
            AWAITING_PAYMENT,
            "awaiting_payment",
            "The order has not been paid.",
            "Pay the order, then run the task again.",
            retryable=True,
        ),
        StatusCode(
            -153,
            "unsupported_product",
            "The order is for a product that this endpoint does not serve.",
            "Check that the order number is that of an S/MIME certificate.",
        ),
        StatusCode(
            EMAIL_NOT_VERIFIED,
            "email_not_verified",
            "The mailbox has not been verified.",
            "Follow the link in the CA's mail to the mailbox, then run the task again. "
            "The mail is good for 24 hours: after that, have it sent anew.",
            retryable=True,
        ),
    )
}

UNLISTED = StatusCode(
    0,
    "unlisted_error",
    "The CA answered with a code that its page does not list.",
    "Ask the CA's support what the code means.",
)


def error_for(code: int, message: str) -> CaError:
    """Return the error for a status code below 0; ``message`` is the CA's own text, which may be empty."""
    row = STATUS_CODES.get(code, UNLISTED)
    return CaError(message or row.meaning, name=row.name, hint=row.hint, code=code, retryable=row.retryable)
