# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options must keep by themselves, before a file is opened or anything is sent."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, check_order, check_url
from ansible_collections.mailops.smime.plugins.module_utils._errors import FileError, OptionError
from ansible_collections.mailops.smime.plugins.module_utils._store.paths import Folders, Place
from ansible_collections.mailops.smime.plugins.module_utils._x509 import address
from ansible_collections.mailops.smime.plugins.module_utils._x509.key import KeySpec

# What an action plugin adds to a task's options, and the phase in which the target only looks.
RELAY = "_smime_relay"
LOOK = "look"

# Ansible masks a secret in all that a task shows, and a shorter one stands in everything by chance.
SHORTEST_SECRET = 4
_SECRETS = ("login_password", "collection_code", "privatekey_passphrase", "pkcs12_passphrase")

_YEAR = 366 * 24 * 3600
# The least and the most that make sense, by option.
_RANGES = {
    "remaining_days": (0, 36500),
    "wait_timeout": (0, _YEAR),
    "poll_interval": (1, _YEAR),
    "api_timeout": (1, 24 * 3600),
    "api_retries": (0, 100),
    "max_orders": (0, 100_000),
}
# Options that name files which are read.
_READ = ("privatekey_path", "csr_path", "trusted_roots_path", "api_ca_path", "orders_path")

# Who brings these along renews them.
ROLLOVER_EXCLUDES = ("csr_path", "csr_content", "privatekey_content")

# Paths of files that are not written for a certificate.
_FILES_ELSEWHERE = {"archive_path", "trusted_roots_path", "api_ca_path", "orders_path"}


class Use(NamedTuple):
    """What a path is for: whose it is (a mailbox), the option that gave it, and whether it is written."""

    owner: str
    option: str
    path: str
    written: bool


def label(email: str | None, path: str, order: Order) -> str:
    """Return how messages call a certificate: its mailbox, or else its file, and its order."""
    name = email or path
    # A refused address may hold what a terminal would act on.
    return f"{name if name.isprintable() else repr(name)} ({order.label()})"


def read_key_spec(params: Mapping[str, Any]) -> KeySpec:
    """Return what ``params`` say about a key that is to be created."""
    return KeySpec(
        params["privatekey_type"],
        params["privatekey_size"],
        params["privatekey_curve"],
        params["privatekey_passphrase"],
    )


def read_order(params: Mapping[str, Any]) -> Order:
    """Return the order that ``params`` name, as they give it."""
    return Order(
        params["order_number"],
        params["login_name"],
        params["login_password"],
        params["collection_code"],
        params.get("orders_path"),
    )


def asks_ca(params: Mapping[str, Any]) -> bool:
    """Tell whether an order is to be looked at."""
    return bool(params["order_number"] or params["collection_code"])


def check(params: Mapping[str, Any]) -> Order:
    """Return the order of a certificate's ``params``. Raises OptionError for one that cannot work, whatever is on disk."""
    check_numbers(params)
    check_secrets(params)
    order = read_order(params)
    if params["api_from"] == "target":
        # Else these are for the controller to check, and the account never gets here.
        check_url(params["api_url"])
        check_known_order(order, params["email"])
    check_email(params["email"])
    check_archive(params)
    return order


def check_known_order(order: Order, email: str | None) -> None:
    """Raise OptionError for an order that cannot be asked for; which one it is, a journal may say later."""
    if not order.awaits_lookup:
        check_order(order)
    elif email is None:
        raise OptionError("orders_path needs email", hint="Give the mailbox whose order is to be looked up.")


def check_numbers(params: Mapping[str, Any]) -> None:
    """Raise OptionError for a number that makes no sense."""
    for option, (least, most) in _RANGES.items():
        if not least <= params.get(option, least) <= most:
            raise OptionError(
                f"{option}: {params[option]} is not between {least} and {most}", hint=f"Give {least} to {most}."
            )


def check_secrets(params: Mapping[str, Any]) -> None:
    """Raise OptionError for a secret that cannot be kept one, or that no library takes."""
    for option in _SECRETS:
        value = params.get(option)
        if value is not None and len(value) < SHORTEST_SECRET:
            raise OptionError(
                f"{option} has fewer than {SHORTEST_SECRET} characters",
                hint="Ansible hides a secret wherever it stands, and one so short stands everywhere. Give a longer one.",
            )
        if value is not None and "\0" in value:
            raise OptionError(f"{option} holds a null character", hint=f"Correct {option}.")


