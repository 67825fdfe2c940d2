"""Where an image goes, and what must make room for it (spec section 6)."""

from __future__ import annotations

from firmline.device.board import Board
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.protocol.codes import ResultCode


def place_image(size: int, *, board: Board, settings: SettingsRam, softdevice_may_go: bool) -> int:
    """The address for an image of ``size`` bytes.

    Behind the application where it fits (dual bank); else in the application's place, which
    invalidates it in ``settings``; else, on builds that are not BLE and where the package needs no
    SoftDevice, in the SoftDevice's place, whose magic word is zeroed.

    Raises:
        RefusalError: It fits nowhere: result 04.
    """
    bank_0 = board.bank_0_start
    bank_1 = bank_0 + board.memory.page_align(settings.bank_0.size)
    end = board.memory.region_end
    if bank_1 + size <= end:
        return bank_1
    if bank_0 + size <= end:
        settings.bank_0.clear()
        return bank_0
    start = SOFTDEVICE_START
    if softdevice_may_go and not board.profile.is_ble and start + size <= end:
        settings.bank_0.clear()
        board.forget_softdevice()
        return start
    raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)
