"""The first object of an image, sent alone: what the unit makes of it teaches its flash.

Nothing is known yet, so most of the object goes as slowly as the slowest unit needs. Then flash is
idle, and the last packets of it go at once, as many as its queue takes, with EXECUTE right behind:
that is answered when they are written. What was between is what so many packets cost, and one way
there and back, whatever the size of a packet and the connection interval.

A page is erased before, and when that ends is seen by small packets: 15 find room behind an erase,
one more when it is over. One that finds no room leaves everything as it was, and is offered until
it does. The next one finds room when the first is written, which was a whole chunk: one that finds
none so long after shows flash that gets no time between radio events
(:mod:`firmline.protocol.starvation`), and nothing more is sent to it here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.protocol.answers import Answer, Crc
from firmline.protocol.asking import (
    Asking,
    body_of,
    crc_checked,
    created,
    executed,
    holds,
    judge,
)
from firmline.protocol.codes import ObjectType, Opcode, ResultCode
from firmline.protocol.flash_costs import (
    CHUNK_SIZE,
    QUEUE_SIZE,
    SLOWEST_ERASE_S,
    WORD_SIZE,
    slowest_packet_s,
)
from firmline.protocol.flash_lesson import Burst, FlashLesson, SeenErase
from firmline.protocol.framing import Framing
from firmline.protocol.refusals import FIRMWARE_PHASE, RECEIPT_PHASE
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    SetPrn,
    WriteObject,
)
from firmline.protocol.steps import AnyAnswer, Delivery, Report, Talk, Write

MAX_OFFERS: Final = 100
"""How often a packet is offered: each takes a round trip at least, and the slowest unit has room
after 0.2 s; ours."""
OFFERS_BEHIND_CHUNK: Final = 2
"""Refusals that show starved flash: a packet may also be lost on its way; ours."""
ROOMY_ROUND_TRIP_S: Final = 0.021_5
"""More than two connection intervals of 10 ms. Between the events of longer ones any flash has time
for a chunk."""
BEFORE_EVENT: Final = 0.4
"""Share of a round trip that is waited for after an answer. A round trip is two connection
intervals, and an answer comes at the beginning of one: so what is handed over then has not to wait
long for the next; ours."""


class FlashTrial(Asking):
    """Sends objects alone, and hears what flash takes for them.

    Args:
        framing: How requests become bytes on this link.
        firmware: The image.
        lesson: What is learned.
        clock: The time, in seconds.

    Attributes:
        round_trip_s: From a request that needs no flash to its answer.
        starved_at: How far the unit has an object that its flash was too slow for, as the queue is
            full; ``None``: it was not.
        starved_s: How long the first chunk of it took at least.
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
        self.starved_at: int | None = None
        self.starved_s = 0.0
        self._asks_crc = False
        """Whether the latest question was CRC_GET."""
        self._erase: SeenErase | None = None

    def send(self, start: int, end: int, *, queued_erases: int = 1) -> Talk[bool]:
        """Send one object, flash being idle; whether the unit has taken it over.

        Args:
            start: Where it begins.
            end: Where it ends; before the end of the image.
            queued_erases: Most that flash has to do when it is created: after a loss another one.

        Raises:
            TargetRefusedError: The unit does not take it.
        """
        said_s = self._clock()
        request = CreateObject(object_type=ObjectType.DATA, size=end - start)
        full = ResultCode.INVALID_OBJECT
        answer = yield from self.ask(request, phase=FIRMWARE_PHASE, tolerate=full)
        if not answer.ok:
            return False
        yield created(ObjectType.DATA, start, end)
        position = yield from self._await_erase(said_s, start, end, queued_erases)
        if position is None:
            return False
        size = self.framing.packet_size
        packets = -(-(end - position) // size)
        stop = position + max(0, packets - QUEUE_SIZE) * size
        is_there = yield from self._fill(position, stop)
        return is_there and (yield from self._burst(stop, end))

    def _time_round_trip(self, prn: int) -> Talk[None]:
        """Ask for what needs no flash: the answer to CREATE may come after its erase."""
        said_s = self._clock()
        yield from self.ask(SetPrn(count=prn), phase=RECEIPT_PHASE)
        self.round_trip_s = max(self.round_trip_s, self._clock() - said_s)

    def _sleep(self, duration_s: float) -> Talk[None]:
        until_s = self._clock() + duration_s
        while self._clock() < until_s:
            yield AnyAnswer(until_s=until_s, request=ExecuteObject(), due=frozenset())

    def _await_erase(self, said_s: float, start: int, end: int, queued: int) -> Talk[int | None]:
        """Wait until flash is idle and the object's page erased; where the unit then is.

        15 packets find room behind an erase. One more finds some when the erase is over. They are
        small, so that they are with the unit soon, and leave no less than a burst.

        Returns:
            ``None``: Packets were lost, or flash is starved.
        """
        created_s = self._clock()
        size = self._small(end - start)
        stop = start + CHUNK_SIZE + (QUEUE_SIZE - 1) * size
        if stop + size >= end or queued > 1:
            yield from self._sleep(queued * SLOWEST_ERASE_S)
            return start
        yield from self._hand_over(start, start + CHUNK_SIZE, size=CHUNK_SIZE)
        position, offered_s, refused_s = start + CHUNK_SIZE, created_s, created_s
        quickest_s = ROOMY_ROUND_TRIP_S
        for offer in range(MAX_OFFERS):
            offered_s, refused_s = self._clock(), offered_s
            yield from self._hand_over(position, stop, size=size)
            if not offer:
                yield Delivery()
            written_s = self._clock()
            crc = yield from self._ask_held(stop, last=stop - size)
            found_s = self._clock() if offer else written_s
            quickest_s = min(quickest_s, self._clock() - written_s)
            position = stop - size
            if holds(crc, self._firmware, stop):
                self._erase = SeenErase(
                    create_s=created_s - said_s,
                    least_s=refused_s - created_s,
                    left_s=found_s - created_s,
                )
                if quickest_s < ROOMY_ROUND_TRIP_S:
                    return (yield from self._see_chunk_written(stop, size))
                yield from self._sleep(QUEUE_SIZE * slowest_packet_s(size))
                return stop
            if not holds(crc, self._firmware, position):
                break
        return None

    def _see_chunk_written(self, stop: int, size: int) -> Talk[int | None]:
        """See room for one packet more, as the first chunk behind the erase is written.

        It has had a round trip's time, two connection intervals, in which any flash writes one that
        is given time at all.
        """
        found_s = self._clock()
        for _ in range(OFFERS_BEHIND_CHUNK):
            yield from self._hand_over(stop, stop + size, size=size)
            crc = yield from self._ask_held(stop + size, last=stop)
            if holds(crc, self._firmware, stop + size):
                yield from self._sleep(QUEUE_SIZE * slowest_packet_s(size))
                return stop + size
            if not holds(crc, self._firmware, stop):
                return None
        self.starved_at, self.starved_s = stop, self._clock() - found_s
        return None

    def _small(self, size: int) -> int:
        """Bytes of 16 packets between a chunk and a burst: whole words, and a chunk at most."""
        rest = size - CHUNK_SIZE - QUEUE_SIZE * self.framing.packet_size
        words = -(-rest // (QUEUE_SIZE * WORD_SIZE))
        return min(max(WORD_SIZE, words * WORD_SIZE), CHUNK_SIZE)

    def _fill(self, position: int, stop: int) -> Talk[bool]:
        """Write packets that find room in the slowest flash, until it is idle; whether all came."""
        is_there, size = True, self.framing.packet_size
        while position < stop and is_there:
            end = min(position + QUEUE_SIZE * size, stop)
            count = yield from self._hand_over(position, end, size=size)
            yield Delivery()
            idle_s = self._clock() + count * slowest_packet_s(size)
            if end == stop:
                crc = yield from self._ask_held(stop, last=stop)
                is_there = holds(crc, self._firmware, stop)
            yield from self._sleep(idle_s - self._clock())
            position = end
        return is_there

    def _burst(self, start: int, end: int) -> Talk[bool]:
        """Write the packets that idle flash has room for, and EXECUTE; whether it is taken over.

        The unit sends its CRC behind the last of them, before it looks at EXECUTE. Neither answer
        can be a copy, as that to another request has come since either was given before.
        """
        size = self.framing.packet_size
        count = -(-(end - start) // size)
        yield from self._time_round_trip(count)
        yield from self._sleep(BEFORE_EVENT * self.round_trip_s)
        said_s = self._clock()
        yield from self._hand_over(start, end, size=size)
        yield from self.say(ExecuteObject())
        yield Delivery()
        air_s = (self._clock() - said_s) / (count + 1)
        answer = yield from self._hear(Opcode.CRC_GET, Opcode.OBJECT_EXECUTE)
        receipt: Answer | None = None
        if answer.opcode == Opcode.CRC_GET:
            receipt, answer = answer, (yield from self._hear(Opcode.OBJECT_EXECUTE))
        is_there = receipt is None or (yield from self._is_right(receipt, end))
        lost = ResultCode.OPERATION_NOT_PERMITTED
        yield from judge(ExecuteObject(), answer, phase=FIRMWARE_PHASE, tolerate=lost)
        if not answer.ok:
            return False
        yield executed(ObjectType.DATA, end)
        if self._erase is not None:
            self._lesson.hear_erase(self._erase, round_trip_s=self.round_trip_s)
        self._lesson.hear_burst(
            Burst(
                duration_s=self._clock() - said_s,
                packets=(end - start) / size,
                air_s=air_s,
                round_trip_s=self.round_trip_s,
            )
        )
        return is_there

    def _is_right(self, receipt: Answer, end: int) -> Talk[bool]:
        """Whether the unit's CRC is that of the object's end."""
        yield from judge(WriteObject(data=b""), receipt, phase=FIRMWARE_PHASE)
        crc = body_of(receipt, Crc)
        yield crc_checked(ObjectType.DATA, crc, self._firmware, end)
        return holds(crc, self._firmware, end)

    def _hear(self, *due: Opcode) -> Talk[Answer]:
        """Wait for one of these answers."""
        answer: Answer | None = None
        while answer is None:
            answer = yield AnyAnswer(until_s=None, request=ExecuteObject(), due=frozenset(due))
        return answer

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
