"""Which images a unit can ever take, and which of them leave it its application meanwhile.

A unit keeps its application while an image comes where both fit (dual bank); else the application
is gone with the first page, and a unit that then loses its update waits in its bootloader.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.formats.softdevice import SOFTDEVICE_START


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Sizes in bytes.

    Attributes:
        room: From the end of the SoftDevice to the application's data: the largest image that can
            come at all while the SoftDevice stays.
        beside: The largest image that can come beside the installed application; 0: none.
        twice: The largest application that can be replaced by one of its size while it stays.
        bootloader: The largest bootloader.
        bootloader_beside: The largest installed application that stays while such a bootloader
            comes.
        softdevice: The size of the installed SoftDevice; 0: there is none. A new one is about as
            large.
        over_softdevice: The largest image that can come in the place of the SoftDevice, over UART
            or USB and where the package asks for none; 0: never, as over Bluetooth LE.
    """

    room: int
    beside: int
    twice: int
    bootloader: int
    bootloader_beside: int
    softdevice: int
    over_softdevice: int

    @property
    def softdevice_fits(self) -> bool:
        """Whether a SoftDevice as large as the installed one can ever come."""
        return self.softdevice <= max(self.room, self.over_softdevice)


def capacity(board: Board, settings: SettingsRam) -> Capacity:
    """What a unit can take as it is now."""
    memory, softdevice = board.memory, board.softdevice
    room = max(0, memory.region_end - board.bank_0_start)
    installed = memory.page_align(settings.bank_0.size)
    bootloader = min(board.profile.bootloader_size, room)
    page = memory.page_size
    return Capacity(
        room=room,
        beside=max(0, room - installed),
        twice=room // 2 // page * page,
        bootloader=bootloader,
        bootloader_beside=(room - bootloader) // page * page,
        softdevice=softdevice.size_word - SOFTDEVICE_START if softdevice is not None else 0,
        over_softdevice=0 if board.profile.is_ble else max(0, memory.region_end - SOFTDEVICE_START),
    )
