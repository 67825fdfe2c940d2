"""The virtual application: buttonless service and what it says of itself (spec section 12)."""

from __future__ import annotations

import zlib

import pytest

from firmline.device.advertising import advertising_data
from firmline.device.application import Application
from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SIZE, SettingsRam, adv_name_block
from firmline.device.fabrication import fabricate
from firmline.device.radio_face import Indicate, ResetKind
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.buttonless import encode_set_advertising_name
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ButtonlessResult
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    PAGE,
    SETTINGS_PAGE,
    describe,
    make_board,
    make_store,
)


@pytest.fixture
def board() -> Board:
    return make_board()


@pytest.fixture
def application(board: Board) -> Application:
    return Application(board=board, settings=make_store(board).ram, serial_number="T-1")


def test_the_firmware_revision_names_version_and_content(
    board: Board, application: Application
) -> None:
    crc = zlib.crc32(board.flash.read(BANK_0, 20_000))
    assert application.firmware_revision == f"3+{crc:08x}"


def test_another_content_has_another_revision_under_the_same_version(board: Board) -> None:
    first = Application(board=board, settings=make_store(board).ram, serial_number="")
    board.flash.load(BANK_0 + 0x100, bytes(1))
    second = Application(board=board, settings=make_store(board).ram, serial_number="")
    assert first.firmware_revision != second.firmware_revision
    assert second.firmware_revision.startswith("3+")


def test_the_device_information_names_maker_model_serial_number_and_revision(
    application: Application,
) -> None:
    assert dict(application.device_information) == {
        0x2A29: "firmline virtual works",
        0x2A24: "nrf52832-512k",
        0x2A25: "T-1",
        0x2A26: application.firmware_revision,
    }


def test_the_request_is_agreed_to_and_the_reset_waits_for_the_confirmation(
    board: Board, application: Application
) -> None:
    assert application.receive(b"\x01") == b"\x20\x01\x01"
    assert board.registers.gpregret == 0
    assert application.confirmed()
    assert board.registers.gpregret == 0xB1


def test_a_confirmation_of_anything_else_does_nothing(
    board: Board, application: Application
) -> None:
    assert application.receive(b"\x07") == b"\x20\x07\x02"
    assert not application.confirmed()
    assert board.registers.gpregret == 0


def test_with_the_link_the_request_is_forgotten(application: Application) -> None:
    assert application.receive(b"\x01") == b"\x20\x01\x01"
    application.link_lost()
    assert not application.confirmed()
    assert application.receive(b"\x01") == b"\x20\x01\x01"


def test_a_second_request_before_the_confirmation_finds_it_busy(application: Application) -> None:
    application.receive(b"\x01")
    assert application.receive(b"\x01") == b"\x20\x01\x06"


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x03\x01", b"\xff"])
def test_unknown_requests_are_not_supported(application: Application, data: bytes) -> None:
    opcode = data[0] if data else 0
    assert application.receive(data) == bytes([0x20, opcode, 0x02])


def test_bytes_behind_the_request_are_ignored(application: Application) -> None:
    assert application.receive(b"\x01\xff\xff") == b"\x20\x01\x01"


# The name of the bootloader that is entered next (section 12).


def set_name(application: Application, name: bytes) -> int:
    """The result with which it answers."""
    *begin, result = application.receive(encode_set_advertising_name(name))
    assert begin == [0x20, 0x02]
    return result


@pytest.mark.parametrize(
    ("name", "block"),
    [
        (b"MyDevice", "ddd5ddeb4d7944657669636500000000000000000000000008000000"),
        (b"ABCDEFGHIJKLMNOPQRST", "09c47b224142434445464748494a4b4c4d4e4f505152535414000000"),
        (b"X", "7314c790580000000000000000000000000000000000000001000000"),
    ],
    ids=["some bytes", "all bytes", "one byte"],
)
def test_the_name_is_left_in_the_settings_page_as_recorded(
    board: Board, application: Application, name: bytes, block: str
) -> None:
    """The blocks are those of the SDK's settings pages in the transcripts boot/*/settings-adv-*."""
    assert set_name(application, name) == ButtonlessResult.SUCCESS
    assert board.flash.read(SETTINGS_PAGE + 0x364, 28).hex() == block
    assert SettingsRam(board.flash.read(SETTINGS_PAGE, SIZE)).adv_name == name
    assert not application.confirmed()


