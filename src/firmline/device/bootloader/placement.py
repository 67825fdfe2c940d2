"""Where an image goes, and what must make room for it (spec section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.device.board import Board
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.protocol.codes import ResultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an image will be stored while it comes.

    Attributes:
        address: Its first byte.
        keeps_application: Whether the installed application stays until the image is complete
            (dual bank).
        keeps_softdevice: Whether the installed SoftDevice stays.
    """

    address: int
    keeps_application: bool = False
    keeps_softdevice: bool = True


def find_place(size: int, *, board: Board, settings: SettingsRam, softdevice_may_go: bool) -> Place:
    """The place for an image of ``size`` bytes.

    Behind the application where it fits (dual bank); else in the application's place; else, on
    builds that are not BLE and where the package needs no SoftDevice, in the SoftDevice's place.

    Raises:
        RefusalError: It fits nowhere: result 04.
    """
    bank_0 = board.bank_0_start
    bank_1 = bank_0 + board.memory.page_align(settings.bank_0.size)
    end = board.memory.region_end
    if bank_1 + size <= end:
        return Place(address=bank_1, keeps_application=True)
    if bank_0 + size <= end:
        return Place(address=bank_0)
    if softdevice_may_go and not board.profile.is_ble and SOFTDEVICE_START + size <= end:
        return Place(address=SOFTDEVICE_START, keeps_softdevice=False)
    raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)


def place_image(size: int, *, board: Board, settings: SettingsRam, softdevice_may_go: bool) -> int:
    """The address for an image of ``size`` bytes, with room made for it.

    An application that has to go is invalidated in ``settings``; a SoftDevice that has to go loses
    its magic word.

    Raises:
        RefusalError: It fits nowhere: result 04.
    """
    place = find_place(size, board=board, settings=settings, softdevice_may_go=softdevice_may_go)
    if not place.keeps_application:
        settings.bank_0.clear()
    if not place.keeps_softdevice:
        board.forget_softdevice()
    return place.address
