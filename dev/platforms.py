# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms that the collection claims to work on: Pythons of targets, the libraries that they ship, and who manages them."""

from __future__ import annotations

from dataclasses import dataclass

# What a platform ships, or what is the newest there: pip's names and versions, with what requests brings along.
_JAMMY = {"cryptography": "3.4.8", "requests": "2.25.1", "urllib3": "1.26.5", "idna": "2.10", "chardet": "4.0.0"}
_EL9 = {"cryptography": "36.0.1", "requests": "2.25.1", "urllib3": "1.26.5", "idna": "2.10", "chardet": "4.0.0"}
_BOOKWORM = {
    "cryptography": "38.0.4",
    "requests": "2.28.1",
    "urllib3": "1.26.12",
    "idna": "3.3",
    "charset-normalizer": "2.1.1",
}
_NOBLE = {
    "cryptography": "41.0.7",
    "requests": "2.31.0",
    "urllib3": "2.0.7",
    "idna": "3.6",
    "charset-normalizer": "3.3.2",
}
_TRIXIE = {
    "cryptography": "43.0.0",
    "requests": "2.32.3",
    "urllib3": "2.3.0",
    "idna": "3.10",
    "charset-normalizer": "3.4.2",
}
_NEWEST_38 = {
    "cryptography": "47.0.0",
    "requests": "2.32.4",
    "urllib3": "2.2.3",
    "idna": "3.15",
    "charset-normalizer": "3.5.2",
}
_NEWEST_39 = {
    "cryptography": "50.0.2",
    "requests": "2.32.5",
    "urllib3": "2.6.3",
    "idna": "3.20",
    "charset-normalizer": "3.5.2",
}
_NEWEST = {
    "cryptography": "50.0.2",
    "requests": "2.34.2",
    "urllib3": "2.8.0",
    "idna": "3.20",
    "charset-normalizer": "3.5.2",
}

# The releases of ansible-core that manage, and the Pythons that they run on, best first.
CONTROLLERS = {"2.19": ("3.11",), "2.21": ("3.12", "3.13")}


@dataclass(frozen=True)
class Platform:
    """A target, and the releases of ansible-core that manage it. ``quick`` ones are in "make test"."""

    name: str
    python: str
    libraries: dict[str, str]
    cores: tuple[str, ...] = ("2.19", "2.21")
    quick: bool = False

    @property
    def folder(self) -> str:
        """Return what the virtual environment of this platform is called."""
        return f"{self.python}-cryptography-{self.libraries['cryptography']}-requests-{self.libraries['requests']}"


# ansible-core 2.21 no longer manages Python 3.8.
PLATFORMS = (
    Platform("the oldest that is claimed", "3.8", _JAMMY, ("2.19",), quick=True),
    Platform("Python 3.8, newest libraries", "3.8", _NEWEST_38, ("2.19",)),
    Platform("EL 9", "3.9", _EL9),
    Platform("Python 3.9, newest libraries", "3.9", _NEWEST_39),
    Platform("Ubuntu 22.04", "3.10", _JAMMY),
    Platform("Python 3.10, newest libraries", "3.10", _NEWEST),
    Platform("Debian 12", "3.11", _BOOKWORM),
    Platform("Python 3.11, newest libraries", "3.11", _NEWEST),
    Platform("Ubuntu 24.04", "3.12", _NOBLE),
    Platform("Python 3.12, newest libraries", "3.12", _NEWEST),
    Platform("Debian 13", "3.13", _TRIXIE),
    Platform("Python 3.13, newest libraries", "3.13", _NEWEST, quick=True),
)
