"""Data objects as fast as the unit's flash takes them, with nothing lost.

Step by step the flash is idle whenever host and unit wait for each other. Here it is not:

* The packets that find room follow each CREATE at once, while its page is erased; the rest follow
  as flash makes room for them. When that is, is learned (:mod:`firmline.protocol.flash_lesson`).
* EXECUTE and the next CREATE go out back to back. The unit takes an object over at EXECUTE and only
  answers when flash is idle, so the next erase is queued behind packets that are being written. An
  object that lost a packet is refused with 08 at once and not taken over; what CREATE then created
  is not written to, but created again.
* Once it is known, the unit counts packets, and sends its CRC behind the last of each object
  without being asked.

Rules that keep the unit safe:

* No data before their CREATE was answered with success: refused data leak a receive buffer of a
  real bootloader (bootloader spec, section 13).
* Never more in the unit's queue than surely finds room there. After the first loss nothing is sent
  ahead any more, until the object is there and everything is learned anew.
* An EXECUTE that waits looks at the image when flash is idle, and would end it if it were complete
  by then: so none waits while the last object is written. Nor do more wait than the unit's queue of
  tasks has room for beside its packets: 32 and 17 (section 11).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.errors import Code, RemoteProtocolError
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
from firmline.protocol.flash_costs import SLOWEST_ERASE_S, QueueBound
from firmline.protocol.flash_lesson import BusyTime, FlashLesson
from firmline.protocol.framing import Framing
from firmline.protocol.refusals import FIRMWARE_PHASE
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    Request,
    SetPrn,
    WriteObject,
)
from firmline.protocol.steps import AnyAnswer, Delivery, Report, Talk, Write

MOST_WAITING: Final = 8
"""EXECUTEs that wait for their answer at once; 32 - 17 could."""
MOST_PACKETS: Final = 32
"""Of an object, to learn anything with: those that find no room are offered one at a time; ours."""
MAX_OFFERS: Final = 100
"""How often a packet is offered while nothing is known: each takes a round trip, and the slowest
unit has room after 0.2 s; ours."""
MAX_LOSSES: Final = 3
"""After so many the rest of the image goes step by step; ours."""


class ObjectStream(Asking):
    """Sends data objects without waiting for the answers in between.

    Args:
        framing: How requests become bytes on this link.
        firmware: The image.
        object_size: Largest object of the unit, bytes.
        stops_at: Asked once for each object but the last, when its packets are sent: whether to
            stop at its end.
        clock: The time, in seconds.

    Attributes:
        has_stopped: Whether the last run came to an offset to stop at.
        spoiled: What the unit has, where it has taken over other bytes than were sent: only a new
            init packet helps.
    """

    def __init__(
        self,
        framing: Framing,
        firmware: bytes,
        *,
        object_size: int,
        stops_at: Callable[[int], bool],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(framing)
        self.has_stopped = False
        self.spoiled: Crc | None = None
        self._firmware = firmware
        self._object_size = object_size
        self._stops_at = stops_at
        self._clock = clock
        self._losses = 0
        self._prn = 0
        """After how many packets of an object the unit sends its CRC without being asked."""
        self._prn_answer: Answer | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Nothing is under way, and nothing is known."""
        self._lesson = FlashLesson(packet_size=self.framing.packet_size, packets=self._packets)
        self._queue = QueueBound(self._lesson.costs)
        self._executing: deque[int] = deque()
        """Ends of the objects whose EXECUTE is not answered."""
        self._is_ahead = False
        """Whether the unit has been given more to do since the latest EXECUTE."""
        self._receipts: deque[int] = deque()
        """Ends of the objects behind which the unit's CRC is still to come."""
        self._asked: Crc | None = Crc(offset=0, crc=0)
        """What the unit says it has, when it is asked; ``None``: not yet."""
        self._handed_over_s = 0.0
        self._on_their_way = 0
        """Packets that were written and may not have arrived."""
        self._writes = 0
        """Packets of this object that were written, those that found no room among them."""
        self._creating = 0
        self._created_s = 0.0
        """When CREATE was said."""
        self._creation: Answer | None = None
        self._lost: int | None = None
        """Beginning of the object that the unit did not take over."""
        self._cycle = 1
        self._round_trip_s = 0.0
        self._air_s = float("inf")
        self._count_anew()

    def _count_anew(self) -> None:
        """Flash is idle: what follows is counted from here."""
        self._since_s: float | None = None
        self._objects = self._erases = 0

    @property
    def _packets(self) -> int:
        """Of a whole object."""
        return -(-self._object_size // self.framing.packet_size)

    @property
    def gives_up(self) -> bool:
        """Whether the rest is better sent step by step: too much was lost, or packets are small."""
        has_failed = self.spoiled is not None or self._losses >= MAX_LOSSES
        return has_failed or self._packets > MOST_PACKETS

    def run(self, start: int) -> Talk[int]:
        """Send the image from the end of an executed object on; flash is idle.

        Returns:
            How far it is executed: the end of the image, an offset to stop at, or the beginning of
            an object that was lost. Nothing is under way then.

        Raises:
            TargetRefusedError: The unit does not take it.
            RemoteProtocolError: Its answers make no sense.
        """
        self.has_stopped = False
        yield from self._create_first(start)
        while self._is_going_well:
            end = self._end_of(start)
            yield from self._fill(start, end)
            is_last = end == len(self._firmware)
            self.has_stopped = self._is_going_well and not is_last and self._stops_at(end)
            yield from self._execute(end, is_end=is_last or self.has_stopped)
            if self._is_going_well and (is_last or self.has_stopped):
                return end
            yield from self._create_behind(end)
            start = end
        self.has_stopped = False
        return (yield from self._give_way())

    @property
    def _is_going_well(self) -> bool:
        """Whether nothing was lost, and an object is open or was just executed."""
        return self._lost is None and self._creation is not None and self._creation.ok

    def _end_of(self, start: int) -> int:
        return min(start + self._object_size, len(self._firmware))

    # CREATE.

    def _create_first(self, start: int) -> Talk[None]:
        """Create an object while flash is idle; a unit that is not known yet is let erase it.

        After a loss another erase may still be queued.
        """
        if self._lesson.wants_packets_alone:
            yield from self._time_round_trip()
        yield from self._create(start)
        if self._lesson.wants_packets_alone:
            erases = 2 if self._losses else 1
            erased_s = self._clock() + erases * SLOWEST_ERASE_S
            while self._clock() < erased_s:
                yield from self._until(erased_s)
            self._queue.idle()
            self._count_anew()

    def _time_round_trip(self) -> Talk[None]:
        """Ask for what needs no flash: the answer to CREATE may come after its erase."""
        said_s = self._clock()
        yield from self._set_prn(0)
        self._round_trip_s = self._clock() - said_s

    def _create_behind(self, start: int) -> Talk[None]:
        """Create an object behind an EXECUTE, and let answers catch up where it is time for that.

        None may wait while the last object is written; and how long they took teaches something.
        """
        while self._is_going_well and not self._queue.room(self._clock()):
            yield from self._until(self._queue.next_room_s)
        if not self._is_going_well:
            return
        yield from self._create(start)
        is_last = self._end_of(start) == len(self._firmware)
        is_time = is_last or not self._lesson.is_learned or self._objects >= self._cycle
        if self._executing and is_time:
            yield from self._catch_up()

    def _create(self, start: int) -> Talk[None]:
        """Say CREATE, and wait for its answer."""
        self._creating, self._creation = start, None
        self._created_s = self._clock()
        self._begin_count()
        size = self._end_of(start) - start
        request = CreateObject(object_type=ObjectType.DATA, size=size)
        yield from self.say(request)
        while self._creation is None:
            yield from self._hear(request)

    def _begin_count(self) -> None:
        """Something is handed over: flash is idle no more."""
        if self._since_s is None:
            self._since_s = self._clock()

    # Packets.

    def _fill(self, start: int, end: int) -> Talk[None]:
        """Write an object's packets, each as soon as it finds room."""
        size = self.framing.packet_size
        position, self._writes = start, 0
        while position < end and self._is_going_well:
            room = self._queue.room(self._clock())
            stop = min(position + room * size, end)
            if position > start and not self._lesson.is_learned:
                position = yield from self._offer(position, min(position + size, end))
            elif room:
                yield from self._hand_over(position, stop)
                if stop < end:
                    yield from self._deliver()
                position = stop
            else:
                yield from self._until(self._queue.next_room_s)
        if not self._is_going_well:
            return
        if self._prn and self._writes == self._prn:
            self._receipts.append(end)
        self._objects += 1
        yield Report(
            event=events.PacketsSent(
                object_type="data", count=self._writes, offset=end, size=len(self._firmware)
            )
        )

    def _offer(self, position: int, stop: int) -> Talk[int]:
        """Write one packet to a queue that may be full, and ask; where the unit then is.

        A packet that found no room has left everything as it was.
        """
        for _ in range(MAX_OFFERS):
            yield from self._hand_over(position, stop)
            self._asked = None
            yield from self.say(GetCrc())
            while self._asked is None:
                yield from self._hear(GetCrc())
            crc = self._asked
            if holds(crc, self._firmware, stop):
                yield crc_checked(ObjectType.DATA, crc, self._firmware, stop)
                yield from self._deliver()
                return stop
            self._on_their_way = 0
            if not holds(crc, self._firmware, position):
                yield crc_checked(ObjectType.DATA, crc, self._firmware, stop)
                break
        self._lost = (position - 1) // self._object_size * self._object_size
        return position

    def _hand_over(self, position: int, stop: int) -> Talk[None]:
        """Write packets at once."""
        self._begin_count()
        self._handed_over_s, size = self._clock(), self.framing.packet_size
        for at in range(position, stop, size):
            packet = WriteObject(data=self._firmware[at : min(at + size, stop)])
            channel, data = self.framing.encode(packet)
            yield Write(channel=channel, data=data)
            self._on_their_way += 1
            self._writes += 1

    def _deliver(self) -> Talk[None]:
        """Wait until the packets on their way are with the unit."""
        yield Delivery()
        count, self._on_their_way = self._on_their_way, 0
        if count:
            self._air_s = min(self._air_s, (self._clock() - self._handed_over_s) / count)
            self._queue.packets(count, self._clock())

    # EXECUTE.

    def _execute(self, end: int, *, is_end: bool) -> Talk[None]:
        """Say EXECUTE; wait for its answer only where nothing may be sent ahead of it."""
        if not self._is_going_well:
            return
        self._executing.append(end)
        self._is_ahead = False
        yield from self.say(ExecuteObject())
        yield from self._deliver()  # the last packets went before it
        if end == len(self._firmware):
            yield from self._hear_executes()
        elif self._lesson.wants_packets_alone or is_end:
            yield from self._catch_up()

    def _hear_executes(self) -> Talk[None]:
        while self._executing:
            yield from self._hear(ExecuteObject())

    def _catch_up(self) -> Talk[None]:
        """Wait until every EXECUTE is answered: flash is idle then."""
        yield from self._hear_executes()
        if self._lost is None:
            yield from self._learn()

    def _learn(self) -> Talk[None]:
        """Flash is idle."""
        is_new = not self._lesson.is_learned
        if self._since_s is not None and self._objects:
            self._lesson.hear(
                BusyTime(
                    duration_s=self._clock() - self._since_s,
                    objects=self._objects,
                    erases=self._erases,
                    air_s=self._air_s,
                    round_trip_s=self._round_trip_s,
                )
            )
            self._cycle = 1 if is_new else min(2 * self._cycle, MOST_WAITING)
            if self._lesson.is_learned:
                yield _learned(self._lesson)
        self._queue.costs = self._lesson.costs
        self._queue.idle()
        self._count_anew()
        if is_new and self._lesson.is_learned:
            yield from self._set_prn(self._packets)

    def _set_prn(self, count: int) -> Talk[None]:
        """Have the unit say its CRC behind so many packets of each object; 0: never."""
        request = SetPrn(count=count)
        self._prn_answer = None
        yield from self.say(request)
        while self._prn_answer is None:
            yield from self._hear(request)
        yield from judge(request, self._prn_answer, phase="the packet receipt notification")
        self._prn = count

    # Answers, in whichever order they come.

    def _until(self, until_s: float) -> Talk[None]:
        """Take one answer, or let the time come."""
        answer = yield AnyAnswer(until_s=until_s, request=ExecuteObject())
        if answer is not None:
            yield from self._take(answer)

    def _hear(self, request: Request) -> Talk[None]:
        """Take one answer, whichever it is."""
        answer = yield AnyAnswer(until_s=None, request=request)
        if answer is not None:
            yield from self._take(answer)

    def _take(self, answer: Answer) -> Talk[None]:
        match answer.opcode:
            case Opcode.OBJECT_EXECUTE if self._executing:
                yield from self._take_executed(answer)
            case Opcode.OBJECT_CREATE if self._creation is None:
                yield from self._take_created(answer)
            case Opcode.PRN_SET if self._prn_answer is None:
                self._prn_answer = answer
            case Opcode.CRC_GET if self._receipts or self._asked is None:
                yield from self._take_receipt(answer)
            case _:
                raise RemoteProtocolError(
                    Code.ANSWER_UNEXPECTED,
                    f"The unit answered request {answer.opcode:02X} when no such answer was due.",
                )

    def _take_executed(self, answer: Answer) -> Talk[None]:
        """An object was taken over, some time ago; or the latest one was not, just now."""
        yield from judge(
            ExecuteObject(),
            answer,
            phase=FIRMWARE_PHASE,
            tolerate=ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            end = self._executing.pop()
            self._lost = (end - 1) // self._object_size * self._object_size
            return
        end = self._executing.popleft()
        yield executed(ObjectType.DATA, end)
        if not self._executing and not self._is_ahead and end < len(self._firmware):
            yield from self._learn()

    def _take_created(self, answer: Answer) -> Talk[None]:
        """An object was created, unless the one before it was lost: then it is that one again."""
        self._creation = answer
        self._is_ahead = True
        if self._lost is not None:
            return
        request = CreateObject(object_type=ObjectType.DATA, size=0)
        full = ResultCode.INVALID_OBJECT
        yield from judge(request, answer, phase=FIRMWARE_PHASE, tolerate=full)
        if answer.ok:
            yield created(ObjectType.DATA, self._creating, self._end_of(self._creating))
            self._queue.erase(self._clock())
            self._erases += 1
            if self._since_s is None:  # flash was idle when CREATE was heard
                self._since_s = self._created_s

    def _take_receipt(self, answer: Answer) -> Talk[None]:
        """What the unit has behind the last packet of an object; EXECUTE judges what is missing."""
        yield from judge(WriteObject(data=b""), answer, phase=FIRMWARE_PHASE)
        crc = body_of(answer, Crc)
        if not self._receipts:
            self._asked = crc
            return
        end = self._receipts.popleft()
        yield crc_checked(ObjectType.DATA, crc, self._firmware, end)
        if crc.offset == end and not holds(crc, self._firmware, end):
            self.spoiled = crc
            self._lost = end - self._object_size

    # Trouble.

    def _give_way(self) -> Talk[int]:
        """Let everything that is under way come to its end; where the image goes on."""
        while self._creation is None:
            yield from self._hear(CreateObject(object_type=ObjectType.DATA, size=0))
        while self._executing:
            yield from self._hear(ExecuteObject())
        offset = self._creating if self._lost is None else self._lost
        self._losses += 1
        if self._prn:
            yield from self._set_prn(0)
        self._begin_anew()
        yield Report(event=events.ObjectLost(object_type="data", offset=offset))
        return offset


def _learned(lesson: FlashLesson) -> Report:
    costs = lesson.costs
    return Report(
        event=events.FlashLearned(
            erase_s=costs.erase_s,
            packet_s=costs.packet_s,
            object_s=costs.object_s,
            least_object_s=lesson.least_object_s,
        )
    )
