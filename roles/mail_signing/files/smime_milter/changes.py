# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having Postfix ask the milter, and leaving all else of Postfix as it was found.

``look`` changes nothing, ``apply`` changes what ``look`` told, or takes everything back.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import smtplib
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from smime_milter.postfix import ADVICE, Postfix, PostfixError, Request, check, find_owners, invert, run, split

# Where an administrator finds what was there before the role came, and what the role has written since.
BACKUP_SUFFIX = ".before-smime"
STATE = "smime-milter.json"
NON_SMTPD = "non_smtpd_milters"


@dataclass(frozen=True)
class Change:
    """An option of Postfix to set, or without a value, to remove. ``option`` is postconf's, for main.cf or master.cf."""

    option: str
    name: str
    value: str | None

    def arguments(self) -> list[str]:
        """Return what postconf is asked for."""
        if self.value is None:
            return [self.option + "X" if self.option == "-P" else "-X", self.name]
        return [self.option, f"{self.name}={self.value}"]


def _address(milter: str) -> str:
    return re.split(r"[\s,]+", milter.strip("{} \t"))[0]


def _compact(milter: str) -> str:
    """Return a milter without space, which master.cf does not take."""
    return re.sub(r"\s+", ",", re.sub(r"\s*([{}=,])\s*", r"\1", milter.strip()))


@dataclass
class State:
    """What is kept beside Postfix's configuration: addresses that were ours, and what options were before (None: not there)."""

    path: str
    milters: list[str] = field(default_factory=list)
    before: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: str) -> State:
        """Return what an earlier run wrote, if there was one. Raises PostfixError."""
        path = os.path.join(directory, STATE)
        try:
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
            return cls(path, list(found["milters"]), dict(found["before"]))
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PostfixError(f"{path} cannot be read: {error}. Put it back from a backup, or remove it.") from error

    def write(self) -> None:
        """Put it into its place at once; if nothing is to be kept, there is no file."""
        if not self.milters and not self.before:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            return
        write_file(self.path, json.dumps({"milters": self.milters, "before": self.before}, indent=2).encode() + b"\n")


def write_file(path: str, data: bytes, like: str | None = None) -> None:
    """Replace a file at once; owner and permissions are those of the file ``like``, or root's alone to write."""
    temporary = f"{path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if like is not None:
                there = os.stat(like)
                os.fchown(file.fileno(), there.st_uid, there.st_gid)
            os.fchmod(file.fileno(), os.stat(like).st_mode & 0o7777 if like is not None else 0o644)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def plan(postfix: Postfix, request: Request, state: State) -> list[Change]:
    """Return what has to change, and note in ``state`` what there is to go back to."""
    address = _address(request.ours)
    if address not in state.milters:
        state.milters.append(address)
    wanted = {f"{service}/smtpd_milters": ("-P", postfix.options) for service in request.services}
    if request.non_smtpd:
        wanted[NON_SMTPD] = ("-e", postfix.set_in_main)
    changes = []
    for name, (option, there) in wanted.items():
        own = there.get(name)
        others = _list_others(own if own is not None else postfix.raw.get(name.rpartition("/")[2], ""), state)
        state.before.setdefault(name, own if own is None or not _holds_ours(own, state) else ",".join(others))
        value = ",".join([request.ours, *others])
        if own != value:
            changes.append(Change(option, name, value))
    for name in [name for name in state.before if name not in wanted]:
        changes.extend(_restore(postfix, name, state))
    return changes


def _list_others(text: str, state: State) -> list[str]:
    return [_compact(milter) for milter in split(text) if _address(milter) not in state.milters]


def _holds_ours(text: str, state: State) -> bool:
    return any(_address(milter) in state.milters for milter in split(text))


def _restore(postfix: Postfix, name: str, state: State) -> Iterator[Change]:
    """Yield what takes our milter out again: as it was, if nothing else has changed there since."""
    before = state.before.pop(name)
    option, there = ("-P", postfix.options) if "/" in name else ("-e", postfix.set_in_main)
    if name not in there or not _holds_ours(there[name], state):
        return
    others = _list_others(there[name], state)
    inherited = postfix.raw.get(name.rpartition("/")[2], "") if "/" in name else ""
    if others != _list_others(inherited if before is None else before, state):
        yield Change(option, name, ",".join(others))
    else:
        yield Change(option, name, before if before is None or option == "-e" else ",".join(others))


def look(request: Request) -> dict[str, Any]:
    """Tell what Postfix is like, what has to change, and which logins each mailbox has. Raises PostfixError."""
    check(request)
    try:
        postfix = Postfix(request.directory)
    except PostfixError:
        if not request.may_be_missing:
            raise
        return _look_at_none(request)
    missing = [service for service in request.services if service not in postfix.services]
    if missing and request.manage:
        raise PostfixError(
            f"{request.directory}/master.cf has no service {', '.join(missing)}. Set it up first, with its TLS and its login "
            "(the guide to mail servers shows how), or name another in smime_signing_postfix_services."
        )
    owners = find_owners(postfix, request)
    changes = plan(postfix, request, State.read(request.directory)) if request.manage else []
    return {
        "queue_directory": postfix.main["queue_directory"],
        "mail_owner": postfix.main["mail_owner"],
        "owners": owners,
        "changes": [f"{change.name}={'' if change.value is None else change.value}" for change in changes],
    }


