"""What the last EXECUTE does with an image (spec section 7, corrections W9, S5 and S6)."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from typing import Any

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.postvalidation import postvalidate, softdevice_may_go
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import Bank, SettingsRam
from firmline.device.profile import (
    PROFILES,
    SDK15_3_BLE,
    SDK17_1_BLE,
    SDK17_1_UART,
    BootloaderProfile,
)
from firmline.protocol.codes import ExtError, ResultCode
from unit.device.makers import (
    EMPTY_BANK,
    IMAGE,
    KEY,
    OTHER_KEY,
    UART,
    BankState,
    banks,
    init_command,
    make_board,
    make_store,
    remove_softdevice,
    set_bank,
    softdevice_image,
    understood,
)

AT = 0x40000
BOOTLOADER = IMAGE[:0x2000]
SOFTDEVICE = softdevice_image()
STALE = BankState(1, 2, 3)


class Case:
    """A board with an image in flash, and what post-validation made of it."""

    def __init__(self, image: bytes = IMAGE, *, board: Board | None = None, **fields: Any) -> None:
        self.image = image
        self.board = make_board() if board is None else board
        self.settings = make_store(self.board).ram
        self.old_bank_0 = banks(self.settings)[0]
        set_bank(self.settings.bank_1, STALE)
        self.settings.image_crc = zlib.crc32(image)
        self.settings.image_offset = self.settings.write_offset = len(image)
        self.board.flash.load(AT, image)
        command = understood(init_command(image, **fields))
        self.refusal: RefusalError | None = postvalidate(
            command, board=self.board, settings=self.settings, address=AT, size=len(image)
        )

    def refused(self, result: ResultCode, ext_error: ExtError | None = None) -> bool:
        """Refused with exactly this, and bank 1 is empty."""
        assert self.refusal is not None
        assert banks(self.settings)[1] == EMPTY_BANK
        return (self.refusal.result, self.refusal.ext_error) == (result, ext_error)

    def staged(self, code: int) -> bool:
        """Accepted, and bank 1 holds the image under this code."""
        assert self.refusal is None
        return banks(self.settings)[1] == BankState(len(self.image), zlib.crc32(self.image), code)


def progress_of(settings: SettingsRam) -> tuple[int, ...]:
    return (
        settings.command_size,
        settings.command_offset,
        settings.image_offset,
        settings.image_offset_last,
        settings.write_offset,
    )


# Any image.


def test_either_way_the_progress_is_forgotten_and_the_place_is_kept() -> None:
    for case in (Case(), Case(digest=bytes(32))):
        assert progress_of(case.settings) == (0, 0, 0, 0, 0)
        assert case.settings.init_command == b"\xff" * 512
        assert case.settings.update_start_address == AT


@pytest.mark.parametrize("digest", [bytes(32), b"", hashlib.sha256(IMAGE).digest()])
def test_the_hash_in_the_packet_is_that_of_flash_reversed(digest: bytes) -> None:
    case = Case(digest=digest)
    assert case.refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
    assert banks(case.settings)[0] == case.old_bank_0


def test_the_hash_is_that_of_what_flash_holds_and_not_of_what_was_sent() -> None:
    board = make_board()
    command = understood(init_command(IMAGE))
    board.flash.load(AT, IMAGE[:-1])
    ram = make_store(board).ram
    refusal = postvalidate(command, board=board, settings=ram, address=AT, size=len(IMAGE))
    assert refusal is not None
    assert refusal.ext_error is ExtError.VERIFICATION_FAILED


def test_without_an_init_packet_there_is_nothing_to_accept() -> None:
    board = make_board()
    ram = make_store(board).ram
    refusal = postvalidate(None, board=board, settings=ram, address=0, size=0)
    assert refusal is not None
    assert refusal.ext_error is ExtError.VERIFICATION_FAILED


# Applications.


def test_an_application_is_staged_and_the_old_one_loses_its_code_alone() -> None:
    case = Case(fw_version=9)
    assert case.staged(Bank.APPLICATION)
    assert banks(case.settings)[0] == replace(case.old_bank_0, code=Bank.INVALID)
    assert case.settings.app_version == 9


def test_the_boot_validation_of_an_application_is_a_crc_unless_the_packet_says_more() -> None:
    crc = zlib.crc32(IMAGE).to_bytes(4, "little")
    for case in (Case(), Case(validations=[(1, b"")]), Case(validations=[(1, b"ignored")])):
        entry = case.settings.application_validation
        assert (entry.type, entry.data) == (1, crc + bytes(60))


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        (0, b"", b""),
        (2, b"", hashlib.sha256(IMAGE).digest()),
        (3, KEY.sign(IMAGE), KEY.sign(IMAGE)),
    ],
)
def test_the_packet_chooses_the_boot_validation(kind: int, given: bytes, stored: bytes) -> None:
    case = Case(validations=[(kind, given)])
    assert case.staged(Bank.APPLICATION)
    entry = case.settings.application_validation
    assert (entry.type, entry.data) == (kind, stored.ljust(64, b"\0"))


@pytest.mark.parametrize(
    ("kind", "data"),
    [(3, OTHER_KEY.sign(IMAGE)), (3, KEY.sign(IMAGE)[:63]), (3, b""), (4, b""), (255, b"")],
    ids=["another key", "too short", "no signature", "type 4", "type 255"],
)
def test_a_boot_validation_that_does_not_hold_is_refused(kind: int, data: bytes) -> None:
    case = Case(validations=[(kind, data)])
    assert case.refused(ResultCode.INVALID_OBJECT)
    assert banks(case.settings)[0] == case.old_bank_0
    assert case.settings.app_version == 3


def test_only_the_first_boot_validation_is_the_application_s() -> None:
    assert Case(validations=[(0, b""), (4, b"")]).staged(Bank.APPLICATION)


@pytest.mark.parametrize(
    ("profile", "sd_req", "stays"),
    [(SDK15_3_BLE, (0,), True), (UART, (0,), False), (UART, (), False), (UART, (0x103,), True)],
)
def test_an_application_without_a_softdevice_removes_it_from_a_uart_unit(
    profile: Any, sd_req: tuple[int, ...], stays: bool
) -> None:
    case = Case(board=make_board(profile=profile), sd_req=sd_req)
    assert case.staged(Bank.APPLICATION)
    assert (case.board.softdevice is not None) is stays


def test_a_softdevice_that_is_not_there_is_not_removed() -> None:
    board = make_board(profile=UART)
    remove_softdevice(board)
    assert Case(board=board, sd_req=()).staged(Bank.APPLICATION)
    assert board.flash.operations == 0


@pytest.mark.parametrize(
    ("sd_req", "may_go"), [((), True), ((0,), True), ((0, 0x103), True), ((0x103, 0), False)]
)
def test_the_first_entry_says_whether_a_softdevice_is_needed(
    sd_req: tuple[int, ...], may_go: bool
) -> None:
    assert softdevice_may_go(understood(init_command(sd_req=sd_req))) is may_go


# Bootloaders.


def test_a_bootloader_is_staged_and_the_application_stays() -> None:
    case = Case(BOOTLOADER, kind=2, fw_version=7)
    assert case.staged(Bank.BOOTLOADER)
    assert banks(case.settings)[0] == case.old_bank_0
    assert (case.settings.bootloader_version, case.settings.app_version) == (7, 3)
    assert case.settings.bootloader_validation.type == 0


def test_a_bootloader_s_boot_validation_is_stored() -> None:
    case = Case(BOOTLOADER, kind=2, validations=[(2, b"")])
    entry = case.settings.bootloader_validation
    assert (entry.type, entry.data[:32]) == (2, hashlib.sha256(BOOTLOADER).digest())


# SoftDevices.


def test_a_softdevice_is_staged_and_the_application_stays() -> None:
    case = Case(SOFTDEVICE, kind=1)
    assert case.staged(Bank.SOFTDEVICE)
    assert case.settings.sd_size == len(SOFTDEVICE)
    assert banks(case.settings)[0] == case.old_bank_0
    entry = case.settings.softdevice_validation
    assert (entry.type, entry.data[:4]) == (1, zlib.crc32(SOFTDEVICE).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(bytes(0x25000), id="no information"),
        pytest.param(bytes(8), id="too short for any information"),
        pytest.param(softdevice_image(size_word=0x25FFF), id="larger than it says"),
    ],
)
def test_what_is_no_softdevice_is_refused(image: bytes) -> None:
    case = Case(image, kind=1)
    assert case.refused(ResultCode.INVALID_OBJECT)
    assert case.settings.sd_size == 0


def test_a_softdevice_may_be_smaller_than_the_place_it_claims() -> None:
    assert Case(softdevice_image(size=0x24FFC), kind=1).staged(Bank.SOFTDEVICE)


def test_over_ble_a_new_major_version_of_the_softdevice_alone_is_refused() -> None:
    case = Case(softdevice_image(version=8_000_000), kind=1)
    assert case.refused(ResultCode.INVALID_OBJECT)
    assert banks(case.settings)[0] == case.old_bank_0


def test_over_uart_a_new_major_version_costs_the_application() -> None:
    case = Case(softdevice_image(version=8_000_000), kind=1, board=make_board(profile=UART))
    assert case.staged(Bank.SOFTDEVICE)
    assert banks(case.settings)[0] == EMPTY_BANK


def test_no_installed_softdevice_counts_as_a_new_major_version() -> None:
    board = make_board(profile=UART)
    remove_softdevice(board)
    case = Case(SOFTDEVICE, kind=1, board=board)
    assert case.staged(Bank.SOFTDEVICE)
    assert banks(case.settings)[0] == EMPTY_BANK


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("family", [112, 113, 0, 0xFFFF_FFFF])
def test_since_sdk_16_a_softdevice_must_be_of_the_installed_family(
    profile: BootloaderProfile, family: int
) -> None:
    case = Case(softdevice_image(family=family), kind=1, board=make_board(profile=profile))
    if family == 112 or profile.sdk.startswith("15."):
        assert case.staged(Bank.SOFTDEVICE)
    else:
        assert case.refused(ResultCode.INVALID_OBJECT)
        assert (case.settings.sd_size, banks(case.settings)[0]) == (0, case.old_bank_0)


def test_another_family_is_refused_before_the_application_is_given_up() -> None:
    image = softdevice_image(family=113, version=8_000_000)
    case = Case(image, kind=1, board=make_board(profile=SDK17_1_UART))
    assert case.refused(ResultCode.INVALID_OBJECT)
    assert banks(case.settings)[0] == case.old_bank_0


def test_another_family_is_refused_in_a_combined_image_too() -> None:
    image = softdevice_image(family=113)
    case = both(image + BOOTLOADER, board=make_board(profile=SDK17_1_BLE))
    assert case.refused(ResultCode.INVALID_OBJECT)


def test_without_an_installed_softdevice_every_family_is_welcome() -> None:
    board = make_board(profile=SDK17_1_UART)
    remove_softdevice(board)
    assert Case(softdevice_image(family=113), kind=1, board=board).staged(Bank.SOFTDEVICE)


# Both.


def both(image: bytes = SOFTDEVICE + BOOTLOADER, **fields: Any) -> Case:
    return Case(
        image, kind=3, sd_size=len(SOFTDEVICE), bl_size=len(BOOTLOADER), fw_version=2, **fields
    )


def test_both_are_staged_with_their_sizes_and_versions() -> None:
    case = both()
    assert case.staged(Bank.SOFTDEVICE_BOOTLOADER)
    assert (case.settings.sd_size, case.settings.bootloader_version) == (len(SOFTDEVICE), 2)
    assert banks(case.settings)[0] == case.old_bank_0
    assert case.settings.softdevice_validation.type == 1
    assert case.settings.bootloader_validation.type == 0


def test_each_part_is_covered_by_its_own_boot_validation() -> None:
    case = both(validations=[(2, b""), (2, b"")])
    parts = (case.settings.softdevice_validation, case.settings.bootloader_validation)
    assert [part.data[:32] for part in parts] == [
        hashlib.sha256(SOFTDEVICE).digest(),
        hashlib.sha256(BOOTLOADER).digest(),
    ]


def test_the_softdevice_s_boot_validation_is_the_first() -> None:
    case = both(validations=[(2, b""), (0, b"")])
    assert case.settings.softdevice_validation.type == 2


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_sdk_15_and_16_read_the_softdevice_s_entry_for_the_bootloader_too(
    profile: BootloaderProfile,
) -> None:
    case = both(validations=[(2, b""), (1, b"")], board=make_board(profile=profile))
    expected = 1 if profile.sdk.startswith("17.") else 2
    assert case.settings.bootloader_validation.type == expected


def test_with_a_bootloader_a_new_major_version_is_taken_and_costs_the_application() -> None:
    case = both(softdevice_image(version=8_000_000) + BOOTLOADER)
    assert case.staged(Bank.SOFTDEVICE_BOOTLOADER)
    assert banks(case.settings)[0] == EMPTY_BANK
