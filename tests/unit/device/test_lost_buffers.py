"""Refused data writes cost a receive buffer each (spec section 13 and correction W4)."""

from __future__ import annotations

import zlib

import pytest

from firmline.device.profile import (
    SDK15_3_BLE,
    SDK15_3_UART,
    SDK17_1_BLE,
    SDK17_1_UART,
    BootloaderProfile,
)
from firmline.device.radio_face import ResetKind
from unit.device.makers import (
    IMAGE,
    PAGE,
    Host,
    enter_bootloader,
    init_command,
    signed_packet,
    unit_in_bootloader,
)

PACKET = signed_packet(init_command())
SIZE = len(PACKET).to_bytes(4, "little")
CREATE_INIT, CREATE_DATA = b"\x01\x01" + SIZE, b"\x01\x02" + PAGE.to_bytes(4, "little")
SELECT_DATA, CRC, EXECUTE = b"\x06\x02", b"\x03", b"\x04"
NOTHING_CAME = "600301" + "00" * 8
ALL_CAME = "600301" + SIZE.hex() + zlib.crc32(PACKET).to_bytes(4, "little").hex()


@pytest.fixture(params=[SDK15_3_BLE, SDK17_1_BLE], ids=lambda profile: profile.name)
def host(request: pytest.FixtureRequest) -> Host:
    profile: BootloaderProfile = request.param
    return Host(unit_in_bootloader(profile=profile))


def refuse(host: Host, count: int) -> None:
    """Data writes without an init packet: refused with 08, without an answer."""
    host.ask(SELECT_DATA)
    for _ in range(count):
        assert host.packet(b"data") == ""


def begin(host: Host) -> str:
    """Create and write an init packet; the CRC answer says what came of it."""
    assert host.ask(CREATE_INIT) == "600101"
    host.packets(PACKET)
    return host.ask(CRC)


def test_sixteen_refused_writes_do_not_show(host: Host) -> None:
    refuse(host, 16)
    assert begin(host) == ALL_CAME
    assert host.ask(EXECUTE) == "600401"
    assert host.send_image(IMAGE) == "600401"


def test_after_seventeen_every_packet_is_lost_and_the_unit_looks_alive(host: Host) -> None:
    refuse(host, 17)
    assert begin(host) == NOTHING_CAME
    assert host.ask(EXECUTE) == "600408"
    lost = [entry for entry in host.unit.log if entry.what == "packet_without_buffer"]
    assert len(lost) == 1


def test_reconnecting_does_not_help_and_a_reset_does(host: Host) -> None:
    refuse(host, 17)
    for _ in range(2):
        host.unit.disconnected(now_s=0)
        host.connect()
        assert begin(host) == NOTHING_CAME
    host.unit.reset(ResetKind.SOFT, now_s=0)
    enter_bootloader(host.unit)
    host.connect()
    assert begin(host) == ALL_CAME


def test_a_create_keeps_such_a_unit_from_its_inactivity_reset(host: Host) -> None:
    refuse(host, 17)
    host.now_s = 100
    begin(host)
    assert host.unit.next_wake_s() == 220


def test_a_lost_packet_counts_for_no_receipt(host: Host) -> None:
    host.ask(b"\x02\x01\x00")
    host.ask(SELECT_DATA)
    assert [host.packet(b"data") for _ in range(17)] == ["600308"] * 17
    assert host.packet(b"data") == ""


def test_writes_beyond_a_data_object_cost_buffers(host: Host) -> None:
    host.send_init_packet(PACKET)
    host.ask(CREATE_DATA)
    host.packets(IMAGE[:PAGE])
    for _ in range(17):
        host.packet(b"more")
    assert host.ask(EXECUTE) == "600401"
    host.ask(CREATE_DATA)
    host.packet(IMAGE[PAGE : PAGE + 100])
    assert host.ask(CRC)[6:14] == PAGE.to_bytes(4, "little").hex()


def test_writes_to_no_object_at_all_cost_buffers(host: Host) -> None:
    host.ask(b"\x06\x07")
    for _ in range(17):
        host.packet(b"data")
    assert begin(host) == NOTHING_CAME


def test_refused_writes_of_an_init_packet_cost_nothing(host: Host) -> None:
    host.ask(CREATE_INIT)
    for _ in range(40):
        host.packet(bytes(len(PACKET) + 1))
    assert begin(host) == ALL_CAME


# On a serial port there are three.


@pytest.fixture(params=[SDK15_3_UART, SDK17_1_UART], ids=lambda profile: profile.name)
def serial(request: pytest.FixtureRequest) -> Host:
    profile: BootloaderProfile = request.param
    return Host(unit_in_bootloader(profile=profile))


def test_one_refused_write_on_a_serial_port_does_not_show(serial: Host) -> None:
    refuse(serial, 1)
    assert begin(serial) == ALL_CAME


def test_after_two_the_request_behind_a_write_is_taken_for_data(serial: Host) -> None:
    refuse(serial, 2)
    assert serial.ask(CREATE_INIT) == "600101"
    assert serial.packet(PACKET[:60]) == ""
    assert serial.ask(CRC) == ""
    assert serial.ask(CRC)[:14] == "600301" + (60 + 60 + 1).to_bytes(4, "little").hex()


def test_after_three_the_unit_is_deaf_until_it_is_reset(serial: Host) -> None:
    refuse(serial, 3)
    assert [serial.ask(CRC) for _ in range(200)] == [""] * 200
    serial.unit.reset(ResetKind.SOFT, now_s=0)
    enter_bootloader(serial.unit)
    assert begin(serial) == ALL_CAME
