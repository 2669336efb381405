# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The milter itself: between Postfix and the rest, by way of python3-milter."""

from __future__ import annotations

import logging
from typing import Any

import Milter

from smime_milter import message, openssl
from smime_milter.headers import Field
from smime_milter.live import LiveFolder, UnusableError, normalize
from smime_milter.signing import Mail, Workshop

NAME = "smime-milter"
LOG = logging.getLogger(NAME)
_CHUNK = 65536
# Seconds without a word from Postfix.
_PATIENCE = 600


class SigningMilter(Milter.Base):  # type: ignore[misc]
    """One connection; mails come one after the other. Whatever goes wrong, the mail stays where it is, and is tried again."""

    workshop: Workshop

    def __init__(self) -> None:
        self._mail: Mail | None = None
        self._queue_id = "?"

    def envfrom(self, sender: str, *_options: str) -> Any:
        """Let a mail pass at once if its sender does not sign."""
        self._forget()
        address = normalize(sender)
        try:
            if address is None or not self.workshop.live.has(address):
                return Milter.ACCEPT
        except OSError as error:
            return self._put_off(str(address), error)
        self._mail = Mail(self.workshop, address)
        return Milter.CONTINUE

    @Milter.decode("bytes")  # type: ignore[untyped-decorator]
    def header(self, name: str, value: bytes) -> Any:
        """Take a field of the header."""
        if self._mail is not None:
            # Postfix keeps the first space behind the colon to itself.
            self._mail.fields.append(Field(name.encode("utf-8", "surrogateescape") + b": " + value))
        return Milter.CONTINUE

    def eoh(self) -> Any:
        """Let a mail pass if its header says so."""
        self._queue_id = self.getsymval("i") or "?"
        reason = self._mail.find_reason_to_pass() if self._mail is not None else None
        if reason is None:
            return Milter.CONTINUE
        LOG.info("%s: from=<%s> passes as it is: %s", self._queue_id, self._mail.sender if self._mail else "", reason)
        self._forget()
        return Milter.ACCEPT

    def body(self, chunk: bytes) -> Any:
        """Take a piece of the body."""
        if self._mail is not None:
            try:
                self._mail.add(chunk)
            except OSError as error:
                return self._put_off(self._mail.sender, error)
        return Milter.CONTINUE

    def eom(self) -> Any:
        """Sign, and hand the signed mail over."""
        mail = self._mail
        if mail is None:
            return Milter.ACCEPT
        self._queue_id = self.getsymval("i") or self._queue_id
        try:
            with mail.sign() as (boundary, output):
                self._replace(mail, boundary, output)
        except (UnusableError, openssl.OpensslError, OSError) as error:
            return self._put_off(mail.sender, error)
        except Exception as error:  # noqa: BLE001 - a mail that this program cannot deal with must not go out unsigned
            LOG.error("%s: from=<%s>: %s", self._queue_id, mail.sender, type(error).__name__)
            return self._put_off(mail.sender, error)
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

    def _replace(self, mail: Mail, boundary: str, output: Any) -> None:
        self._replace_fields(mail.fields, boundary)
        while chunk := output.read(_CHUNK):
            self.replacebody(chunk)

    def _replace_fields(self, fields: list[Field], boundary: str) -> None:
        """Take the fields out that moved inside, and tell what the mail is now."""
        counts = {field.key: 0 for field in fields}
        names = []
        for field in fields:
            counts[field.key] += 1
            if message.moves_inside(field):
                names.append((field.raw.partition(b":")[0].decode("ascii", "replace").strip(), counts[field.key]))
        # From the last to the first: a field that is gone changes the numbers of those behind it.
        for name, number in reversed(names):
            self.chgheader(name, number, "")
        if "mime-version" not in counts:
            self.addheader("MIME-Version", "1.0")
        self.addheader("Content-Type", message.describe_type(boundary))

    def _put_off(self, sender: str, error: Exception) -> Any:
        LOG.error("%s: from=<%s> cannot be signed now, and is put off: %s", self._queue_id, sender, error)
        self._forget()
        self.setreply("451", "4.7.0", "This mail cannot be signed at the moment")
        return Milter.TEMPFAIL

    def _forget(self) -> None:
        if self._mail is not None:
            self._mail.close()
            self._mail = None
        self._queue_id = "?"


def serve(socket: str, live: str, temporary: str | None) -> None:
    """Serve until a signal ends it. ``socket`` is as libmilter wants it: ``unix:/path`` or ``inet:port@127.0.0.1``."""
    SigningMilter.workshop = Workshop(LiveFolder(live), temporary)
    Milter.factory = SigningMilter
    Milter.set_flags(Milter.CHGBODY | Milter.CHGHDRS | Milter.ADDHDRS)
    LOG.info("listening at %s", socket)
    Milter.runmilter(NAME, socket, _PATIENCE)
    LOG.info("stopped")
