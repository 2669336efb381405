# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file for two things is found by the file itself, whatever names it has, and in a list across all mailboxes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailops.smime.plugins.module_utils._options import Use, find_clash


def use(folder: Path, text: str) -> Use:
    """Return the use that "owner option path" says; what is written has an option in capitals."""
    owner, option, path = text.split()
    return Use(owner, option.lower(), str(folder / path), option.isupper())


@pytest.mark.parametrize(
    ("uses", "clash"),
    [
        (["a PATH a/cert.pem", "b PATH b/cert.pem", "a read key.pem", "b read key.pem"], False),
        (["a PATH a/cert.pem", "b PATH link/cert.pem"], True),
        (["a PATH a/new.pem", "b PATH link/new.pem"], True),
        (["a PATH a/cert.pem", "b CHAIN_PATH a/hard.pem"], True),
        (["b read a/hard.pem", "a PATH a/cert.pem"], True),
        (["b read link/../a/cert.pem", "a PATH a/cert.pem"], True),
        (["a PATH none/cert.pem", "b PATH nolink/cert.pem"], True),
        # However one file is spelled, whether it exists or not.
        *(
            ([f"a PATH {one}", f"b CHAIN_PATH {other}"], True)
            for one, others in {
                "a/new.pem": "a/./new.pem link/../a/new.pem dangling.pem a/new.pem/ a/new.pem/. none/../a/new.pem dangling.pem/",
                "a/cert.pem": "link/cert.pem a/cert.pem/ none/../a/cert.pem a/hard.pem",
                "none/new.pem": "nolink/new.pem a/../none/new.pem",
            }.items()
            for other in others.split()
        ),
        (["a ROOT_PATH root.pem", "b ROOT_PATH root.pem"], False),
        (["a ROOT_PATH root.pem", "b CHAIN_PATH root.pem"], True),
        (["a ROOT_PATH root.pem", "b read root.pem"], True),
        (["a ROOT_PATH root.pem", "a PATH root.pem"], None),
        (["a PATH a/cert.pem", "a read a/cert.pem"], None),
    ],
)
def test_paths_of_a_task_and_of_a_list_are_different_files(tmp_path: Path, uses: list[str], clash: bool | None) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "nolink").symlink_to("none")
    (tmp_path / "dangling.pem").symlink_to("a/new.pem")
    (tmp_path / "a/cert.pem").touch()
    os.link(tmp_path / "a/cert.pem", tmp_path / "a/hard.pem")
    found = [use(tmp_path, text) for text in uses]
    assert bool(find_clash(found)) is (clash is not False)
    # What one mailbox does to itself, its own check says.
    assert bool(find_clash(found, among_owners=False)) is bool(clash)
