# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mail, from its envelope to its signature: what the milter decides, free of the milter's library."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from smime_milter import message
from smime_milter.headers import Field, read_addresses
from smime_milter.live import LiveFolder, normalize

# So much of a mail stays in memory; the rest goes to an unlinked file.
IN_MEMORY = 256 * 1024


@dataclass(frozen=True)
class Workshop:
    """What mails have in common: where pairs are, and where large mails are put for as long as it takes."""

    live: LiveFolder
    temporary: str | None = None

    def open_spool(self) -> BinaryIO:
        """Return a file without a name, for this process alone."""
        return tempfile.SpooledTemporaryFile(IN_MEMORY, dir=self.temporary)  # type: ignore[return-value]


@dataclass
class Mail:
    """A mail on its way in. ``sender`` is the normalized envelope sender; the mailbox signs, or it passes as it is."""

    workshop: Workshop
    sender: str
    fields: list[Field] = field(default_factory=list)
    body: BinaryIO | None = None

    def find_reason_to_pass(self) -> str | None:
        """Return why the mail is not to be signed, once its header is complete, or None."""
        authors = [normalize(address) for address in read_addresses(self.fields, "From")]
        if authors != [self.sender]:
            return f"its From is not {self.sender} alone"
        if message.is_protected(tuple(self.fields)):
            return "it is signed or encrypted already"
        return None

    def add(self, chunk: bytes) -> None:
        """Take a piece of the body."""
        if self.body is None:
            self.body = self.workshop.open_spool()
        self.body.write(chunk)

    @contextlib.contextmanager
    def sign(self) -> Iterator[tuple[str, BinaryIO]]:
        """Give the boundary and the body of the signed mail. Raises UnusableError, OpensslError, OSError; the mail is not lost then."""
        pair = self.workshop.live.load(self.sender, time.time())
        self.add(b"")
        with self.workshop.open_spool() as entity, self.workshop.open_spool() as output:
            message.write_entity(tuple(self.fields), self.body, entity)  # type: ignore[arg-type]
            # A command reads files, not memory.
            entity.rollover()  # type: ignore[attr-defined]
            entity.seek(0)
            signature = pair.sign(entity, message.DIGEST)
            boundary = message.choose_boundary()
            message.write_body(entity, signature, boundary, output)
            yield boundary, output

    def close(self) -> None:
        """Forget the body."""
        if self.body is not None:
            self.body.close()
            self.body = None
