"""Objects sent step by step to a unit whose flash queue has an end (spec sections 4 and 11)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import Answer, Crc, Done, Selected
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType, Opcode, ResultCode
from firmline.protocol.framing import BleFraming
from firmline.protocol.object_sender import FREE_PACKETS, MAX_OFFERS, ObjectSender
from firmline.protocol.pacing import FOR_BLUETOOTH, NO_PAUSES, Pacing
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    SelectObject,
    WriteObject,
)
from firmline.protocol.starvation import STARVED_OFFERS, STARVED_QUEUE_S
from firmline.protocol.steps import Effect, Pause, Report, Talk, Write
from unit.protocol.expect import fails

SOURCE = bytes(index * 7 % 251 for index in range(4096))
LARGE, SMALL = BleFraming(mtu=247), BleFraming(mtu=23)


@dataclass
class Queue:
    """A unit with one data object and room for some packets; a pause makes more.

    Attributes:
        room: Packets that it takes before it drops the next.
        per_pause: Packets that it writes during each pause.
        prn: Of the unit.
        pauses: Every pause, seconds.
        dropped: Packets that it has dropped.
    """

    room: int
    per_pause: int = 1
    prn: int = 0
    full_at_create: int = 0
    pauses: list[float] = field(default_factory=list)
    dropped: int = 0
    held: bytes = b""
    reported: list[events.Event] = field(default_factory=list)
    created: int = 0
    receipts: int = 0
    _since: int = 0

    def perform(self, talk: Talk[None]) -> None:
        """Hold the conversation."""
        answer: Answer | None = None
        try:
            while True:
                step = talk.send(answer)
                answer = None
                match step:
                    case Write(channel=channel, data=data):
                        if channel is Channel.PACKET:
                            self._take(data)
                    case Pause(duration_s=duration_s):
                        self.pauses.append(duration_s)
                        self.room += self.per_pause
                    case Report(event=event):
                        self.reported.append(event)
                    case _:
                        answer = self._answer(step)
        except StopIteration:
            return

    def _take(self, data: bytes) -> None:
        self._since += 1
        if self.room:
            self.room -= 1
            self.held += data
        else:
            self.dropped += 1

    def _answer(self, step: object) -> Answer:
        match step:
            case CreateObject():
                if self.full_at_create:
                    self.full_at_create -= 1
                    return Answer(opcode=Opcode.OBJECT_CREATE, result=ResultCode.INVALID_OBJECT)
                self.created += 1
                self.held, self._since = b"", 0
                return Answer(opcode=Opcode.OBJECT_CREATE, result=ResultCode.SUCCESS, body=Done())
            case WriteObject():
                assert self._since % self.prn == 0, "a receipt is waited for that is not due"
                self.receipts += 1
            case GetCrc():
                pass
            case SelectObject():
                held = Selected(max_size=4096, offset=len(self.held), crc=zlib.crc32(self.held))
                return Answer(opcode=Opcode.OBJECT_SELECT, result=ResultCode.SUCCESS, body=held)
            case _:
                raise AssertionError(step)
        crc = Crc(offset=len(self.held), crc=zlib.crc32(self.held))
        return Answer(opcode=Opcode.CRC_GET, result=ResultCode.SUCCESS, body=crc)

    @property
    def repeated(self) -> int:
        return sum(isinstance(event, events.ObjectRepeated) for event in self.reported)


def sender(
    framing: BleFraming = LARGE, *, prn: int = 0, pacing: Pacing = FOR_BLUETOOTH
) -> ObjectSender:
    made = ObjectSender(framing, pacing=pacing)
    made.prn_is_set(prn)
    return made


def send(queue: Queue, framing: BleFraming = LARGE, **options: object) -> None:
    queue.perform(sender(framing, **options).send(ObjectType.DATA, SOURCE, 0, len(SOURCE)))  # type: ignore[arg-type]


def test_the_packets_that_find_room_behind_an_erase_follow_it_at_once() -> None:
    talk = sender().send(ObjectType.DATA, SOURCE, 0, len(SOURCE))
    steps: list[object] = [next(talk)]
    while not isinstance(steps[-1], CreateObject):
        steps.append(next(talk))
    steps = [talk.send(Answer(opcode=1, result=ResultCode.SUCCESS, body=Done()))]
    while isinstance(steps[-1], Effect):
        steps.append(next(talk))
    packets = [s for s in steps if isinstance(s, Write) and s.channel is Channel.PACKET]
    assert len(packets) == FREE_PACKETS
    assert not any(isinstance(step, Pause) for step in steps)


def test_a_packet_that_found_the_queue_full_is_offered_again_alone() -> None:
    queue = Queue(room=FREE_PACKETS)
    send(queue)
    assert queue.held == SOURCE
    assert queue.created == 1
    assert queue.pauses == [FOR_BLUETOOTH.after_free_s] * 2
    assert queue.dropped == 1


@pytest.mark.parametrize("per_pause", [1, 2, 17])
@pytest.mark.parametrize("prn", [0, 1, 8, 12])
def test_the_object_arrives_whatever_the_flash_does(per_pause: int, prn: int) -> None:
    queue = Queue(room=FREE_PACKETS, per_pause=per_pause, prn=prn)
    send(queue, prn=prn)
    assert queue.held == SOURCE
    assert queue.repeated == 0
    writes = 17 + queue.dropped
    assert queue.receipts == (writes // prn if prn else 0)


def test_a_queue_that_never_empties_is_given_up() -> None:
    queue = Queue(room=FREE_PACKETS, per_pause=0)
    with fails(RemoteProtocolError, Code.OBJECT_DAMAGED, "3 times"):
        send(queue)
    assert queue.pauses.count(FOR_BLUETOOTH.after_free_s) <= MAX_OFFERS + 1


def test_flash_that_hardly_gets_on_is_left_where_a_longer_interval_can_be_had() -> None:
    queue = Queue(room=FREE_PACKETS, per_pause=0)
    leaves = replace(FOR_BLUETOOTH, leaves_starved=True)
    with fails(RemoteProtocolError, Code.FLASH_STARVED, "244 bytes in 600 ms"):
        send(queue, pacing=leaves)
    assert queue.dropped == STARVED_OFFERS
    assert queue.created == 1


def test_elsewhere_that_is_told_once_and_takes_the_time_it_takes() -> None:
    class Slow(Queue):
        """Writes a packet in five pauses."""

        def _take(self, data: bytes) -> None:
            self.room += len(self.pauses) % 5 == 0 and len(self.pauses) > 0
            super()._take(data)

    queue = Slow(room=FREE_PACKETS, per_pause=0)
    send(queue)
    assert queue.held == SOURCE
    assert queue.created == 1
    told = [event for event in queue.reported if isinstance(event, events.FlashStarved)]
    assert [event.size for event in told] == [244]
    assert told[0].least_s == pytest.approx(0.6)


def test_a_queue_that_was_starved_has_time_to_empty_before_an_object_is_repeated() -> None:
    queue = Queue(room=FREE_PACKETS, per_pause=0)
    with fails(RemoteProtocolError, Code.OBJECT_DAMAGED, "3 times"):
        send(queue)
    assert STARVED_QUEUE_S in queue.pauses


def test_small_packets_go_in_groups_that_shrink_where_one_is_lost_in_their_middle() -> None:
    queue = Queue(room=FREE_PACKETS, per_pause=300)
    send(queue, SMALL)
    assert (queue.held, queue.repeated, len(queue.pauses)) == (SOURCE, 0, 1)

    class Flickering(Queue):
        """Drops every seventh packet of a group of eight, and takes the eighth."""

        def _take(self, data: bytes) -> None:
            self._since += 1
            if self.created == 1 and self._since == FREE_PACKETS + 7:
                self.dropped += 1
            else:
                self.held += data

    flickering = Flickering(room=0)
    send(flickering, SMALL)
    assert (flickering.held, flickering.repeated) == (SOURCE, 1)


def test_a_full_queue_at_create_is_met_again_later_and_longer_each_time() -> None:
    queue = Queue(room=17, full_at_create=2)
    send(queue)
    assert queue.held == SOURCE
    assert queue.pauses[:2] == [FOR_BLUETOOTH.before_retry_s, 2 * FOR_BLUETOOTH.before_retry_s]


def test_without_a_queue_everything_goes_at_once() -> None:
    queue = Queue(room=17)
    send(queue, pacing=NO_PAUSES)
    assert (queue.held, queue.pauses) == (SOURCE, [])
    crcs = [event for event in queue.reported if isinstance(event, events.CrcChecked)]
    assert len(crcs) == 1


def test_nothing_is_executed_here() -> None:
    asked: list[object] = []
    watched: Callable[[Queue, object], Answer] = Queue._answer

    class Watched(Queue):
        def _answer(self, step: object) -> Answer:
            asked.append(step)
            return watched(self, step)

    send(Watched(room=30))
    assert not any(isinstance(step, ExecuteObject) for step in asked)


# A road that loses packets.


@dataclass
class LossyRoad(Queue):
    """A unit with room for everything, on a road that loses one packet in so many.

    Attributes:
        every: Of so many packets one is lost on the way; the unit does not count it.
    """

    every: int = 40
    _sent: int = 0

    def _take(self, data: bytes) -> None:
        self._sent += 1
        if self._sent % self.every:
            super()._take(data)

    def perform_all(self, objects: int, sender: ObjectSender) -> None:
        for _ in range(objects):
            self.perform(sender.send(ObjectType.DATA, SOURCE, 0, len(SOURCE)))


def test_an_object_that_was_repeated_does_not_slow_down_those_behind_it() -> None:
    """Twice as slow with every repeat of a session once came to 128 s before an object."""
    road = LossyRoad(room=10**9)
    road.perform_all(60, sender())
    assert road.repeated > 10
    assert max(road.pauses) <= 4 * FOR_BLUETOOTH.before_retry_s
    first, last = road.pauses[: len(road.pauses) // 4], road.pauses[-len(road.pauses) // 4 :]
    assert sum(last) <= 1.5 * sum(first)


@dataclass
class UncountedPacket(Queue):
    """A unit that one packet never reaches, so that its receipt does not come.

    Attributes:
        lost: Which packet.
        in_vain: Receipts that were waited for in vain.
    """

    lost: int = 5
    in_vain: int = 0
    _sent: int = 0

    def _take(self, data: bytes) -> None:
        self._sent += 1
        if self._sent != self.lost:
            super()._take(data)

    def _answer(self, step: object) -> Answer:
        if isinstance(step, WriteObject) and self._sent == self.lost:
            self.in_vain += 1
            return None  # type: ignore[return-value]  # nothing comes, and the time is over
        return super()._answer(step)


def test_a_receipt_that_does_not_come_is_asked_for_and_the_object_goes_on() -> None:
    unit = UncountedPacket(room=10**9, prn=1)
    send(unit, prn=1)
    assert (unit.in_vain, unit.created, unit.held) == (1, 1, SOURCE)
    assert not unit.repeated


def test_a_line_that_loses_frames_has_no_radio_events_that_starve_its_flash() -> None:
    wired = Pacing(after_free_s=0.02)
    made = sender(pacing=wired)
    talk = made.send(ObjectType.DATA, SOURCE, 0, len(SOURCE))
    unit = Queue(room=FREE_PACKETS, per_pause=0)
    with pytest.raises(RemoteProtocolError):
        unit.perform(talk)
    assert not any(isinstance(event, events.FlashStarved) for event in unit.reported)
    assert max(unit.pauses) < 1.0
