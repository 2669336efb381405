# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certs-only PKCS#7, as openssl writes it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._ca.formats import read_pkcs7
from ansible_collections.mailops.smime.plugins.module_utils._errors import ReplyError
from ansible_collections.mailops.smime.tests.unit.plugins.samples import fixture_chain, read_fixture


@pytest.mark.parametrize("name", ["certificates.der", "end_entity_first.der"])
def test_every_certificate_of_openssls_pkcs7_is_read_once(name: str) -> None:
    certificates = read_pkcs7(read_fixture(f"pkcs7/{name}"))
    assert sorted(certificates) == sorted(fixture_chain())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"\x30\x00",
        fixture_chain()[0],
        read_fixture("pkcs7/certificates.der")[:-1],
    ],
)
def test_anything_else_is_unreadable(data: bytes) -> None:
    with pytest.raises(ReplyError):
        read_pkcs7(data)


@pytest.mark.parametrize(
    "data",
    [
        # ContentInfo of signedData, without the content that is OPTIONAL there, and with an empty one.
        "300b06092a864886f70d010702",
        "300d06092a864886f70d010702a000",
        "301206092a864886f70d010702a00530030201ff",
    ],
)
def test_signed_data_without_content_does_not_end_the_interpreter(data: str) -> None:
    # In a process of its own: the library's crash would take all other tests along.
    program = (
        "import sys\n"
        f"from {read_pkcs7.__module__} import read_pkcs7\n"
        f"from {ReplyError.__module__} import ReplyError\n"
        "try:\n"
        f"    read_pkcs7(bytes.fromhex('{data}'))\n"
        "except ReplyError:\n"
        "    sys.exit(7)\n"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 7
