"""Links that are lost, and hosts that vanish."""

from __future__ import annotations

import pytest

from firmline.device.faults.plan import BondMismatch, HostGone, LinkLoss
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, SDK17_1_BLE, BootloaderProfile
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    LoseHost,
    Notify,
    ResetKind,
    Restarted,
)
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import CreateObject, ExecuteObject, GetCrc, encode_request
from unit.device.faults.helpers import host_of, idle, story_of, struck
from unit.device.makers import ADDRESS, IMAGE, PAGE, Host, init_command, signed_packet
from unit.device.story import INIT_PACKET as TIMED_INIT_PACKET
from unit.device.story import TIMING

INIT_PACKET = signed_packet(init_command())
CREATE = b"\x01\x02" + PAGE.to_bytes(4, "little")
SELECT_DATA = b"\x06\x02"


def offset_of(host: Host) -> int:
    return int.from_bytes(bytes.fromhex(host.ask(SELECT_DATA))[7:11], "little")


def drops(host: Host) -> list[DropLink]:
    return [output for output in host.outputs if isinstance(output, DropLink)]


@pytest.mark.fault("link-loss")
@pytest.mark.parametrize(
    ("profile", "kept"), [(SDK15_3_BLE, 4 * 244), (SDK17_1_BLE, 0)], ids=["15.3", "17.1"]
)
def test_the_link_is_lost_and_progress_is_what_the_sdk_keeps(
    profile: BootloaderProfile, kept: int
) -> None:
    host = host_of(LinkLoss(after_packets=5, reason=0x3E), profile=profile)
    host.send_init_packet(INIT_PACKET)
    host.ask(CREATE)
    host.packets(IMAGE[: 4 * 244])
    assert drops(host) == [DropLink(reason=0x3E)]
    assert struck(host.unit) == ["link-loss"]
    assert host.unit.receive(Channel.CONTROL, b"\x03", now_s=0) is not AttStatus.OK
    host.connect()
    assert offset_of(host) == kept
    assert host.send_image(IMAGE) == "600401"
    assert drops(host)[1:] == [DropLink(reason=0x13)]


def test_a_link_can_be_lost_on_several_connections_and_at_once() -> None:
    host = host_of(LinkLoss(after_packets=0, times=2), LinkLoss(after_packets=1))
    assert struck(host.unit) == ["link-loss"]
    host.unit.take_outputs()
    host.connect()
    host.connect()
    host.packet(b"init")
    assert struck(host.unit) == ["link-loss"] * 3
    host.connect()
    host.packets(bytes(10), 1)
    assert struck(host.unit) == ["link-loss"] * 3


def test_a_link_is_lost_at_once_even_where_the_processor_is_busy() -> None:
    """What it is about to say is not heard on the next connection."""
    told = story_of(LinkLoss(after_packets=2))
    told.enter_bootloader()
    told.ask(CreateObject(object_type=1, size=len(TIMED_INIT_PACKET)))
    said = len(told.said)
    told.unit.receive(Channel.PACKET, TIMED_INIT_PACKET, now_s=told.now_s)
    told.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=told.now_s)
    assert told.physics.cpu_s == pytest.approx(told.now_s + TIMING.signature_check_s)
    told.unit.receive(Channel.PACKET, b"data", now_s=told.now_s)
    lost_s = told.now_s
    told.listen()
    told.connect()
    told.pass_time(lost_s + 5)
    assert told.said[said:] == [(lost_s, DropLink(reason=0x08))]


@pytest.mark.fault("host-gone")
def test_a_host_that_is_gone_is_given_up_after_six_seconds_and_the_unit_waits_in_vain() -> None:
    told = story_of(HostGone(after_packets=1))
    told.enter_bootloader()
    told.unit.receive(Channel.PACKET, b"init", now_s=told.now_s)
    told.listen()
    gone_s = told.now_s
    assert told.said[-1] == (gone_s, LoseHost())
    status = told.unit.receive(Channel.CONTROL, encode_request(GetCrc()), now_s=gone_s)
    assert status is AttStatus.OK
    told.pass_time(gone_s + 5.999)
    assert not [said for _, said in told.said if isinstance(said, Notify | DropLink)]
    assert told.wait_for(DropLink) == DropLink(reason=0x08)
    assert told.now_s == gone_s + 6
    assert told.wait_for(Restarted, at_most_s=120) == Restarted(kind=ResetKind.SOFT)
    told.pass_time(told.now_s + 1)
    assert told.runs(UnitMode.APPLICATION)
    assert struck(told.unit) == ["host-gone"]


def test_a_radio_that_reports_the_lost_host_earlier_is_believed() -> None:
    told = story_of(HostGone(after_packets=0))
    told.enter_bootloader()
    told.unit.disconnected(now_s=told.now_s)
    told.connect()
    told.pass_time(told.now_s + 7)
    assert not [said for _, said in told.said if isinstance(said, DropLink)]
    told.ask(GetCrc())


def test_in_lock_step_the_host_is_given_up_at_once() -> None:
    host = host_of(HostGone(after_packets=1))
    host.packet(b"init")
    assert host.outputs == [LoseHost()]
    assert host.unit.receive(Channel.CONTROL, b"\x03", now_s=0) is not AttStatus.OK


@pytest.mark.fault("bond-mismatch")
def test_a_bootloader_that_expects_a_bond_drops_every_connection() -> None:
    host = host_of(BondMismatch())
    for number in range(1, 4):
        assert host.unit.take_outputs() == [DropLink(reason=0x3D)]
        assert struck(host.unit) == ["bond-mismatch"] * number
        host.connect()
    advertisement = host.unit.advertisement
    assert advertisement is not None
    assert advertisement.address == ADDRESS
    assert advertisement.data.startswith(bytes.fromhex("020104030259fe"))
    host.unit.take_outputs()
    host.unit.wake(now_s=120)
    assert host.unit.mode is UnitMode.APPLICATION
    application = host.unit.advertisement
    assert application is not None
    assert application.data.startswith(bytes.fromhex("020106"))
    host.unit.connected(now_s=121)
    assert not [out for out in host.unit.take_outputs() if isinstance(out, DropLink)]


@pytest.mark.parametrize("fault", [LinkLoss(after_packets=0), HostGone(), BondMismatch()])
def test_a_serial_port_has_no_link_to_lose(fault: LinkLoss | HostGone | BondMismatch) -> None:
    host = host_of(fault, profile=SDK15_3_UART)
    assert host.ask(b"\x09\x07") == "60090107"
    assert struck(host.unit) == []
    assert idle(host.unit) == [(fault.name, "needs a bootloader with a radio")]
