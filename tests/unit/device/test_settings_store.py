"""Spec sections 8.1 to 8.3, with the corrections W5, W10, S10 and S11 of section 16."""

from __future__ import annotations

import zlib

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SIZE, SettingsRam
from firmline.device.flash import FlashOperation
from unit.device.makers import (
    BACKUP_PAGE,
    SETTINGS_PAGE,
    UART,
    BankState,
    banks,
    make_board,
    make_store,
    record_operations,
)

ERASE, WRITE = FlashOperation.ERASE, FlashOperation.WRITE
WORDS = SIZE // 4
REWRITE_PRIMARY = [(ERASE, SETTINGS_PAGE, 1), (WRITE, SETTINGS_PAGE, WORDS)]
REWRITE_BACKUP = [(ERASE, BACKUP_PAGE, 1), (WRITE, BACKUP_PAGE, WORDS)]


@pytest.fixture
def board() -> Board:
    return make_board()


def page(board: Board, address: int) -> bytes:
    return board.flash.read(address, SIZE)


def put(board: Board, address: int, settings: SettingsRam, *, crcs: bool = True) -> None:
    """Load a settings page, with CRCs that are right unless told otherwise."""
    if crcs:
        settings.update_crcs()
    board.flash.load(address, bytes(settings.data))


def edited(board: Board, **fields: int) -> SettingsRam:
    """The board's settings with other values."""
    settings = SettingsRam(page(board, SETTINGS_PAGE))
    for name, value in fields.items():
        setattr(settings, name, value)
    return settings


def test_two_equal_pages_are_used_and_left_alone(board: Board) -> None:
    operations = record_operations(board)
    store = make_store(board)
    assert bytes(store.ram.data) == page(board, SETTINGS_PAGE)
    assert operations == []


def test_where_both_are_valid_the_backup_wins(board: Board) -> None:
    put(board, SETTINGS_PAGE, edited(board, app_version=99, bootloader_version=98))
    operations = record_operations(board)
    store = make_store(board)
    assert (store.ram.app_version, store.ram.bootloader_version) == (3, 1)
    assert operations == REWRITE_PRIMARY


def test_the_buttonless_flag_is_taken_from_the_primary(board: Board) -> None:
    put(board, SETTINGS_PAGE, edited(board, enter_buttonless_dfu=1))
    store = make_store(board)
    assert store.ram.enter_buttonless_dfu == 1
    assert page(board, BACKUP_PAGE) == page(board, SETTINGS_PAGE)


def test_the_init_packet_is_taken_from_the_backup(board: Board) -> None:
    mine, theirs = edited(board), edited(board)
    mine.write_init_command(0, b"\x11" * 512)
    theirs.write_init_command(0, b"\x22" * 512)
    put(board, SETTINGS_PAGE, mine)
    put(board, BACKUP_PAGE, theirs)
    assert make_store(board).ram.init_command == b"\x22" * 512


def test_peer_data_and_name_are_taken_from_the_primary(board: Board) -> None:
    mine = edited(board)
    mine.data[0x324:] = b"\x11" * (SIZE - 0x324)
    put(board, SETTINGS_PAGE, mine)
    store = make_store(board)
    assert bytes(store.ram.data[0x324:]) == b"\x11" * (SIZE - 0x324)


@pytest.mark.parametrize(("uart", "expected"), [(False, 0x22), (True, 0x11)])
def test_the_pad_byte_comes_from_the_backup_on_ble_and_stays_on_uart(
    uart: bool, expected: int
) -> None:
    board = make_board(profile=UART) if uart else make_board()
    for address, value in ((SETTINGS_PAGE, 0x11), (BACKUP_PAGE, 0x22)):
        settings = edited(board)
        settings.data[0x323] = value
        put(board, address, settings)
    assert make_store(board).ram.data[0x323] == expected


def test_reading_again_selects_as_at_the_start_and_writes_nothing(board: Board) -> None:
    """What 16 and 17.1 do when a link is lost (S13)."""
    store = make_store(board)
    ram = store.ram
    ram.image_offset = ram.write_offset = 4096
    put(board, SETTINGS_PAGE, edited(board, app_version=99))
    put(board, BACKUP_PAGE, edited(board, app_version=7))
    operations = record_operations(board)
    store.reload()
    assert operations == []
    assert (ram.app_version, ram.image_offset, ram.write_offset) == (7, 0, 0)
    assert store.ram is ram


