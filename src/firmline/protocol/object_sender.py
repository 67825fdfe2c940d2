"""One object at a time, the careful way: CREATE, write, ask for the CRC, and only then go on.

Over Bluetooth LE a unit's flash queue takes an erase and 15 packets; what comes beyond that before
anything is written is dropped without a word, and leaves offset and CRC as they were (spec sections
4 and 11). So the first 15 packets of an object follow its CREATE at once, and each of the rest is
asked for: the offset says whether it was taken, and one that was not is simply sent again. That
needs no knowledge of the unit's flash, and is right for the slowest. Small packets go in groups,
since asking after each of 200 would cost seconds; a group that loses one in its middle damages the
object, which is then sent again in smaller groups.

A unit that has more of an object than was sent got packets twice. Nothing more of that object is
written then: it could only be refused, and refused data leak a receive buffer (section 13).
"""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import Crc
from firmline.protocol.asking import (
    Asking,
    body_of,
    created,
    holds,
    is_prefix,
    judge,
    name_of,
    phase_of,
)
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.framing import Framing
from firmline.protocol.pacing import Pacing
from firmline.protocol.requests import CreateObject, WriteObject
from firmline.protocol.starvation import STARVED_OFFERS, STARVED_QUEUE_S, starved, starved_told
from firmline.protocol.steps import Pause, Report, Talk, Write

MAX_OBJECT_ATTEMPTS: Final = 3
"""How often one object is sent before the session gives up."""
FREE_PACKETS: Final = 15
"""Packets that a flash queue of 16 takes behind an erase (spec section 11)."""
GROUP_BYTES: Final = 160
"""Bytes of the packets behind those that are asked for together: eight of 20, one of 244; ours."""
MAX_OFFERS: Final = 40
"""How often a packet is offered to a full queue, with a pause before each: ours. At 0.2 s that is
longer than the slowest flash needs for all that can be in it (16 packets of 90 ms)."""