def test_a_second_name_before_an_application_starts_anew_is_refused(
    board: Board, application: Application
) -> None:
    assert set_name(application, b"first") == ButtonlessResult.SUCCESS
    assert set_name(application, b"other") == ButtonlessResult.OPERATION_FAILED
    assert SettingsRam(board.flash.read(SETTINGS_PAGE, SIZE)).adv_name == b"first"


def test_where_the_page_is_protected_no_name_is_left(
    board: Board, application: Application
) -> None:
    board.flash.protect(SETTINGS_PAGE, PAGE)
    assert set_name(application, b"name") == ButtonlessResult.OPERATION_FAILED
    assert SettingsRam(board.flash.read(SETTINGS_PAGE, SIZE)).adv_name is None


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\x00A", b"\x02A", b"\x01AB", b"\x15" + b"A" * 21], ids=repr
)
def test_a_name_whose_length_is_not_true_is_refused(
    board: Board, application: Application, body: bytes
) -> None:
    assert application.receive(b"\x02" + body) == b"\x20\x02\x05"
    assert board.flash.read_word(SETTINGS_PAGE + 0x364) == 0xFFFF_FFFF


def test_once_it_is_about_to_restart_it_takes_no_name(application: Application) -> None:
    application.receive(b"\x01")
    assert set_name(application, b"late") == ButtonlessResult.BUSY


@pytest.mark.parametrize("size", [0, 21, 0xFFFF_FFFF])
def test_a_block_with_a_length_that_no_name_has_is_no_name(size: int) -> None:
    content = b"A" * 20 + size.to_bytes(4, "little")
    page = bytearray(SIZE)
    page[0x364:] = zlib.crc32(content).to_bytes(4, "little") + content
    assert SettingsRam(bytes(page)).adv_name is None


def test_a_block_whose_checksum_is_wrong_is_no_name() -> None:
    page = bytearray(SIZE)
    page[0x364:] = adv_name_block(b"name")
    page[0x368] ^= 1
    assert SettingsRam(bytes(page)).adv_name is None


def test_the_bootloader_advertises_the_name_until_an_application_has_started() -> None:
    unit = unit_in_application()
    unit.receive(Channel.BUTTONLESS, encode_set_advertising_name(b"Kitchen 7 upstairs"), now_s=0)
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=0)
    assert [type(output) for output in unit.take_outputs()] == [Indicate, Indicate]
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=0)

    assert advertised(unit) == b"\x02\x01\x06\x03\x02\x59\xfe\x13\x09Kitchen 7 upstairs"
    unit.reset(ResetKind.SOFT, now_s=1)
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read_word(SETTINGS_PAGE + 0x364) == 0xFFFF_FFFF
    unit.connected(now_s=1)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=1)
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=1)
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=1)
    assert advertised(unit).endswith(b"\x08\x09DfuTarg")


def test_a_full_name_fits_into_what_the_bootloader_advertises() -> None:
    data = advertising_data(b"N" * 20, services=(0xFE59,))
    assert data.endswith(b"\x15\x09" + b"N" * 20)


def test_pages_that_are_both_broken_have_no_room_for_a_name_until_an_application_starts() -> None:
    """Section 8.1: what is neither valid becomes zero, and zero is not erased."""
    board = make_board()
    for page in (SETTINGS_PAGE, BACKUP_PAGE):
        board.flash.load(page, bytes(SIZE))
    application = Application(board=board, settings=make_store(board).ram, serial_number="")
    assert set_name(application, b"name") == ButtonlessResult.OPERATION_FAILED


def test_a_power_cut_while_the_name_is_written_leaves_a_unit_that_runs_its_application() -> None:
    unit = unit_in_application()
    unit.board.flash.faults.arm(cuts=[3], drops=[])
    unit.receive(Channel.BUTTONLESS, encode_set_advertising_name(b"Kitchen"), now_s=0)
    assert unit.mode is UnitMode.APPLICATION
    assert not any(isinstance(output, Indicate) for output in unit.take_outputs())
    assert SettingsRam(unit.board.flash.read(SETTINGS_PAGE, SIZE)).adv_name is None


def unit_in_application() -> VirtualUnit:
    """A unit whose host is connected and has subscribed."""
    unit = fabricate(describe())
    unit.power_on(now_s=0)
    unit.take_outputs()
    unit.connected(now_s=0)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=0)
    return unit


def advertised(unit: VirtualUnit) -> bytes:
    assert unit.advertisement is not None
    return unit.advertisement.data
