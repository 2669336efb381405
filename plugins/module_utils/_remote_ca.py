# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA is asked on the controller: what goes there and comes back, and what stands in for the CA on the target.

The target runs twice: to look, which ends with a question where the CA is needed, and to write what the answer brought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.mailops.smime.plugins.module_utils import _options as options
from ansible_collections.mailops.smime.plugins.module_utils._errors import (
    ElsewhereError,
    NotAttemptedError,
    OptionError,
    SmimeError,
)

if TYPE_CHECKING:
    from ansible_collections.mailops.smime.plugins.module_utils._ca.enrollment import Access, Asking, Question
    from ansible_collections.mailops.smime.plugins.module_utils._ca.order import Order, WaitPolicy
    from ansible_collections.mailops.smime.plugins.module_utils._ca.reply import Reply

OPTION = options.RELAY
LOOK = options.LOOK
WRITE = "write"

_NONE = type(None)
# What a question consists of, and the types in which JSON brings it.
_QUESTION: dict[str, tuple[type, ...]] = {
    "csr": (str, _NONE),
    "has_csr": (bool,),
    "expect_issued": (bool,),
    "predict": (bool,),
}
# What an answer consists of.
_ANSWER: dict[str, tuple[type, ...]] = {
    "reply": (dict, _NONE),
    "error": (dict, _NONE),
    "attempted": (bool,),
    "api_calls": (int,),
    "status_code": (int, _NONE),
    "csr_submitted": (bool,),
    "csr": (str, _NONE),
}


@dataclass(frozen=True)
class PostponedAccess:
    """The first run: each question ends it. ``refusal`` is why the controller will not ask."""

    refusal: SmimeError | None = None

    def require_open(self) -> None:
        """Raise the refusal, before anything is created for a question that will not be asked."""
        if self.refusal is not None:
            raise self.refusal

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:  # noqa: ARG002 - of an Access
        """Raise ElsewhereError."""
        raise ElsewhereError(build_question())


@dataclass
class ControllerReply:
    """The second run: what the controller brought back, as an Asking. ``files`` are those that the first run changed."""

    reply: Reply | None
    error: Exception | None
    calls: int
    status_code: int | None
    csr_submitted: bool
    csr: str | None
    files: list[dict[str, Any]] = field(default_factory=list)
    due: float | None = None

    def require_open(self) -> None:
        """Do nothing: the question was asked already."""

    def open(self, order: Order, build_question: Callable[[], Question], wait_policy: WaitPolicy) -> Asking:  # noqa: ARG002 - of an Access
        """Return the answer itself."""
        return self

    def ask(self) -> Reply | None:
        """Return the reply, or raise what was raised on the controller."""
        if self.error is not None:
            raise self.error
        return self.reply


def open_access(relay: Mapping[str, Any] | None, index: int) -> Access:
    """Return the way to the CA for the entry with the number ``index``, as ``relay`` has it."""
    try:
        answers, refusals = (relay or {}).get("answers") or {}, (relay or {}).get("refusals") or {}
        if str(index) in answers:
            return read_answer(answers[str(index)])
        refusal = refusals.get(str(index))
        return PostponedAccess(SmimeError(**refusal) if refusal is not None else None)
    except (AttributeError, OptionError, TypeError):
        return PostponedAccess(_not_ours())


def _not_ours() -> OptionError:
    return OptionError(
        "what the controller has handed over is not what it writes", hint="Run the task again; if it stays, report it."
    )


def read_question(values: Any) -> Question:
    """Return the question that a target wrote with ``to_values``. Raises ValueError for any other values."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca import enrollment as questions

    if not isinstance(values, Mapping) or values.keys() != _QUESTION.keys():
        raise ValueError("this is no question")
    if not all(isinstance(values[name], kinds) for name, kinds in _QUESTION.items()):
        raise ValueError("this is no question")
    return questions.Question(**values)


def write_answer(asking: Asking, reply: Reply | None, error: Exception | None) -> dict[str, Any]:
    """Return an answer as values that JSON can carry to the target. An ``error`` that is no SmimeError means: not attempted."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies

    return {
        "reply": replies.to_values(reply) if reply is not None else None,
        "error": error.describe() if isinstance(error, SmimeError) else None,
        "attempted": not isinstance(error, NotAttemptedError),
        "api_calls": asking.calls,
        "status_code": asking.status_code,
        "csr_submitted": asking.csr_submitted,
        "csr": asking.csr,
    }


def read_answer(values: Mapping[str, Any]) -> ControllerReply:
    """Return the answer that ``write_answer`` wrote. Raises OptionError for any other values."""
    from ansible_collections.mailops.smime.plugins.module_utils._ca import reply as replies

    try:
        if not all(isinstance(values[name], kinds) for name, kinds in _ANSWER.items()):
            raise _not_ours()
        described, reply = values["error"], values["reply"]
        error: Exception | None = SmimeError(**described) if described is not None else None
        if not values["attempted"]:
            error = NotAttemptedError()
        return ControllerReply(
            reply=replies.from_values(reply) if reply is not None else None,
            error=error,
            calls=values["api_calls"],
            status_code=values["status_code"],
            csr_submitted=values["csr_submitted"],
            csr=values["csr"],
            files=values.get("files") or [],
        )
    except (AttributeError, LookupError, TypeError, ValueError) as failure:
        raise _not_ours() from failure
