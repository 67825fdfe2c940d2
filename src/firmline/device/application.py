"""The virtual application: the part of a product's firmware that a DFU meets.

It offers the buttonless DFU service without bonds (spec section 12), with which a host also names
the bootloader that it is going to enter, and a Device Information Service whose firmware revision
names exactly the image that runs: ``<version>+<CRC-32>``, as products do with a version and a
build. On a unit without a radio it prints the same on the serial port when it starts.
"""

from __future__ import annotations

import zlib
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import (
    ADV_NAME,
    ADV_NAME_MAX,
    ERASED_WORD,
    SIZE,
    SettingsRam,
    adv_name_block,
)
from firmline.protocol.buttonless import ButtonlessAnswer, encode_buttonless_answer
from firmline.protocol.codes import ButtonlessOpcode, ButtonlessResult

GPREGRET_ENTER_DFU: Final = 0xB1
"""What the application leaves for the bootloader (spec section 10)."""

FIRMWARE_REVISION: Final = 0x2A26
MODEL_NUMBER: Final = 0x2A24
SERIAL_NUMBER: Final = 0x2A25
MANUFACTURER: Final = 0x2A29
"""Characteristics of the Device Information Service (Bluetooth Assigned Numbers)."""


class Application:
    """One run of the application, from the jump to the next reset.

    Args:
        board: The unit's hardware.
        settings: The settings that the bootloader left.
        serial_number: What it says its serial number is.
        crashes: Whether it dies on its way into the bootloader.
    """

    def __init__(
        self, *, board: Board, settings: SettingsRam, serial_number: str, crashes: bool = False
    ) -> None:
        self._board = board
        self._crashes = crashes
        self._awaits_confirmation = False
        image = board.flash.read(board.bank_0_start, settings.bank_0.size)
        self.firmware_revision = f"{settings.app_version}+{zlib.crc32(image):08x}"
        self._serial_number = serial_number

    @property
    def device_information(self) -> tuple[tuple[int, str], ...]:
        """Its Device Information Service, by 16-bit UUID."""
        return (
            (MANUFACTURER, "firmline virtual works"),
            (MODEL_NUMBER, self._board.chip.name),
            (SERIAL_NUMBER, self._serial_number),
            (FIRMWARE_REVISION, self.firmware_revision),
        )

    @property
    def greeting(self) -> bytes:
        """What it prints on a serial port when it starts; it hears nothing there."""
        return f"firmline virtual application {self.firmware_revision}\r\n".encode()

    def receive(self, data: bytes) -> bytes:
        """Take a request of the buttonless service; the indication that answers it."""
        opcode = data[0] if data else 0
        match opcode:
            case ButtonlessOpcode.ENTER_BOOTLOADER | ButtonlessOpcode.SET_ADVERTISING_NAME if (
                self._awaits_confirmation
            ):
                result = ButtonlessResult.BUSY
            case ButtonlessOpcode.ENTER_BOOTLOADER:
                result = ButtonlessResult.SUCCESS
                self._awaits_confirmation = True
            case ButtonlessOpcode.SET_ADVERTISING_NAME:
                result = self._set_advertising_name(data[1:])
            case _:
                result = ButtonlessResult.OPCODE_NOT_SUPPORTED
        return encode_buttonless_answer(ButtonlessAnswer(opcode=opcode, result=result))

    def _set_advertising_name(self, body: bytes) -> ButtonlessResult:
        """Leave a name for the bootloader in the settings page: length, then the name.

        It is written over erased flash, once: the page is cleaned when an application starts.
        """
        size, name = body[0] if body else 0, body[1:]
        if not 1 <= size <= ADV_NAME_MAX or len(name) != size:
            return ButtonlessResult.INVALID_ADVERTISING_NAME
        board = self._board
        page = board.memory.settings_page
        stored = board.flash.read_word(page + ADV_NAME)
        if stored != ERASED_WORD or board.flash.is_protected(page, SIZE):
            return ButtonlessResult.OPERATION_FAILED
        board.storage.write(page + ADV_NAME, adv_name_block(name))
        return ButtonlessResult.SUCCESS

    def confirmed(self) -> bool:
        """The indication was confirmed; ``True``: the chip is now reset into the bootloader.

        An application that crashes here is reset as well, but has asked for nothing.
        """
        if self._awaits_confirmation and not self._crashes:
            self._board.registers.gpregret = GPREGRET_ENTER_DFU
        return self._awaits_confirmation
