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


def test_the_fixture_is_the_whole_table() -> None:
    assert len(PAGE) == 14


def test_the_table_has_the_pages_codes_and_no_other() -> None:
    assert set(STATUS_CODES) == set(PAGE)


def test_each_row_stands_under_its_own_code() -> None:
    assert all(code == row.code for code, row in STATUS_CODES.items())


@pytest.mark.parametrize("code", sorted(INTERFACE_NAMES))
def test_each_code_has_the_interfaces_name(code: int) -> None:
    assert STATUS_CODES[code].name == INTERFACE_NAMES[code]
    assert error_for(code, "x").name == INTERFACE_NAMES[code]


def test_each_code_has_a_name_of_its_own() -> None:
    assert len({row.name for row in STATUS_CODES.values()}) == len(STATUS_CODES)


@pytest.mark.parametrize("code", sorted(PAGE))
def test_an_error_carries_the_cas_words_and_says_what_to_do(code: int) -> None:
    error = error_for(code, PAGE[code])
    assert isinstance(error, CaError)
    assert error.describe() == {
        "code": code,
        "name": INTERFACE_NAMES[code],
        "message": PAGE[code],
        "hint": error.hint,
        "retryable": error.retryable,
    }
    assert error.hint.endswith(".")


@pytest.mark.parametrize("code", sorted(PAGE))
def test_an_error_without_the_cas_words_has_ours(code: int) -> None:
    assert error_for(code, "").message == STATUS_CODES[code].meaning != ""


def test_a_refused_login_must_not_be_tried_again() -> None:
    assert not error_for(-16, "").retryable


@pytest.mark.parametrize("code", [-22, -154])
def test_what_somebody_else_has_to_do_can_be_tried_again(code: int) -> None:
    assert error_for(code, "").retryable


@pytest.mark.parametrize("code", [-5, -15, -19, -23, -999999999])
def test_a_code_that_the_page_does_not_list_is_an_unlisted_error(code: int) -> None:
    error = error_for(code, "What the CA says")
    assert (error.name, error.code, error.message) == ("unlisted_error", code, "What the CA says")
    assert error.hint
    assert not error.retryable
