"""An image in front of a unit, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import UndecodableError, UnitInitPacket, decode
from firmline.device.bootloader.placement import Place, find_place
from firmline.device.bootloader.postvalidation import softdevice_may_go
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.device.flash import ERASED, WORD_SIZE
from firmline.formats.init_command import InitCommand
from firmline.formats.package import PackageImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An image in front of a unit.

    Attributes:
        image: What would be sent.
        board: The unit's hardware, as it is before.
        settings: Its settings, as its bootloader has loaded them.
    """

    image: PackageImage
    board: Board
    settings: SettingsRam

    @property
    def command(self) -> InitCommand:
        """The init command, as a careful host reads it."""
        return self.image.init_packet.command

    @property
    def packet(self) -> UnitInitPacket | None:
        """The init packet as the bootloader reads it; None where it cannot."""
        try:
            return decode(self.image.init_packet.encoded)
        except UndecodableError:
            return None

    @property
    def stored(self) -> bytes:
        """The image as it will lie in flash: the bytes behind the last whole word never arrive."""
        firmware = self.image.firmware
        rest = len(firmware) % WORD_SIZE
        return firmware[: len(firmware) - rest] + bytes([ERASED]) * rest

    @property
    def place(self) -> Place | None:
        """Where the unit would store the image; None where there is no room."""
        try:
            return self.find_place()
        except RefusalError:
            return None

    def find_place(self) -> Place:
        """Where the unit would store the image.

        Raises:
            RefusalError: There is no room.
        """
        packet = self.packet
        return find_place(
            self.command.firmware_size,
            board=self.board,
            settings=self.settings,
            softdevice_may_go=packet is not None and softdevice_may_go(packet.command),
        )