def test_reading_again_upgrades_nothing_and_finds_nothing_in_blank_pages(board: Board) -> None:
    store = make_store(board)
    for address in (SETTINGS_PAGE, BACKUP_PAGE):
        board.flash.load(address, b"\xff" * SIZE)
    store.reload()
    assert (store.ram.version, store.ram.app_version, store.ram.bank_0.code) == (2, 0, 0)


def test_only_a_valid_primary_is_used_and_copied_to_the_backup(board: Board) -> None:
    put(board, SETTINGS_PAGE, edited(board, app_version=7))
    board.flash.load(BACKUP_PAGE, b"\xff" * SIZE)
    operations = record_operations(board)
    assert make_store(board).ram.app_version == 7
    assert operations == REWRITE_BACKUP
    assert page(board, BACKUP_PAGE) == page(board, SETTINGS_PAGE)


def test_only_a_valid_backup_is_used_whole(board: Board) -> None:
    wanted = edited(board, app_version=7)
    wanted.data[0x324:] = b"\x33" * (SIZE - 0x324)
    put(board, BACKUP_PAGE, wanted)
    board.flash.load(SETTINGS_PAGE + 8, b"\x00")
    operations = record_operations(board)
    assert bytes(make_store(board).ram.data) == bytes(wanted.data)
    assert operations == REWRITE_PRIMARY


def test_a_backup_with_damaged_boot_validation_is_not_valid(board: Board) -> None:
    put(board, SETTINGS_PAGE, edited(board, app_version=7))
    board.flash.load(BACKUP_PAGE + 0x2A2, b"\x00\x00")
    assert make_store(board).ram.app_version == 7


def test_a_primary_with_damaged_boot_validation_is_valid_all_the_same(board: Board) -> None:
    board.flash.load(BACKUP_PAGE, b"\xff" * SIZE)
    board.flash.load(SETTINGS_PAGE + 0x2A2, b"\x00\x00")
    store = make_store(board)
    assert store.ram.app_version == 3
    assert store.ram.application_validation.data[:2] == b"\x00\x00"


def test_without_a_valid_page_all_is_zero_and_version_2(board: Board) -> None:
    board.flash.load(BACKUP_PAGE, b"\xff" * SIZE)
    board.flash.load(SETTINGS_PAGE, bytes(SIZE))
    board.flash.load(SETTINGS_PAGE, b"\x01")
    store = make_store(board)
    expected = SettingsRam()
    expected.version = 2
    expected.update_crcs()
    assert bytes(store.ram.data) == bytes(expected.data)
    assert page(board, SETTINGS_PAGE) == page(board, BACKUP_PAGE) == bytes(expected.data)


# A version 1 page (W5).

V1_PEER, V1_PEER_LANDS = slice(0x15C, 0x1B8), slice(0x323, 0x37F)


def version_1(board: Board) -> SettingsRam:
    settings = edited(board, version=1)
    settings.data[0x15C:] = b"\xff" * (SIZE - 0x15C)
    settings.data[V1_PEER] = bytes(range(92))
    settings.crc = zlib.crc32(settings.data[0x04:0x5C])
    return settings


def test_an_upgrade_moves_peer_data_and_name_one_byte_too_low(board: Board) -> None:
    old = version_1(board)
    put(board, SETTINGS_PAGE, old, crcs=False)
    put(board, BACKUP_PAGE, old, crcs=False)
    ram = make_store(board).ram
    assert bytes(ram.data[V1_PEER_LANDS]) == bytes(range(92))
    assert ram.data[0x37F] == 0xFF


