"""Where an image goes (spec section 6): bank 0 begins at 0x26000, the region ends at 0x75000."""

from __future__ import annotations

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.placement import place_image
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.protocol.codes import ResultCode
from unit.device.makers import (
    BANK_0,
    EMPTY_BANK,
    REGION_END,
    UART,
    BankState,
    banks,
    make_board,
    refused,
    remove_softdevice,
    set_bank,
)

OLD = BankState(20_000, 0xC0FFEE, 1)
BANK_1 = BANK_0 + 0x5000  # 20,000 bytes are five pages


def settings() -> SettingsRam:
    made = SettingsRam()
    set_bank(made.bank_0, OLD)
    return made


def place(size: int, board: Board, ram: SettingsRam, *, softdevice_may_go: bool = False) -> int:
    return place_image(size, board=board, settings=ram, softdevice_may_go=softdevice_may_go)


def test_an_image_goes_behind_the_application_at_the_next_page() -> None:
    ram = settings()
    assert place(4, make_board(), ram) == BANK_1
    assert banks(ram)[0] == OLD


def test_behind_the_application_there_is_room_up_to_the_data_area() -> None:
    ram = settings()
    assert place(REGION_END - BANK_1, make_board(), ram) == BANK_1
    assert banks(ram)[0] == OLD


def test_an_image_that_is_one_byte_too_large_takes_the_place_of_the_application() -> None:
    ram = settings()
    assert place(REGION_END - BANK_1 + 1, make_board(), ram) == BANK_0
    assert banks(ram)[0] == EMPTY_BANK


def test_the_place_of_the_application_ends_at_the_data_area() -> None:
    assert place(REGION_END - BANK_0, make_board(), settings()) == BANK_0
    ram = settings()
    with refused(ResultCode.INSUFFICIENT_RESOURCES):
        place(REGION_END - BANK_0 + 1, make_board(), ram)
    assert banks(ram)[0] == OLD


def test_without_an_application_bank_1_is_bank_0() -> None:
    assert place(4, make_board(), SettingsRam()) == BANK_0


def test_without_a_softdevice_the_application_begins_behind_the_mbr() -> None:
    board = make_board()
    remove_softdevice(board)
    assert place(4, board, SettingsRam()) == 0x1000
    assert place(4, board, settings()) == 0x1000 + 0x5000


def test_the_end_of_the_softdevice_is_rounded_up_to_a_page() -> None:
    board = make_board()
    board.flash.load(0x3008, (0x25001).to_bytes(4, "little"))
    assert board.bank_0_start == BANK_0
    assert place(4, board, SettingsRam()) == BANK_0


def test_over_ble_the_softdevice_never_goes() -> None:
    board = make_board()
    with refused(ResultCode.INSUFFICIENT_RESOURCES):
        place(REGION_END - BANK_0 + 4, board, settings(), softdevice_may_go=True)
    assert board.softdevice is not None


def test_a_uart_build_gives_up_the_softdevice_where_the_package_needs_none() -> None:
    board = make_board(profile=UART)
    ram = settings()
    assert place(REGION_END - 0x1000, board, ram, softdevice_may_go=True) == 0x1000
    assert banks(ram)[0] == EMPTY_BANK
    assert board.softdevice is None


@pytest.mark.parametrize(
    ("size", "softdevice_may_go"),
    [(REGION_END - 0x1000 + 1, True), (REGION_END - 0x1000, False)],
    ids=["too large for all of flash", "the package needs a SoftDevice"],
)
def test_a_uart_build_keeps_the_softdevice(size: int, softdevice_may_go: bool) -> None:
    board = make_board(profile=UART)
    with refused(ResultCode.INSUFFICIENT_RESOURCES):
        place(size, board, settings(), softdevice_may_go=softdevice_may_go)
    assert board.softdevice is not None
