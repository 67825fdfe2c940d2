"""The bootloader in DFU mode: requests in, answers out, timers, and the reset at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline.device.board import SOFTDEVICE_VERSION_ADDRESS, Board
from firmline.device.bootloader.objects import ObjectHandler, answer_for
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
        self._afterwards: list[Callable[[], None]] = []
        self._objects = ObjectHandler(
            board=board,
            store=store,
            on_progress=self._rearm,
            on_complete=self._complete,
            afterwards=self._afterwards.append,
        )
        self._session = TargetSession(self)

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> list[Reply]:
        """Take what the host wrote; the answers. Work that follows them: :meth:`settle`."""
        self._now_s = now_s
        return self._session.receive(channel, data)

    def settle(self) -> None:
        """Do what waits for the answers to have gone out: flash work, then perhaps the reset."""
        while self._afterwards:
            self._afterwards.pop(0)()

    def wake(self, *, now_s: float) -> None:
        """The inactivity timer: nothing has moved for too long, so the chip resets (section 10)."""
        if now_s >= self.deadline_s:
            self._board.log("inactivity_timeout")
            self._on_reset(False)

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        """Carry out one request (:class:`~firmline.protocol.target.RequestHandler`)."""
        if isinstance(request, UnknownRequest):
            return Answer(opcode=request.opcode, result=ResultCode.OPCODE_NOT_SUPPORTED)
        if self._board.profile.reduced_protocol and isinstance(request, _REDUCED_PROTOCOL_REFUSES):
            return Answer(opcode=opcode_of(request), result=ResultCode.OPCODE_NOT_SUPPORTED)
        if isinstance(request, Abort):
            self._board.log("aborted")
            self._on_reset(False)  # SDK 15.3 does not disconnect first (section 2.5)
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
        self._on_reset(True)
