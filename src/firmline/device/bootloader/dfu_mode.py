"""The bootloader in DFU mode: requests in, answers out, timers, and the reset at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from firmline.device.board import SOFTDEVICE_VERSION_ADDRESS, Board
from firmline.device.bootloader.objects import ObjectHandler, answer_for
from firmline.device.bootloader.receive_buffers import Frame, PacketPool, SerialReceiver
from firmline.device.bootloader.settings_ram import Bank
from firmline.device.bootloader.settings_store import SettingsStore
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
        on_reset: Called when the bootloader resets the chip; ``True``: it first drops the link.
    """

    def __init__(
        self,
        *,
        board: Board,
        store: SettingsStore,
        now_s: float,
        timeout_s: float,
        on_reset: Callable[[bool], None],
    ) -> None:
        self.deadline_s = now_s + timeout_s
        self._now_s = now_s
        self._board = board
        self._store = store
        self._on_reset = on_reset
        self._ended = False
        self._afterwards: list[Callable[[], None]] = []
        self._objects = ObjectHandler(
            board=board,
            store=store,
            on_progress=self._rearm,
            on_complete=self._complete,
            flash_work=self._do_flash_work,
            afterwards=self._afterwards.append,
        )
        self._session = TargetSession(self)
        self._pool = PacketPool(board.profile.receive_buffers)
        self._serial = SerialReceiver(board.profile.mtu)
        self._refused_write = False

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> Iterator[Reply]:
        """Take what the host wrote; the answers, one by one as they are ready.

        Work that follows an answer: :meth:`settle`.
        """
        self._now_s = now_s
        match channel:
            case Channel.PACKET:
                yield from self._take_packet(data)
            case Channel.SERIAL:
                yield from self._take_serial(data)
            case _:
                for answer in self._session.take(data):
                    yield Reply(channel=channel, data=answer)

    def _take_packet(self, data: bytes) -> Iterator[Reply]:
        if not self._pool.take():
            self._board.log("packet_without_buffer")
            return
        answers = self._write(data)
        if not self._refused_write:
            self._pool.give_back()
        for answer in answers:
            yield Reply(channel=Channel.CONTROL, data=answer)

    def _take_serial(self, data: bytes) -> Iterator[Reply]:
        for frame in self._serial.feed(data):
            for answer in self._take_frame(frame):
                yield Reply(channel=Channel.SERIAL, data=encode_frame(answer))
            self.settle()
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

    def link_lost(self) -> None:
        """The central is gone: 16 and 17.1 fall back to the settings in flash (S13)."""
        if self._board.profile.reloads_settings_after_link_loss:
            self._store.reload()

    def _do_flash_work(self, work: Callable[[], None]) -> None:
        """Flash work of a request: before its answer on UART builds, after it on BLE builds."""
        if self._board.profile.is_ble:
            self._afterwards.append(work)
        else:
            work()

    def settle(self) -> None:
        """Do what waits for the answers to have gone out: flash work, then perhaps the reset."""
        while self._afterwards:
            self._afterwards.pop(0)()

    def wake(self, *, now_s: float) -> None:
        """The inactivity timer: nothing has moved for too long, so the chip resets (section 10)."""
        if now_s >= self.deadline_s:
            self._board.log("inactivity_timeout")
            self._reset(drop_link=False)

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        """Carry out one request (:class:`~firmline.protocol.target.RequestHandler`)."""
        if isinstance(request, UnknownRequest):
            return Answer(opcode=request.opcode, result=ResultCode.OPCODE_NOT_SUPPORTED)
        if self._board.profile.reduced_protocol and isinstance(request, _REDUCED_PROTOCOL_REFUSES):
            return Answer(opcode=opcode_of(request), result=ResultCode.OPCODE_NOT_SUPPORTED)
        if isinstance(request, Abort):
            self._board.log("aborted")
            self._reset(drop_link=False)  # SDK 15.3 does not disconnect first (section 2.5)
            return None
        return self._carry_out(request)

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
        self._reset(drop_link=True)

    def _reset(self, *, drop_link: bool) -> None:
        """The end of this stay; bytes that are still on their way are lost with it."""
        self._ended = True
        self._on_reset(drop_link)
