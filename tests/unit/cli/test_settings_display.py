"""``firmline settings display``: every page of a file in words, good or broken."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bincopy import BinFile

from firmline.device.fabrication import fabricate
from firmline.errors import Code
from firmline.formats.package import read_package
from firmline.formats.settings_page import (
    Bank,
    PageValidation,
    PageValidations,
    Progress,
    SettingsPage,
    encode_settings_page,
    seal_settings_page,
)
from unit.cli.makers import package
from unit.cli.program import Program, assert_failed, files_in
from unit.device.makers import describe
from unit.formats.makers import hex_file

APP = Bank(size=1000, crc=0x1234_5678, code=1)
PAGE = seal_settings_page(SettingsPage(app_version=5, bootloader_version=3, bank_0=APP))
BROKEN = replace(PAGE, crc=1)
DAT = read_package(package(), name="p").images[0].init_packet.encoded

Show = Callable[[SettingsPage], str]


@pytest.fixture
def show(firmline: Program, folder: Path) -> Show:
    """What is printed of a page, which is sealed first."""

    def call(page: SettingsPage) -> str:
        content = hex_file((0x7F000, encode_settings_page(seal_settings_page(page))))
        (folder / "s.hex").write_bytes(content)
        ran = firmline("settings", "display", "s.hex")
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    return call


@pytest.fixture
def fields(firmline: Program, folder: Path) -> Callable[[SettingsPage], dict[str, Any]]:
    """The fields of a page in JSON."""

    def call(page: SettingsPage) -> dict[str, Any]:
        content = hex_file((0x7F000, encode_settings_page(seal_settings_page(page))))
        (folder / "s.hex").write_bytes(content)
        (only,) = firmline("settings", "display", "s.hex", "--json").result["pages"]
        assert isinstance(only, dict)
        return only

    return call


def row(label: str, text: str) -> str:
    return f"  {label:<18} {text}\n"


def stored(*pieces: tuple[int, SettingsPage]) -> bytes:
    return hex_file(*((at, encode_settings_page(page)) for at, page in pieces))


# One page, row by row.


def test_a_plain_page(show: Show) -> None:
    shown = show(PAGE)
    assert shown.startswith("s.hex: 1 settings page\n\n0x0007F000, settings page (NRF52, NRF52832,")
    assert row("checksum", f"0x{PAGE.crc:08X}, right") in shown
    assert row("settings version", "2") in shown
    assert row("application", "version 5 (0x00000005)") in shown
    assert row("bootloader", "version 3 (0x00000003)") in shown
    assert row("bank 0", "application, 1,000 bytes, CRC-32 0x12345678") in shown
    assert row("bank 1", "nothing waits") in shown
    assert row("SoftDevice", "size not recorded") in shown
    assert row("update", "none under way") in shown
    assert row("init packet", "none") in shown
    assert row("enter DFU mode", "no") in shown
    assert row("peer data", "none") in shown
    assert row("advertising name", "none") in shown


@pytest.mark.parametrize(
    ("bank", "said"),
    [
        (Bank(), "no valid application: the unit stays in DFU mode"),
        (
            Bank(size=8, crc=9),
            (
                "no valid application: the unit stays in DFU mode (left over: 8 bytes,"
                " CRC-32 0x00000009)"
            ),
        ),
        (
            Bank(code=0x77),
            (
                "code 0x77 instead of an application, 0 bytes, CRC-32 0x00000000: the unit stays"
                " in DFU mode"
            ),
        ),
    ],
)
def test_bank_0_in_words(bank: Bank, said: str, show: Show) -> None:
    assert row("bank 0", said) in show(replace(PAGE, bank_0=bank))


@pytest.mark.parametrize(
    ("bank", "write_offset", "said"),
    [
        (Bank(size=8), 0, "nothing waits (left over: 8 bytes, CRC-32 0x00000000)"),
        (
            Bank(size=8192, code=1),
            0,
            (
                "application received, 8,192 bytes, CRC-32 0x00000000; waits to be put in"
                " place at the next boot"
            ),
        ),
        (
            Bank(size=8192, code=0xA5),
            4096,
            (
                "SoftDevice received, 8,192 bytes, CRC-32 0x00000000; waits to be put in"
                " place at the next boot; 4,096 bytes are in place already"
            ),
        ),
        (
            Bank(size=8192, code=0x77),
            0,
            "code 0x77, which no bootloader acts on, 8,192 bytes, CRC-32 0x00000000",
        ),
    ],
)
def test_bank_1_in_words(bank: Bank, write_offset: int, said: str, show: Show) -> None:
    assert row("bank 1", said) in show(replace(PAGE, bank_1=bank, write_offset=write_offset))


def test_boot_checks_in_words(show: Show) -> None:
    block = PageValidations(
        softdevice=PageValidation(type=1, data=b"\x78\x56\x34\x12" + bytes(60)),
        application=PageValidation(type=2, data=bytes(range(32)) + bytes(32)),
        bootloader=PageValidation(type=3, data=bytes(range(64))),
    )
    shown = show(replace(PAGE, validations=block, sd_size=150_016))
    assert row("SoftDevice", "150,016 bytes") in shown
    assert row("  SoftDevice", "CRC-32 0x12345678") in shown
    assert row("  application", f"SHA-256 {bytes(range(32)).hex()}") in shown
    assert row("  bootloader", "ECDSA signature 0001020304050607...") in shown
    odd = replace(block, application=PageValidation(type=9), bootloader=PageValidation())
    shown = show(replace(PAGE, validations=odd))
    assert row("  application", "type 9, which no bootloader knows") in shown
    assert row("  bootloader", "not checked") in shown


def test_a_wrong_checksum_of_the_boot_checks(firmline: Program, folder: Path) -> None:
    assert PAGE.validations is not None
    page = replace(PAGE, validations=replace(PAGE.validations, crc=1))
    (folder / "s.hex").write_bytes(stored((0x7F000, page)))
    ran = firmline("settings", "display", "s.hex")
    assert ran.code == 0
    assert "checksum 0x00000001, WRONG: no bootloader takes it from a backup page\n" in ran.out
    (fields,) = firmline("settings", "display", "s.hex", "--json").result["pages"]
    assert (fields["valid"], fields["boot_validation"]["crc_ok"]) == (True, False)


def test_the_first_version(show: Show, fields: Callable[[SettingsPage], dict[str, Any]]) -> None:
    page = SettingsPage(version=1, init_command=bytes(256), validations=None)
    assert row("boot checks", "none in version 1") in show(page)
    assert fields(page)["boot_validation"] is None


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(firmware_image_crc=0x28000), "none under way; the last image was put at 0x28000"),
        (
            Progress(firmware_image_offset=8),
            (
                "none under way, though numbers are left: 8 bytes of the image had arrived, 0 of"
                " them executed"
            ),
        ),
        (
            Progress(command_size=141, command_offset=100),
            "interrupted: 100 of 141 bytes of the init packet had arrived",
        ),
        (
            Progress(command_size=141, command_offset=141),
            "interrupted: the init packet was complete, nothing of the image had arrived",
        ),
        (
            Progress(
                command_size=141,
                command_offset=141,
                firmware_image_offset=9000,
                firmware_image_offset_last=8192,
            ),
            "interrupted: 9,000 bytes of the image had arrived, 8,192 of them executed",
        ),
    ],
)
def test_an_interrupted_update_in_words(progress: Progress, said: str, show: Show) -> None:
    assert row("update", said) in show(replace(PAGE, progress=progress))


def complete(size: int) -> Progress:
    return Progress(command_size=size, command_offset=size)


@pytest.mark.parametrize(
    ("stored_bytes", "progress", "said"),
    [
        (b"\xff" * 512, Progress(), "none"),
        (DAT, Progress(), "bytes are stored, but no complete packet"),
        (
            DAT,
            Progress(command_size=141, command_offset=8),
            "bytes are stored, but no complete pack",
        ),
        (DAT, complete(513), "bytes are stored, but no complete packet"),
        (b"\x12\x34", complete(2), "2 bytes that are none: The init packet "),
        (
            DAT,
            complete(len(DAT)),
            (
                "APPLICATION, version 5, hardware 52, SoftDevice 0x0103 (S112 7.2.0), 2,048 bytes,"
                " signed\n"
            ),
        ),
    ],
)
def test_the_init_packet_in_words(
    stored_bytes: bytes, progress: Progress, said: str, show: Show
) -> None:
    page = replace(PAGE, init_command=stored_bytes.ljust(512, b"\x00"), progress=progress)
    assert row("init packet", said)[:-1] in show(page)


def test_the_init_packet_in_fields(fields: Callable[[SettingsPage], dict[str, Any]]) -> None:
    page = replace(PAGE, init_command=DAT.ljust(512, b"\x00"), progress=complete(len(DAT)))
    packet = fields(page)["init_packet"]
    assert packet["bytes"] == DAT.hex()
    assert (packet["type"], packet["fw_version"], packet["sd_req"]) == (
        "APPLICATION",
        5,
        ["0x0103"],
    )
    broken = fields(replace(page, progress=complete(7)))["init_packet"]
    assert broken["bytes"] == DAT[:7].hex()
    assert "The init packet" in broken["error"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [(1, "yes: the application asked for it"), (2, "2, which means no")],
)
def test_the_buttonless_flag(flag: int, said: str, show: Show) -> None:
    assert row("enter DFU mode", said)[:-1] in show(replace(PAGE, enter_buttonless_dfu=flag))


def with_crc(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "little") + body


def test_keys_of_a_peer_are_never_shown(firmline: Program, show: Show) -> None:
    secret = bytes(range(0x61, 0x61 + 26)) + bytes(34)
    page = replace(PAGE, peer_data=with_crc(secret))
    assert row("peer data", "the keys of a bonded peer are stored") in show(page)
    ran = firmline("settings", "display", "s.hex", "--json")
    assert ran.result["pages"][0]["peer_data"] == "present"
    assert secret[:4].hex() not in ran.out
    damaged = replace(PAGE, peer_data=bytes(64))
    assert row("peer data", "damaged: its checksum is wrong") in show(damaged)


@pytest.mark.parametrize(
    ("body", "said", "name"),
    [
        (b"Tag 7".ljust(20, b"\x00") + b"\x05\0\0\0", "'Tag 7', set by the application", "Tag 7"),
        (
            b"\x1b[31m\xff".ljust(20, b"\x00") + b"\x06\0\0\0",
            "'\\x1b[31m\\xff', set by the application",
            "\\x1b[31m\\xff",
        ),
        (bytes(20) + b"\x15\0\0\0", "damaged: no name has 21 bytes", None),
    ],
)
def test_the_advertising_name(
    body: bytes,
    said: str,
    name: str | None,
    show: Show,
    fields: Callable[[SettingsPage], dict[str, Any]],
) -> None:
    page = replace(PAGE, adv_name=with_crc(body))
    shown = show(page)
    assert row("advertising name", said) in shown
    assert "\x1b" not in shown
    assert fields(page)["adv_name"] == name


# Several pages, and where they lie.


def test_page_and_backup(firmline: Program, folder: Path) -> None:
    (folder / "s.hex").write_bytes(stored((0x7E000, PAGE), (0x7F000, PAGE)))
    ran = firmline("settings", "display", "s.hex")
    assert ran.code == 0
    assert ran.out.startswith("s.hex: 2 settings pages\n\n0x0007F000, settings page (")
    assert ran.out.endswith(
        "\n0x0007E000, backup of a settings page\n  the same as at 0x0007F000\n"
    )


def test_a_backup_that_differs(firmline: Program, folder: Path) -> None:
    old = seal_settings_page(replace(PAGE, app_version=4, bank_0=Bank()))
    (folder / "s.hex").write_bytes(stored((0x7E000, old), (0x7F000, PAGE)))
    ran = firmline("settings", "display", "s.hex")
    assert "  differs from 0x0007F000 in app_version, bank_0\n" in ran.out
    assert "version 4 (0x00000004)" in ran.out


@pytest.mark.parametrize(
    ("places", "roles"),
    [
        ((0x7F000, 0x7E000), ["settings", "backup"]),
        ((0xFF000,), ["settings"]),
        ((0x3EC00,), ["backup"]),
        ((0x7A000, 0x79000), ["settings", "backup"]),
        ((0x7A000,), ["settings"]),
        ((0x7A000, 0x70000), ["unknown", "unknown"]),
    ],
)
def test_what_a_page_is_by_its_place(
    places: tuple[int, ...], roles: list[str], firmline: Program, folder: Path
) -> None:
    (folder / "s.hex").write_bytes(stored(*((at, PAGE) for at in places)))
    shown = firmline("settings", "display", "s.hex", "--json").result["pages"]
    assert [page["address"] for page in shown] == list(places)
    assert [page["role"] for page in shown] == roles


def test_a_dump_of_a_unit(firmline: Program, folder: Path) -> None:
    unit = fabricate(describe())
    flash = unit.board.flash
    (folder / "dump.bin").write_bytes(flash.read(0, flash.size))
    ran = firmline("settings", "display", "dump.bin")
    assert ran.code == 0
    assert "Plain bytes do not say where they lie" in ran.out
    assert "0x0007F000, settings page" in ran.out
    assert "0x0007E000, backup of a settings page\n  the same as at 0x0007F000\n" in ran.out


def test_s_records(firmline: Program, folder: Path) -> None:
    memory = BinFile()
    memory.add_binary(encode_settings_page(PAGE), address=0x7F000)
    (folder / "s.srec").write_text(memory.as_srec() + "S70500000000FA\n")
    ran = firmline("settings", "display", "s.srec")
    assert ran.code == 0
    assert "0x0007F000, settings page" in ran.out


# Broken pages, and files without any.


def test_a_broken_page_beside_a_good_one(firmline: Program, folder: Path) -> None:
    (folder / "s.hex").write_bytes(stored((0x7E000, PAGE), (0x7F000, BROKEN)))
    ran = firmline("settings", "display", "s.hex")
    assert (ran.code, ran.err) == (0, "")
    wrong = f"0x00000001, WRONG (0x{PAGE.crc:08X} would be right): no bootloader takes this page"
    assert row("checksum", wrong) in ran.out
    assert row("checksum", f"0x{PAGE.crc:08X}, right") in ran.out
    shown = firmline("settings", "display", "s.hex", "--json").result
    assert [page["valid"] for page in shown["pages"]] == [False, True]
    assert shown["code"] == ""


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (BROKEN, Code.SETTINGS_CRC),
        (seal_settings_page(replace(PAGE, version=3)), Code.SETTINGS_VERSION),
    ],
)
def test_without_a_valid_page_all_is_shown_and_the_exit_code_is_2(
    page: SettingsPage, code: Code, firmline: Program, folder: Path
) -> None:
    (folder / "s.hex").write_bytes(stored((0x7F000, page)))
    ran = firmline("settings", "display", "s.hex")
    assert_failed(ran, code)
    assert row("bank 0", "application, 1,000 bytes, CRC-32 0x12345678") in ran.out
    as_json = firmline("settings", "display", "s.hex", "--json")
    assert_failed(as_json, code)
    assert as_json.result["code"] == code
    assert as_json.result["pages"][0]["app_version"] == 5


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("app.hex", hex_file((0x26000, bytes(0x2000))), Code.SETTINGS_MALFORMED),
        ("end.hex", b":00000001FF\n", Code.SETTINGS_MALFORMED),
        ("erased.bin", b"\xff" * 0x1000, Code.SETTINGS_MALFORMED),
        ("short.bin", encode_settings_page(PAGE)[:91], Code.SETTINGS_MALFORMED),
        ("cut.hex", stored((0x7F000, PAGE))[:1000], Code.IMAGE_TRUNCATED),
        ("odd.hex", b":00000001FE\n", Code.IMAGE_MALFORMED),
        ("empty.hex", b"", Code.FILE_EMPTY),
        ("dfu.zip", b"PK\x03\x04" + bytes(100), Code.IMAGE_MALFORMED),
        ("notes.txt", b"no page here\n", Code.IMAGE_MALFORMED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_without_a_page(
    name: str, content: bytes, code: Code, firmline: Program, folder: Path
) -> None:
    (folder / name).write_bytes(content)
    ran = firmline("settings", "display", name)
    assert_failed(ran, code)
    assert ran.out == ""
    as_json = firmline("settings", "display", name, "--json")
    assert as_json.result["code"] == code
    assert files_in(folder) == {name}


def test_no_file(firmline: Program) -> None:
    assert_failed(firmline("settings", "display", "no.hex"), Code.FILE_MISSING)
    assert_failed(firmline("settings", "display", "."), Code.FILE_UNREADABLE)
    assert_failed(firmline("settings", "display"), Code.USAGE)
