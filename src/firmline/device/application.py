"""The virtual application: the part of a product's firmware that a DFU meets.

It offers the buttonless DFU service without bonds (spec section 12), with which a host also names
the bootloader that it is going to enter, and a Device Information Service whose firmware revision
names exactly the image that runs: ``<version>+<CRC-32>``, as products do with a version and a
build. On a unit without a radio it prints the same on the serial port when it starts, and
over USB, where nobody hears that, when the port is opened; its DFU trigger interface says it, too.
"""

from __future__ import annotations

import zlib
from typing import Final

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import (
    ADV_NAME,
    ADV_NAME_MAX,
    ERASED_WORD,
    PEER_DATA,
    SIZE,
    SettingsRam,
    adv_name_block,
)
from firmline.formats.peer_data import PeerKeys, encode_peer_data
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
        adds_request: Whether it sets the bits of its request and leaves the others, as who calls
            ``sd_power_gpregret_set`` alone does.
    """

    def __init__(
        self,
        *,
        board: Board,
        settings: SettingsRam,
        serial_number: str,
        crashes: bool = False,
        adds_request: bool = False,
    ) -> None:
        self._board = board
        self._crashes = crashes
        self._adds_request = adds_request
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

    @property
    def version_string(self) -> str:
        """What its DFU trigger interface says: application name, then semantic version."""
        version, build = self.firmware_revision.split("+")
        return f"virtual-application {version}.0.0+{build}"

    def detach(self) -> None:
        """It was asked into the bootloader over USB; the chip is now reset.

        Nordic's library has the application pull its own reset pin, for bootloaders that are
        entered by that. This one leaves the request in GPREGRET, as products without that wire do.
        """
        self._ask_for_bootloader()

    def _ask_for_bootloader(self) -> None:
        """Leave the request in GPREGRET."""
        registers = self._board.registers
        kept = registers.gpregret if self._adds_request else 0
        registers.gpregret = kept | GPREGRET_ENTER_DFU

    @property
    def is_leaving(self) -> bool:
        """Whether it has agreed to restart into the bootloader."""
        return self._awaits_confirmation

    def receive(self, data: bytes, *, keys: PeerKeys | None = None) -> bytes:
        """Take a request of the buttonless service; what answers it.

        Args:
            data: The request.
            keys: Of the bonded host that sent it over an encrypted link; ``None``: it was another.
        """
        opcode = data[0] if data else 0
        match opcode:
            case ButtonlessOpcode.ENTER_BOOTLOADER | ButtonlessOpcode.SET_ADVERTISING_NAME if (
                self._awaits_confirmation
            ):
                result = ButtonlessResult.BUSY
            case ButtonlessOpcode.ENTER_BOOTLOADER:
                result = self._agree(keys)
                self._awaits_confirmation = result is ButtonlessResult.SUCCESS
            case ButtonlessOpcode.SET_ADVERTISING_NAME if (
                self._board.application_dfu is ApplicationDfu.BUTTONLESS
            ):
                result = self._set_advertising_name(data[1:])
            case _:
                result = ButtonlessResult.OPCODE_NOT_SUPPORTED
        return encode_buttonless_answer(ButtonlessAnswer(opcode=opcode, result=result))

    def _agree(self, keys: PeerKeys | None) -> ButtonlessResult:
        """Whether it can restart; with bonds, the host's keys are left for the bootloader first."""
        if self._board.application_dfu is not ApplicationDfu.BONDED:
            return ButtonlessResult.SUCCESS
        if keys is None:
            return ButtonlessResult.NOT_BONDED
        result = self._leave(PEER_DATA, encode_peer_data(keys))
        if result is ButtonlessResult.SUCCESS:
            self._board.unaware.update(self._board.bonds)
        return result

    def _leave(self, offset: int, data: bytes) -> ButtonlessResult:
        """Leave something for the bootloader in the settings page.

        It is written over erased flash, once: the page is cleaned when an application starts.
        """
        board = self._board
        page = board.memory.settings_page
        stored = board.flash.read_word(page + offset)
        if stored != ERASED_WORD or board.flash.is_protected(page, SIZE):
            return ButtonlessResult.OPERATION_FAILED
        board.storage.write(page + offset, data)
        return ButtonlessResult.SUCCESS

    def _set_advertising_name(self, body: bytes) -> ButtonlessResult:
        """Leave a name for the bootloader: length, then the name."""
        size, name = body[0] if body else 0, body[1:]
        if not 1 <= size <= ADV_NAME_MAX or len(name) != size:
            return ButtonlessResult.INVALID_ADVERTISING_NAME
        return self._leave(ADV_NAME, adv_name_block(name))

    def link_lost(self) -> None:
        """Nobody will confirm any more: it stays, and can be asked again."""
        self._awaits_confirmation = False

    def confirmed(self) -> bool:
        """The indication was confirmed; ``True``: the chip is now reset into the bootloader.

        An application that crashes here is reset as well, but has asked for nothing.
        """
        if self._awaits_confirmation and not self._crashes:
            self._ask_for_bootloader()
        return self._awaits_confirmation
