# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the target: read once, locked, replaced atomically, with Ansible's file attributes."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folders
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import (
    LEFTOVER,
    list_names,
    may_hold_key,
    read_file,
    read_output,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._store.writing import Writer

# The options that say how a file is to be, whoever wrote it.
_KEPT_UP = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes")


class Attributes(NamedTuple):
    """Ansible's file options as given, and the mode of the files that hold a private key.

    The directories of the paths ``with_directories`` may be created: with ``directory_mode``, for the user that runs, or for
    ``directory_owner`` and ``directory_group``.
    """

    options: Mapping[str, Any]
    private_mode: str | int = "0600"
    backup: bool = False
    directory_mode: str | int = "0755"
    with_directories: frozenset[str] = frozenset()
    directory_owner: str | None = None
    directory_group: str | None = None

    def select(self, private: bool) -> dict[str, Any]:
        """Return the options for one file."""
        return {**self.options, "mode": self.private_mode} if private else dict(self.options)

    @property
    def unsafe_writes(self) -> bool:
        """Tell whether a file that cannot be replaced may be written in place."""
        return bool(self.options.get("unsafe_writes"))


class Replacement(NamedTuple):
    """New contents for one file. ``private`` says that they hold a private key.

    ``keys`` are the public keys (SubjectPublicKeyInfo in DER) of the private keys that the file there may hold, the new one's
    first; ``passphrases`` may open them.
    """

    kind: str
    path: str
    data: bytes
    private: bool = False
    keys: tuple[bytes, ...] = ()
    passphrases: Collection[str | None] = ()

    def __repr__(self) -> str:
        return f"Replacement({self.kind}, {self.path})"


class Shared:
    """What the certificates of one task have in common: files that no run writes, and what runs left in which folders."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes | None] = {}
        self.leftovers: dict[tuple[int, int], list[str]] = {}


class Files:
    """The files of one certificate."""

    def __init__(self, module: AnsibleModule, attributes: Attributes, shared: Shared | None = None) -> None:
        self._module = module
        self._attributes = attributes
        self._folders = Folders()
        self._read: dict[str, bytes | None] = {}
        self._shared = shared or Shared()

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be written."""
        return bool(self._module.check_mode)

    def read(self, path: str) -> bytes | None:
        """Return the contents of ``path``, read once; None if there is no such file. Raises FileError, for what is not safe, too."""
        if path not in self._read:
            self._read[path] = read_file(path, self._folders)
        return self._read[path]

    def read_output(self, path: str) -> bytes | None:
        """Do the same for a file that may be replaced: what is not safe there counts as missing."""
        if path not in self._read:
            self._read[path] = read_output(path, self._folders)
        return self._read[path]

    def read_shared(self, path: str) -> bytes | None:
        """Do the same for a file that no run writes, once for all certificates that have ``shared`` in common."""
        contents = self._shared.contents
        if path not in contents:
            contents[path] = read_file(path, self._folders)
        return contents[path]

    def forget(self) -> None:
        """Read everything anew from now on: another run may have written."""
        self._read.clear()
        self._folders.forget()

    @property
    def _writer(self) -> Writer:
        # Imported only now: most runs write nothing.
        from ansible_collections.mailops.smime.plugins.module_utils._store.writing import Writer

        return Writer(self._module, self._attributes, self._folders)

    def protect(self, path: str, allowed: Collection[bytes], passphrases: Collection[str | None] = ()) -> None:
        """Refuse to overwrite a private key at ``path`` other than the ``allowed`` ones (their public keys). Raises FileError."""
        data = self.read_output(path)
        if data and may_hold_key(data):
            self._writer.protect(path, data, allowed, passphrases)

    def tidy(self, paths: Collection[str]) -> None:
        """Remove what killed runs left of the files at ``paths``: copies of the private key could be among it."""
        for path in paths:
            with contextlib.suppress(OSError, FileError):
                place = self._folders.locate(path)
                seen = self._shared.leftovers
                identity = place.folder.identity
                if identity not in seen:
                    seen[identity] = [name for name in list_names(place.folder) if name.startswith(LEFTOVER)]
                if seen[identity]:
                    self._writer.tidy(place, seen[identity])

    def mend_attributes(self, path: str, *, private: bool = False) -> bool:
        """Give an existing file the wanted owner, mode and the like; in check mode, only say whether it would change."""
        options = self._attributes.select(private)
        wanted = any(options.get(name) is not None for name in _KEPT_UP)
        return wanted and self._writer.mend_attributes(path, options)

    def prepare(self, path: str) -> None:
        """See that ``path`` can be written. Raises FileError if it certainly cannot, OptionError for an unknown owner or group."""
        self._writer.prepare(path)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold the lock of the certificate at ``path``: a second run on it waits here. Raises FileError."""
        with self._writer.locked(path):
            self.forget()
            yield

    def replace(self, replacements: list[Replacement]) -> dict[str, str | None]:
        """Replace each file atomically, in this order, all of them or none.

        Returns the backup's path, or None, by path. Raises FileError; the files are as they were then.
        """
        # Another run may have exchanged what the way leads through.
        self._folders.forget()
        backups = self._writer.replace(replacements)
        self._read.update({item.path: item.data for item in replacements})
        return backups

    def create(self, new: Replacement) -> None:
        """Write a file that does not exist yet, synced with its name; one that exists by now stays. Raises FileError."""
        self._writer.create(new)

    def find_distrust(self, path: str) -> str:
        """Return the folder of ``path`` and who can change what is in it beside root and the user that runs, "" for nobody."""
        try:
            folder = self._folders.locate(path).folder
        except (FileError, OSError):
            return ""
        return f"{folder.path} {folder.distrust}" if folder.distrust else ""

    def discard(self, path: str, data: bytes) -> None:
        """Remove the file at ``path`` if it holds ``data``, which another file keeps. Raises FileError."""
        self._writer.discard(path, data)
        self._read.pop(path, None)

    def for_this_user(self, paths: Collection[str]) -> Files:
        """Return the way to write ``paths`` for the user that runs alone, directories that are missing included."""
        own = Attributes({}, directory_mode="0700", with_directories=frozenset(paths))
        return Files(self._module, own, self._shared)
