"""The bootloader in DFU mode: requests, receipts, information, timers (spec sections 2 and 10)."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from firmline.device.radio_face import DropLink, Restarted, UnitOutput
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import (
    Abort,
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetFirmwareVersion,
    GetHardwareVersion,
    GetMtu,
    GetProtocolVersion,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    opcode_of,
)
from unit.device.makers import (
    IMAGE,
    PAGE,
    SETTINGS_PAGE,
    TALKATIVE,
    Host,
    enter_bootloader,
    init_command,
    signed_packet,
    softdevice_image,
    unit_in_bootloader,
    unsigned_packet,
)

PACKET = signed_packet(init_command())
RESTARTED = [Restarted]


@pytest.fixture
def host() -> Host:
    return Host(unit_in_bootloader())


def talkative() -> Host:
    """A bootloader built with the whole protocol."""
    return Host(unit_in_bootloader(profile=TALKATIVE))


def kinds(outputs: list[UnitOutput]) -> list[type[UnitOutput]]:
    return [type(output) for output in outputs]


def le(*words: int) -> str:
    return b"".join(word.to_bytes(4, "little") for word in words).hex()


# Which requests there are.


@pytest.mark.parametrize(
    "request_",
    [
        GetProtocolVersion(),
        GetMtu(),
        Ping(number=5),
        GetHardwareVersion(),
        GetFirmwareVersion(index=0),
    ],
    ids=lambda request: type(request).__name__,
)
def test_the_reduced_protocol_knows_no_information_requests(host: Host, request_: Request) -> None:
    assert host.ask(request_) == f"60{opcode_of(request_):02x}02"


@pytest.mark.parametrize("opcode", [0x05, 0x0D, 0x20, 0x60, 0xFF])
def test_unknown_requests_are_answered_with_02(host: Host, opcode: int) -> None:
    assert host.ask(bytes([opcode, 1, 2, 3])) == f"60{opcode:02x}02"
    assert talkative().ask(bytes([opcode])) == f"60{opcode:02x}02"


def test_an_empty_write_is_not_a_request(host: Host) -> None:
    assert host.ask(b"") == ""


def test_a_request_that_is_too_short_is_filled_up_with_zeros(host: Host) -> None:
    assert host.ask(b"\x01\x01") == "600103"
    assert host.ask(b"\x06") == "600605"


def test_bytes_behind_a_request_are_ignored(host: Host) -> None:
    assert host.ask(b"\x03\xaa\xbb") == "600301" + le(0, 0)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GetProtocolVersion(), "60000101"),
        (Ping(number=0xA5), "600901a5"),
        (GetMtu(), "600701f700"),
        (
            GetHardwareVersion(),
            "600a01" + le(0x52832, 0x41414530, 0x80000, 0x10000, 0x1000),
        ),
        (GetFirmwareVersion(index=0), "600b0102" + le(1, 0x78000, 0x6000)),
        (GetFirmwareVersion(index=1), "600b0100" + le(7_002_000, 0x1000, 0x26000)),
        (GetFirmwareVersion(index=2), "600b0101" + le(3, 0x26000, 20_000)),
        (GetFirmwareVersion(index=3), "600b01ff" + le(0, 0, 0)),
        (GetFirmwareVersion(index=255), "600b01ff" + le(0, 0, 0)),
    ],
    ids=str,
)
def test_the_whole_protocol_tells_what_the_unit_is(request_: Request, answer: str) -> None:
    assert talkative().ask(request_) == answer


def test_images_that_are_not_there_are_left_out_of_the_firmware_versions() -> None:
    host = talkative()
    host.unit.board.flash.load(0x3000, b"\xff" * 0x18)
    assert host.ask(GetFirmwareVersion(index=1))[:8] == "600b0101"
    host.unit.board.flash.load(0x26000, bytes(8))
    host.unit.power_on(now_s=0)
    host.connect()
    assert host.ask(GetFirmwareVersion(index=0))[:8] == "600b0102"


def test_without_a_valid_application_none_is_told() -> None:
    host = talkative()
    assert host.update(PACKET, IMAGE) == "600401"
    host.unit.board.flash.load(0x26000, bytes(8))
    for page in (SETTINGS_PAGE, SETTINGS_PAGE - PAGE):
        host.unit.board.flash.load(page, b"\xff" * 0x380)
    host.unit.power_on(now_s=0)
    host.connect()
    assert host.ask(GetFirmwareVersion(index=2))[:8] == "600b01ff"


# Answers to the requests of a transfer, byte by byte.


def test_a_transfer_byte_by_byte(host: Host) -> None:
    size, crc = len(PACKET), zlib.crc32(PACKET)
    assert host.ask(SetPrn(count=0)) == "600201"
    assert host.ask(SelectObject(object_type=1)) == "600601" + le(0x200, 0, 0)
    assert host.ask(CreateObject(object_type=1, size=size)) == "600101"
    assert host.packet(PACKET) == ""
    assert host.ask(GetCrc()) == "600301" + le(size, crc)
    assert host.ask(ExecuteObject()) == "600401"
    assert host.ask(SelectObject(object_type=2)) == "600601" + le(0x1000, 0, 0)
    assert host.send_image(IMAGE) == "600401"
    assert host.unit.firmware_revision == f"4+{zlib.crc32(IMAGE):08x}"


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        (unsigned_packet(init_command()), "60040b08"),
        (signed_packet(init_command(sd_req=(0xB7,))), "60040b07"),
        (signed_packet(init_command(), signature=bytes(64)), "600405"),
        (signed_packet(init_command(), signature=bytes(60)), "60040a"),
    ],
)
def test_refusals_carry_their_extended_error_and_nothing_else(
    host: Host, packet: bytes, answer: str
) -> None:
    assert host.send_init_packet(packet) == answer


# Receipts (section 2.4).


def test_without_a_prn_a_write_never_answers_not_even_when_it_is_refused(host: Host) -> None:
    assert [host.packet(b"data") for _ in range(5)] == [""] * 5


def test_with_a_prn_every_nth_write_is_answered_like_a_crc_request(host: Host) -> None:
    host.ask(SetPrn(count=3))
    host.ask(CreateObject(object_type=1, size=28))
    answers = [host.packet(bytes([index] * 4)) for index in range(7)]
    data = b"".join(bytes([index] * 4) for index in range(6))
    receipts = ["600301" + le(size, zlib.crc32(data[:size])) for size in (12, 24)]
    assert answers == ["", "", receipts[0], "", "", receipts[1], ""]


def test_a_refused_write_shows_at_the_nth_packet_only(host: Host) -> None:
    host.ask(SetPrn(count=2))
    host.ask(CreateObject(object_type=1, size=4))
    assert [host.packet(b"12345"), host.packet(b"12345")] == ["", "600303"]


def test_a_create_begins_the_count_anew(host: Host) -> None:
    host.ask(SetPrn(count=2))
    host.ask(CreateObject(object_type=1, size=8))
    assert host.packet(b"1") == ""
    host.ask(CreateObject(object_type=1, size=8))
    assert host.packet(b"1") == ""
    assert host.packet(b"2") == "600301" + le(2, zlib.crc32(b"12"))


def test_a_receipt_needs_notifications(host: Host) -> None:
    host.ask(SetPrn(count=1))
    host.unit.subscribed(Channel.CONTROL, False, now_s=0)
    assert host.packet(b"data") == ""


# The end of the stay.


def test_abort_resets_at_once_without_an_answer_and_without_a_goodbye(host: Host) -> None:
    host.outputs.clear()
    assert host.ask(Abort()) == ""
    assert kinds(host.outputs) == RESTARTED
    assert host.unit.mode is UnitMode.APPLICATION


def test_abort_copies_the_primary_settings_to_the_backup(host: Host) -> None:
    flash = host.unit.board.flash
    flash.load(SETTINGS_PAGE - PAGE, bytes(0x380))
    host.ask(Abort())
    assert flash.read(SETTINGS_PAGE - PAGE, 0x380) == flash.read(SETTINGS_PAGE, 0x380)


def test_the_last_answer_is_followed_by_a_disconnection_and_a_reset(host: Host) -> None:
    host.send_init_packet(PACKET)
    host.outputs.clear()
    assert host.send_image(IMAGE) == "600401"
    assert [type(output).__name__ for output in host.outputs[-3:]] == [
        "Notify",
        "DropLink",
        "Restarted",
    ]
    assert DropLink(reason=0x13) in host.outputs


def test_a_refused_image_ends_in_a_reset_too_and_the_old_application_runs(host: Host) -> None:
    before = host.unit.board.flash.read(0x26000, 20_000)
    host.send_init_packet(signed_packet(init_command(digest=bytes(32))))
    assert host.send_image(IMAGE) == "60040b0c"
    assert kinds(host.outputs)[-2:] == [DropLink, Restarted]
    assert host.unit.mode is UnitMode.APPLICATION
    assert host.unit.board.flash.read(0x26000, 20_000) == before


# The inactivity timer (section 10).


def woken_at(host: Host, now_s: float) -> bool:
    """Whether the unit resets when it is woken at this time."""
    host.unit.wake(now_s=now_s)
    return Restarted in kinds(host.unit.take_outputs())


def test_after_120_seconds_without_progress_the_chip_resets_into_the_application(
    host: Host,
) -> None:
    assert host.unit.next_wake_s() == 120
    assert not woken_at(host, 119.999)
    assert woken_at(host, 120)
    assert host.unit.mode is UnitMode.APPLICATION
    assert host.unit.next_wake_s() is None
    assert not woken_at(host, 10_000)


def test_inactivity_ends_without_a_goodbye(host: Host) -> None:
    host.unit.wake(now_s=121)
    assert kinds(host.unit.take_outputs()) == RESTARTED


def test_without_a_valid_application_it_begins_again_every_120_seconds(host: Host) -> None:
    host.unit.board.flash.load(0x26000, bytes(4))
    for now_s in (120, 240, 360):
        assert woken_at(host, now_s)
        assert host.unit.mode is UnitMode.BOOTLOADER
        assert host.unit.next_wake_s() == now_s + 120


@pytest.mark.parametrize(
    ("act", "rearms"),
    [
        pytest.param(lambda host: host.ask(CreateObject(object_type=1, size=4)), True, id="create"),
        pytest.param(
            lambda host: host.ask(CreateObject(object_type=1, size=0)), True, id="failed create"
        ),
        pytest.param(lambda host: host.ask(SelectObject(object_type=1)), False, id="select"),
        pytest.param(lambda host: host.ask(GetCrc()), False, id="crc"),
        pytest.param(lambda host: host.ask(SetPrn(count=1)), False, id="prn"),
        pytest.param(lambda host: host.packet(b"data"), False, id="write"),
        pytest.param(lambda host: host.ask(ExecuteObject()), False, id="execute of no command"),
        pytest.param(lambda host: host.connect(), False, id="connect"),
        pytest.param(lambda host: host.unit.disconnected(now_s=100), False, id="disconnect"),
    ],
)
def test_only_progress_rearms_the_timer(host: Host, act: Any, rearms: bool) -> None:
    host.now_s = 100
    act(host)
    assert host.unit.next_wake_s() == (220 if rearms else 120)


def test_executed_data_rearm_the_timer_and_their_creation_does_not(host: Host) -> None:
    host.send_init_packet(PACKET)
    host.now_s = 100
    host.send_object(IMAGE[:PAGE])
    assert host.unit.next_wake_s() == 120
    host.ask(ExecuteObject())
    assert host.unit.next_wake_s() == 220


def test_after_a_softdevice_the_wait_is_ten_seconds_and_rearming_gives_120() -> None:
    image = softdevice_image(size=0x10000)
    host = Host(unit_in_bootloader())
    packet = signed_packet(init_command(image, kind=1))
    assert host.update(packet, image) == "600401"
    assert host.unit.mode is UnitMode.BOOTLOADER
    assert host.unit.next_wake_s() == 10
    host.now_s = 5
    host.connect()
    host.ask(CreateObject(object_type=1, size=4))
    assert host.unit.next_wake_s() == 125


def test_what_happens_inside_is_logged(host: Host) -> None:
    host.unit.wake(now_s=120)
    enter_bootloader(host.unit, now_s=121)
    host.connect()
    host.ask(Abort())
    said = [entry.what for entry in host.unit.log if entry.what not in ("boot", "reset")]
    assert said == ["inactivity_timeout", "aborted"]
