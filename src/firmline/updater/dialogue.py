"""Requests and answers over an open bootloader, one at a time: conversations are driven here."""

from __future__ import annotations

from collections import deque
from typing import Final, TypeVar

from firmline import events
from firmline.errors import Code, RemoteProtocolError, TransportError, TransportReason
from firmline.events import Reporter
from firmline.links.base import Exchange
from firmline.protocol.answers import Answer, decode_answer
from firmline.protocol.framing import Framing
from firmline.protocol.leftovers import Leftovers, passed_over
from firmline.protocol.reading import Questions
from firmline.protocol.requests import Abort, Request, SetPrn, WriteObject, opcode_of

_T = TypeVar("_T")
MAX_LEFTOVERS: Final = 64
"""Answers that can be on their way: as many as the unit has tasks and flash entries; ours."""


class Dialogue:
    """Drives the conversations of :mod:`firmline.protocol.reading`.

    Args:
        exchange: The unit's bootloader, open.
        framing: How requests become bytes there.
        report: Takes every request and answer as it happens.
        answer_timeout_s: How long one answer may take.
    """

    def __init__(
        self, exchange: Exchange, framing: Framing, *, report: Reporter, answer_timeout_s: float
    ) -> None:
        self._exchange = exchange
        self._framing = framing
        self._report = report
        self._answer_timeout_s = answer_timeout_s
        self._heard: deque[bytes] = deque()
        self._leftovers = Leftovers(framing)

    @property
    def packet_size(self) -> int:
        """Most object bytes in one write."""
        return self._framing.packet_size

    async def run(self, talk: Questions[_T]) -> _T:
        """Hold a conversation; what it comes to.

        Raises:
            TransportError: The link failed, or an answer did not come in time.
            TargetRefusedError: The unit said no where the conversation cannot go on.
            RemoteProtocolError: The unit's answers made no sense.
        """
        answer: Answer | None = None
        while True:
            try:
                step = talk.send(answer)
            except StopIteration as end:
                result: _T = end.value
                return result
            if isinstance(step, events.Event):
                self._report(step)
                answer = None
            else:
                answer = await self._ask(step)

    async def settle(self) -> None:
        """Hear what is still on its way: copies of answers that a failed session has left.

        Answers come in order, so that behind the one to this request, which changes nothing that
        the next session does not set itself, there is nothing left but copies of it.

        Raises:
            TransportError: The link failed, or the answer did not come in time.
            RemoteProtocolError: Nothing that comes is the answer.
        """
        request = SetPrn(count=0)
        await self.say(request)
        for _ in range(MAX_LEFTOVERS):
            answer = await self._hear()
            if answer.opcode == opcode_of(request):
                self._leftovers.take(answer.opcode)
                return
        raise RemoteProtocolError(
            Code.ANSWER_UNEXPECTED,
            f"The unit sent {MAX_LEFTOVERS} answers, and none to what it was asked.",
        )

    async def say(self, request: Request) -> None:
        """Send a request for whose answer nobody waits: it leaves at once."""
        channel, data = self._framing.encode(request)
        self._report(events.RequestSent(request=opcode_of(request).name.lower(), data=data))
        await self._exchange.write(channel, data)
        await self._exchange.flush()

    async def ask_to_restart(self) -> bool:
        """Ask for the reset that leads into the application, if there is one (ABORT).

        A unit that is gone before it has heard all of that has understood.

        Returns:
            Whether the link still stands.

        Raises:
            TransportError: Not LOST: the link takes nothing.
        """
        try:
            await self.say(Abort())
        except TransportError as error:
            if error.reason is not TransportReason.LOST:
                raise
            self._report(events.LinkLost(hci_reason=error.hci_reason, expected=True))
            return False
        return True

    async def _ask(self, request: Request) -> Answer | None:
        if isinstance(request, WriteObject):
            channel, data = self._framing.encode(request)
            await self._exchange.write(channel, data)
            size = len(request.data)
            self._report(events.PacketsSent(object_type="command", count=1, offset=size, size=size))
            return None
        await self.say(request)
        while True:
            answer = await self._hear()
            if answer.opcode == opcode_of(request):
                self._leftovers.take(answer.opcode)
                return answer
            if not self._leftovers.pass_over(answer.opcode):
                raise RemoteProtocolError(
                    Code.ANSWER_UNEXPECTED,
                    f"The unit answered request {answer.opcode:02X} when the answer to"
                    f" {opcode_of(request):02X} ({opcode_of(request).name}) was due.",
                )
            self._report(passed_over(answer))

    async def _hear(self) -> Answer:
        """The next answer, whatever it is to."""
        while not self._heard:
            received = await self._exchange.receive(timeout_s=self._answer_timeout_s)
            self._heard.extend(self._framing.decode(received.data))
        data = self._heard.popleft()
        self._report(events.AnswerReceived(data=data))
        return decode_answer(data)
