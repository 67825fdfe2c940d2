"""Single questions to a serial bootloader, outside of a session: is it there, what does it run.

A PING carries a number. The bootloader is there, and nothing it said before is still on the way,
when the answer with the number of the last PING has come: a line keeps its order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Final

from firmline import events
from firmline.errors import (
    RemoteProtocolError,
    TransportError,
    TransportReason,
)
from firmline.events import Reporter
from firmline.links.base import PortConnection
from firmline.protocol.answers import Answer, FirmwareVersion, Pong, decode_answer
from firmline.protocol.codes import ImageType, Opcode, ResultCode
from firmline.protocol.framing import SerialFraming
from firmline.protocol.reading import read_images
from firmline.protocol.refusals import refusal
from firmline.protocol.requests import Ping
from firmline.protocol.slip import END, SlipDecoder
from firmline.updater.dialogue import Dialogue
from firmline.updater.timeouts import SerialTimeouts

MAX_STRANGE: Final = 4096
"""Bytes of what is no answer that are kept to say what it was."""
_END: Final = bytes([END])
MEANT: Final = 3
"""A refusal that is heard so often is one, and no answer that the line has changed; ours."""
IS_IT_THERE: Final = "the question whether it is there"

Versions = dict[ImageType, FirmwareVersion]


class SerialTalk:
    """Asks a serial bootloader.

    Args:
        port: The open port.
        now_s: Its clock.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped.

    Attributes:
        sent: The PINGs that were sent while it was looked for.
    """

    def __init__(
        self,
        port: PortConnection,
        *,
        now_s: Callable[[], float],
        timeouts: SerialTimeouts,
        report: Reporter,
    ) -> None:
        self.sent = b""
        self._overheard = b""
        self._strange = b""
        self._frame = b""
        """What has come of a frame whose end has not."""
        self._port = port
        self._now_s = now_s
        self._timeouts = timeouts
        self._report = report
        self._framing = SerialFraming()
        self._numbers = count(1)
        self._refusals: Counter[int] = Counter()

    @property
    def strange(self) -> bytes:
        """What was heard, while the bootloader was looked for, that is no answer of one."""
        return (self._strange + self._frame)[-MAX_STRANGE:]

    @property
    def overheard(self) -> bytes:
        """All that was strange so far, whenever the bootloader was looked for."""
        return (self._overheard + self.strange)[-MAX_STRANGE:]

    async def find(
        self, timeout_s: float, *, ping_s: float | None = None, forgets: bool = True
    ) -> bool:
        """Ask until the bootloader answers; ``False``: it has not.

        Args:
            timeout_s: How long to go on asking; at least one PING is sent.
            ping_s: Between two of them; ``None``: the usual.
            forgets: Throw away what was heard before: not on a port that has just been opened,
                where a server may greet.

        Raises:
            TransportError: LOST, or the port takes nothing.
            TargetRefusedError: It answers that it knows no PING.
        """
        begin_s = self._now_s()
        self._overheard = self.overheard
        self._strange = self._frame = self.sent = b""
        # What is heard before the first answer may be the end of a frame.
        decoder = SlipDecoder()
        if forgets:
            self._port.discard_input()
        while True:
            number = next(self._numbers) & 0xFF
            if await self._ping_once(number, decoder, ping_s or self._timeouts.ping_s):
                self._report(events.BootloaderAnswered(after_s=self._now_s() - begin_s))
                return True
            if self._now_s() - begin_s >= timeout_s:
                return False

    async def _ping_once(self, number: int, decoder: SlipDecoder, wait_s: float) -> bool:
        channel, request = self._framing.encode(Ping(number=number))
        self._report(events.RequestSent(request="ping", data=request))
        self.sent = (self.sent + request)[-MAX_STRANGE:]
        await self._port.write(channel, request)
        until_s = self._now_s() + wait_s
        left_s = wait_s
        while left_s > 0:
            data = await self.hear(left_s)
            left_s = until_s - self._now_s()
            if data and self._is_answered(number, decoder, data):
                return True
        return False

    def _is_answered(self, number: int, decoder: SlipDecoder, data: bytes) -> bool:
        is_there = False
        for piece in _up_to_ends(data):
            self._frame = (self._frame + piece)[-MAX_STRANGE:]
            for frame in decoder.feed(piece):
                is_there |= self._is_pong(number, frame)
            if piece.endswith(_END):
                self._strange, self._frame = self.strange, b""
        return is_there

    def _is_pong(self, number: int, frame: bytes) -> bool:
        """Whether a frame is what is waited for; one that is an answer is not strange."""
        answered = _answer(frame)
        if answered is None:
            return False
        self._frame = b""
        self._report(events.AnswerReceived(data=frame))
        match answered:
            case Answer(opcode=Opcode.PING, body=Pong(number=told)):
                return told == number
            case Answer(opcode=Opcode.PING, ok=False) as answer if self._means_no(answer):
                raise refusal(Ping(number=number), answer, phase=IS_IT_THERE)
            case _:  # a late answer to what was asked before, or one that the line has changed
                return False

    def _means_no(self, answer: Answer) -> bool:
        """Whether a refusal is meant: the line may have changed one that is heard once."""
        self._refusals[answer.result] += 1
        is_known = answer.result == ResultCode.OPCODE_NOT_SUPPORTED
        return is_known or self._refusals[answer.result] >= MEANT

    async def hear(self, timeout_s: float) -> bytes:
        """What comes next; nothing where nothing comes.

        Raises:
            TransportError: LOST, or the port takes nothing.
        """
        try:
            return (await self._port.receive(timeout_s=timeout_s)).data
        except TransportError as error:
            if error.reason is TransportReason.TIMEOUT:
                return b""
            raise

    async def ask_to_restart(self) -> None:
        """See :meth:`~firmline.updater.dialogue.Dialogue.ask_to_restart`.

        Raises:
            TransportError: The port takes nothing.
        """
        await self._dialogue().ask_to_restart()

    async def versions(self) -> Versions:
        """What is in the unit's flash, as its bootloader tells; empty where it does not.

        Raises:
            TransportError: LOST or TIMEOUT.
            RemoteProtocolError: What answers makes no sense.
        """
        told_all = await self._dialogue().run(read_images())
        versions = {told.image_type: told for told in told_all}
        for told in versions.values():
            self._report(
                events.VersionSeen(
                    image=told.image_type.name.lower(),
                    version=told.version,
                    address=told.address,
                    size=told.size,
                )
            )
        return versions

    def _dialogue(self) -> Dialogue:
        return Dialogue(
            self._port,
            SerialFraming(),
            report=self._report,
            answer_timeout_s=self._timeouts.answer_s,
        )


def _up_to_ends(data: bytes) -> list[bytes]:
    """Bytes, cut behind the end of every frame."""
    *whole, rest = data.split(_END)
    return [piece + _END for piece in whole] + ([rest] if rest else [])


def _answer(frame: bytes) -> Answer | None:
    try:
        return decode_answer(frame)
    except RemoteProtocolError:
        return None