class ObjectSender(Asking):
    """Sends objects, again where they arrive damaged.

    Args:
        framing: How requests become bytes on this link.
        pacing: How long the unit's flash is given.
    """

    def __init__(self, framing: Framing, *, pacing: Pacing) -> None:
        super().__init__(framing)
        self._prn = self._until_receipt = 0
        self._pacing = pacing
        self._arrived: tuple[int, int] | None = None
        """Of an object that is not as it should be: how far it was sent, and how far it is."""
        self._leaves_starved = pacing.leaves_starved
        self._is_starved = False
        self._be_quick()

    def _be_quick(self) -> None:
        """As fast as is planned: what an object was slowed down for is over once it is there."""
        self._pause_s = self._pacing.after_free_s
        self._before_retry_s = self._pacing.before_retry_s
        self._group = max(1, GROUP_BYTES // max(1, self.framing.packet_size))

    def prn_is_set(self, count: int) -> None:
        """The unit sends an unasked CRC after every ``count`` packets from now on; 0 = never."""
        self._prn = self._until_receipt = count

    def send(self, object_type: ObjectType, source: bytes, start: int, end: int) -> Talk[None]:
        """CREATE, write and check one object, again where it arrives damaged.

        Raises:
            TargetRefusedError: The unit does not take it.
            RemoteProtocolError: ``OBJECT_DAMAGED``: it never arrived intact; ``PACKETS_REPEATED``:
                nor did it the last time, when more of it arrived than was sent.
        """
        for attempt in range(1, MAX_OBJECT_ATTEMPTS + 1):
            if attempt > 1:
                yield from self._slow_down(object_type, start, attempt)
            is_last = attempt == MAX_OBJECT_ATTEMPTS
            answer = yield from self.ask(
                CreateObject(object_type=object_type, size=end - start),
                phase=phase_of(object_type),
                tolerate=None if is_last else self._full_queue(object_type),
            )
            if not answer.ok:
                continue
            self._until_receipt = self._prn  # the unit counts from each CREATE (section 2.4)
            yield created(object_type, start, end)
            intact = yield from self.write(object_type, source, start, end)
            if intact:
                self._be_quick()
                return
        raise self._never_intact(object_type, start)

    def _never_intact(self, object_type: ObjectType, start: int) -> RemoteProtocolError:
        """What became of an object the last time that it was sent."""
        sent, there = (0, 0) if self._arrived is None else self._arrived
        size, arrived = sent - start, max(0, there - start)
        if arrived < size:
            what = f"of {size} bytes the last time, {arrived} did"
        elif arrived == size:
            what = (
                "the last time as many bytes did as were sent, but others: they were changed on the"
                " way, or some came twice in the place of others"
            )
        else:
            what = f"of {size} bytes the last time, it has {arrived}, as where packets come twice"
        return RemoteProtocolError(
            Code.PACKETS_REPEATED if arrived > size else Code.OBJECT_DAMAGED,
            f"The object at offset {start} of {phase_of(object_type)} arrived damaged"
            f" {MAX_OBJECT_ATTEMPTS} times: {what}.",
            offset=start,
        )

    def write(self, object_type: ObjectType, source: bytes, start: int, end: int) -> Talk[bool]:
        """Write to the object that is open; whether the unit then has ``source`` up to ``end``."""
        if object_type is ObjectType.COMMAND or not self._pause_s:
            crc = yield from self._write_and_ask(object_type, source, start, end)
            return holds(crc, source, end)
        position = min(start + FREE_PACKETS * self.framing.packet_size, end)
        crc = yield from self._write_and_ask(object_type, source, start, position)
        if not is_prefix(crc, source) or not start < crc.offset <= position:
            return False
        yield Pause(duration_s=self._pause_s)
        position = yield from self._offer(source, crc.offset, end)
        return position == end

    def finish_starved(
        self, source: bytes, position: int, end: int, *, size: int, least_s: float
    ) -> Talk[bool]:
        """Write the rest of an object to a queue that is full; whether the unit then has it.

        Args:
            source: The image.
            position: How far the unit has it.
            end: Of the object.
            size: Bytes that flash has not written.
            least_s: For so long.

        Raises:
            RemoteProtocolError: ``FLASH_STARVED``, where that ends the session.
        """
        yield from self._heed_starvation(size, least_s)
        return (yield from self._offer(source, position, end)) == end

    def _heed_starvation(self, size: int, least_s: float) -> Talk[None]:
        """Flash hardly gets on: leave it for a longer interval, or take the time it takes."""
        if self._leaves_starved:
            raise starved(size=size, least_s=least_s)
        if not self._is_starved:
            self._is_starved = True
            self._before_retry_s = max(self._before_retry_s, STARVED_QUEUE_S)
            yield starved_told(size=size, least_s=least_s)

    def _offer(self, source: bytes, position: int, end: int) -> Talk[int]:
        """Offer what is left to a queue that may be full; how far the unit has taken it intact."""
        offers = 0
        while position < end and offers < MAX_OFFERS:
            stop = min(position + self._group * self.framing.packet_size, end)
            crc = yield from self._write_and_ask(ObjectType.DATA, source, position, stop)
            if not is_prefix(crc, source) or not position <= crc.offset <= stop:
                return position
            offers = 0 if crc.offset > position else offers + 1
            position = crc.offset
            if offers == STARVED_OFFERS and self._pacing.waits_for_idle:
                yield from self._heed_starvation(stop - position, offers * self._pause_s)
            if position < stop:
                yield Pause(duration_s=self._pause_s)
        return position

    def _slow_down(self, object_type: ObjectType, offset: int, attempt: int) -> Talk[None]:
        """An object has to be sent again: in smaller groups, and with twice the time."""
        yield Report(
            event=events.ObjectRepeated(
                object_type=name_of(object_type), offset=offset, attempt=attempt
            )
        )
        if object_type is ObjectType.DATA:
            self._group = max(1, self._group // 2)
            self._pause_s *= 2
            if self._before_retry_s:
                yield Pause(duration_s=self._before_retry_s)
                self._before_retry_s *= 2

    def _full_queue(self, object_type: ObjectType) -> ResultCode | None:
        """How a unit with a flash queue says that it takes no data object now (spec section 4)."""
        has_queue = object_type is ObjectType.DATA and self._pause_s > 0
        return ResultCode.INVALID_OBJECT if has_queue else None

    def _write_and_ask(
        self, object_type: ObjectType, source: bytes, start: int, end: int
    ) -> Talk[Crc]:
        """Hand packets to the link, waiting where a receipt is due; what the unit then has.

        Not all of them, where a receipt says that it is spoiled already.
        """
        count, position = 0, start
        size = self.framing.packet_size
        is_spoiled = False
        while position < end and not is_spoiled:
            packet = WriteObject(data=source[position : min(position + size, end)])
            channel, data = self.framing.encode(packet)
            yield Write(channel=channel, data=data)
            count, position = count + 1, position + len(packet.data)
            is_spoiled = yield from self._receipt(packet, object_type, source, position)
        yield Report(
            event=events.PacketsSent(
                object_type=name_of(object_type), count=count, offset=position, size=len(source)
            )
        )
        crc = yield from self.check_taken(object_type, source, position)
        if not is_prefix(crc, source) or crc.offset < position:
            self._arrived = (position, crc.offset)
        return crc

    def _receipt(
        self, packet: WriteObject, object_type: ObjectType, source: bytes, position: int
    ) -> Talk[bool]:
        """Wait for the unasked CRC, if this packet was the one that brings it.

        Returns:
            Whether the unit has something else than what was sent, no room for as much, or does not
            say.
        """
        if not self._prn:
            return False
        self._until_receipt -= 1
        if self._until_receipt:
            return False
        self._until_receipt = self._prn
        answer = yield packet
        if answer is None:  # a packet that was lost is not counted, and brings no receipt
            return True
        too_much = ResultCode.INVALID_PARAMETER
        yield from judge(packet, answer, phase=phase_of(object_type), tolerate=too_much)
        if not answer.ok:
            return True
        crc = body_of(answer, Crc)
        return crc.offset > position or not is_prefix(crc, source)
