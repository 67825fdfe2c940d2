"""A unit on a serial port: raw bytes in and out, no radio (spec section 13)."""

from __future__ import annotations

import pytest

from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_UART, SDK17_1_UART, BootloaderProfile
from firmline.device.radio_face import AttStatus, DropLink, ResetKind, Restarted
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.slip import encode_frame
from unit.device.makers import (
    BANK_0,
    IMAGE,
    PAGE,
    Host,
    describe,
    init_command,
    signed_packet,
    unit_in_bootloader,
)

PACKET = signed_packet(init_command())
PING, PONG = b"\x09\x05", "60090105"
ABORT, EXECUTE = b"\x0c", b"\x04"
SOFT = Restarted(kind=ResetKind.SOFT)


@pytest.fixture(params=[SDK15_3_UART, SDK17_1_UART], ids=lambda profile: profile.name)
def host(request: pytest.FixtureRequest) -> Host:
    profile: BootloaderProfile = request.param
    return Host(unit_in_bootloader(profile=profile))


def frames(*requests: bytes) -> bytes:
    return b"".join(encode_frame(request) for request in requests)


def test_a_unit_on_a_serial_port_has_no_radio(host: Host) -> None:
    unit = host.unit
    assert (unit.mode, unit.advertisement) == (UnitMode.BOOTLOADER, None)
    assert unit.services.channels == {Channel.SERIAL}
    for channel in set(Channel) - {Channel.SERIAL}:
        unit.subscribed(channel, True, now_s=0)
        assert unit.receive(channel, b"\x03", now_s=0) is AttStatus.WRITE_NOT_PERMITTED
    unit.reset(ResetKind.SOFT, now_s=0)
    assert (unit.mode, unit.advertisement) == (UnitMode.APPLICATION, None)
    assert unit.services.channels == frozenset()


def test_an_application_on_a_serial_port_ignores_everything() -> None:
    unit = fabricate(describe(profile=SDK15_3_UART))
    unit.power_on(now_s=0)
    for channel in Channel:
        assert unit.receive(channel, frames(PING), now_s=0) is AttStatus.WRITE_NOT_PERMITTED
    assert unit.take_outputs() == []


def test_answers_are_whole_frames_and_need_no_subscription(host: Host) -> None:
    host.unit.receive(Channel.SERIAL, frames(PING), now_s=0)
    outputs = host.unit.take_outputs()
    assert [(output.channel, output.data.hex()) for output in outputs] == [  # type: ignore[union-attr]
        (Channel.SERIAL, PONG + "c0")
    ]


def test_bytes_may_come_in_any_pieces(host: Host) -> None:
    assert [host.line(bytes([octet])) for octet in frames(PING)] == ["", "", PONG]
    assert host.line(frames(PING, PING)) == PONG * 2


def test_a_whole_update_over_a_serial_port(host: Host) -> None:
    assert host.update(PACKET, IMAGE) == "600401"
    unit: VirtualUnit = host.unit
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    assert not any(isinstance(output, DropLink) for output in host.outputs)


def test_an_empty_frame_asks_the_last_request_again(host: Host) -> None:
    assert host.line(b"\xc0\xc0") == "60000101" * 2
    host.ask(PING)
    assert host.line(b"\xc0") == PONG


def test_a_short_request_ends_with_what_an_earlier_one_left(host: Host) -> None:
    host.ask(b"\x09\x07")
    assert host.ask(b"\x09") == "60090107"


def test_a_frame_that_is_too_long_makes_the_unit_deaf_until_it_is_reset(host: Host) -> None:
    assert host.line(b"\x41" * 132 + b"\xc0") == ""
    assert host.ask(PING) == ""
    host.unit.board.registers.gpregret = 0xB1
    host.unit.reset(ResetKind.PIN, now_s=0)
    host.unit.board.registers.gpregret = 0xB1
    host.unit.reset(ResetKind.SOFT, now_s=0)
    assert host.ask(PING) == PONG


@pytest.mark.parametrize("behind", [PING, ABORT, b"\x08data"], ids=["ping", "abort", "write"])
def test_bytes_behind_an_abort_are_lost_with_the_reset(host: Host, behind: bytes) -> None:
    assert host.line(frames(PING, ABORT, behind, behind)) == PONG
    assert [output for output in host.outputs if output == SOFT] == [SOFT]
    assert host.unit.mode is UnitMode.APPLICATION


def test_bytes_behind_the_last_execute_are_lost_with_the_reset(host: Host) -> None:
    host.send_init_packet(PACKET)
    for start in range(0, len(IMAGE), PAGE):
        if start:
            host.ask(EXECUTE)
        host.send_object(IMAGE[start : start + PAGE])
    host.outputs.clear()
    assert host.line(frames(EXECUTE, PING, ABORT)) == "600401"
    assert host.outputs[1:] == [SOFT]
    assert host.unit.mode is UnitMode.APPLICATION


def test_bytes_behind_a_power_cut_are_lost_with_it(host: Host) -> None:
    host.ask(b"\x01\x01" + len(PACKET).to_bytes(4, "little"))
    host.packets(PACKET)
    host.unit.board.flash.faults.cut_in = 5
    assert host.line(frames(PING, EXECUTE, PING)) == PONG
    assert host.outputs[-1] == Restarted(kind=ResetKind.POWER)


def test_half_a_frame_is_lost_with_a_reset(host: Host) -> None:
    host.line(PING)
    host.unit.board.registers.gpregret = 0xB1
    host.unit.reset(ResetKind.SOFT, now_s=0)
    assert host.line(b"\xc0") == "60000101"  # an empty frame in a buffer of zeros