def _look_at_none(request: Request) -> dict[str, Any]:
    """Tell what Debian's Postfix will be like, which is still to be installed."""
    if request.logins is None and request.relays is None:
        raise PostfixError(
            f"There is no Postfix yet, so that nothing says which login may send as which mailbox. {ADVICE}"
        )
    owners = invert(request.logins or {})
    return {"queue_directory": "/var/spool/postfix", "mail_owner": "postfix", "owners": owners, "changes": []}


def apply(request: Request) -> dict[str, Any]:
    """Have Postfix ask the milter, or not any more. If anything fails, all is as it was. Raises PostfixError."""
    old, state = State.read(request.directory), State.read(request.directory)
    changes = plan(Postfix(request.directory), request, state)
    if not changes:
        return {"changed": False}
    files = [os.path.join(request.directory, name) for name in ("main.cf", "master.cf")]
    kept = {}
    for path in files:
        with open(path, "rb") as file:
            kept[path] = file.read()
        if not os.path.lexists(path + BACKUP_SUFFIX):
            write_file(path + BACKUP_SUFFIX, kept[path], like=path)
    # Before the first change, and with all that may be there after it: whatever happens to this process, the next one knows what is ours.
    State(state.path, state.milters, {**state.before, **old.before}).write()
    runs = _postfix(request, "status").returncode == 0
    try:
        _carry_out(request, changes, runs=runs)
        state.write()
    except BaseException as error:
        for path, data in kept.items():
            write_file(path, data, like=path)
        old.write()
        if runs and _postfix(request, "reload").returncode:
            _postfix(request, "start")
        if isinstance(error, PostfixError):
            told = f"Postfix's configuration is as it was, and nothing signs that did not sign before, because this failed: {error}"
            raise PostfixError(told) from error
        raise
    return {"changed": True}


def _carry_out(request: Request, changes: list[Change], *, runs: bool) -> None:
    for change in changes:
        done = run("postconf", "-c", request.directory, *change.arguments())
        if done.returncode:
            raise PostfixError(f"postconf: {done.stderr.strip()}")
    # Postfix tells a terminal what is wrong, or else nobody but its log.
    command = shlex.join(["postfix", "-c", request.directory, "check"])
    done = run("script", "--quiet", "--return", "--command", command, "/dev/null")
    if done.returncode:
        raise PostfixError(f"postfix check: {done.stdout.strip()}")
    if runs:
        done = _postfix(request, "reload")
        if done.returncode:
            raise PostfixError(f"postfix reload: {done.stderr.strip() or 'see the log of Postfix'}")
    if request.test_mail is not None:
        send_test_mail(request.test_mail)
    if runs and _postfix(request, "status").returncode:
        raise PostfixError("Postfix does not run any more: see its log")


def _postfix(request: Request, command: str) -> subprocess.CompletedProcess[str]:
    return run("postfix", "-c", request.directory, command)


def send_test_mail(settings: Mapping[str, Any]) -> None:
    """Send a mail as a person's mail program does. Raises PostfixError if the server does not take it."""
    mail = EmailMessage()
    mail["From"] = settings["sender"]
    mail["To"] = settings["recipient"]
    mail["Subject"] = "Test of S/MIME signing"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings["sender"].rpartition("@")[2])
    mail.set_content("This mail was sent because Postfix was told to have mail signed.\n")
    place = settings.get("host") or "localhost", int(settings.get("port") or 587)
    tls = settings.get("tls") or "starttls"
    try:
        context = ssl.create_default_context(cafile=settings.get("ca_path"))
        server: smtplib.SMTP = (
            smtplib.SMTP_SSL(*place, timeout=60, context=context)
            if tls == "implicit"
            else smtplib.SMTP(*place, timeout=60)
        )
        with server:
            if tls == "starttls":
                server.starttls(context=context)
            if settings.get("login"):
                server.login(settings["login"], settings.get("password") or "")
            server.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise PostfixError(f"The test mail was not accepted: {type(error).__name__}: {error}") from error


def answer(command: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the role asks for, and return what came of it, or as ``fault`` why not."""
    try:
        return {"look": look, "apply": apply}[command](
            Request(**{name: value for name, value in request.items() if value not in (None, "")})
        )
    except PostfixError as error:
        return {"fault": str(error)}
    except OSError as error:
        return {"fault": f"{error.filename or 'Postfix'}: {error.strerror or error}."}
