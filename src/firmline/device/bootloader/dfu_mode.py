"""The bootloader in DFU mode: requests in, answers out, timers, and the reset at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline.device.board import SOFTDEVICE_VERSION_ADDRESS, Board
from firmline.device.bootloader.objects import ObjectHandler, answer_for
from firmline.device.bootloader.receive_buffers import Frame, PacketPool, SerialReceiver
from firmline.device.bootloader.settings_ram import Bank
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash_queue import FlashQueue, LockStepQueue, SoftDeviceQueue
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.protocol.answers import (
    Answer,
    AnswerBody,
    Done,
    FirmwareVersion,
    HardwareVersion,
    Mtu,
    Pong,
    ProtocolVersion,
    encode_answer,
)
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ImageType, Opcode, ResultCode
from firmline.protocol.requests import (
    Abort,
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetFirmwareVersion,
    GetHardwareVersion,
    GetMtu,
    GetProtocolVersion,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    UnknownRequest,
    WriteObject,
    opcode_of,
)
from firmline.protocol.slip import encode_frame
from firmline.protocol.target import Reply, TargetSession

PROTOCOL_VERSION: Final = 1
_REDUCED_PROTOCOL_REFUSES: Final = (
    GetProtocolVersion,
    GetMtu,
    Ping,
    GetHardwareVersion,
    GetFirmwareVersion,
)


class DfuMode:
    """One stay in DFU mode.

    Args:
        board: The unit's hardware.
        store: Its settings, loaded.
        now_s: The time of entry.
        timeout_s: Seconds until the first inactivity timeout.
        on_reply: Takes every answer when it is said.
        on_drop_link: Called when the bootloader ends the connection.
        on_reset: Called when the bootloader resets the chip.
        lost_buffers: How many receive buffers refused writes have lost before.

    Attributes:
        deadline_s: When it gives up waiting.
        advertised_name: The name that the application has left for it; ``None``: it uses its own.
        peer: The one host that it lets in; ``None``: it lets everyone in.
    """

    def __init__(
        self,
        *,
        board: Board,
        store: SettingsStore,
        now_s: float,
        timeout_s: float,
        on_reply: Callable[[Reply], None],
        on_drop_link: Callable[[], None],
        on_reset: Callable[[], None],
        lost_buffers: int = 0,
    ) -> None:
        self.deadline_s = now_s + timeout_s
        self.advertised_name = store.ram.adv_name
        self.peer = store.ram.peer_keys if board.profile.requires_bond else None
        self._now_s = now_s
        self._board = board
        self._store = store
        self._on_reply = on_reply
        self._on_drop_link = on_drop_link
        self._on_reset = on_reset
        self._ended = False
        self._afterwards: list[Callable[[], None]] = []
        self._queue = _flash_queue(board)
        self._objects = ObjectHandler(
            board=board,
            store=store,
            on_progress=self._rearm,
            on_complete=self._complete,
            afterwards=self._afterwards.append,
        )
        self._session = TargetSession(self)
        self._pool = PacketPool(max(0, board.profile.receive_buffers - lost_buffers))
        self._serial = SerialReceiver(board.profile.mtu, lost_buffers=lost_buffers)
        self._refused_write = False

    # What comes in.

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> None:
        """Take what the host wrote, and answer."""
        self._now_s = now_s
        if self._ended:
            return
        match channel:
            case Channel.PACKET:
                self._take_packet(data)
            case Channel.SERIAL:
                self._take_serial(data)
            case _:
                self._say(channel, self._session.take(data))
        self._settle()

    def _take_packet(self, data: bytes) -> None:
        """One packet; its buffer is free again when its data are in flash, or lost (W4)."""
        if not self._pool.take():
            self._board.log("packet_without_buffer")
            return
        waiting = 0 if self._queue is None else len(self._queue)
        answers = self._write(data)
        if self._queue is not None and len(self._queue) > waiting:
            self._queue.after_last(self._pool.give_back)
        elif self._refused_write:
            self._board.log("buffer_lost")
        else:
            self._pool.give_back()
        self._say(Channel.CONTROL, answers)

    def _take_serial(self, data: bytes) -> None:
        for frame in self._serial.feed(data):
            self._say(Channel.SERIAL, self._take_frame(frame))
            self._settle()
            if self._ended:
                return

    def _take_frame(self, frame: Frame) -> list[bytes]:
        """One frame; a short one acts on what an earlier frame left behind it (FORMAT.md, 6)."""
        request = bytes(frame.buffer)
        data = frame.data
        self._serial.take_next_buffer(frame)
        if not frame.is_write:
            return self._session.take(request)
        answers = self._write(data)
        if not self._refused_write:
            self._serial.free(frame)
        return answers

    def _write(self, data: bytes) -> list[bytes]:
        """One write; notes whether it was refused in the way that loses its buffer."""
        self._refused_write = False
        return self._session.carry_out(WriteObject(data=data))

    def link_made(self, interval_s: float | None) -> None:
        """A central has connected, or has changed the connection interval."""
        if self._queue is not None:
            self._queue.interval_s = interval_s

    def link_lost(self) -> None:
        """The central is gone: 16 and 17.1 fall back to the settings in flash (S13)."""
        self.link_made(None)
        if self._board.profile.reloads_settings_after_link_loss:
            self._store.reload()

    def _say(self, channel: Channel, answers: list[bytes]) -> None:
        for answer in answers:
            data = encode_frame(answer) if channel is Channel.SERIAL else answer
            self._on_reply(Reply(channel=channel, data=data))

    # What follows, at once or in time.

    @property
    def due_s(self) -> float | None:
        """When :meth:`run_due` has something to do: flash work, or the inactivity timer."""
        flash_s = None if self._queue is None else self._queue.due_s
        times = [flash_s, None if self._ended else self.deadline_s]
        return min((time for time in times if time is not None), default=None)

    def run_due(self, *, now_s: float) -> None:
        """Do what its time has come for."""
        self._now_s = now_s
        queue = self._queue
        if queue is not None and queue.due_s is not None and queue.due_s <= now_s:
            queue.run_due(now_s)
        elif now_s >= self.deadline_s and not self._ended:
            # Nothing has moved for too long, so the chip resets (section 10).
            self._board.log("inactivity_timeout")
            self._end(drop_link=False)
        self._settle()

    def blocks_radio_until(self, now_s: float) -> float:
        """Until when the radio is deaf for flash work."""
        return now_s if self._queue is None else self._queue.blocks_radio_until(now_s)

    def _settle(self) -> None:
        """Do what waits for the answers to have gone out: flash work, then perhaps the reset."""
        self._drain()
        while self._afterwards:
            self._afterwards.pop(0)()
            self._drain()

    def _drain(self) -> None:
        if self._queue is not None:
            self._queue.drain()

    def _when_idle(self, call: Callable[[], None]) -> None:
        """Call this when all flash work is done."""
        if self._queue is None:
            call()
        else:
            self._queue.after_last(call)

    # Requests.

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        """Carry out one request (:class:`~firmline.protocol.target.RequestHandler`)."""
        if isinstance(request, UnknownRequest):
            return Answer(opcode=request.opcode, result=ResultCode.OPCODE_NOT_SUPPORTED)
        if self._board.profile.reduced_protocol and isinstance(request, _REDUCED_PROTOCOL_REFUSES):
            return Answer(opcode=opcode_of(request), result=ResultCode.OPCODE_NOT_SUPPORTED)
        if isinstance(request, Abort):
            return self._abort(request)
        if isinstance(request, ExecuteObject) and self._objects.writes_data:
            return self._execute_data()
        return self._carry_out(request)

    @property
    def _is_busy(self) -> bool:
        return self._queue is not None and len(self._queue) > 0

    def _execute_data(self) -> Answer | None:
        """Take a data object over at once, and answer when flash is idle."""
        taken = answer_for(Opcode.OBJECT_EXECUTE, self._objects.take_over)
        if not taken.ok:
            return taken
        if self._is_busy:
            self._when_idle(self._finish_execute)
            return None
        return answer_for(Opcode.OBJECT_EXECUTE, self._objects.finish)

    def _finish_execute(self) -> None:
        """Answer an EXECUTE, unless flash has got more to do meanwhile; then wait again."""
        if self._ended:
            return
        if self._is_busy:
            self._when_idle(self._finish_execute)
        else:
            answer = answer_for(Opcode.OBJECT_EXECUTE, self._objects.finish)
            self._say(Channel.CONTROL, [encode_answer(answer)])

    def _abort(self, request: Abort) -> Answer | None:
        """Reset; an answer escapes only over flash work that goes on (section 2.5)."""
        self._board.log("aborted")
        busy, disconnects = self._is_busy, self._board.profile.abort_disconnects
        if disconnects and self._board.profile.is_ble:
            self._on_drop_link()
        if disconnects and busy:
            self._ended = True
            self._board.log("flash_paused")
            return None
        self._end(drop_link=False)
        if not busy:
            return None
        return Answer(opcode=opcode_of(request), result=ResultCode.SUCCESS, body=Done())

    def _carry_out(self, request: Request) -> Answer | None:
        objects = self._objects
        opcode = opcode_of(request)
        match request:
            case SelectObject(object_type=kind):
                answer = answer_for(opcode, lambda: objects.select(kind))
            case CreateObject(object_type=kind, size=size):
                answer = answer_for(opcode, lambda: objects.create(kind, size))
            case WriteObject(data=data):
                # Answered, when a PRN is due, as if a CRC had been asked for (section 2.4).
                answer = answer_for(Opcode.CRC_GET, lambda: objects.write(data))
                self._refused_write = not answer.ok and not objects.writes_command
            case GetCrc():
                answer = answer_for(opcode, objects.crc)
            case ExecuteObject():
                answer = answer_for(opcode, objects.execute)
            case _:
                answer = self._inform(request)
        return answer

    def _inform(self, request: Request) -> Answer:
        chip = self._board.chip
        match request:
            case SetPrn():
                body: AnswerBody = Done()
            case GetProtocolVersion():
                body = ProtocolVersion(version=PROTOCOL_VERSION)
            case GetMtu():
                body = Mtu(size=self._board.profile.mtu)
            case Ping(number=number):
                body = Pong(number=number)
            case GetFirmwareVersion(index=index):
                body = self._firmware_version(index)
            case _:
                body = HardwareVersion(
                    part=chip.part,
                    variant=chip.variant,
                    flash_size=chip.flash_size,
                    ram_size=chip.ram_size,
                    page_size=chip.page_size,
                )
        return Answer(opcode=opcode_of(request), result=ResultCode.SUCCESS, body=body)

    def _firmware_version(self, index: int) -> FirmwareVersion:
        """Bootloader, then the SoftDevice and the application where they are there (2.1)."""
        board, settings = self._board, self._store.ram
        images = [
            FirmwareVersion(
                image_type=ImageType.BOOTLOADER,
                version=settings.bootloader_version,
                address=board.memory.bootloader_start,
                size=board.memory.bootloader_size,
            )
        ]
        softdevice = board.softdevice
        if softdevice is not None:
            images.append(
                FirmwareVersion(
                    image_type=ImageType.SOFTDEVICE,
                    version=board.flash.read_word(SOFTDEVICE_VERSION_ADDRESS),
                    address=SOFTDEVICE_START,
                    size=softdevice.size_word,
                )
            )
        if settings.bank_0.code == Bank.APPLICATION:
            images.append(
                FirmwareVersion(
                    image_type=ImageType.APPLICATION,
                    version=settings.app_version,
                    address=board.bank_0_start,
                    size=settings.bank_0.size,
                )
            )
        if index < len(images):
            return images[index]
        return FirmwareVersion(image_type=ImageType.UNKNOWN, version=0, address=0, size=0)

    def _rearm(self) -> None:
        self.deadline_s = self._now_s + self._board.profile.inactivity_timeout_s

    def _complete(self) -> None:
        self._store.save()
        self._when_idle(lambda: self._end(drop_link=True))

    def _end(self, *, drop_link: bool) -> None:
        """The end of this stay; bytes that are still on their way are lost with it."""
        self._ended = True
        if drop_link:
            self._on_drop_link()
        self._when_idle(self._back_up_and_reset)

    def _back_up_and_reset(self) -> None:
        self._store.copy_primary_to_backup()
        self._when_idle(self._on_reset)


def _flash_queue(board: Board) -> FlashQueue | None:
    """The SoftDevice's queue, from now on the board's storage; other builds have none."""
    if not board.profile.is_ble:
        return None
    queue: FlashQueue = (
        LockStepQueue(board.flash)
        if board.physics is None
        else SoftDeviceQueue(board.flash, board.physics)
    )
    board.storage = queue
    return queue
