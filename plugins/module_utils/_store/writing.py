# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing files: staged, given their attributes, exchanged, and put back if one of several fails."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import attributes as file_attributes
from ansible_collections.mailops.smime.plugins.module_utils._store import existing_keys, extended, lock, staging
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Known
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folder, Folders, Make, Place
from ansible_collections.mailops.smime.plugins.module_utils._store.reading import LARGEST, is_planted, read_place
from ansible_collections.mailops.smime.plugins.module_utils._store.staging import Original, Staged

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailops.smime.plugins.module_utils._store.files import Attributes, Replacement

_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
_MOUNTED = (errno.EBUSY, errno.EXDEV)


class Writer:
    """Writes files, with the attributes that options give; their locks are held meanwhile."""

    def __init__(self, module: AnsibleModule, attributes: Attributes, folders: Folders) -> None:
        self._module = module
        self._attributes = attributes
        self._folders = folders

    def locate(self, path: str, make: Make | None = None) -> Place:
        """Return where ``path`` leads. Raises FileError, OSError."""
        try:
            return self._folders.locate(path, make)
        except FileNotFoundError as error:
            folder = os.path.dirname(path)
            raise FileError(
                f"{path} cannot be written: the directory {folder} does not exist", hint=f"Create {folder} first."
            ) from error

    def protect(self, path: str, data: bytes, allowed: Collection[bytes], passphrases: Collection[str | None]) -> None:
        """Refuse to overwrite a private key in ``data``, which is at ``path``, but for the ``allowed`` ones. Raises FileError."""
        mark = existing_keys.read_mark(self.locate(path))
        existing_keys.refuse_overwriting(path, data, allowed, passphrases, mark)

    def tidy(self, place: Place, names: Collection[str]) -> None:
        """Remove what killed runs left of the file at ``place``, if one of ``names`` is of it. Raises OSError, FileError."""
        stem = staging.make_stem(place)
        if any(name.startswith(stem) for name in names):
            # Whoever holds a lock is at work, and clears it all.
            with lock.hold(place, "run", wait=False), lock.hold(place, "write", wait=False):
                staging.clear_leftovers(place)

    def mend_attributes(self, path: str, options: Mapping[str, Any]) -> bool:
        """Give an existing file what ``options`` say; tell whether it changed, or would in check mode. Raises FileError."""
        with reporting(path):
            return file_attributes.mend(self._module, self.locate(path), path, options)

    def prepare(self, path: str) -> None:
        """See that ``path`` can be written, and make its directories if they may be. Raises FileError, OptionError."""
        file_attributes.check(self._attributes)
        with reporting(path):
            makes = path in self._attributes.with_directories
            self._check_writable(path, self.locate(path, self._make_directory if makes else None))

    def _make_directory(self, folder: Folder, name: str) -> None:
        file_attributes.make_directory(self._module, folder, name, self._attributes)
        staging.sync(Place(folder, name))

    def _check_writable(self, path: str, place: Place) -> None:
        found = place.look()
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise FileError(f"{path} is a directory", hint="Give the path of a file.")
        folder = place.folder
        in_place = self._attributes.unsafe_writes and not place.unsafe
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder.descriptor) and not (
            in_place and os.access(place.name, os.W_OK, dir_fd=folder.descriptor)
        ):
            raise FileError(
                f"{path} cannot be written: no permission in {folder.path}",
                hint="Run the task as a user who may write there.",
            )
        if file_attributes.is_immutable(place):
            raise FileError(
                f"{path} cannot be replaced: it is immutable or append-only",
                hint=f"Look at it with 'lsattr {path}', and change that with chattr.",
            )

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold the lock of the certificate at ``path``. Raises FileError."""
        with contextlib.ExitStack() as stack:
            with reporting(path):
                stack.enter_context(lock.hold(self.locate(path), "run", in_place=self._attributes.unsafe_writes))
            yield

    def discard(self, path: str, data: bytes) -> None:
        """Remove the file at ``path`` if it holds ``data``. Raises FileError."""
        with reporting(path):
            place = self.locate(path)
            if read_place(place, path) == data:
                os.unlink(place.name, dir_fd=place.folder.descriptor)
                staging.sync(place)

    def replace(self, replacements: list[Replacement]) -> dict[str, str | None]:
        """Replace all files in their order, or none. Returns the backups' paths. Raises FileError."""
        places = {}
        for item in replacements:
            with reporting(item.path):
                places[item.path] = self.locate(item.path)
        with contextlib.ExitStack() as stack:
            # In one order in all runs, so that no two wait for each other.
            for _identity, place in sorted({place.identity: place for place in places.values()}.items()):
                with reporting(place.path):
                    stack.enter_context(lock.hold(place, "write", in_place=self._attributes.unsafe_writes))
                    staging.clear_leftovers(place)
            return self._exchange(replacements, places)

    def create(self, new: Replacement) -> None:
        """Write a file unless there is one, and sync its name. Raises FileError."""
        with reporting(new.path):
            place = self.locate(new.path)
            if place.unsafe:
                raise FileError(
                    f"{new.path} is not safe: it is a symbolic link, and {place.folder.path} {place.unsafe}",
                    hint="Remove the link, or give another path.",
                )
            # Runs for several certificates can share a key, and not their lock.
            with lock.hold(place, "write"):
                staging.clear_leftovers(place)
                staged = self._open(new, place)
                try:
                    # Unlike a rename, this never replaces anything.
                    with contextlib.suppress(FileExistsError):
                        staged.create(place.name)
                finally:
                    staged.discard()
                staging.sync(place)

    def _exchange(self, replacements: list[Replacement], places: Mapping[str, Place]) -> dict[str, str | None]:
        staged: list[Staged | None] = []
        originals: list[Original] = []
        try:
            for item in replacements:
                with reporting(item.path):
                    existing_keys.protect(item, places[item.path])
                    staged.append(self._stage(item, places[item.path]))
            for item in replacements:
                with reporting(item.path):
                    originals.append(Original(places[item.path]))
                    originals[-1].keep(self._back_up(places[item.path]))
            for item, new, original in zip(replacements, staged, originals):
                with reporting(item.path):
                    self._commit(item, new, original)
        except Exception:
            for original in originals:
                original.put_back()
            raise
        finally:
            for new in staged:
                if new is not None:
                    new.discard()
            for original in originals:
                original.let_go()
        return {
            item.path: original.backup and original.place._replace(name=original.backup).path
            for item, original in zip(replacements, originals)
        }

    def _stage(self, item: Replacement, place: Place) -> Staged | None:
        """Return the new file; None if it can only be written in place, and may be."""
        try:
            return self._open(item, place)
        except OSError as error:
            if self._attributes.unsafe_writes and error.errno in _NO_PERMISSION:
                return None
            raise

    def _open(self, item: Replacement, place: Place) -> Staged:
        known = _find_known(place, private=item.private)
        options = self._attributes.select(item.private)

        def fill(descriptor: int) -> None:
            staging.write(descriptor, item.data)
            file_attributes.give(descriptor, item.path, options, known, private=item.private)
            file_attributes.label(self._module, descriptor, place.path, options, known)
            if item.private and item.keys:
                extended.write_mark(descriptor, existing_keys.make_mark(item.data, item.keys[0]))

        # The umask, or the folder's default ACL, says how a new file without a secret is to be.
        return Staged(place, fill, 0o600 if item.private or known is not None else 0o666)

    def _back_up(self, place: Place) -> str | None:
        """Keep what is at ``place`` by a name such as Ansible's backups have; return the name."""
        found = place.look()
        if not self._attributes.backup or found is None or not stat.S_ISREG(found.st_mode):
            return None
        moment = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime())
        name = f"{place.name}.{os.getpid()}.{moment}~"
        # A second name takes no space, and has all attributes; what is written in place changes it, too.
        if self._attributes.unsafe_writes or not staging.link(place, name):
            self._copy(place, name)
        return name

    def _copy(self, place: Place, name: str) -> None:
        data, known, found = read_place(place, place.path, LARGEST), file_attributes.read_known(place), place.look()

        def fill(descriptor: int) -> None:
            staging.write(descriptor, data or b"")
            file_attributes.give(descriptor, place.path, {}, known, private=False)
            file_attributes.label(self._module, descriptor, place.path, {}, known)
            if found is not None:
                os.utime(descriptor, ns=(found.st_atime_ns, found.st_mtime_ns))

        copy = Staged(place, fill, 0o600)
        try:
            copy.create(name)
        finally:
            copy.discard()

    def _commit(self, item: Replacement, new: Staged | None, original: Original) -> None:
        place = original.place
        try:
            if new is not None:
                new.replace()
        except OSError as error:
            # A file that is a mount point of its own can only be written in place; the option says that this is accepted.
            if not (self._attributes.unsafe_writes and error.errno in _MOUNTED):
                raise
            new = None
        if new is None:
            self._write_in_place(item, place)
            return
        original.note_replaced()
        staging.sync(place)
        # Not before: an immutable file could not be renamed.
        extended.change_flags(new.descriptor, item.path, self._attributes.options.get("attributes"), dry=False)

    def _write_in_place(self, item: Replacement, place: Place) -> None:
        descriptor = place.open(os.O_WRONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or is_planted(place, found):
                raise FileError(f"{item.path} is not safe to be written in place", hint="Leave unsafe_writes out.")
            # First the mode: the contents can hold a private key.
            changes = file_attributes.find_changes(descriptor, self._attributes.select(item.private))
            file_attributes.change(descriptor, item.path, changes)
            os.ftruncate(descriptor, 0)
            staging.write(descriptor, item.data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _find_known(place: Place, *, private: bool) -> Known | None:
    """Return what the file at ``place`` hands on: nothing to a private key where anybody could have put the file."""
    found = place.look()
    if found is None or is_planted(place, found) or (private and not place.folder.trusted):
        return None
    return file_attributes.read_known(place)


@contextlib.contextmanager
def reporting(path: str) -> Iterator[None]:
    """Turn OSError into FileError."""
    try:
        yield
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Mend that and run the task again: the files are as they were, or complete.",
        ) from error
