"""The virtual application: buttonless service and what it says of itself (spec section 12)."""

from __future__ import annotations

import zlib

import pytest

from firmline.device.application import Application
from firmline.device.board import Board
from unit.device.makers import BANK_0, make_board, make_store


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
    board.flash.load(BANK_0, bytes(1))
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


def test_a_second_request_before_the_confirmation_finds_it_busy(application: Application) -> None:
    application.receive(b"\x01")
    assert application.receive(b"\x01") == b"\x20\x01\x06"


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x03\x01", b"\xff"])
def test_unknown_requests_are_not_supported(application: Application, data: bytes) -> None:
    opcode = data[0] if data else 0
    assert application.receive(data) == bytes([0x20, opcode, 0x02])


def test_bytes_behind_the_request_are_ignored(application: Application) -> None:
    assert application.receive(b"\x01\xff\xff") == b"\x20\x01\x01"
