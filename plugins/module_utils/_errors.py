# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one tree of errors. The lower layers raise them; only modules and action plugins turn them into a result."""

from __future__ import annotations

import traceback
from typing import Any

# Names in a certificate can have a million characters, and messages tell them.
_LONGEST_MESSAGE = 2000


class SmimeError(Exception):
    """Something that an administrator must be told.

    ``name`` is one of the error names of the modules' documentation, ``message`` the CA's own text or ours,
    ``hint`` what to do next, ``code`` the CA's status code if there is one, ``retryable`` whether the same
    task can succeed later with nothing changed.
    """

    name = "unlisted_error"
    default_hint = ""
    traceback: str | None = None

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        hint: str = "",
        code: int | None = None,
        retryable: bool = False,
    ) -> None:
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[:_LONGEST_MESSAGE]}..."
        super().__init__(message)
        self.message = message
        self.name = name or self.name
        self.hint = hint or self.default_hint
        self.code = code
        self.retryable = retryable

    def describe(self) -> dict[str, Any]:
        """Return the ``error`` entry of a module's result."""
        return {
            "code": self.code,
            "name": self.name,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
        }


class OptionError(SmimeError):
    """An option, or a combination of options, that cannot work. Raised before anything is sent."""

    name = "invalid_option"


class FileError(SmimeError):
    """A file that could not be read or written."""

    name = "file_error"


class CaError(SmimeError):
    """The CA answered with a status code below 0."""


class CallError(SmimeError):
    """A call that brought no readable answer of the CA."""

    name = "connection_failed"


class ReplyError(CallError):
    """A reply arrived, and is none of the forms that the specification names."""

    name = "reply_unreadable"
    default_hint = "Run the task again. If it stays, check api_url and any proxy in between, then ask the CA's support."


class DerError(ReplyError, ValueError):
    """Bytes that are not the DER they should be."""


class CheckError(SmimeError):
    """A certificate did not pass a check; ``name`` is the check's name."""


class StillPendingError(SmimeError):
    """The time to wait is over and the certificate has not been issued."""

    name = "still_pending"


class NotAttemptedError(Exception):
    """A call that is not made, since the CA refused the login before: another try could lock the account."""


class ElsewhereError(Exception):
    """The CA is asked on another host, with ``question``: a Question of _ca/enrollment.py."""

    def __init__(self, question: Any) -> None:
        super().__init__("the CA is asked on another host")
        self.question = question


class MissingLibraryError(SmimeError):
    """A Python library that the host lacks; ``traceback`` says how its import failed."""

    def __init__(self, library: str, import_traceback: str | None) -> None:
        # Imported only now: this file is for everyone, and most runs lack nothing.
        from ansible.module_utils.basic import missing_required_lib

        super().__init__(missing_required_lib(library))
        self.traceback = import_traceback


def make_defect(error: BaseException) -> SmimeError:
    """Return what is told of an exception that nobody foresaw, be it an extension module's, which need not be an Exception.

    ``traceback`` is where it came from. Its own words are kept if it is one of Python's: a library's may be what it was given.
    Raises ``error`` again if it is to end the process.
    """
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        raise error
    kind = type(error)
    defect = SmimeError(
        f"unexpected {kind.__name__}",
        hint="This is a defect of mailops.smime. Please report it, with what the task says of it with -vvv.",
    )
    words = f": {error}" if kind.__module__ == "builtins" else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    defect.traceback = f"Traceback (most recent call last):\n{frames}{kind.__module__}.{kind.__name__}{words}\n"
    return defect
