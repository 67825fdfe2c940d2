"""The host's conversation with the bootloader: one image, object by object.

Written as the conversation it is: generators that yield effects (bytes to write, events to report)
and requests (wait here for the answer), and receive answers::

    SELECT(command) -> not there? CREATE, write, CRC, EXECUTE
    SELECT(data)    -> prefix right? finish or repeat the open object
                       wrong? CREATE the open object anew; still wrong? begin afresh
    per object      -> CREATE, write, CRC, EXECUTE

The order is right for SDK 15.3 to 17.1 (spec section 4.1). No data are written that the bootloader
must refuse, because refused data writes leak its receive buffers (spec section 13): data follow
only a CREATE that was answered with success, or go on where the unit says its open object is.
"""

from __future__ import annotations

import zlib

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import Mtu, Selected
from firmline.protocol.asking import (
    Asking,
    body_of,
    created,
    executed,
    is_prefix,
    object_start,
    phase_of,
)
from firmline.protocol.checkpoints import NO_CHECKPOINTS, Checkpoints, save_progress
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.flash_costs import CHUNK_SIZE, WORD_SIZE
from firmline.protocol.flash_trial import FlashTrial
from firmline.protocol.framing import Framing, SerialFraming
from firmline.protocol.leftovers import MOST_COPIES
from firmline.protocol.object_sender import ObjectSender
from firmline.protocol.object_stream import ObjectStream
from firmline.protocol.pacing import NO_PAUSES, Pacing
from firmline.protocol.refusals import (
    FIRMWARE_PHASE,
    FRAME_SIZE_PHASE,
    INIT_PACKET_PHASE,
    RECEIPT_PHASE,
)
from firmline.protocol.requests import CreateObject, ExecuteObject, GetMtu, SetPrn
from firmline.protocol.steps import Report, Talk


