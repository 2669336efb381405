# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of codes is the page's, and the names are those of the interface."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.codes import STATUS_CODES, error_for
from ansible_collections.mailops.smime.plugins.module_utils._errors import CaError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import read_text

INTERFACE_NAMES = {
    -1: "not_https",
    -2: "unrecognised_argument",
    -3: "missing_argument",
    -4: "invalid_argument",
    -13: "unsupported_key_size",
    -14: "unknown_error",
    -16: "login_failed",
    -17: "not_post",
    -18: "csr_already_provided",
    -20: "csr_rejected",
    -21: "certificate_revoked",
    -22: "awaiting_payment",
    -153: "unsupported_product",
    -154: "email_not_verified",
}


def read_page() -> dict[int, str]:
    """Return the page's messages by code: a number, a blank line, the message, a blank line, the description."""
    rows = re.findall(r"^(-\d+)\n\n(.+)\n\n(.+)$", read_text("codes/error_codes.txt"), re.MULTILINE)
    return {int(code): message for code, message, _description in rows}


PAGE = read_page()


def test_the_table_has_the_pages_codes_by_the_names_of_the_interface() -> None:
    assert len(PAGE) == 14
    assert set(PAGE) == set(STATUS_CODES) == set(INTERFACE_NAMES)
    assert {code: (row.code, row.name) for code, row in STATUS_CODES.items()} == {
        code: (code, name) for code, name in INTERFACE_NAMES.items()
    }


@pytest.mark.parametrize("code", PAGE)
def test_an_error_carries_the_cas_words_or_else_ours_and_says_what_to_do(code: int) -> None:
    error = error_for(code, PAGE[code])
    assert isinstance(error, CaError)
    assert error.describe() == {
        "code": code,
        "name": INTERFACE_NAMES[code],
        "message": PAGE[code],
        "hint": error.hint,
        "retryable": code in (-14, -22, -154),
    }
    assert error.hint.endswith(".")
    assert error_for(code, "").message == STATUS_CODES[code].meaning != ""


@pytest.mark.parametrize("code", [-5, -15, -19, -23, -999999999])
def test_a_code_that_the_page_does_not_list_is_an_unlisted_error(code: int) -> None:
    error = error_for(code, "What the CA says")
    assert (error.name, error.code, error.message) == ("unlisted_error", code, "What the CA says")
    assert error.hint
    assert not error.retryable
