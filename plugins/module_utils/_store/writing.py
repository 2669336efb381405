# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing files: staged, dressed, exchanged, and put back if one of several fails."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import attributes as file_attributes
from ansible_collections.mailops.smime.plugins.module_utils._store import existing_keys, extended, staging
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes, Known
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import (
    LARGEST,
    Place,
    is_planted,
    read_place,
)
from ansible_collections.mailops.smime.plugins.module_utils._store.staging import Original, Staged

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
_MOUNTED = (errno.EBUSY, errno.EXDEV)


@dataclass(frozen=True)
class Replacement:
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


class Writer:
    """Writes files with the attributes that options give, whose locks are held."""

    def __init__(self, module: AnsibleModule, attributes: Attributes) -> None:
        self._module = module
        self._attributes = attributes

    def replace(self, replacements: list[Replacement], places: Mapping[str, Place]) -> dict[str, str | None]:
        """Replace all files in their order, or none. Returns the backups' paths. Raises FileError."""
        staged: list[Staged | None] = []
        originals: list[Original] = []
        try:
            for item in replacements:
                with reporting(item.path):
                    _protect(item, places[item.path])
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

    def create(self, new: Replacement, place: Place) -> None:
        """Write a file unless there is one, and sync its name. Raises OSError, FileError."""
        staged = self._open(new, place)
        try:
            # Unlike a rename, this never replaces anything.
            with contextlib.suppress(FileExistsError):
                staged.create(place.name)
        finally:
            staged.discard()
        staging.sync(place)

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
            _write(descriptor, item.data)
            file_attributes.dress(descriptor, item.path, options, known, private=item.private)
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
            _write(descriptor, data or b"")
            file_attributes.dress(descriptor, place.path, {}, known, private=False)
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
            _write(descriptor, item.data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _protect(item: Replacement, place: Place) -> None:
    """Look once more, with the lock held, at what is to be replaced. Raises FileError if it is a private key."""
    found = place.look()
    if found is None or not stat.S_ISREG(found.st_mode) or is_planted(place, found):
        return
    allowed = item.keys if item.private else ()
    data = read_place(place, item.path, LARGEST)
    existing_keys.refuse_overwriting(item.path, data, allowed, item.passphrases, read_mark(place))


def _find_known(place: Place, *, private: bool) -> Known | None:
    """Return what the file at ``place`` hands on: nothing to a private key where anybody could have put the file."""
    found = place.look()
    if found is None or is_planted(place, found) or (private and not place.folder.trusted):
        return None
    return file_attributes.read_known(place)


def read_mark(place: Place) -> bytes:
    """Return which private key was noted for the file at ``place``."""
    with contextlib.suppress(OSError):
        descriptor = place.open(os.O_RDONLY | os.O_NONBLOCK)
        try:
            return extended.read_mark(descriptor)
        finally:
            os.close(descriptor)
    return b""


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


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
