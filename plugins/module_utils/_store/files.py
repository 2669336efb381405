# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the target: read once, locked, replaced atomically, with Ansible's file attributes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError
from ansible_collections.mailops.smime.plugins.module_utils._store import lock, originals
from ansible_collections.mailops.smime.plugins.module_utils._store.attributes import Attributes, is_immutable
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import read_file

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The options that say how a file is to be, whoever wrote it.
_KEPT_UP = ("owner", "group", "mode", "seuser", "serole", "setype", "selevel", "attributes")


@dataclass(frozen=True)
class Replacement:
    """New contents for one file. ``private`` says that they hold a private key."""

    kind: str
    path: str
    data: bytes
    private: bool = False


class Files:
    """The files of one certificate, through the module's ways of setting attributes."""

    def __init__(
        self, module: AnsibleModule, attributes: Attributes, shared: dict[str, bytes | None] | None = None
    ) -> None:
        self._module = module
        self._attributes = attributes
        self._read: dict[str, bytes | None] = {}
        self._shared = {} if shared is None else shared

    @property
    def check_mode(self) -> bool:
        """Tell whether nothing may be written."""
        return bool(self._module.check_mode)

    def read(self, path: str) -> bytes | None:
        """Return the contents of ``path``, read once; None if there is no such file. Raises FileError."""
        if path not in self._read:
            self._read[path] = read_file(path)
        return self._read[path]

    def read_shared(self, path: str) -> bytes | None:
        """Do the same for a file that no run writes, once for all certificates that have ``shared`` in common."""
        if path not in self._shared:
            self._shared[path] = read_file(path)
        return self._shared[path]

    def forget(self) -> None:
        """Read everything anew from now on: another run may have written."""
        self._read.clear()

    def prepare(self, path: str) -> None:
        """See that ``path`` can be written. Raises FileError if it certainly cannot, OptionError for an unknown owner or group."""
        self._attributes.check()
        if path in self._attributes.homeless:
            with _reporting(path):
                self._make_directories(os.path.dirname(os.path.realpath(path)))
        self._check_writable(path)

    def _make_directories(self, folder: str) -> None:
        if os.path.isdir(folder):
            return
        self._make_directories(os.path.dirname(folder))
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            # Another run was quicker.
            return
        options = {**self._attributes.options, "mode": self._attributes.directory_mode, "attributes": None}
        with self._own_failures(folder):
            arguments = self._module.load_file_common_arguments(options, path=folder)
            self._module.set_fs_attributes_if_different(arguments, False)

    def _check_writable(self, path: str) -> None:
        real = os.path.realpath(path)
        folder = os.path.dirname(real)
        if os.path.isdir(real):
            raise FileError(f"{path} is a directory", hint="Give the path of a file.")
        if not os.path.isdir(folder):
            raise FileError(
                f"{path} cannot be written: the directory {folder} does not exist", hint=f"Create {folder} first."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FileError(
                f"{path} cannot be written: no permission in {folder}",
                hint="Run the task as a user who may write there.",
            )
        if is_immutable(real):
            raise FileError(
                f"{path} cannot be replaced: it is immutable or append-only",
                hint=f"Look at it with 'lsattr {path}', and change that with chattr.",
            )
        # Left by a run that was killed.
        originals.forget(real)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold the lock of the certificate at ``path``: a second run on it waits here. Raises FileError."""
        with contextlib.ExitStack() as stack:
            with _reporting(path):
                stack.enter_context(lock.hold(os.path.realpath(path)))
            self.forget()
            yield

    def mend_attributes(self, path: str, *, private: bool = False) -> bool:
        """Give an existing file the wanted owner, mode and the like; in check mode, only say whether it would change."""
        options = self._attributes.select(private)
        if not any(options.get(name) is not None for name in _KEPT_UP):
            return False
        real = os.path.realpath(path)
        arguments = self._module.load_file_common_arguments(options, path=real)
        with _reporting(path), self._own_failures(path):
            return bool(self._module.set_fs_attributes_if_different(arguments, False))

    def replace(self, replacements: list[Replacement]) -> dict[str, str | None]:
        """Replace each file atomically, in this order, all of them or none.

        Returns the backup's path, or None, by path. Raises FileError; the files are as they were then.
        """
        staged: list[tuple[Replacement, str]] = []
        try:
            for replacement in replacements:
                with _reporting(replacement.path):
                    staged.append((replacement, self._stage(replacement)))
            backups = {item.path: self._back_up(item) for item in replacements}
            with originals.kept([os.path.realpath(item.path) for item in replacements]):
                while staged:
                    replacement, temporary = staged[0]
                    with _reporting(replacement.path):
                        self._commit(replacement, temporary)
                    staged.pop(0)
            return backups
        finally:
            for _replacement, temporary in staged:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def create(self, new: Replacement) -> None:
        """Write a file that does not exist yet, synced with its name; one that exists by now stays. Raises FileError."""
        with _reporting(new.path):
            # Runs for several certificates can share a key, and not their lock.
            temporary = self._stage(new, f"{os.getpid()}.new")
            try:
                # Unlike a rename, a link never replaces anything.
                with contextlib.suppress(FileExistsError):
                    os.link(temporary, os.path.realpath(new.path))
            finally:
                os.unlink(temporary)
            sync_directory(os.path.dirname(os.path.realpath(new.path)))

    def _stage(self, replacement: Replacement, suffix: str = "new") -> str:
        """Write the new contents beside the file, synced and with its final attributes, and return their path."""
        real = os.path.realpath(replacement.path)
        temporary = os.path.join(os.path.dirname(real), f".{os.path.basename(real)}.{suffix}")
        # Left by a run that was killed. The lock keeps any other run away from it.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        # 0600 from the first moment: the contents can hold a private key.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _inherit(file.fileno(), real, private=replacement.private)
                file.write(replacement.data)
                file.flush()
                os.fsync(file.fileno())
            self._dress(temporary, real, private=replacement.private)
        except BaseException:
            os.unlink(temporary)
            raise
        return temporary

    def _dress(self, temporary: str, real: str, *, private: bool) -> None:
        """Give the new file the wanted attributes."""
        arguments = self._module.load_file_common_arguments(self._attributes.select(private), path=real)
        if self._module.selinux_enabled() and not any(arguments["secontext"]):
            known = os.path.exists(real)
            arguments["secontext"] = (
                self._module.selinux_context(real) if known else self._module.selinux_default_context(real)
            )
        # chattr's attributes wait until the file has its name: an immutable one could not be renamed.
        with self._own_failures(real):
            self._module.set_fs_attributes_if_different({**arguments, "path": temporary, "attributes": None}, False)

    @contextlib.contextmanager
    def _own_failures(self, path: str) -> Iterator[None]:
        """Have Ansible's ways with files raise FileError where they would end the module, and with it all other certificates."""

        def fail(msg: str = "", **_details: object) -> None:
            raise FileError(
                f"{path}: {msg}", hint="Correct the file options, or run the task as a user who may set them."
            )

        original = self._module.fail_json
        self._module.fail_json = fail
        try:
            yield
        finally:
            self._module.fail_json = original

    def _back_up(self, replacement: Replacement) -> str | None:
        if not self._attributes.backup or not os.path.exists(replacement.path):
            return None
        # Ansible copies first and sets the mode then.
        umask = os.umask(0o077)
        try:
            with _reporting(replacement.path), self._own_failures(replacement.path):
                backup: str = self._module.backup_local(os.path.realpath(replacement.path))
                return backup
        finally:
            os.umask(umask)

    def _commit(self, replacement: Replacement, temporary: str) -> None:
        real = os.path.realpath(replacement.path)
        try:
            os.replace(temporary, real)
        except OSError as error:
            if not (self._attributes.options.get("unsafe_writes") and error.errno in (errno.EBUSY, errno.EXDEV)):
                raise
            # A file that is a mount point of its own can only be written in place; the option says that this is accepted.
            with open(real, "wb") as file:
                file.write(replacement.data)
            os.unlink(temporary)
        sync_directory(os.path.dirname(real))
        self._read[replacement.path] = replacement.data
        attributes = self._attributes.options.get("attributes")
        if attributes is not None:
            with self._own_failures(replacement.path):
                self._module.set_attributes_if_different(real, attributes, False)


def _inherit(descriptor: int, real: str, *, private: bool) -> None:
    """Give a new file owner, group and mode of the one at ``real`` that it replaces, or the usual mode. Private ones stay 0600."""
    try:
        old = os.stat(real)
    except FileNotFoundError:
        mode = 0o666 & ~_read_umask()
    else:
        mode = stat.S_IMODE(old.st_mode)
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    if not private:
        os.fchmod(descriptor, mode)


def sync_directory(folder: str) -> None:
    """Have the names in ``folder`` on disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _reporting(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Mend that and run the task again: the files are as they were, or complete.",
        ) from error


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
