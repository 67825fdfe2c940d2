"""The first objects of an image, each sent alone: what the unit makes of them teaches its flash.

The first object's packets meet flash that is idle, the second's an erase; behind each its EXECUTE
is answered when flash is idle again. Nothing else is under way meanwhile.

16 packets follow at once, the rest one by one: nothing is known yet, so each is offered until the
unit has taken it. One that finds no room leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.protocol.answers import Crc
from firmline.protocol.asking import Asking, body_of, crc_checked, created, executed, holds
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.flash_costs import QUEUE_SIZE, SLOWEST_ERASE_S, WORD_SIZE
from firmline.protocol.flash_lesson import BusyTime, FlashLesson
from firmline.protocol.framing import Framing
from firmline.protocol.refusals import FIRMWARE_PHASE, RECEIPT_PHASE
from firmline.protocol.requests import CreateObject, ExecuteObject, GetCrc, SetPrn, WriteObject
from firmline.protocol.steps import AnyAnswer, Delivery, Report, Talk, Write

MAX_OFFERS: Final = 100
"""How often a packet is offered: each takes a round trip at least, and the slowest unit has room
after 0.2 s; ours."""
SLOWEST_WORD_S: Final = 0.006
"""A packet of one word: a chunk of 5 ms and 338 us (physics spec, sections 1 and 6)."""


class FlashTrial(Asking):
    """Sends objects alone, and hears what flash takes for them.

    Args:
        framing: How requests become bytes on this link.
        firmware: The image.
        lesson: What is learned.
        clock: The time, in seconds.

    Attributes:
        round_trip_s: From a request that needs no flash to its answer.
        air_s: The shortest way of a packet through the air.
    """

    def __init__(
        self,
        framing: Framing,
        firmware: bytes,
        *,
        lesson: FlashLesson,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(framing)
        self._firmware = firmware
        self._lesson = lesson
        self._clock = clock
        self.round_trip_s = 0.0
        self.air_s = float("inf")
        self._asks_crc = False
        """Whether the latest question was CRC_GET."""
        self._rounds = 0
        """Questions that were asked about an object's packets, one behind the other."""

    def send(self, start: int, end: int, *, queued_erases: int = 1) -> Talk[bool]:
        """Send one object, flash being idle; whether the unit has taken it over.

        Args:
            start: Where it begins.
            end: Where it ends.
            queued_erases: Most that flash has to do when it is created: after a loss another one.

        Raises:
            TargetRefusedError: The unit does not take it.
        """
        is_alone = self._lesson.wants_packets_alone
        if is_alone:
            yield from self._time_round_trip()
        said_s = self._clock()
        request = CreateObject(object_type=ObjectType.DATA, size=end - start)
        full = ResultCode.INVALID_OBJECT
        answer = yield from self.ask(request, phase=FIRMWARE_PHASE, tolerate=full)
        if not answer.ok:
            return False
        yield created(ObjectType.DATA, start, end)
        position: int | None = start
        if is_alone:
            position = yield from self._await_erase(said_s, start, end, queued_erases)
            said_s = self._clock()
        if position is None:
            return False
        is_there = yield from self._write(position, end, at_once=QUEUE_SIZE + is_alone)
        if not is_there:
            return False
        is_last = end == len(self._firmware)  # then it is the unit's verdict
        lost = None if is_last else ResultCode.OPERATION_NOT_PERMITTED
        answer = yield from self.ask(ExecuteObject(), phase=FIRMWARE_PHASE, tolerate=lost)
        if not answer.ok:
            return False
        yield executed(ObjectType.DATA, end)
        if not is_last:  # then it is a whole one
            busy = BusyTime(
                duration_s=self._clock() - said_s,
                objects=(end - position) / (end - start),
                erases=0 if is_alone else 1,
                air_s=self.air_s,
                round_trip_s=(self._rounds if is_alone else 1) * self.round_trip_s,
            )
            self._lesson.hear(busy)
        return True

    def _time_round_trip(self) -> Talk[None]:
        """Ask for what needs no flash: the answer to CREATE may come after its erase."""
        said_s = self._clock()
        yield from self.ask(SetPrn(count=0), phase=RECEIPT_PHASE)
        self.round_trip_s = self._clock() - said_s

    def _sleep(self, duration_s: float) -> Talk[None]:
        until_s = self._clock() + duration_s
        while self._clock() < until_s:
            yield AnyAnswer(until_s=until_s, request=ExecuteObject(), due=frozenset())

    def _await_erase(self, said_s: float, start: int, end: int, queued: int) -> Talk[int | None]:
        """Wait until flash is idle and the object's page erased; where the unit then is.

        15 packets find room behind an erase. One more finds some when the erase is over. They are
        as small as can be, a word each, so that they are with the unit soon.

        Returns:
            ``None``: Packets were lost.
        """
        created_s = self._clock()
        stop = start + QUEUE_SIZE * WORD_SIZE
        if stop >= end or queued > 1:
            yield from self._sleep(queued * SLOWEST_ERASE_S)
            return start
        position = start
        for _ in range(MAX_OFFERS):
            yield from self._hand_over(position, stop, size=WORD_SIZE)
            if position == start:
                yield Delivery()
            written_s = self._clock()
            crc = yield from self._ask_held(stop, last=stop - WORD_SIZE)
            found_s = written_s if position == start else self._clock()
            position = stop - WORD_SIZE
            if holds(crc, self._firmware, stop):
                self._lesson.hear_erase(
                    create_s=created_s - said_s,
                    left_s=found_s - created_s,
                    round_trip_s=self.round_trip_s,
                )
                yield from self._sleep(QUEUE_SIZE * SLOWEST_WORD_S)
                return stop
            if not holds(crc, self._firmware, position):
                break
        return None

    def _write(self, position: int, end: int, *, at_once: int) -> Talk[bool]:
        """Write packets, and offer those that find no room; whether all are there.

        Args:
            position: Where the unit is.
            end: Where the object ends.
            at_once: So many; all but the last of them surely find room.
        """
        size, count, offers = self.framing.packet_size, at_once, 0
        self._rounds = 1  # the EXECUTE behind them
        while position < end and offers < MAX_OFFERS:
            stop = min(position + count * size, end)
            handed_s = self._clock()
            written = yield from self._hand_over(position, stop, size=size)
            if count > 1:
                yield Delivery()
                self.air_s = min(self.air_s, (self._clock() - handed_s) / written)
            last = position + (written - 1) * size
            crc = yield from self._ask_held(stop, last=last)
            self._rounds += 1
            if not any(holds(crc, self._firmware, at) for at in (last, stop)):
                return False
            offers = 0 if crc.offset > position else offers + 1
            position, count = crc.offset, 1
        return position == end

    def _ask_held(self, stop: int, *, last: int) -> Talk[Crc]:
        """Ask what the unit has, by CRC_GET and by SELECT in turns.

        So a copy of an answer is none to the next question (:mod:`firmline.protocol.leftovers`).

        Args:
            stop: Where the unit is, if all packets found room.
            last: Where it is, if the last of them did not: what was only offered is not lost.
        """
        self._asks_crc = not self._asks_crc
        if self._asks_crc:
            answer = yield from self.ask(GetCrc(), phase=FIRMWARE_PHASE)
            crc = body_of(answer, Crc)
        else:
            selected = yield from self.select(ObjectType.DATA)
            crc = Crc(offset=selected.offset, crc=selected.crc)
        expected = last if crc.offset == last else stop
        yield crc_checked(ObjectType.DATA, crc, self._firmware, expected)
        return crc

    def _hand_over(self, position: int, stop: int, *, size: int) -> Talk[int]:
        """Write packets of this size at once; how many."""
        starts = range(position, stop, size)
        for at in starts:
            packet = WriteObject(data=self._firmware[at : min(at + size, stop)])
            channel, data = self.framing.encode(packet)
            yield Write(channel=channel, data=data)
        sent = events.PacketsSent(
            object_type="data", count=len(starts), offset=stop, size=len(self._firmware)
        )
        yield Report(event=sent)
        return len(starts)
