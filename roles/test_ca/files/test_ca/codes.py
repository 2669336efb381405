# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status codes of the endpoint and their texts, as its page prints them."""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType


class Code(IntEnum):
    """Every code that the page lists."""

    ATTACHED = 2
    AVAILABLE = 1
    IN_PROCESS = 0
    NOT_HTTPS = -1
    UNRECOGNISED_ARGUMENT = -2
    MISSING_ARGUMENT = -3
    INVALID_ARGUMENT = -4
    UNSUPPORTED_KEY_SIZE = -13
    UNKNOWN_ERROR = -14
    LOGIN_FAILED = -16
    NOT_POST = -17
    CSR_ALREADY_PROVIDED = -18
    CSR_REJECTED = -20
    REVOKED = -21
    AWAITING_PAYMENT = -22
    UNSUPPORTED_PRODUCT = -153
    EMAIL_NOT_VERIFIED = -154


TEXTS = MappingProxyType(
    {
        Code.NOT_HTTPS: "Request was not made over https!",
        Code.UNRECOGNISED_ARGUMENT: "Unrecognised argument!",
        Code.MISSING_ARGUMENT: "The '{argument}' argument is missing!",
        Code.INVALID_ARGUMENT: "The value of the '{argument}' argument is invalid!",
        Code.UNSUPPORTED_KEY_SIZE: "The CSR uses an unsupported key size",
        Code.UNKNOWN_ERROR: "An unknown error occurred!",
        Code.LOGIN_FAILED: (
            "Incorrect login details, account is locked, password has expired or your source IP is blocked."
        ),
        Code.NOT_POST: "Request used GET rather than POST!",
        Code.CSR_ALREADY_PROVIDED: "A CSR has already been provided.",
        Code.CSR_REJECTED: "The CSR has been rejected!",
        Code.REVOKED: "The certificate has been revoked!",
        Code.AWAITING_PAYMENT: "Still awaiting payment!",
        Code.UNSUPPORTED_PRODUCT: "Unsupported product type!",
        Code.EMAIL_NOT_VERIFIED: "Email verification not yet completed!",
    }
)


class Refusal(Exception):
    """The call is answered with a code below zero; `argument` fills the text's placeholder."""

    def __init__(self, code: int, argument: str = "", text: str | None = None) -> None:
        super().__init__(code)
        self.code = int(code)
        self.text = text_of(code, argument) if text is None else text


def text_of(code: int, argument: str = "") -> str:
    """Give the page's text for a code; an unlisted code gets the one for an unknown error."""
    try:
        return TEXTS[Code(code)].format(argument=argument)
    except (KeyError, ValueError):
        return TEXTS[Code.UNKNOWN_ERROR]