def test_an_upgrade_sets_the_boot_validations_and_keeps_every_other_byte(board: Board) -> None:
    old = version_1(board)
    put(board, SETTINGS_PAGE, old, crcs=False)
    put(board, BACKUP_PAGE, old, crcs=False)
    ram = make_store(board).ram
    expected = SettingsRam(bytes(old.data))
    expected.data[V1_PEER_LANDS] = bytes(range(92))
    expected.version = 2
    expected.data[0x260], expected.data[0x2A1], expected.data[0x2E2] = 0, 1, 0
    expected.data[0x2A2:0x2A6] = old.bank_0.crc.to_bytes(4, "little")
    expected.update_crcs()
    assert bytes(ram.data) == bytes(expected.data)
    assert page(board, SETTINGS_PAGE) == page(board, BACKUP_PAGE) == bytes(expected.data)


def test_a_version_1_backup_needs_no_second_crc(board: Board) -> None:
    put(board, BACKUP_PAGE, version_1(board), crcs=False)
    board.flash.load(SETTINGS_PAGE, b"\xff" * SIZE)
    ram = make_store(board).ram
    assert (ram.version, ram.app_version) == (2, 3)


# Writing.


def test_a_save_writes_the_primary_and_then_the_backup(board: Board) -> None:
    store = make_store(board)
    operations = record_operations(board)
    store.ram.app_version = 8
    store.save()
    assert operations == [*REWRITE_PRIMARY, *REWRITE_BACKUP]
    assert SettingsRam(page(board, SETTINGS_PAGE)).own_crc_ok
    assert page(board, SETTINGS_PAGE) == page(board, BACKUP_PAGE)
    assert make_store(board).ram.app_version == 8


def test_a_page_that_is_equal_is_not_written(board: Board) -> None:
    store = make_store(board)
    operations = record_operations(board)
    store.save()
    assert operations == []
    board.flash.load(BACKUP_PAGE, bytes(4))
    store.save()
    assert operations == REWRITE_BACKUP


def test_a_new_value_takes_effect_with_the_backup(board: Board) -> None:
    """The commit point: before the backup is erased, the old state is loaded (section 8.2)."""
    store = make_store(board)
    store.ram.app_version = 8
    old_backup = page(board, BACKUP_PAGE)
    store.save()
    board.flash.load(BACKUP_PAGE, old_backup)
    assert make_store(board).ram.app_version == 3


def test_the_copy_before_a_reset_does_not_look_at_what_it_copies(board: Board) -> None:
    store = make_store(board)
    board.flash.load(SETTINGS_PAGE, b"\x00\x01\x02")
    store.copy_primary_to_backup()
    assert page(board, BACKUP_PAGE) == page(board, SETTINGS_PAGE)
    assert not SettingsRam(page(board, BACKUP_PAGE)).own_crc_ok


# On the way into the application (W10).


@pytest.mark.parametrize("offset", [0x324, 0x364])
def test_a_ble_build_drops_peer_data_and_name_on_the_way_into_the_application(
    board: Board, offset: int
) -> None:
    dirty = edited(board)
    dirty.data[offset : offset + 4] = bytes(4)
    put(board, SETTINGS_PAGE, dirty)
    store = make_store(board)
    operations = record_operations(board)
    store.clean_for_application()
    assert operations == [
        (ERASE, SETTINGS_PAGE, 1),
        (WRITE, SETTINGS_PAGE, 0x324 // 4),
        *REWRITE_BACKUP,
    ]
    assert page(board, SETTINGS_PAGE)[0x324:] == b"\xff" * (SIZE - 0x324)
    assert page(board, BACKUP_PAGE) == page(board, SETTINGS_PAGE)


def test_a_clean_page_is_not_written_on_the_way_into_the_application(board: Board) -> None:
    store = make_store(board)
    operations = record_operations(board)
    store.clean_for_application()
    assert operations == []


def test_a_uart_build_never_cleans() -> None:
    board = make_board(profile=UART)
    dirty = edited(board)
    dirty.data[0x324:] = bytes(SIZE - 0x324)
    put(board, SETTINGS_PAGE, dirty)
    put(board, BACKUP_PAGE, dirty)
    store = make_store(board)
    operations = record_operations(board)
    store.clean_for_application()
    assert operations == []


def test_banks_survive_a_load(board: Board) -> None:
    changed = edited(board)
    changed.bank_1.set(size=5, crc=6, code=0x77)
    put(board, SETTINGS_PAGE, changed)
    put(board, BACKUP_PAGE, changed)
    assert banks(make_store(board).ram)[1] == BankState(5, 6, 0x77)
