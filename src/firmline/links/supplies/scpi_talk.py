"""Talking SCPI with an instrument: commands that are checked, and answers that are those asked for.

Whatever breaks an exchange off (a timeout, Ctrl-C) may leave half a command in the instrument and
an answer on its way, which the next question would take for its own. So the next exchange begins
with a question whose answer is known, the identity, and leaves out all that comes before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

TIMEOUT_MS: Final = 2000
"""Until an answer; ours: slow instruments take half a second for a measurement."""
LONGEST: Final = 200
"""Longest answer that is looked at, characters; ours."""
MOST_ERRORS: Final = 50
"""Errors that are taken out of an instrument's queue; ours: queues hold 20 to 30."""
LEFT_OVER: Final = 8
"""Answers of earlier questions that are left out; ours."""


class ScpiTalk:
    """An instrument behind VISA.

    Args:
        resource: Its VISA resource name.
        visa: The VISA library, as PyVISA names it; empty: PyVISA's choice.

    Attributes:
        name: For people; what it calls itself once that is known.
    """

    def __init__(self, resource: str, *, visa: str = "") -> None:
        self.name = f"The supply at {shortened(resource)}"
        self._resource_name = resource
        self._visa = visa
        self._manager: Any = None
        self._resource: MessageBasedResource | None = None
        self._identity = ""
        self._was_broken_off = False

    @property
    def is_open(self) -> bool:
        """Whether it can be talked to."""
        return self._resource is not None

    def open(self) -> None:
        """Find it, learn who it is, and forget the errors that others have left in its queue.

        Raises:
            TransportError: ``LINK_EXTRA_MISSING``, ``SUPPLY_NOT_FOUND``, ``SUPPLY_NONSENSE``.
        """
        try:
            import pyvisa  # noqa: PLC0415 - an extra
        except ImportError:
            raise extra_missing("supply", "SCPI supplies need PyVISA") from None
        try:
            self._manager = pyvisa.ResourceManager(self._visa)
            self._resource = self._manager.open_resource(
                self._resource_name,
                read_termination="\n",
                write_termination="\n",
                timeout=TIMEOUT_MS,
            )
        except Exception as problem:  # noqa: BLE001 - its backends raise whatever they meet
            raise self._not_found(problem) from None
        with suppress(Exception):  # not every backend can; it empties what others have left unread
            self._open_resource().clear()
        identity = self.ask("*IDN?", code=Code.SUPPLY_NOT_FOUND)
        if identity.count(",") < 2:
            raise self.nonsense("*IDN?", identity)
        self._identity = identity
        maker, model = (part.strip() for part in identity.split(",")[:2])
        self.name = shortened(f"{maker} {model}")
        self._forget_errors()

    def close(self) -> None:
        """Let go of it; may be called at any time."""
        for each in (self._resource, self._manager):
            with suppress(Exception):  # it is let go of; nothing can be done
                if each is not None:
                    each.close()
        self._resource = self._manager = None

    def tell(self, command: str) -> None:
        """Give a command, and see that it was understood.

        Raises:
            TransportError: ``SUPPLY_LOST``, ``SUPPLY_REFUSED``.
        """
        self.tell_blindly(command)
        error = self.ask("SYST:ERR?")
        if _is_error(error):
            self._forget_errors()
            raise self.refused(f"{self.name} does not take {command!r}: {shortened(error)}.")

    def tell_blindly(self, command: str) -> None:
        """Give a command, whatever the instrument thinks of it.

        Raises:
            TransportError: ``SUPPLY_LOST``.
        """
        try:
            with self._exchange() as resource:
                resource.write(command)
        except TransportError:
            raise
        except Exception as problem:  # noqa: BLE001 - backends raise whatever they meet
            raise self._lost(problem) from None

    def ask(self, question: str, *, code: Code = Code.SUPPLY_LOST) -> str:
        """The answer to a question.

        Raises:
            TransportError: ``code``; ``SUPPLY_NONSENSE``.
        """
        try:
            with self._exchange() as resource:
                answer = resource.query(question)
        except TransportError:
            raise
        except UnicodeDecodeError:
            raise self.nonsense(question, "bytes that are no text") from None
        except Exception as problem:  # noqa: BLE001 - backends raise whatever they meet
            raise self._lost(problem, code=code) from None
        return str(answer)[:LONGEST].strip()

    def number(self, question: str) -> float:
        """The answer to a question for a number.

        Raises:
            TransportError: ``SUPPLY_LOST``, ``SUPPLY_NONSENSE``.
        """
        answer = self.ask(question)
        try:
            value = float(answer)
        except ValueError:
            raise self.nonsense(question, answer) from None
        if not math.isfinite(value) or abs(value) > 1e6:  # 9.9e37 is SCPI's "not a number"
            raise self.nonsense(question, answer)
        return value

    @contextmanager
    def _exchange(self) -> Iterator[MessageBasedResource]:
        """One command or question; one that was broken off is cleared away first."""
        if self._was_broken_off and self._identity:
            self._find_back()
        resource = self._open_resource()
        self._was_broken_off = True
        yield resource
        self._was_broken_off = False

    def _find_back(self) -> None:
        resource = self._open_resource()
        try:
            resource.write("")  # the end of a command of which only the beginning went out
            resource.write("*IDN?")
            for _ in range(LEFT_OVER):
                if str(resource.read())[:LONGEST].strip() == self._identity:
                    self._was_broken_off = False
                    self._forget_errors()
                    return
        except Exception as problem:  # noqa: BLE001 - backends raise whatever they meet
            raise self._lost(problem) from None
        raise self._lost(ConnectionError("its answers are those to other questions"))

    def _forget_errors(self) -> None:
        """Empty the queue: an error of somebody else's is none of ours."""
        for _ in range(MOST_ERRORS):
            if not _is_error(self.ask("SYST:ERR?")):
                return

    def _open_resource(self) -> MessageBasedResource:
        if self._resource is None:
            raise self._lost(ConnectionError("it is not open"))
        return self._resource

    def _not_found(self, problem: Exception) -> TransportError:
        return TransportError(
            Code.SUPPLY_NOT_FOUND,
            f"{self.name} cannot be opened: {_in_short(problem)}.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Write its VISA resource name as pyvisa-shell lists it, such as"
            " scpi:TCPIP::192.0.2.7::5025::SOCKET or scpi:ASRL/dev/ttyUSB0::INSTR.",
        )

    def _lost(self, problem: Exception, *, code: Code = Code.SUPPLY_LOST) -> TransportError:
        return TransportError(
            code,
            f"{self.name} does not answer: {_in_short(problem)}.",
            reason=TransportReason.LOST,
        )

    def refused(self, message: str, *, hint: str = "") -> TransportError:
        """The error of one that does not do what it is told."""
        return TransportError(
            Code.SUPPLY_REFUSED, message, reason=TransportReason.REFUSED, hint=hint
        )

    def nonsense(self, question: str, answer: str) -> TransportError:
        """The error of one that is no supply."""
        return TransportError(
            Code.SUPPLY_NONSENSE,
            f"{self.name} answers {question} with {shortened(answer)!r}, which no supply does.",
            reason=TransportReason.NOT_AVAILABLE,
        )


def _is_error(said: str) -> bool:
    """Whether the queue's answer is an error: 0 is none, with a sign or without."""
    return bool(said.split(",", maxsplit=1)[0].strip().lstrip("+-").strip("0"))


def _in_short(problem: Exception) -> str:
    text = " ".join(str(problem).split()) or type(problem).__name__
    return shortened(text).rstrip(".")
