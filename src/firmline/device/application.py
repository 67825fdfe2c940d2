"""The virtual application: the part of a product's firmware that a DFU meets.

It offers the buttonless DFU service without bonds (spec section 12) and a Device Information
Service whose firmware revision names exactly the image that runs: ``<version>+<CRC-32>``, as
products do with a version and a build. On a unit without a radio it prints the same on the serial
port when it starts.
"""

from __future__ import annotations

import zlib
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SettingsRam
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
        if opcode != ButtonlessOpcode.ENTER_BOOTLOADER:
            result = ButtonlessResult.OPCODE_NOT_SUPPORTED
        elif self._awaits_confirmation:
            result = ButtonlessResult.BUSY
        else:
            result = ButtonlessResult.SUCCESS
            self._awaits_confirmation = True
        return encode_buttonless_answer(ButtonlessAnswer(opcode=opcode, result=result))

    def confirmed(self) -> bool:
        """The indication was confirmed; ``True``: the chip is now reset into the bootloader.

        An application that crashes here is reset as well, but has asked for nothing.
        """
        if self._awaits_confirmation and not self._crashes:
            self._board.registers.gpregret = GPREGRET_ENTER_DFU
        return self._awaits_confirmation
