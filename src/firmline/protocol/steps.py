"""What a conversation yields: effects, which are performed, and what it then waits for.

Effects are values, so that a conversation needs no road and no clock (ADR 5). Between two waits
they are made at once and performed in order; what comes behind a wait knows the time of its end.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from firmline.errors import FirmlineError
from firmline.events import Event
from firmline.protocol.answers import Answer
from firmline.protocol.channels import Channel
from firmline.protocol.codes import Opcode
from firmline.protocol.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write these bytes to this channel."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Tell everyone what happened."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The session is over: the error to raise."""

    error: FirmlineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let the unit's flash get on for so many seconds."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """Wait until all that was written is with the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyAnswer:
    """Wait for an answer to whichever of the requests that are under way.

    Attributes:
        until_s: At most until this time, on the clock of who drives the session; ``None``: as long
            as the answer to ``request`` may take.
        request: One that is under way: its answer may take longest.
        due: Opcodes of the answers that may come; others are copies, or make no sense.
    """

    until_s: float | None
    request: Request
    due: frozenset[Opcode]


Effect = Write | Report | Pause | Fail
Wait = Request | Delivery | AnyAnswer
"""A request means: wait for the answer to it."""
_T = TypeVar("_T")
Talk = Generator[Effect | Wait, Answer | None, _T]
"""A conversation, or a part of one. It is sent the answer it waits for; ``None`` after an effect, a
:class:`Delivery`, an :class:`AnyAnswer` whose time has come, or a receipt that does not come."""
