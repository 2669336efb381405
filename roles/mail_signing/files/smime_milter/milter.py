# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The milter itself: between Postfix and the rest, by way of python3-milter."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import Milter

from smime_milter.entity import moves_inside
from smime_milter.fields import Field
from smime_milter.live import LiveFolder, UnusableError, name_mailbox
from smime_milter.mail import Client, DeferredError, Mail, PassError, PolicyError, PolicyFile

NAME = "smime-milter"
LOG = logging.getLogger(NAME)
# Seconds without a word from Postfix.
_PATIENCE = 600
_EXPECTED = (UnusableError, PolicyError, DeferredError, OSError)


def guarded(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Have a callback put a mail off, whatever goes wrong: it must not go out unsigned because of a fault in here."""

    @functools.wraps(callback)
    def call(self: SigningMilter, *arguments: Any) -> Any:
        try:
            return callback(self, *arguments)
        except PassError as reason:
            return self.let_pass(reason)
        except _EXPECTED as error:
            return self.put_off(str(error))
        except Exception as error:  # noqa: BLE001 - the mail is put off, and the place is in the log
            traceback = error.__traceback__
            while traceback is not None and traceback.tb_next is not None:
                traceback = traceback.tb_next
            place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback is not None else "?"
            return self.put_off(f"unexpected {type(error).__name__} at {place}: {str(error)[:200]!r}")

    return call


def kept(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Have a step for whose answer Postfix does not wait keep what goes wrong: the next one that it waits for says so."""

    @functools.wraps(callback)
    def call(self: SigningMilter, *arguments: Any) -> Any:
        if self._fault is None:
            try:
                callback(self, *arguments)
            except Exception as error:  # noqa: BLE001 - it is raised again
                self._fault = error
        return Milter.CONTINUE

    return call


class SigningMilter(Milter.Base):  # type: ignore[misc]
    """One connection; mails come one after the other. Whatever goes wrong, the mail stays where it is, and is tried again."""

    live: LiveFolder
    policy: PolicyFile
    temporary: str | None = None

    def __init__(self) -> None:
        self._client: Client | None = None
        self._mail: Mail | None = None
        self._sender = ""
        self._queue_id = "?"
        self._fault: Exception | None = None

    def setsymlist(self, stage: int, *macros: str) -> None:
        """Ask for macros. The library's own would hand them over as bytes, fail, and ask Postfix to wait at every step."""
        self._ctx.setsymlist(stage, " ".join(macros))

    @Milter.noreply  # type: ignore[untyped-decorator]
    @kept
    def connect(self, name: str, _family: str, place: Any) -> None:
        """Note who connects. Postfix presents mail of sendmail(1) as from port 0 of this machine, where no connection comes from."""
        address, port = (str(place[0]), place[1]) if isinstance(place, tuple) else ("", None)
        sendmail = name == "localhost" and port == 0 and address in ("127.0.0.1", "::1")
        self._client = Client("", address, sendmail)

    @Milter.symlist("{auth_authen}")  # type: ignore[untyped-decorator]
    @guarded
    def envfrom(self, sender: str, *_options: str) -> Any:
        """Let a mail pass at once if its sender does not sign, or its client may not have it signed."""
        self._forget()
        address = name_mailbox(sender[1:-1] if sender.startswith("<") and sender.endswith(">") else sender)
        if address is None or not self.live.has(address):
            return Milter.ACCEPT
        self._sender = address
        if self._client is None:
            raise DeferredError("it is not known who sends it")
        policy = self.policy.current()
        client = Client(self.getsymval("{auth_authen}") or "", self._client.address, self._client.sendmail)
        reason = policy.find_reason_to_pass(client, address)
        if reason is not None:
            raise PassError(reason)
        self._mail = Mail(address, self.live, policy, self.temporary)
        return Milter.CONTINUE

    @Milter.noreply  # type: ignore[untyped-decorator]
    @Milter.decode("bytes")  # type: ignore[untyped-decorator]
    @kept
    def header(self, name: str, value: bytes) -> None:
        """Take a field of the header."""
        if self._mail is not None:
            # Postfix keeps the first space behind the colon to itself.
            self._mail.add_field(Field(name.encode("utf-8", "surrogateescape") + b": " + value))

    @guarded
    def eoh(self) -> Any:
        """Let a mail pass if its header says so."""
        self._queue_id = self.getsymval("i") or "?"
        if self._mail is not None:
            self._raise_fault()
            self._mail.pair = self._mail.decide()
        return Milter.CONTINUE

    @Milter.noreply  # type: ignore[untyped-decorator]
    @kept
    def body(self, chunk: bytes) -> None:
        """Take a piece of the body."""
        if self._mail is not None:
            self._mail.body.write(chunk)

    @guarded
    def eom(self) -> Any:
        """Sign, and hand the signed mail over."""
        mail = self._mail
        if mail is None or mail.pair is None:
            return Milter.ACCEPT
        self._queue_id = self.getsymval("i") or self._queue_id
        self._raise_fault()
        with mail.sign(mail.pair) as (content_type, pieces):
            self._replace_fields(mail.fields, content_type)
            for piece in pieces:
                self.replacebody(piece)
        LOG.info("%s: from=<%s> signed", self._queue_id, mail.sender)
        self._forget()
        return Milter.ACCEPT

    def abort(self) -> Any:
        """Forget a mail that Postfix gave up."""
        self._forget()
        return Milter.CONTINUE

    def close(self) -> Any:
        """Forget what a connection left."""
        self._forget()
        return Milter.CONTINUE

    def let_pass(self, reason: PassError) -> Any:
        """Let a mail go as it is, and say why."""
        level = logging.WARNING if reason.warn else logging.INFO
        told = "warning: should be signed, and passes unsigned" if reason.warn else "passes as it is"
        LOG.log(level, "%s: from=<%s> %s: %s", self._queue_id, self._sender, told, reason)
        self._forget()
        return Milter.ACCEPT

    def put_off(self, reason: str) -> Any:
        """Have the client keep a mail, and say why."""
        LOG.error("%s: from=<%s> cannot be signed now, and is put off: %s", self._queue_id, self._sender, reason)
        self._forget()
        self.setreply("451", "4.7.0", "This mail cannot be signed at the moment")
        return Milter.TEMPFAIL

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _replace_fields(self, fields: list[Field], content_type: str) -> None:
        """Take the fields out that moved inside, and tell what the mail is now."""
        counts = {field.key: 0 for field in fields}
        names = []
        for field in fields:
            counts[field.key] += 1
            if moves_inside(field):
                names.append((field.raw.partition(b":")[0].decode("ascii", "replace").strip(), counts[field.key]))
        # From the last to the first: a field that is gone changes the numbers of those behind it.
        for name, number in reversed(names):
            self.chgheader(name, number, "")
        if "mime-version" not in counts:
            self.addheader("MIME-Version", "1.0")
        self.addheader("Content-Type", content_type)

    def _forget(self) -> None:
        if self._mail is not None:
            self._mail.body.close()
            self._mail = None
        self._queue_id = "?"
        self._fault = None


def serve(socket: str, live: str, policy: str, temporary: str | None) -> None:
    """Serve until a signal ends it. ``socket`` is as libmilter wants it: ``unix:/path`` or ``inet:port@127.0.0.1``."""
    SigningMilter.live = LiveFolder(live)
    SigningMilter.policy = PolicyFile(policy)
    SigningMilter.temporary = temporary
    Milter.factory = SigningMilter
    Milter.set_flags(Milter.CHGBODY | Milter.CHGHDRS | Milter.ADDHDRS)
    LOG.info("listening at %s", socket)
    Milter.runmilter(NAME, socket, _PATIENCE)
    LOG.info("stopped")
