# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's file options, checked before anything is written."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import OptionError

_MODE = re.compile(
    r"([0-7]{1,5}|[ugoa]*[-+=][rwxXstugo]*([-+=][rwxXstugo]*)*(,[ugoa]*[-+=][rwxXstugo]*([-+=][rwxXstugo]*)*)*)\Z"
)


@dataclass(frozen=True)
class Attributes:
    """Ansible's file options as given, and the mode of the files that hold a private key.

    The directories of the ``homeless`` paths may be created, with ``directory_mode``.
    """

    options: Mapping[str, Any]
    private_mode: str | int = "0600"
    backup: bool = False
    directory_mode: str | int = "0755"
    homeless: frozenset[str] = frozenset()

    def select(self, private: bool) -> dict[str, Any]:
        """Return the options for one file."""
        return {**self.options, "mode": self.private_mode} if private else dict(self.options)

    def check(self) -> None:
        """Raise OptionError for permissions that are none, and for an owner or group that this host does not know."""
        modes = {"private_mode": self.private_mode, "directory_mode": self.directory_mode}
        for option, mode in {"mode": self.options.get("mode"), **modes}.items():
            _check_mode(option, mode)
        _check_account("owner", self.options.get("owner"), pwd.getpwnam)
        _check_account("group", self.options.get("group"), grp.getgrnam)


def _check_mode(option: str, mode: object) -> None:
    if mode is None or isinstance(mode, int) or (isinstance(mode, str) and _MODE.match(mode)):
        return
    raise OptionError(
        f"{option}: {mode} is neither octal nor symbolic", hint="Give permissions such as '0640' or u=rw,g=r."
    )


def _check_account(option: str, value: str | None, look_up: Any) -> None:
    if value is None or value.isdigit():
        return
    try:
        look_up(value)
    except KeyError as error:
        raise OptionError(
            f"{option}: there is no {value} on this host", hint=f"Create it first, or correct {option}."
        ) from error


def is_immutable(path: str) -> bool:
    """Tell whether ``path`` is a file with chattr's ``i`` or ``a``: nobody can write or replace it, root included."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        # Any other failure says nothing: a file that may not be written can be replaced all the same.
        return error.errno == errno.EPERM
    return False
