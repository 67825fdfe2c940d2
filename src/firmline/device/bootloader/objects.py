"""The request handler: objects, init packet and image (spec sections 2 to 4)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import UndecodableError, UnitInitCommand, decode
from firmline.device.bootloader.placement import place_image
from firmline.device.bootloader.postvalidation import postvalidate, softdevice_may_go
from firmline.device.bootloader.prevalidation import RefusalError, image_size, prevalidate
from firmline.device.bootloader.settings_ram import INIT_COMMAND_SIZE
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.storage import QueueFullError
from firmline.protocol.answers import Answer, AnswerBody, Crc, Done, Selected
from firmline.protocol.codes import ObjectType, ResultCode

DATA_OBJECT_SIZE: Final = 0x1000
"""Largest data object, bytes: one flash page (spec section 4)."""


class InitError(Exception):
    """DFU mode cannot start: the stored init packet is incomplete (S12)."""


class ObjectHandler:
    """The objects of one DFU session, from entering DFU mode to the reset.

    Args:
        board: The unit's hardware.
        store: Its settings.
        on_progress: Called where the bootloader re-arms its inactivity timer.
        on_complete: Called when the last EXECUTE was answered: save, disconnect, reset.
        afterwards: Does work after the answer has gone out, on every build.
    """

    def __init__(
        self,
        *,
        board: Board,
        store: SettingsStore,
        on_progress: Callable[[], None],
        on_complete: Callable[[], None],
        afterwards: Callable[[Callable[[], None]], None],
    ) -> None:
        self._board = board
        self._store = store
        self._on_progress = on_progress
        self._on_complete = on_complete
        self._afterwards = afterwards
        self._current: ObjectType | None = ObjectType.COMMAND
        self._command: UnitInitCommand | None = None
        self._image_size = 0
        self._image_address = 0
        self._restore()

    @property
    def writes_command(self) -> bool:
        """Whether writes now go to the init packet; refused ones then lose no buffer (W4)."""
        return self._current is ObjectType.COMMAND

    @property
    def writes_data(self) -> bool:
        """Whether an EXECUTE now concerns the image."""
        return self._current is ObjectType.DATA

    @property
    def _written_of_object(self) -> int:
        """Bytes of the current data object, modulo 2**32 as the C code counts."""
        settings = self._store.ram
        return (settings.image_offset - settings.image_offset_last) & 0xFFFF_FFFF

    # Requests; each answers or raises RefusalError.

    def select(self, object_type: int) -> AnswerBody:
        """OBJECT_SELECT: how far an object of this type has come."""
        self._set_current(object_type)
        settings = self._store.ram
        if self._current is ObjectType.COMMAND:
            return Selected(
                max_size=INIT_COMMAND_SIZE,
                offset=settings.command_offset,
                crc=settings.command_crc,
            )
        return Selected(
            max_size=DATA_OBJECT_SIZE, offset=settings.image_offset, crc=settings.image_crc
        )

    def create(self, object_type: int, size: int) -> AnswerBody:
        """OBJECT_CREATE: begin an object."""
        self._set_current(object_type)
        if self._current is ObjectType.COMMAND:
            self._create_command(size)
        else:
            self._create_data(size)
        return Done()

    def write(self, data: bytes) -> AnswerBody:
        """OBJECT_WRITE: append to the current object."""
        match self._current:
            case ObjectType.COMMAND:
                self._write_command(data)
            case ObjectType.DATA:
                try:
                    self._write_data(data)
                except QueueFullError:  # the packet is lost without a word (sections 2.4, 4)
                    self._board.log("packet_dropped")
                    return Crc(offset=0, crc=0)
            case None:
                raise RefusalError(ResultCode.INVALID_OBJECT)
        return self.crc()

    def crc(self) -> AnswerBody:
        """CRC_GET: offset and CRC of the current object."""
        settings = self._store.ram
        match self._current:
            case ObjectType.COMMAND:
                return Crc(offset=settings.command_offset, crc=settings.command_crc)
            case ObjectType.DATA:
                return Crc(offset=settings.image_offset, crc=settings.image_crc)
            case None:
                raise RefusalError(ResultCode.INVALID_OBJECT)

    def execute(self) -> AnswerBody:
        """OBJECT_EXECUTE of an init packet: take it over."""
        if self._current is None:
            raise RefusalError(ResultCode.INVALID_OBJECT)
        self._execute_command()
        return Done()

    def take_over(self) -> AnswerBody:
        """OBJECT_EXECUTE of data: take the object over; the answer follows when flash is idle.

        What comes between the two finds the object taken over: a CREATE begins the next one
        (spec section 4).
        """
        settings = self._store.ram
        if self._written_of_object != settings.data_object_size:
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        settings.data_object_size = 0
        settings.image_crc_last = settings.image_crc
        settings.image_offset_last = settings.image_offset
        self._on_progress()
        return Done()

    def finish(self) -> AnswerBody:
        """Flash is idle after :meth:`take_over`: the answer, and the end if nothing is missing.

        Whether the image is complete is looked at only now: bytes that came since count.
        """
        settings = self._store.ram
        if settings.image_offset == self._image_size:
            self._end()
        return Done()

    def _set_current(self, object_type: int) -> None:
        """Set even by a request that then fails; an unknown type leaves none (section 2.1)."""
        try:
            self._current = ObjectType(object_type)
        except ValueError:
            self._current = None
            raise RefusalError(ResultCode.INVALID_OBJECT) from None

    # The init packet (section 3).

    def _create_command(self, size: int) -> None:
        self._on_progress()
        if size == 0:
            raise RefusalError(ResultCode.INVALID_PARAMETER)
        if size > INIT_COMMAND_SIZE:
            raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)
        self._command = None
        self._store.ram.reset_progress()
        self._store.ram.command_size = size

    def _write_command(self, data: bytes) -> None:
        settings = self._store.ram
        if settings.command_offset + len(data) > settings.command_size:
            raise RefusalError(ResultCode.INVALID_PARAMETER)
        settings.write_init_command(settings.command_offset, data)
        settings.command_offset += len(data)
        settings.command_crc = zlib.crc32(data, settings.command_crc)

    def _execute_command(self) -> None:
        settings = self._store.ram
        if settings.command_offset != settings.command_size:
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        if self._command is None:
            self._image_size = 0  # W11
            try:
                packet = decode(settings.init_command[: settings.command_size])
            except UndecodableError:
                raise RefusalError(ResultCode.INVALID_OBJECT) from None
            try:
                prevalidate(packet, self._board, settings)
                self._make_room(packet.command)
            except RefusalError:
                settings.reset_progress()
                raise
            self._command = packet.command
        try:
            self._store.save()  # also when repeated: W7
        except QueueFullError:
            raise RefusalError(ResultCode.OPERATION_FAILED) from None

    def _make_room(self, command: UnitInitCommand) -> None:
        size = image_size(command, self._board)
        self._image_address = place_image(
            size,
            board=self._board,
            settings=self._store.ram,
            softdevice_may_go=softdevice_may_go(command),
        )
        self._image_size = size

    def _restore(self) -> None:
        """An init packet that was executed before a reset is back without a new check (S12).

        Raises:
            InitError: It is not complete; the bootloader cannot start and resets.
        """
        settings = self._store.ram
        if settings.command_size != settings.command_offset:
            raise InitError
        if settings.command_size == 0:
            return
        try:
            command = decode(settings.init_command[: settings.command_size]).command
            self._make_room(command)
        except (UndecodableError, RefusalError):
            return
        self._command = command

    # The image (section 4).

    def _create_data(self, size: int) -> None:
        settings = self._store.ram
        last = settings.image_offset_last
        if self._command is None:
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        if size == 0 or (size % DATA_OBJECT_SIZE and last + size != self._image_size):
            raise RefusalError(ResultCode.INVALID_PARAMETER)
        if size > DATA_OBJECT_SIZE:
            raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)
        if last + size > self._image_size:
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        settings.data_object_size = size
        settings.image_crc = settings.image_crc_last
        settings.image_offset = settings.write_offset = last
        page = self._board.memory.page_size
        try:
            self._board.storage.erase(self._image_address + last, -(-size // page))
        except QueueFullError:
            raise RefusalError(ResultCode.INVALID_OBJECT) from None

    def _write_data(self, data: bytes) -> None:
        settings = self._store.ram
        if self._command is None:
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        if self._written_of_object + len(data) > settings.data_object_size:
            raise RefusalError(ResultCode.INVALID_PARAMETER)
        # Only whole, aligned words reach flash: other lengths spoil it (section 4).
        address = (self._image_address + settings.write_offset) & ~3
        words = data[: len(data) & ~3]
        self._board.storage.write_over(address, words)
        settings.write_offset += len(data)
        settings.image_offset += len(data)
        settings.image_crc = zlib.crc32(data, settings.image_crc)

    def _end(self) -> None:
        """Judge the image (section 7)."""
        refusal = postvalidate(
            self._command,
            board=self._board,
            settings=self._store.ram,
            address=self._image_address,
            size=self._image_size,
        )
        # The answer goes out before the settings are written, and the reset follows success and
        # failure alike (section 7).
        self._afterwards(self._on_complete)
        if refusal is not None:
            raise refusal


def answer_for(opcode: int, act: Callable[[], AnswerBody]) -> Answer:
    """Carry out a request of the handler; its body or its refusal as an answer."""
    try:
        return Answer(opcode=opcode, result=ResultCode.SUCCESS, body=act())
    except RefusalError as error:
        return Answer(opcode=opcode, result=error.result, ext_error=error.ext_error)