def check_email(email: str | None) -> None:
    """Raise OptionError unless ``email`` is an address, or was not given."""
    if email is None:
        return
    try:
        address.normalize(email)
    except ValueError as error:
        raise OptionError(f"email: {error}", hint="Give the address of one mailbox.") from error


def check_archive(params: Mapping[str, Any]) -> None:
    """Raise OptionError for an archive that has no name for the mailbox, or in which something else is to be written."""
    archive = params["archive_path"]
    if archive is None:
        return
    if params["email"] is None:
        raise OptionError("archive_path needs email", hint="Give the mailbox: its folder there has its name.")
    check_name_in_path(params["email"])
    folder = os.path.join(os.path.abspath(archive), "")
    for option, value in params.items():
        if option in _FILES_ELSEWHERE or not option.endswith("path") or value is None:
            continue
        if os.path.join(os.path.abspath(value), "").startswith(folder):
            raise OptionError(f"{option} lies in archive_path", hint="Give the archive a folder of its own.")


def check_name_in_path(email: str) -> None:
    """Raise OptionError for an address that would lead a path somewhere else."""
    if "/" in email or ".." in email or not email.isprintable():
        raise OptionError(
            f"email: {email!r} cannot stand in a path",
            hint="An address in certificates must hold no slash, no two dots in a row and no control character.",
        )


def find_waiting_path(key_path: str) -> str:
    """Return where the key of a renewal waits beside the one in use."""
    return f"{key_path}.next"


def list_uses(params: Mapping[str, Any], outputs: Iterable[str], owner: str = "") -> list[Use]:
    """Return what the paths of ``params`` are for. ``outputs`` are the options of the files that are written."""
    written = {option: params[option] for option in outputs}
    read = {option: params.get(option) for option in _READ}
    if params.get("privatekey_rollover") and params["privatekey_path"] is not None:
        # An exchange writes both, so that nobody else can use them.
        key_path = params["privatekey_path"]
        written = {**written, "privatekey_path": key_path, "privatekey_rollover": find_waiting_path(key_path)}
    given = [(option, path, option in written) for option, path in {**read, **written}.items() if path is not None]
    return [Use(owner, option, path, is_written) for option, path, is_written in given]


def check_distinct(params: Mapping[str, Any], outputs: Iterable[str]) -> None:
    """Refuse one path for two files: writing one would destroy the other, and a private key is never overwritten.

    ``outputs`` are the options of the files that are written.
    """
    uses = list_uses(params, outputs)
    for use in uses:
        if "\0" in use.path:
            raise OptionError(f"{use.option}: a path cannot hold a null character", hint=f"Correct {use.option}.")
        try:
            os.fsencode(use.path)
        except ValueError as error:
            raise OptionError(
                f"{use.path!r} cannot be a path on this host", hint="Correct the path, or the locale."
            ) from error
    clash = find_clash(uses)
    if clash is not None:
        one, other = clash
        raise OptionError(
            f"{one.option} and {other.option} are the same file: {other.path}", hint="Give each file its own path."
        )


def find_clash(uses: Iterable[Use], *, among_owners: bool = True) -> tuple[Use, Use] | None:
    """Return two uses of one file of which one writes it; None if there are none.

    One file is what one name in one folder leads to, or, with hard links, the file itself.

    Several mailboxes may share the file of the root, which is the same for all. Without ``among_owners``, what one of them
    uses twice does not count: its own check says that.
    """
    folders = Folders()
    seen: dict[Hashable, Use] = {}
    for use in sorted(uses, key=lambda item: not item.written):
        for identity in _identify(use.path, folders):
            other = seen.setdefault(identity, use)
            same = other.owner == use.owner
            allowed = (other is use or not among_owners) if same else other.option == use.option == "root_path"
            if not allowed and (other.written or use.written):
                return other, use
    return None


def _identify(path: str, folders: Folders) -> list[Hashable]:
    """Return what two paths of one file have in common. What cannot be used is refused later, and known by its name here."""
    place = _locate(path, folders) or _locate(os.path.realpath(path), folders)
    if place is None:
        return [os.path.realpath(path)]
    names: list[Hashable] = [place.identity]
    with contextlib.suppress(OSError):
        found = place.look()
        if found is not None and stat.S_ISREG(found.st_mode):
            names.append((found.st_dev, found.st_ino))
    return names


def _locate(path: str, folders: Folders) -> Place | None:
    try:
        return folders.locate(path)
    except (FileError, OSError):
        return None
