from __future__ import annotations

import zlib

import pytest

from firmline.device.bootloader.settings_ram import SIZE, Bank, SettingsRam
from unit.device.makers import EMPTY_BANK, BankState, banks

# Offsets of spec section 8.
WORDS = {
    "crc": 0x00,
    "version": 0x04,
    "app_version": 0x08,
    "bootloader_version": 0x0C,
    "write_offset": 0x30,
    "sd_size": 0x34,
    "command_size": 0x38,
    "command_offset": 0x3C,
    "command_crc": 0x40,
    "data_object_size": 0x44,
    "image_crc": 0x48,
    "image_crc_last": 0x4C,
    "image_offset": 0x50,
    "image_offset_last": 0x54,
    "enter_buttonless_dfu": 0x58,
    "boot_validation_crc": 0x25C,
    "peer_data_crc": 0x324,
    "adv_name_crc": 0x364,
}


@pytest.mark.parametrize(("name", "offset"), WORDS.items())
def test_every_word_lies_where_the_spec_says(name: str, offset: int) -> None:
    settings = SettingsRam()
    setattr(settings, name, 0x0403_0201)
    assert bytes(settings.data) == bytes(offset) + b"\x01\x02\x03\x04" + bytes(SIZE - offset - 4)
    assert getattr(SettingsRam(bytes(settings.data)), name) == 0x0403_0201


def test_the_update_start_address_is_the_word_of_the_image_crc() -> None:
    settings = SettingsRam()
    settings.update_start_address = 0x2B000
    assert settings.image_crc == 0x2B000


def test_a_bank_is_size_crc_and_code() -> None:
    settings = SettingsRam()
    settings.bank_0.set(size=1, crc=2, code=Bank.APPLICATION)
    settings.bank_1.set(size=3, crc=4, code=Bank.SOFTDEVICE_BOOTLOADER)
    assert bytes(settings.data[0x18:0x30]) == bytes.fromhex(
        "01000000 02000000 01000000 03000000 04000000 ac000000"
    )
    assert banks(settings) == (BankState(1, 2, 1), BankState(3, 4, 0xAC))


def test_a_bank_can_lose_its_code_alone_or_everything() -> None:
    settings = SettingsRam()
    settings.bank_0.set(size=1, crc=2, code=Bank.APPLICATION)
    settings.bank_0.set_code(Bank.INVALID)
    assert banks(settings)[0] == BankState(1, 2, 0)
    settings.bank_0.clear()
    assert banks(settings)[0] == EMPTY_BANK


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("softdevice_validation", 0x260),
        ("application_validation", 0x2A1),
        ("bootloader_validation", 0x2E2),
    ],
)
def test_a_boot_validation_is_a_type_and_64_bytes(name: str, offset: int) -> None:
    settings = SettingsRam(b"\xff" * SIZE)
    entry = getattr(settings, name)
    entry.set(1, b"\x11\x22\x33\x44")
    assert (entry.type, entry.data) == (1, b"\x11\x22\x33\x44" + bytes(60))
    assert settings.data[offset] == 1
    assert settings.data[offset - 1] == settings.data[offset + 65] == 0xFF


def test_a_new_init_packet_forgets_the_progress_and_nothing_else() -> None:
    settings = SettingsRam(b"\x55" * SIZE)
    settings.reset_progress()
    expected = bytearray(b"\x55" * SIZE)
    expected[0x30:0x34] = bytes(4)  # write_offset
    expected[0x38:0x58] = bytes(0x20)  # progress
    expected[0x5C:0x25C] = b"\xff" * 512  # init_command
    assert bytes(settings.data) == bytes(expected)


def test_the_init_packet_is_kept_byte_by_byte() -> None:
    settings = SettingsRam()
    settings.reset_progress()
    settings.write_init_command(0, b"\x01\x02")
    settings.write_init_command(2, b"\x03")
    assert settings.init_command == b"\x01\x02\x03".ljust(512, b"\xff")


def test_the_first_crc_guards_everything_from_the_version_to_the_buttonless_flag() -> None:
    settings = SettingsRam(bytes(range(256)) * 3 + bytes(128))
    settings.update_crcs()
    assert settings.crc == zlib.crc32(settings.data[0x04:0x5C])
    for offset, guarded in ((0x04, True), (0x5B, True), (0x5C, False), (0x37F, False)):
        damaged = SettingsRam(bytes(settings.data))
        damaged.data[offset] ^= 1
        assert damaged.own_crc_ok is not guarded


def test_the_second_crc_guards_the_three_boot_validations() -> None:
    settings = SettingsRam(bytes(range(256)) * 3 + bytes(128))
    settings.update_crcs()
    assert settings.boot_validation_crc == zlib.crc32(settings.data[0x260:0x323])
    for offset, guarded in ((0x25B, False), (0x260, True), (0x322, True), (0x323, False)):
        damaged = SettingsRam(bytes(settings.data))
        damaged.data[offset] ^= 1
        assert damaged.boot_validation_crc_ok is not guarded


def test_an_erased_page_is_not_valid() -> None:
    assert not SettingsRam(b"\xff" * SIZE).own_crc_ok


def test_a_crc_of_all_ones_is_not_valid_even_where_it_is_right() -> None:
    settings = SettingsRam()
    # The last four bytes are chosen so that the CRC becomes FFFFFFFF.
    before = zlib.crc32(bytes(0x54))
    tail = _tail_for_crc(before, 0xFFFF_FFFF)
    settings.data[0x58:0x5C] = tail
    settings.crc = 0xFFFF_FFFF
    assert zlib.crc32(settings.data[0x04:0x5C]) == 0xFFFF_FFFF
    assert not settings.own_crc_ok


def _tail_for_crc(before: int, wanted: int) -> bytes:
    """Four bytes that take a CRC-32 from ``before`` to ``wanted``: solved bit by bit (GF(2))."""
    base = zlib.crc32(bytes(4), before)
    columns = [zlib.crc32((1 << bit).to_bytes(4, "little"), before) ^ base for bit in range(32)]
    rows = [(column, 1 << bit) for bit, column in enumerate(columns)]
    target, solution = base ^ wanted, 0
    for bit in range(31, -1, -1):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows = [
            (value ^ pivot[0], mask ^ pivot[1]) if value >> bit & 1 else (value, mask)
            for value, mask in rows
        ]
        if target >> bit & 1:
            target ^= pivot[0]
            solution ^= pivot[1]
    assert target == 0
    return solution.to_bytes(4, "little")