class DfuConversation(Asking):
    """Sends one init packet and one firmware image to a unit in its bootloader.

    Args:
        init_packet: The encoded init packet, exactly as in the package.
        firmware: The image, bytes.
        framing: How requests become bytes on this link.
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = only after each object.
        pacing: How long the unit's flash is given.
        checkpoints: When the unit is made to save its progress.
    """

    def __init__(
        self,
        *,
        init_packet: bytes,
        firmware: bytes,
        framing: Framing,
        prn: int,
        pacing: Pacing = NO_PAUSES,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> None:
        super().__init__(framing)
        self._init_packet = init_packet
        self._firmware = firmware
        self._prn = prn
        self._checkpoints = checkpoints
        self.now_s = 0.0
        self._waits_for_idle = pacing.waits_for_idle
        self._streams = pacing.streams
        self._objects = ObjectSender(framing, pacing=pacing)

    def run(self) -> Talk[None]:
        """The whole of it, up to the answer to the last EXECUTE."""
        if isinstance(self.framing, SerialFraming):
            yield from self._agree_on_mtu(self.framing)
        yield from self._set_prn(self._prn)
        offset, object_size = yield from self._find_resume_point()
        stream = self._stream(object_size)
        while offset < len(self._firmware):
            if stream is not None and stream.suits(offset):
                offset, is_checkpoint = yield from self._send_ahead(stream, offset, object_size)
            else:
                end = min(offset + object_size, len(self._firmware))
                yield from self._objects.send(ObjectType.DATA, self._firmware, offset, end)
                yield from self._execute(ObjectType.DATA, end)
                offset, is_checkpoint = end, self._is_checkpoint(end)
            if is_checkpoint:
                crc = zlib.crc32(self._firmware[:offset])
                yield from save_progress(self, offset=offset, crc=crc)

    def _send_ahead(
        self, stream: ObjectStream, offset: int, object_size: int
    ) -> Talk[tuple[int, bool]]:
        """Send objects ahead; where the image goes on, and whether progress is saved there."""
        offset = yield from stream.run(offset)
        if stream.spoiled is not None:
            offset = yield from self._start_afresh(stream.spoiled)
        if stream.is_starved:
            offset = yield from self._finish_starved(stream.trial, offset, object_size)
            return offset, self._is_checkpoint(offset)
        return offset, stream.has_stopped

    def _finish_starved(self, trial: FlashTrial, start: int, object_size: int) -> Talk[int]:
        """Bring an object to its end for which flash was too slow; where the image goes on."""
        end = min(start + object_size, len(self._firmware))
        position = start if trial.starved_at is None else trial.starved_at
        is_there = yield from self._objects.finish_starved(
            self._firmware, position, end, size=CHUNK_SIZE, least_s=trial.starved_s
        )
        if is_there:
            yield from self._execute(ObjectType.DATA, end)
        return end if is_there else start

    def _is_checkpoint(self, offset: int) -> bool:
        """Behind an executed object, before the next one: whether it is to survive a power cut."""
        size = len(self._firmware)
        return offset < size and self._checkpoints.is_due(offset, size)

    def _stream(self, object_size: int) -> ObjectStream | None:
        """What sends objects ahead; ``None``: they go step by step."""
        if not self._streams or self._prn:
            return None
        return ObjectStream(
            self.framing,
            self._firmware,
            object_size=object_size,
            stops_at=self._is_checkpoint,
            clock=lambda: self.now_s,
        )

    def _set_prn(self, count: int) -> Talk[None]:
        yield from self.ask(SetPrn(count=count), phase=RECEIPT_PHASE)
        self._objects.prn_is_set(count)

    def _agree_on_mtu(self, framing: SerialFraming) -> Talk[None]:
        answer = yield from self.ask(GetMtu(), phase=FRAME_SIZE_PHASE)
        framing.mtu = body_of(answer, Mtu).size
        if framing.packet_size <= 0:
            raise RemoteProtocolError(
                Code.ANSWER_MALFORMED,
                f"The unit says that its frames have {framing.mtu} bytes, too few for any data.",
            )

    def _find_resume_point(self) -> Talk[tuple[int, int]]:
        """Get the init packet accepted; where the image goes on, and the unit's object size.

        An image that is under way needs no EXECUTE of its init packet, and must not get one: it
        would save the progress of this moment (spec section 16.1 W7), and a reset could later bring
        an offset back whose flash has changed since.
        """
        held = yield from self.select(ObjectType.COMMAND)
        if not self._is_init_packet(held):
            yield from self._send_init_packet()
            return 0, (yield from self._select_fresh_image())
        yield Report(event=events.Resumed(object_type="command", offset=len(self._init_packet)))
        selected = yield from self.select(ObjectType.DATA)
        for _ in range(MOST_COPIES):
            if selected != held:
                break
            # A copy of the answer before it: the true one is still to come.
            selected = yield from self.select(ObjectType.DATA)
        if selected.offset == 0:
            yield from self._execute_or_resend_init_packet()
            return 0, (yield from self._select_fresh_image())
        if is_prefix(selected, self._firmware):
            yield Report(event=events.Resumed(object_type="data", offset=selected.offset))
            offset = yield from self._finish_open_object(selected.offset, selected.max_size)
            return offset, selected.max_size
        offset = yield from self._repeat_open_object(selected)
        return offset or (yield from self._start_afresh(selected)), selected.max_size

    def _repeat_open_object(self, held: Selected) -> Talk[int]:
        """Send an open object again whose bytes are wrong; the offset of the next object.

        CREATE rewinds to what was executed, which may be right (spec section 4.1). At a boundary
        the object before it may be the open one; if it was executed, an object that no longer fits
        behind it is refused with 08. Other offsets are in the middle of the open object.

        Returns:
            0: There is no earlier object, or what was executed is wrong as well.
        """
        if not held.max_size < held.offset <= len(self._firmware):
            return 0
        start = object_start(held.offset, held.max_size)
        end = min(start + held.max_size, len(self._firmware))
        answer = yield from self.ask(
            CreateObject(object_type=ObjectType.DATA, size=end - start),
            phase=FIRMWARE_PHASE,
            tolerate=ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            return 0
        selected = yield from self.select(ObjectType.DATA)
        if selected.offset != start or not is_prefix(selected, self._firmware):
            return 0
        yield Report(event=events.Resumed(object_type="data", offset=start))
        yield created(ObjectType.DATA, start, end)
        intact = yield from self._objects.write(ObjectType.DATA, self._firmware, start, end)
        if not intact:
            return start
        yield from self._execute(ObjectType.DATA, end)
        return end

    def _start_afresh(self, held: Selected) -> Talk[int]:
        """Begin the image again, from its first byte on.

        CREATE(data) rewinds to the last executed object only; a new CREATE(command) zeroes the
        progress of the whole image (spec section 4.1).
        """
        yield Report(event=events.StartedAfresh(offset=held.offset, crc=held.crc))
        yield from self._send_init_packet()
        yield from self._select_fresh_image()
        return 0

    def _select_fresh_image(self) -> Talk[int]:
        """The image begins, once flash is idle; the unit's object size."""
        selected = yield from self.select(ObjectType.DATA)
        if self._waits_for_idle:
            yield from self.ask(
                ExecuteObject(), phase=FIRMWARE_PHASE, tolerate=ResultCode.OPERATION_NOT_PERMITTED
            )
        return selected.max_size

    def _is_init_packet(self, held: Selected) -> bool:
        """Whether the unit holds exactly this init packet, complete."""
        here = held.crc == zlib.crc32(self._init_packet)
        return here and held.offset == len(self._init_packet)

    def _execute_or_resend_init_packet(self) -> Talk[None]:
        """Execute an init packet that is there; 08: it was created with another size.

        A serial line has no checksum that would have shown a damaged CREATE.
        """
        yield from self.select(ObjectType.COMMAND)
        answer = yield from self.ask(
            ExecuteObject(),
            phase=INIT_PACKET_PHASE,
            tolerate=ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            yield from self._send_init_packet()
            return
        yield executed(ObjectType.COMMAND, len(self._init_packet))

    def _send_init_packet(self) -> Talk[None]:
        size = len(self._init_packet)
        yield from self._objects.send(ObjectType.COMMAND, self._init_packet, 0, size)
        yield from self._execute(ObjectType.COMMAND, size)

    def _finish_open_object(self, offset: int, object_size: int) -> Talk[int]:
        """Complete and execute what an earlier session left; the offset of the next object.

        At a boundary it is not known whether the last object was executed: EXECUTE is idempotent,
        and 08 means that the open object is not complete, so it is created again (spec section 4).
        Where no object can follow, 08 is a refusal like any other. An offset that is not a multiple
        of 4 is the mark of packets that spoiled the flash under a right CRC: again from the start.
        """
        start = object_start(offset, object_size)
        end = min(start + object_size, len(self._firmware))
        if offset % WORD_SIZE and offset < end:
            return start
        if offset < end:
            intact = yield from self._objects.write(ObjectType.DATA, self._firmware, offset, end)
            if not intact:
                return start
        answer = yield from self.ask(
            ExecuteObject(),
            phase=FIRMWARE_PHASE,
            tolerate=None if offset == len(self._firmware) else ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            return offset if offset == end else start
        yield executed(ObjectType.DATA, end)
        return end

    def _execute(self, object_type: ObjectType, end: int) -> Talk[None]:
        yield from self.ask(ExecuteObject(), phase=phase_of(object_type))
        yield executed(object_type, end)
