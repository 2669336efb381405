# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the target: read once, locked, replaced atomically, with Ansible's file attributes."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import (
    attributes as file_attributes,
)
from ansible_collections.mailops.smime.plugins.module_utils._store import (
    existing_keys,
    extended,
    lock,
    staging,
    writing,
)
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import (
    Folder,
    Folders,
    Make,
    Place,
    is_planted,
    read_file,
    read_output,
    read_place,
)
from ansible_collections.mailops.smime.plugins.module_utils._store.writing import Replacement, reporting

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

__all__ = ["Files", "Replacement", "Shared"]

# The options that say how a file is to be, whoever wrote it.
_KEPT_UP = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes")


@dataclass
class Shared:
    """What the certificates of one task have in common: files that no run writes, and in which folders a killed run left what."""

    contents: dict[str, bytes | None] = field(default_factory=dict)
    leftovers: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)


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

    def protect(self, path: str, allowed: Collection[bytes], passphrases: Collection[str | None] = ()) -> None:
        """Refuse to overwrite a private key at ``path`` other than the ``allowed`` ones (their public keys). Raises FileError."""
        data = self.read_output(path)
        if data and existing_keys.may_hold_key(data):
            place = self._locate(path)
            existing_keys.refuse_overwriting(path, data, allowed, passphrases, writing.read_mark(place))

    def prepare(self, path: str) -> None:
        """See that ``path`` can be written. Raises FileError if it certainly cannot, OptionError for an unknown owner or group."""
        self._attributes.check()
        with reporting(path):
            make = self._make_directory if path in self._attributes.homeless else None
            self._check_writable(path, self._locate(path, make))

    def _make_directory(self, folder: Folder, name: str) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=folder.descriptor)
        except FileExistsError:
            # Another run was quicker.
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=folder.descriptor)
        try:
            options, path = self._attributes.for_directories, os.path.join(folder.path, name)
            changes = file_attributes.find_changes(descriptor, options, is_directory=True)
            file_attributes.change(descriptor, path, changes)
            file_attributes.relabel(self._module, descriptor, path, options)
        finally:
            os.close(descriptor)
        staging.sync(Place(folder, name))

    def _check_writable(self, path: str, place: Place) -> None:
        found = place.look()
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise FileError(f"{path} is a directory", hint="Give the path of a file.")
        folder = place.folder
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder.descriptor) and not self._may_write_in_place(place):
            raise FileError(
                f"{path} cannot be written: no permission in {folder.path}",
                hint="Run the task as a user who may write there.",
            )
        if file_attributes.is_immutable(place):
            raise FileError(
                f"{path} cannot be replaced: it is immutable or append-only",
                hint=f"Look at it with 'lsattr {path}', and change that with chattr.",
            )

    def _may_write_in_place(self, place: Place) -> bool:
        if not self._attributes.unsafe_writes or place.unsafe:
            return False
        return os.access(place.name, os.W_OK, dir_fd=place.folder.descriptor)

    def _locate(self, path: str, make: Make | None = None) -> Place:
        try:
            return self._folders.locate(path, make)
        except FileNotFoundError as error:
            folder = os.path.dirname(path)
            raise FileError(
                f"{path} cannot be written: the directory {folder} does not exist", hint=f"Create {folder} first."
            ) from error

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold the lock of the certificate at ``path``: a second run on it waits here. Raises FileError."""
        with contextlib.ExitStack() as stack:
            with reporting(path):
                stack.enter_context(lock.hold(self._locate(path), "run", in_place=self._attributes.unsafe_writes))
            self.forget()
            yield

    def for_this_user(self, paths: Collection[str]) -> Files:
        """Return the way to write ``paths`` for the user that runs alone, directories that are missing included."""
        return Files(self._module, Attributes({}, directory_mode="0700", homeless=frozenset(paths)), self._shared)

    def discard(self, path: str, data: bytes) -> None:
        """Remove the file at ``path`` if it holds ``data``, which another file keeps. Raises FileError."""
        with reporting(path):
            place = self._locate(path)
            if read_place(place, path) == data:
                os.unlink(place.name, dir_fd=place.folder.descriptor)
                staging.sync(place)
        self._read.pop(path, None)

    def tidy(self, paths: Collection[str]) -> None:
        """Remove what killed runs left of the files at ``paths``: copies of the private key could be among it."""
        for path in paths:
            with contextlib.suppress(OSError, FileError):
                place = self._folders.locate(path)
                seen = self._shared.leftovers
                identity = place.folder.identity
                if identity not in seen:
                    seen[identity] = staging.find_stems(place.folder)
                if staging.make_stem(place) in seen[identity]:
                    # Whoever holds a lock is at work, and clears it all.
                    with lock.hold(place, "run", wait=False), lock.hold(place, "write", wait=False):
                        staging.clear_leftovers(place)

    def mend_attributes(self, path: str, *, private: bool = False) -> bool:
        """Give an existing file the wanted owner, mode and the like; in check mode, only say whether it would change."""
        options = self._attributes.select(private)
        if not any(options.get(name) is not None for name in _KEPT_UP):
            return False
        with reporting(path):
            place = self._locate(path)
            descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or is_planted(place, found):
                    raise FileError(f"{path} is not safe to change: it is no file of its own", hint="Look at it.")
                changes = file_attributes.find_changes(descriptor, options)
                changed = bool(changes) and (self.check_mode or file_attributes.change(descriptor, path, changes))
                changed |= file_attributes.relabel(self._module, descriptor, place.path, options)
                return changed | extended.change_flags(descriptor, path, options.get("attributes"), dry=self.check_mode)
            finally:
                os.close(descriptor)

    def replace(self, replacements: list[Replacement]) -> dict[str, str | None]:
        """Replace each file atomically, in this order, all of them or none.

        Returns the backup's path, or None, by path. Raises FileError; the files are as they were then.
        """
        # Another run may have exchanged what the way leads through.
        self._folders.forget()
        places = {}
        for item in replacements:
            with reporting(item.path):
                places[item.path] = self._locate(item.path)
        with contextlib.ExitStack() as stack:
            # In one order in all runs, so that no two wait for each other.
            for _identity, place in sorted({place.identity: place for place in places.values()}.items()):
                with reporting(place.path):
                    stack.enter_context(lock.hold(place, "write", in_place=self._attributes.unsafe_writes))
                    staging.clear_leftovers(place)
            backups = writing.Writer(self._module, self._attributes).replace(replacements, places)
        self._read.update({item.path: item.data for item in replacements})
        return backups

    def create(self, new: Replacement) -> None:
        """Write a file that does not exist yet, synced with its name; one that exists by now stays. Raises FileError."""
        with reporting(new.path):
            place = self._locate(new.path)
            if place.unsafe:
                raise FileError(
                    f"{new.path} is not safe: it is a symbolic link, and {place.folder.path} {place.unsafe}",
                    hint="Remove the link, or give another path.",
                )
            # Runs for several certificates can share a key, and not their lock.
            with lock.hold(place, "write"):
                staging.clear_leftovers(place)
                writing.Writer(self._module, self._attributes).create(new, place)


def sync_directory(folder: str) -> None:
    """Have the names in ``folder`` on disk. Raises FileError."""
    with reporting(folder):
        staging.sync(Folders().locate(os.path.join(folder, "any")))
