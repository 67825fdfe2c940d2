"""A staged image becomes the running one (spec section 9, corrections W6, S7 to S9 and S16)."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.activation import (
    MBR_COPY_BOOTLOADER,
    Activation,
    MbrReset,
    activate,
    mbr_copy_is_pending,
    run_mbr_copy,
)
from firmline.device.bootloader.settings_ram import Bank, SettingsRam
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash import FlashOperation, FlashRuleError
from firmline.device.synthetic import synthetic_bytes
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    BOOTLOADER_START,
    EMPTY_BANK,
    IMAGE,
    PAGE,
    SETTINGS_PAGE,
    BankState,
    application_bank,
    banks,
    make_board,
    make_store,
    record_operations,
    set_bank,
    softdevice_image,
)

ERASE, WRITE = FlashOperation.ERASE, FlashOperation.WRITE
NEAR = BANK_0 + 5 * PAGE
FAR = BANK_0 + 20 * PAGE
LARGE = synthetic_bytes("large application", 11 * PAGE + 100)
BOOTLOADER = synthetic_bytes("new bootloader", 0x2800)
SOFTDEVICE = softdevice_image(size=0x24F00)


def staged(
    image: bytes, code: int, *, at: int = NEAR, board: Board | None = None, **fields: Any
) -> tuple[Board, SettingsStore]:
    """A board with an image in bank 1, saved."""
    board = make_board() if board is None else board
    store = make_store(board)
    board.flash.load(at, image)
    if code == Bank.APPLICATION:
        store.ram.bank_0.set_code(Bank.INVALID)
    set_bank(store.ram.bank_1, BankState(len(image), zlib.crc32(image), code))
    store.ram.update_start_address = at
    for name, value in fields.items():
        setattr(store.ram, name, value)
    store.save()
    return board, store


def copied(operations: list[tuple[FlashOperation, int, int]]) -> list[tuple[str, int, int]]:
    """The operations outside the settings pages."""
    return [run for run in operations if run[1] not in (SETTINGS_PAGE, BACKUP_PAGE)]


def in_flash(board: Board) -> SettingsRam:
    return SettingsRam(board.flash.read(SETTINGS_PAGE, 0x380))


# Applications.


def test_an_application_is_copied_to_bank_0_and_is_valid_there() -> None:
    board, store = staged(IMAGE, Bank.APPLICATION)
    assert activate(board, store) is Activation.RESET
    assert board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    assert banks(store.ram) == (application_bank(IMAGE), EMPTY_BANK)


def test_the_end_is_saved_and_the_start_address_stays() -> None:
    board, store = staged(IMAGE, Bank.APPLICATION)
    activate(board, store)
    saved = in_flash(board)
    assert banks(saved) == (application_bank(IMAGE), EMPTY_BANK)
    assert (saved.write_offset, saved.update_start_address) == (0, NEAR)
    assert board.flash.read(BACKUP_PAGE, 0x380) == board.flash.read(SETTINGS_PAGE, 0x380)


def test_a_copy_goes_in_steps_of_eight_pages() -> None:
    board, store = staged(LARGE, Bank.APPLICATION, at=FAR)
    operations = record_operations(board)
    activate(board, store)
    words = (len(LARGE) - 8 * PAGE) // 4
    assert copied(operations) == [
        (ERASE, BANK_0, 8),
        (WRITE, BANK_0, 8 * PAGE // 4),
        (ERASE, BANK_0 + 8 * PAGE, 4),
        (WRITE, BANK_0 + 8 * PAGE, words),
    ]


def test_a_copy_never_overtakes_what_is_still_to_be_read() -> None:
    board, store = staged(LARGE, Bank.APPLICATION, at=BANK_0 + 3 * PAGE)
    operations = record_operations(board)
    activate(board, store)
    assert [pages for what, _, pages in copied(operations) if what is ERASE] == [3, 3, 3, 3]
    assert board.flash.read(BANK_0, len(LARGE)) == LARGE


def test_after_every_step_the_progress_is_saved() -> None:
    board, store = staged(LARGE, Bank.APPLICATION, at=FAR)
    saved: list[int] = []

    def look(what: FlashOperation, address: int, _count: int) -> None:
        if (what, address) == (WRITE, SETTINGS_PAGE):
            saved.append(in_flash(board).write_offset)

    board.flash.on_operation = look
    activate(board, store)
    assert saved == [8 * PAGE, len(LARGE), 0]


@pytest.mark.parametrize("done", [PAGE, 3 * PAGE, 8 * PAGE])
def test_a_copy_that_was_cut_off_goes_on_where_it_was_saved(done: int) -> None:
    board, store = staged(LARGE, Bank.APPLICATION, at=FAR, write_offset=done)
    board.flash.load(BANK_0, LARGE[:done])
    board.flash.load(FAR, bytes(done))  # not read again
    operations = record_operations(board)
    assert activate(board, store) is Activation.RESET
    assert copied(operations)[0][:2] == (ERASE, BANK_0 + done)
    assert banks(store.ram)[0] == application_bank(LARGE)


def test_a_copy_that_was_complete_is_not_repeated() -> None:
    board, store = staged(IMAGE, Bank.APPLICATION, write_offset=len(IMAGE))
    board.flash.load(BANK_0, IMAGE)
    operations = record_operations(board)
    activate(board, store)
    assert copied(operations) == []
    assert banks(store.ram)[0] == application_bank(IMAGE)


def test_an_image_that_lies_in_its_place_is_not_copied() -> None:
    board, store = staged(IMAGE, Bank.APPLICATION, at=BANK_0)
    operations = record_operations(board)
    assert activate(board, store) is Activation.RESET
    assert copied(operations) == []
    assert banks(store.ram)[0] == application_bank(IMAGE)


@pytest.mark.parametrize("size", [1, 2, 3, 4097])
def test_an_odd_size_is_copied_to_the_last_byte(size: int) -> None:
    board, store = staged(IMAGE[:size], Bank.APPLICATION)
    activate(board, store)
    assert board.flash.read(BANK_0, size) == IMAGE[:size]
    assert banks(store.ram)[0] == application_bank(IMAGE[:size])


def test_a_copy_with_another_crc_leaves_bank_0_as_it_was() -> None:
    board, store = staged(IMAGE, Bank.APPLICATION)
    before = banks(store.ram)[0]
    board.flash.load(NEAR, bytes(4))
    assert activate(board, store) is Activation.RESET
    assert banks(in_flash(board)) == (before, EMPTY_BANK)
    assert before.code == Bank.INVALID


# SoftDevices.


def test_a_softdevice_is_copied_in_whole_pages_behind_the_mbr() -> None:
    board, store = staged(SOFTDEVICE, Bank.SOFTDEVICE, at=FAR, sd_size=len(SOFTDEVICE))
    board.flash.load(FAR + len(SOFTDEVICE), b"\x77" * 0x100)
    application = board.flash.read(BANK_0, 20_000)
    assert activate(board, store) is Activation.AWAIT_APPLICATION
    assert board.flash.read(0x1000, len(SOFTDEVICE)) == SOFTDEVICE
    assert board.flash.read(0x1000 + len(SOFTDEVICE), 0x100) == b"\x77" * 0x100
    assert board.flash.read(BANK_0, 20_000) == application
    assert board.softdevice is not None
    assert board.softdevice.fwid == 0x0104
    assert banks(store.ram)[1] == EMPTY_BANK


def test_without_a_magic_word_nothing_is_copied_but_the_end_is_the_same() -> None:
    image = bytes(len(SOFTDEVICE))
    board, store = staged(image, Bank.SOFTDEVICE, at=FAR, sd_size=len(image))
    operations = record_operations(board)
    assert activate(board, store) is Activation.AWAIT_APPLICATION
    assert copied(operations) == []
    assert banks(in_flash(board))[1] == EMPTY_BANK


@pytest.mark.parametrize("code", [Bank.SOFTDEVICE, Bank.SOFTDEVICE_BOOTLOADER])
def test_without_a_valid_application_there_is_nothing_to_wait_for(code: int) -> None:
    image = SOFTDEVICE + board_bootloader()
    size = len(image) if code == Bank.SOFTDEVICE else len(SOFTDEVICE)
    board, store = staged(image, code, at=FAR, sd_size=size)
    store.ram.bank_0.clear()
    store.save()
    assert activate(board, store) is Activation.RESET


def board_bootloader() -> bytes:
    """The bootloader that is installed: the MBR has nothing to copy."""
    return make_board().flash.read(BOOTLOADER_START, 0x1000)


# Bootloaders.


def test_a_bootloader_is_copied_by_the_mbr_which_resets() -> None:
    board, store = staged(BOOTLOADER, Bank.BOOTLOADER)
    operations = record_operations(board)
    with pytest.raises(MbrReset):
        activate(board, store)
    words = len(BOOTLOADER) // 4
    assert operations == [
        (ERASE, BACKUP_PAGE, 1),
        (WRITE, BACKUP_PAGE, 1),
        (WRITE, BACKUP_PAGE + 4, 1),
        (WRITE, BACKUP_PAGE + 8, 1),
        (ERASE, BOOTLOADER_START, 3),
        (WRITE, BOOTLOADER_START, words),
        (ERASE, BACKUP_PAGE, 1),
    ]
    assert board.flash.read(BOOTLOADER_START, len(BOOTLOADER)) == BOOTLOADER
    assert not mbr_copy_is_pending(board)


def test_the_boot_after_the_mbr_s_copy_finds_equal_content_and_ends_the_activation() -> None:
    board, store = staged(BOOTLOADER, Bank.BOOTLOADER)
    with pytest.raises(MbrReset):
        activate(board, store)
    again = make_store(board)
    operations = record_operations(board)
    assert activate(board, again) is Activation.RESET
    assert copied(operations) == []
    assert banks(again.ram)[1] == EMPTY_BANK


def test_the_mbr_s_command_says_what_it_is_doing() -> None:
    board, store = staged(BOOTLOADER, Bank.BOOTLOADER)

    def cut(what: FlashOperation, address: int, _count: int) -> None:
        if (what, address) == (ERASE, BOOTLOADER_START):
            raise RuntimeError("power")

    board.flash.on_operation = cut
    with pytest.raises(RuntimeError):
        activate(board, store)
    words = [board.flash.read_word(BACKUP_PAGE + offset) for offset in (0, 4, 8)]
    assert words == [MBR_COPY_BOOTLOADER, NEAR, len(BOOTLOADER) // 4]
    assert mbr_copy_is_pending(board)

    board.flash.on_operation = None
    run_mbr_copy(board)
    assert board.flash.read(BOOTLOADER_START, len(BOOTLOADER)) == BOOTLOADER
    assert not mbr_copy_is_pending(board)


# Both.


def test_of_both_the_softdevice_comes_first_and_then_the_bootloader() -> None:
    image = SOFTDEVICE + BOOTLOADER
    board, store = staged(image, Bank.SOFTDEVICE_BOOTLOADER, at=FAR, sd_size=len(SOFTDEVICE))
    with pytest.raises(MbrReset):
        activate(board, store)
    assert board.flash.read(0x1000, len(SOFTDEVICE)) == SOFTDEVICE
    assert board.flash.read(BOOTLOADER_START, len(BOOTLOADER)) == BOOTLOADER
    assert activate(board, make_store(board)) is Activation.AWAIT_APPLICATION


def test_between_softdevice_and_mbr_nothing_is_saved_but_the_copy_s_steps() -> None:
    image = SOFTDEVICE + BOOTLOADER
    board, store = staged(image, Bank.SOFTDEVICE_BOOTLOADER, at=FAR, sd_size=len(SOFTDEVICE))
    operations = record_operations(board)
    with pytest.raises(MbrReset):
        activate(board, store)
    mbr = next(i for i, run in enumerate(operations) if run == (WRITE, BACKUP_PAGE, 1))
    assert operations[mbr - 3 : mbr] == [
        (ERASE, BACKUP_PAGE, 1),
        (WRITE, BACKUP_PAGE, 0x380 // 4),
        (ERASE, BACKUP_PAGE, 1),
    ]


# Nothing to do.


@pytest.mark.parametrize("code", [Bank.INVALID, 0x77, 0xFF])
def test_other_codes_do_nothing_at_all(code: int) -> None:
    board, store = staged(IMAGE, code)
    before = banks(store.ram)
    operations = record_operations(board)
    assert activate(board, store) is Activation.NOTHING
    assert (operations, banks(store.ram)) == ([], before)


# Settings that only somebody who forges them can have.


@pytest.mark.parametrize("distance", [-PAGE, -4, 4, PAGE - 4])
def test_a_copy_that_can_make_no_step_is_a_fault_and_not_an_endless_loop(distance: int) -> None:
    board, store = staged(IMAGE, Bank.APPLICATION, at=BANK_0 + distance)
    with pytest.raises(FlashRuleError, match="cannot be copied"):
        activate(board, store)


def test_a_copy_of_nothing_from_nowhere_is_done_at_once() -> None:
    board, store = staged(b"", Bank.APPLICATION, at=BANK_0 + 4)
    assert activate(board, store) is Activation.RESET


@pytest.mark.parametrize("at", [0x7F000, 0x7FFFC, 0xFFFF_F000])
def test_a_copy_from_behind_the_end_of_flash_is_a_fault(at: int) -> None:
    board, store = staged(IMAGE, Bank.APPLICATION)
    store.ram.update_start_address = at
    with pytest.raises(FlashRuleError):
        activate(board, store)


def test_a_bootloader_of_less_than_the_softdevice_before_it_is_a_fault() -> None:
    image = SOFTDEVICE + BOOTLOADER
    board, store = staged(
        image, Bank.SOFTDEVICE_BOOTLOADER, at=FAR, sd_size=len(image) + 4, write_offset=0x7FFFFFFF
    )
    with pytest.raises(FlashRuleError):
        activate(board, store)
