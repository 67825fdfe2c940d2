"""What runs after a boot (spec section 10, corrections W1 to W3 and S4)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.boot import BootDecision, BootedInto, boot
from firmline.device.bootloader.settings_ram import Bank
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash import FlashRuleError
from firmline.device.profile import (
    SDK15_3_BLE,
    SDK15_3_UART,
    SDK16_BLE,
    SDK16_UART,
    SDK17_1_BLE,
    SDK17_1_UART,
    BootloaderProfile,
)
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    IMAGE,
    KEY,
    OTHER_KEY,
    SETTINGS_PAGE,
    BankState,
    make_board,
    make_store,
    record_operations,
    remove_softdevice,
    set_bank,
    softdevice_image,
)

APPLICATION = BootDecision(into=BootedInto.APPLICATION)
DFU = BootDecision(into=BootedInto.BOOTLOADER, timeout_s=120)
CONTINUATION = BootDecision(into=BootedInto.BOOTLOADER, timeout_s=10)
RESET = BootDecision(into=BootedInto.RESET)
SIZE = 20_000
START = 0x1000


@pytest.fixture
def board() -> Board:
    return make_board()


def decide(board: Board) -> BootDecision:
    return boot(board, SettingsStore(board))


def change(board: Board, **fields: Any) -> None:
    """Other settings in both pages; ``application=`` and ``softdevice=`` are boot validations."""
    store = make_store(board)
    for name, value in fields.items():
        if name in ("application", "softdevice"):
            getattr(store.ram, f"{name}_validation").set(*value)
        elif name in ("bank_0", "bank_1"):
            set_bank(getattr(store.ram, name), value)
        else:
            setattr(store.ram, name, value)
    store.save()


def application(board: Board) -> bytes:
    return board.flash.read(BANK_0, SIZE)


# Is there an application to start?


def test_a_fabricated_unit_starts_its_application_and_writes_nothing(board: Board) -> None:
    operations = record_operations(board)
    assert decide(board) == APPLICATION
    assert operations == []


@pytest.mark.parametrize("code", [0, 2, 0xA5, 0xFF])
def test_only_code_1_is_an_application(board: Board, code: int) -> None:
    change(board, bank_0=BankState(SIZE, zlib.crc32(application(board)), code))
    assert decide(board) == DFU


def test_blank_settings_mean_dfu_mode(board: Board) -> None:
    for page in (SETTINGS_PAGE, BACKUP_PAGE):
        board.flash.load(page, b"\xff" * 0x380)
    assert decide(board) == DFU


def test_a_damaged_application_is_not_started(board: Board) -> None:
    board.flash.load(BANK_0 + SIZE - 1, b"\x00")
    assert decide(board) == DFU


def test_what_lies_behind_the_application_does_not_matter(board: Board) -> None:
    board.flash.load(BANK_0 + SIZE, b"\x00")
    assert decide(board) == APPLICATION


@pytest.mark.parametrize(
    ("kind", "signer", "expected"),
    [
        pytest.param(0, "", APPLICATION, id="none"),
        pytest.param(1, "crc", APPLICATION, id="CRC"),
        pytest.param(1, "zero", DFU, id="wrong CRC"),
        pytest.param(2, "sha", APPLICATION, id="SHA-256"),
        pytest.param(2, "zero", DFU, id="wrong SHA-256"),
        pytest.param(3, "mine", APPLICATION, id="signature"),
        pytest.param(3, "other", DFU, id="signature by another key"),
        pytest.param(4, "crc", DFU, id="unknown type"),
        pytest.param(0xFF, "crc", DFU, id="erased"),
    ],
)
def test_the_application_must_pass_its_boot_validation(
    board: Board, kind: int, signer: str, expected: BootDecision
) -> None:
    image = application(board)
    data = {
        "": b"",
        "zero": bytes(32),
        "crc": zlib.crc32(image).to_bytes(4, "little"),
        "sha": hashlib.sha256(image).digest(),
        "mine": KEY.sign(image),
        "other": OTHER_KEY.sign(image),
    }[signer]
    change(board, application=(kind, data))
    assert decide(board) == expected


def test_an_application_that_would_run_past_the_end_of_flash_is_not_started(board: Board) -> None:
    change(board, bank_0=BankState(0x80000, 0, 1), application=(0, b""))
    assert decide(board) == DFU


def test_the_softdevice_must_pass_its_boot_validation(board: Board) -> None:
    crc = zlib.crc32(board.flash.read(START, 0x8000)).to_bytes(4, "little")
    change(board, sd_size=0x8000, softdevice=(1, crc))
    assert decide(board) == APPLICATION
    board.flash.load(START + 0x7FFF, b"\x00")
    assert decide(board) == DFU


def test_a_softdevice_that_is_not_there_is_not_checked(board: Board) -> None:
    remove_softdevice(board)
    board.flash.load(START, IMAGE)
    crc = zlib.crc32(IMAGE)
    change(
        board,
        softdevice=(1, bytes(4)),
        bank_0=BankState(len(IMAGE), crc, 1),
        application=(1, crc.to_bytes(4, "little")),
    )
    board.flash.load(0x3000, IMAGE[0x2000:0x2018])
    assert decide(board) == APPLICATION


# Is DFU mode asked for?


LOOSE = [SDK15_3_BLE, SDK15_3_UART, SDK16_BLE, SDK16_UART]
EXACT = [SDK17_1_BLE, SDK17_1_UART]
MAGIC = {0xB1: 0x00, 0xB3: 0x02, 0xB5: 0x04, 0xB7: 0x06}
"""Values that every SDK takes for its own, and what it leaves of them."""
A_BIT_OF_THE_MAGIC = [0x01, 0x10, 0x20, 0x31, 0x80, 0x81, 0x90, 0xA0, 0xA1, 0xA9, 0xB0, 0xB2]
A_BIT_OF_THE_MAGIC += [0xB9, 0xF1, 0xFF]
NO_BIT_OF_THE_MAGIC = [0x00, 0x02, 0x04, 0x08, 0x0E, 0x40, 0x4E]


def named(profile: BootloaderProfile) -> str:
    return profile.name


@pytest.mark.parametrize("profile", LOOSE, ids=named)
@pytest.mark.parametrize("value", A_BIT_OF_THE_MAGIC, ids=hex)
def test_sdk_15_and_16_enter_dfu_mode_for_any_bit_of_the_magic_and_keep_it(
    profile: BootloaderProfile, value: int
) -> None:
    board = make_board(profile=profile)
    board.registers.gpregret = value
    for _ in range(3):
        assert decide(board) == DFU
        assert board.registers.gpregret == value


@pytest.mark.parametrize("profile", EXACT, ids=named)
@pytest.mark.parametrize("value", A_BIT_OF_THE_MAGIC, ids=hex)
def test_sdk_17_enters_dfu_mode_for_the_magic_alone(profile: BootloaderProfile, value: int) -> None:
    board = make_board(profile=profile)
    board.registers.gpregret = value
    assert decide(board) == APPLICATION
    assert board.registers.gpregret == value


@pytest.mark.parametrize("profile", [*LOOSE, *EXACT], ids=named)
@pytest.mark.parametrize(("value", "left"), MAGIC.items())
def test_the_magic_itself_is_cleared_on_entry(
    profile: BootloaderProfile, value: int, left: int
) -> None:
    board = make_board(profile=profile)
    board.registers.gpregret = value
    assert decide(board) == DFU
    assert board.registers.gpregret == left
    assert decide(board) == APPLICATION


@pytest.mark.parametrize("profile", [*LOOSE, *EXACT], ids=named)
@pytest.mark.parametrize("value", NO_BIT_OF_THE_MAGIC, ids=hex)
def test_other_bits_do_not_ask_for_dfu_mode(profile: BootloaderProfile, value: int) -> None:
    board = make_board(profile=profile)
    board.registers.gpregret = value
    assert decide(board) == APPLICATION
    assert board.registers.gpregret == value


@pytest.mark.parametrize("profile", [*LOOSE, *EXACT], ids=named)
def test_every_value_of_the_register_is_one_of_these_cases(profile: BootloaderProfile) -> None:
    board = make_board(profile=profile)
    entered = set()
    for value in range(0x100):
        board.registers.gpregret = value
        if decide(board) == DFU:
            entered.add(value)
    loose = {value for value in range(0x100) if value & 0xB1}
    assert entered == (set(MAGIC) if profile in EXACT else loose)


# Is a check left out?


def damage_application(board: Board) -> None:
    board.flash.load(BANK_0 + SIZE - 1, b"\x00")


@pytest.mark.parametrize("profile", [*LOOSE, *EXACT], ids=named)
@pytest.mark.parametrize("value", [0xA9, 0xAB, 0xAD, 0xAF], ids=hex)
def test_gpregret2_leaves_out_the_crc_of_one_boot(profile: BootloaderProfile, value: int) -> None:
    board = make_board(profile=profile)
    damage_application(board)
    board.registers.gpregret2 = value
    assert decide(board) == APPLICATION
    assert decide(board) == DFU


@pytest.mark.parametrize("profile", [SDK15_3_BLE, SDK17_1_UART], ids=named)
def test_every_other_value_of_gpregret2_changes_nothing(profile: BootloaderProfile) -> None:
    board = make_board(profile=profile)
    damage_application(board)
    for value in set(range(0x100)) - {0xA9, 0xAB, 0xAD, 0xAF}:
        board.registers.gpregret2 = value
        assert decide(board) == DFU, hex(value)
        assert board.registers.gpregret2 == value


def test_gpregret2_is_used_up_by_a_boot_that_did_not_need_it(board: Board) -> None:
    board.registers.gpregret2 = 0xA9
    assert decide(board) == APPLICATION
    damage_application(board)
    assert decide(board) == DFU


def test_gpregret2_leaves_out_the_softdevice_s_crc_too(board: Board) -> None:
    change(board, sd_size=0x8000, softdevice=(1, bytes(4)))
    assert decide(board) == DFU
    board.registers.gpregret2 = 0xA9
    assert decide(board) == APPLICATION


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_gpregret2_leaves_out_no_other_check(board: Board, kind: int) -> None:
    change(board, application=(kind, bytes(32)))
    board.registers.gpregret2 = 0xA9
    assert decide(board) == DFU


def test_gpregret2_makes_no_application_where_there_is_none(board: Board) -> None:
    change(board, bank_0=BankState(SIZE, zlib.crc32(application(board)), 0))
    board.registers.gpregret2 = 0xA9
    assert decide(board) == DFU


def test_the_magic_is_cleared_whatever_the_reason_for_dfu_mode(board: Board) -> None:
    board.flash.load(BANK_0, bytes(4))
    board.registers.gpregret = 0xB5
    assert decide(board) == DFU
    assert board.registers.gpregret == 4


# Activation.


def stage(board: Board, image: bytes, code: int, *, at: int) -> None:
    board.flash.load(at, image)
    change(
        board,
        bank_1=BankState(len(image), zlib.crc32(image), code),
        update_start_address=at,
        sd_size=0x25000 if code == Bank.SOFTDEVICE else 0,
        application=(1, zlib.crc32(image).to_bytes(4, "little")),
    )


def test_after_an_activation_the_chip_boots_again_into_the_new_application(board: Board) -> None:
    stage(board, IMAGE, Bank.APPLICATION, at=0x2C000)
    assert decide(board) == RESET
    assert decide(board) == APPLICATION
    assert board.flash.read(BANK_0, len(IMAGE)) == IMAGE


def test_after_a_softdevice_the_unit_waits_ten_seconds_for_an_application(board: Board) -> None:
    stage(board, softdevice_image(), Bank.SOFTDEVICE, at=0x40000)
    board.registers.gpregret = 0xB1
    assert decide(board) == CONTINUATION
    assert board.registers.gpregret == 0


def test_after_a_softdevice_that_cost_the_application_the_chip_boots_again(board: Board) -> None:
    stage(board, softdevice_image(), Bank.SOFTDEVICE, at=0x40000)
    change(board, bank_0=BankState(0, 0, 0))
    assert [decide(board), decide(board)] == [RESET, DFU]


def test_after_the_mbr_s_copy_of_a_bootloader_the_chip_boots_twice_more(board: Board) -> None:
    stage(board, IMAGE, Bank.BOOTLOADER, at=0x2C000)
    change(board, application=(0, b""))
    assert [decide(board), decide(board), decide(board)] == [RESET, RESET, APPLICATION]
    assert board.flash.read(0x78000, len(IMAGE)) == IMAGE


def test_an_unfinished_copy_of_the_mbr_is_finished_before_anything_else(board: Board) -> None:
    board.flash.load(0x2C000, IMAGE)
    words = (0x4D42_5243, 0x2C000, len(IMAGE) // 4)
    parameters = b"".join(word.to_bytes(4, "little") for word in words)
    board.flash.load(BACKUP_PAGE, parameters)
    assert decide(board) == RESET
    assert board.flash.read(BACKUP_PAGE, 0x380) == b"\xff" * 0x380
    assert decide(board) == APPLICATION
    assert board.flash.read(0x78000, len(IMAGE)) == IMAGE
    assert board.flash.read(BACKUP_PAGE, 0x380) == board.flash.read(SETTINGS_PAGE, 0x380)


def test_an_unfinished_copy_of_the_mbr_that_makes_no_sense_is_a_fault(board: Board) -> None:
    words = (0x4D42_5243, 0x7FFF0, 0x1000)
    board.flash.load(BACKUP_PAGE, b"".join(word.to_bytes(4, "little") for word in words))
    with pytest.raises(FlashRuleError):
        decide(board)
