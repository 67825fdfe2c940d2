"""Data objects as fast as the unit's flash takes them, with nothing lost.

Step by step the flash is idle whenever host and unit wait for each other. Here it is not:

* The packets that find room follow each CREATE at once, while its page is erased; the rest follow
  as flash makes room for them. When that is, is learned: from an object that is sent alone
  (:mod:`firmline.protocol.flash_trial`), and then from every few
  (:mod:`firmline.protocol.flash_lesson`).
* EXECUTE and the next CREATE go out back to back. The unit takes an object over at EXECUTE and only
  answers when flash is idle, so the next erase is queued behind packets that are being written. An
  object that lost a packet is refused with 08 at once and not taken over; what CREATE then created
  is not written to, but created again.
* The unit counts packets, and sends its CRC behind the last of each object without being asked.

Rules that keep the unit safe:

* No data before their CREATE was answered with success: refused data leak a receive buffer of a
  real bootloader (bootloader spec, section 13).
* The unit works in order, so the CRC behind an object comes before the answer to the next CREATE.
  What looks like that answer and comes sooner is a copy of the one before, and passed over.
* Never more in the unit's queue than surely finds room there. After the first loss nothing is sent
  ahead any more: everything under way comes to its end, SELECT says where the unit is, and
  everything is learned anew.
* An EXECUTE that waits looks at the image when flash is idle, and would end it if it were complete
  by then: so none waits while the last object is written. Nor do more wait than the unit's queue of
  tasks has room for beside its packets: 32 and 17 (section 11).
* The CRC behind the last object is waited for before its EXECUTE is said: what is then answered to
  an EXECUTE is the unit's verdict on the whole image, and no copy of an earlier answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.errors import Code, RemoteProtocolError, TargetRefusedError
from firmline.protocol.answers import Answer, Crc, Selected
from firmline.protocol.asking import (
    Asking,
    body_of,
    crc_checked,
    created,
    executed,
    holds,
    is_prefix,
    judge,
    object_start,
)
from firmline.protocol.codes import ObjectType, Opcode, ResultCode
from firmline.protocol.flash_costs import QueueBound
from firmline.protocol.flash_lesson import BusyTime, FlashLesson
from firmline.protocol.flash_rest import RestBound, Said
from firmline.protocol.flash_trial import FlashTrial
from firmline.protocol.framing import Framing
from firmline.protocol.leftovers import passed_over
from firmline.protocol.refusals import FIRMWARE_PHASE, RECEIPT_PHASE
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    Request,
    SelectObject,
    SetPrn,
    WriteObject,
)
from firmline.protocol.steps import AnyAnswer, Delivery, Report, Talk, Write

MOST_WAITING: Final = 8
"""EXECUTEs that wait for their answer at once; 32 - 17 could."""
MAX_COPIES: Final = 1000
"""Of answers to EXECUTE in one image; ours: an image of 4 MB has as many objects."""
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
        trial: How the object went that was sent alone.
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
        self.spoiled: Selected | None = None
        self._firmware = firmware
        self._object_size = object_size
        self._stops_at = stops_at
        self._clock = clock
        self._losses = 0
        self._copies = 0
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Nothing is under way, and nothing is known."""
        self._lesson = FlashLesson(packet_size=self.framing.packet_size, packets=self._packets)
        self.trial = FlashTrial(
            self.framing, self._firmware, lesson=self._lesson, clock=self._clock
        )
        self._queue = QueueBound(self._lesson.costs)
        self._rest = RestBound(self._lesson.least, way_s=0.0)
        self._executing: deque[tuple[int, Said]] = deque()
        """Ends of the objects whose EXECUTE is not answered, and when that was said."""
        self._is_ahead = False
        """Whether the unit has been given more to do since the latest EXECUTE."""
        self._receipt: int | None = None
        """End of the object behind which the unit's CRC is still to come."""
        self._creating: int | None = None
        """Beginning of the object whose CREATE is not answered."""
        self._create_said_s = 0.0
        self._is_lost = False
        """Whether the unit did not take over what it should have; nothing is sent ahead then."""
        self._on_their_way = 0
        """Packets that were written and may not have arrived."""
        self._handed_s = 0.0
        """When the latest were."""
        self._cycle = 1
        self._count_anew()

    def _count_anew(self) -> None:
        """Flash is idle: what follows is counted from here."""
        self._since_s: float | None = None
        self._objects = self._erases = 0
        self._rest.idle()

    @property
    def _packets(self) -> int:
        """Of a whole object."""
        return -(-self._object_size // self.framing.packet_size)

    def suits(self, start: int) -> bool:
        """Whether the rest from there on is sent ahead.

        Else it is better sent step by step: too much was lost, or there is nothing left to learn
        with, as that takes an object that is not the last.
        """
        has_failed = self.spoiled is not None or self._losses >= MAX_LOSSES or self.is_starved
        is_last = self._end_of(start) == len(self._firmware)
        return not has_failed and (self._lesson.is_learned or not is_last)

    @property
    def is_starved(self) -> bool:
        """Whether the unit's flash gets no time: its queue is full, and its object begun."""
        return self.trial.starved_at is not None

    def run(self, start: int) -> Talk[int]:
        """Send the image from the end of an executed object on; flash is idle.

        Returns:
            How far it is executed: the end of the image, an offset to stop at, or the beginning of
            an object that was lost, or for which its flash was too slow. Nothing is under way then.

        Raises:
            TargetRefusedError: The unit does not take it; nothing is under way either.
            RemoteProtocolError: Its answers make no sense.
        """
        self.has_stopped = False
        try:
            if not self._lesson.is_learned:
                start = yield from self._learn_alone(start)
            if not self._is_over(start):
                start = yield from self._send_ahead(start)
        except TargetRefusedError:
            if self._creating is not None or self._executing or self._receipt is not None:
                yield from self._settle()
            raise
        return (yield from self._give_way()) if self._is_lost else start

    def _is_over(self, offset: int) -> bool:
        is_over = self._is_lost or self.has_stopped or self.is_starved
        return is_over or offset == len(self._firmware)

    def _end_of(self, start: int) -> int:
        return min(start + self._object_size, len(self._firmware))

    # The first object, alone.

    def _learn_alone(self, start: int) -> Talk[int]:
        """Send an object alone, from which the unit is known; where the image goes on."""
        end = self._end_of(start)
        queued_erases = 2 if self._losses else 1
        is_taken = yield from self.trial.send(start, end, queued_erases=queued_erases)
        if not is_taken:
            self._is_lost = not self.is_starved
            return start
        self.has_stopped = self._stops_at(end)
        yield self._told()
        # From here on it sends its CRC behind the last packet of each whole object.
        yield from self.ask(SetPrn(count=self._packets), phase=RECEIPT_PHASE)
        self._queue.costs = self._lesson.costs
        self._rest = RestBound(self._lesson.least, way_s=self.trial.round_trip_s / 2)
        return end

    def _told(self) -> Report:
        costs = self._lesson.costs
        return Report(
            event=events.FlashLearned(
                erase_s=costs.erase_s,
                packet_s=costs.packet_s,
                object_s=costs.object_s,
                least_object_s=self._lesson.least_object_s,
            )
        )

    # All others, ahead of the answers.

    def _send_ahead(self, start: int) -> Talk[int]:
        """Send objects until something is over; where the image then goes on."""
        yield from self._create(start)
        while not self._is_lost:
            end = self._end_of(start)
            yield from self._fill(start, end)
            is_last = end == len(self._firmware)
            if is_last and not self._is_lost:
                yield from self._check_last(end)
            if self._is_lost:
                break
            self.has_stopped = not is_last and self._stops_at(end)
            yield from self._execute(end)
            if is_last or self.has_stopped:
                yield from self._catch_up()
                return end
            yield from self._create_behind(end)
            start = end
        return start

    def _create_behind(self, start: int) -> Talk[None]:
        """Create an object behind an EXECUTE, and let answers catch up where it is time for that.

        None may wait while the last object is written; and how long they took teaches something.
        """
        while not self._is_lost and not self._queue.room(self._clock()):
            yield from self._hear(until_s=self._queue.next_room_s)
        if self._is_lost:
            return
        yield from self._create(start)
        is_last = self._end_of(start) == len(self._firmware)
        if self._executing and (is_last or self._objects >= self._cycle):
            yield from self._catch_up()

    def _create(self, start: int) -> Talk[None]:
        """Say CREATE, and wait for its answer."""
        said_s = self._create_said_s = self._clock()
        self._creating = start
        self._begin_count(said_s)
        size = self._end_of(start) - start
        yield from self.say(CreateObject(object_type=ObjectType.DATA, size=size))
        while self._creating is not None:
            yield from self._hear()
        self._begin_count(said_s)  # flash was idle when it was heard

    def _begin_count(self, now_s: float) -> None:
        """Something is handed over: flash is idle no more."""
        if self._since_s is None:
            self._since_s = now_s

    def _fill(self, start: int, end: int) -> Talk[None]:
        """Write an object's packets, each as soon as it finds room."""
        size = self.framing.packet_size
        position = start
        while position < end and not self._is_lost:
            room = self._queue.room(self._clock())
            if room:
                stop = min(position + room * size, end)
                yield from self._hand_over(position, stop)
                if stop < end:
                    yield from self._deliver()
                position = stop
            else:
                yield from self._hear(until_s=self._queue.next_room_s)
        if position > start:
            count = -(-(position - start) // size)
            sent = events.PacketsSent(
                object_type="data", count=count, offset=position, size=len(self._firmware)
            )
            yield Report(event=sent)
        if position == end:
            self._objects += 1
            self._receipt = end if end - start == self._object_size else None

    def _hand_over(self, position: int, stop: int) -> Talk[None]:
        """Write packets at once."""
        self._handed_s = self._clock()
        self._begin_count(self._handed_s)
        size = self.framing.packet_size
        for at in range(position, stop, size):
            packet = WriteObject(data=self._firmware[at : min(at + size, stop)])
            channel, data = self.framing.encode(packet)
            yield Write(channel=channel, data=data)
            self._on_their_way += 1

    def _deliver(self) -> Talk[None]:
        """Wait until the packets on their way are with the unit."""
        yield Delivery()
        count, self._on_their_way = self._on_their_way, 0
        now_s = self._clock()
        self._queue.packets(count, now_s)
        if count:
            self._rest.packets(count, said_s=self._handed_s, now_s=now_s)

    def _check_last(self, end: int) -> Talk[None]:
        """Hear that all of the image is there, before its EXECUTE is said."""
        held = yield from self._ask_where()
        crc = Crc(offset=held.offset, crc=held.crc)
        yield crc_checked(ObjectType.DATA, crc, self._firmware, end)
        self._is_lost = not holds(crc, self._firmware, end)

    def _execute(self, end: int) -> Talk[None]:
        self._executing.append((end, self._rest.execute(self._clock())))
        self._is_ahead = False
        yield from self.say(ExecuteObject())
        yield from self._deliver()  # the last packets went before it

    def _catch_up(self) -> Talk[None]:
        """Wait until every EXECUTE is answered: flash is idle then."""
        is_end = bool(self._executing) and self._executing[-1][0] == len(self._firmware)
        while self._executing and not self._is_lost:
            yield from self._hear()
        if not (self._is_lost or is_end):
            yield from self._learn()

    def _learn(self) -> Talk[None]:
        """Flash is idle: learn from what it has done since it was idle before."""
        if self._since_s is not None and self._objects:
            busy = BusyTime(
                duration_s=self._clock() - self._since_s,
                objects=self._objects,
                erases=self._erases,
                rest_s=self._rest.rest_s + self._rest.way_s,
            )
            self._lesson.hear(busy)
            self._cycle = min(2 * self._cycle, MOST_WAITING)
            yield self._told()
        self._queue.costs, self._rest.costs = self._lesson.costs, self._lesson.least
        self._queue.idle()
        self._count_anew()

    # Answers, each when it is due.

    def _hear(self, *, until_s: float | None = None) -> Talk[None]:
        """Take one answer, whichever it is, or let the time come."""
        due = self._due()
        *_, request = due.values() if not self._executing else [ExecuteObject()]
        answer = yield AnyAnswer(until_s=until_s, request=request, due=frozenset(due))
        if answer is None:
            return
        match answer.opcode:
            case Opcode.OBJECT_EXECUTE:
                yield from self._take_executed(answer)
            case Opcode.OBJECT_CREATE:
                yield from self._take_created(answer)
            case _:
                yield from self._take_receipt(answer)

    def _due(self) -> dict[Opcode, Request]:
        """What the unit may answer next; the CRC behind an object comes before the next CREATE.

        A copy of an answer to an EXECUTE looks like the answer to the next one, and makes that one
        come when none seems to be due. It may be the one that says that an object was lost.
        """
        due: dict[Opcode, Request] = {Opcode.OBJECT_EXECUTE: ExecuteObject()}
        if self._receipt is not None:
            due[Opcode.CRC_GET] = WriteObject(data=b"")
        elif self._creating is not None:
            due[Opcode.OBJECT_CREATE] = CreateObject(object_type=ObjectType.DATA, size=0)
        return due

    def _take_executed(self, answer: Answer) -> Talk[None]:
        """An object was taken over, some time ago; or the latest one was not, just now."""
        if not self._executing:
            yield from self._take_extra(answer)
            return
        end, said = self._executing.popleft() if answer.ok else self._executing.pop()
        is_last = end == len(self._firmware)  # then it is the unit's verdict
        lost = None if is_last else ResultCode.OPERATION_NOT_PERMITTED
        yield from judge(ExecuteObject(), answer, phase=FIRMWARE_PHASE, tolerate=lost)
        if not answer.ok:
            self._receipt = None  # too few packets came for it
            self._is_lost = True
            return
        yield executed(ObjectType.DATA, end)
        self._rest.answered(said, self._clock())
        if self._is_ahead:  # it waited for that, too
            self._queue.erased(self._clock())
        if self._executing or self._is_ahead or is_last:
            return
        if self._creating is None or self._objects >= self._cycle:
            yield from self._learn()
        else:
            self._queue.idle()

    def _take_extra(self, answer: Answer) -> Talk[None]:
        """An EXECUTE was answered although all are: to one of them there was a copy."""
        lost = ResultCode.OPERATION_NOT_PERMITTED
        yield from judge(ExecuteObject(), answer, phase=FIRMWARE_PHASE, tolerate=lost)
        self._copies += 1
        if self._copies > MAX_COPIES:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED, "The unit answers EXECUTE again and again without need."
            )
        yield Report(event=passed_over(answer))
        if not answer.ok:
            self._receipt = None
            self._is_lost = True

    def _take_created(self, answer: Answer) -> Talk[None]:
        """An object was created, unless the one before it was lost: then it is that one again."""
        start, self._creating = self._creating, None
        self._is_ahead = True
        if self._is_lost or start is None:
            return
        request = CreateObject(object_type=ObjectType.DATA, size=0)
        full = ResultCode.INVALID_OBJECT
        yield from judge(request, answer, phase=FIRMWARE_PHASE, tolerate=full)
        self._is_lost = not answer.ok
        if answer.ok:
            yield created(ObjectType.DATA, start, self._end_of(start))
            now_s, said_s = self._clock(), self._create_said_s
            self._queue.erase(now_s, said_s=said_s)
            self._rest.erase(said_s=said_s, now_s=now_s)
            self._erases += 1

    def _take_receipt(self, answer: Answer) -> Talk[None]:
        """What the unit has behind the last packet of an object."""
        end, self._receipt = self._receipt, None
        yield from judge(WriteObject(data=b""), answer, phase=FIRMWARE_PHASE)
        crc = body_of(answer, Crc)
        if end is None or 0 < crc.offset <= end - self._object_size:
            self._receipt = end
            yield Report(event=passed_over(answer))
            return
        yield crc_checked(ObjectType.DATA, crc, self._firmware, end)
        self._is_lost |= not holds(crc, self._firmware, end)

    # Trouble.

    def _give_way(self) -> Talk[int]:
        """After a loss: let everything come to its end, and forget all; where the image goes on.

        CREATE discards what is there of an object, so that it goes on at the beginning of one: of
        the last one, too, where all of it is there, as its EXECUTE is still to be said.
        """
        held = yield from self._settle()
        yield from self.ask(SetPrn(count=0), phase=RECEIPT_PHASE)
        if not is_prefix(held, self._firmware) and held.offset <= len(self._firmware):
            held = yield from self._rewind(held)
        if not is_prefix(held, self._firmware):
            self.spoiled = held
        self._losses += 1
        self._begin_anew()
        offset = held.offset // self._object_size * self._object_size
        if held.offset >= len(self._firmware):
            offset = object_start(len(self._firmware), self._object_size)
        yield Report(event=events.ObjectLost(object_type="data", offset=offset))
        return offset

    def _rewind(self, held: Selected) -> Talk[Selected]:
        """Discard the open object, which lacks packets; what there is then (spec section 4.1).

        What is left of it in the queue is written before, so that there is room for an erase.
        """
        idle_s = self._clock() + self._lesson.costs.object_s
        while self._clock() < idle_s:
            yield from self._hear(until_s=idle_s)
        start = object_start(held.offset, self._object_size)
        request = CreateObject(object_type=ObjectType.DATA, size=self._end_of(start) - start)
        lost = ResultCode.OPERATION_NOT_PERMITTED
        yield from self.ask(request, phase=FIRMWARE_PHASE, tolerate=lost)
        return (yield from self.select(ObjectType.DATA))

    def _settle(self) -> Talk[Selected]:
        """Let everything that is under way come to its end, for better or worse; what there is."""
        yield from self._deliver()
        while self._creating is not None or self._executing:
            answer = yield AnyAnswer(until_s=None, request=ExecuteObject(), due=_UNDER_WAY)
            yield from self._drop(answer)
        return (yield from self._ask_where())

    def _ask_where(self) -> Talk[Selected]:
        """Ask where the unit is; what else is under way is answered before."""
        request = SelectObject(object_type=ObjectType.DATA)
        yield from self.say(request)
        due = _UNDER_WAY | {Opcode.OBJECT_SELECT}
        while True:
            answer = yield AnyAnswer(until_s=None, request=request, due=due)
            if answer is not None and answer.opcode == Opcode.OBJECT_SELECT:
                yield from judge(request, answer, phase=FIRMWARE_PHASE)
                return body_of(answer, Selected)
            yield from self._drop(answer)

    def _drop(self, answer: Answer | None) -> Talk[None]:
        """Whatever it says, what it answers is under way no more."""
        match answer:
            case Answer(opcode=Opcode.OBJECT_EXECUTE) if self._executing:
                self._executing.popleft()
            case Answer(opcode=Opcode.OBJECT_CREATE) if self._creating is not None:
                self._creating = None
            case Answer(opcode=Opcode.CRC_GET) if self._receipt is not None:
                self._receipt = None
            case Answer():
                yield Report(event=passed_over(answer))
            case None:
                pass


_UNDER_WAY: Final = frozenset({Opcode.OBJECT_EXECUTE, Opcode.OBJECT_CREATE, Opcode.CRC_GET})
"""What may still be answered when something went wrong."""
