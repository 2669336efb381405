# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection claims to work on, as tables: adding a platform or a release of Ansible is adding a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A release of ansible-core, the Pythons that it runs on, the best first, and the oldest and newest Python of its targets."""

    release: str
    pythons: tuple[str, ...]
    targets: tuple[int, int]

    def serves(self, python: str) -> bool:
        """Tell whether targets may have that Python."""
        return self.targets[0] <= int(python.partition(".")[2]) <= self.targets[1]


# 2.16.3 is what Ubuntu 24.04 has.
CORES = (
    Core("2.16.3", ("3.12", "3.11", "3.10"), (6, 12)),
    Core("2.16.14", ("3.12", "3.11", "3.10"), (6, 12)),
    Core("2.18.19", ("3.13", "3.12", "3.11"), (8, 13)),
    Core("2.19.14", ("3.13", "3.12", "3.11"), (8, 13)),
    Core("2.20.10", ("3.14", "3.13", "3.12"), (9, 14)),
    Core("2.21.5", ("3.14", "3.13", "3.12"), (9, 14)),
)


@dataclass(frozen=True)
class Platform:
    """A target: its Python, and the libraries that it ships, or that are the newest there, with what requests brings along."""

    name: str
    python: str
    libraries: str


_JAMMY = "cryptography==3.4.8 requests==2.25.1 urllib3==1.26.5 idna==2.10 chardet==4.0.0"
_EL9 = "cryptography==36.0.1 requests==2.25.1 urllib3==1.26.5 idna==2.10 chardet==4.0.0"
_BOOKWORM = "cryptography==38.0.4 requests==2.28.1 urllib3==1.26.12 idna==3.3 charset-normalizer==2.1.1"
_NOBLE = "cryptography==41.0.7 requests==2.31.0 urllib3==2.0.7 idna==3.6 charset-normalizer==3.3.2"
_TRIXIE = "cryptography==43.0.0 requests==2.32.3 urllib3==2.3.0 idna==3.10 charset-normalizer==3.4.2"
_EL10 = "cryptography==43.0.0 requests==2.32.3 urllib3==1.26.19 idna==3.7 charset-normalizer==3.3.2"
_NEWEST_38 = "cryptography==47.0.0 requests==2.32.4 urllib3==2.2.3 idna==3.15 charset-normalizer==3.5.2"
_NEWEST_39 = "cryptography==50.0.2 requests==2.32.5 urllib3==2.6.3 idna==3.20 charset-normalizer==3.5.2"
_NEWEST = "cryptography==50.0.2 requests==2.34.2 urllib3==2.8.0 idna==3.20 charset-normalizer==3.5.2"

PLATFORMS = (
    Platform("The oldest that is claimed", "3.8", _JAMMY),
    Platform("Python 3.8, newest libraries", "3.8", _NEWEST_38),
    Platform("EL 9", "3.9", _EL9),
    Platform("Python 3.9, newest libraries", "3.9", _NEWEST_39),
    Platform("Ubuntu 22.04", "3.10", _JAMMY),
    Platform("Python 3.10, newest libraries", "3.10", _NEWEST),
    Platform("Debian 12", "3.11", _BOOKWORM),
    Platform("Python 3.11, newest libraries", "3.11", _NEWEST),
    Platform("Ubuntu 24.04", "3.12", _NOBLE),
    Platform("EL 10", "3.12", _EL10),
    Platform("Python 3.12, newest libraries", "3.12", _NEWEST),
    Platform("Debian 13", "3.13", _TRIXIE),
    Platform("Python 3.13, newest libraries", "3.13", _NEWEST),
    Platform("Python 3.14, newest libraries", "3.14", _NEWEST),
)

# Debian itself, in a folder: its name as debootstrap knows it, and its Python.
DEBIANS = (("Debian 12", "bookworm", "3.11"), ("Debian 13", "trixie", "3.13"), ("Debian unstable", "sid", "3.14"))
