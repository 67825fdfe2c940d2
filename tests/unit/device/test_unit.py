"""The unit as a radio sees it: modes, addresses, links, resets (spec sections 4.1, 11 and 12)."""

from __future__ import annotations

import pytest

from firmline.device.fabrication import fabricate
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    Notify,
    RadioUnit,
    ResetKind,
    Restarted,
)
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import CreateObject, GetCrc, SelectObject
from firmline.values import BleAddress
from unit.device.makers import (
    ADDRESS,
    FWID,
    IMAGE,
    PAGE,
    Host,
    describe,
    enter_bootloader,
    init_command,
    remove_softdevice,
    signed_packet,
    unit_in_bootloader,
)

PACKET = signed_packet(init_command())


@pytest.fixture
def unit() -> VirtualUnit:
    """A unit that runs its application."""
    made = fabricate(describe())
    made.power_on(now_s=0)
    return made


@pytest.fixture
def dfu() -> VirtualUnit:
    """A unit in its bootloader."""
    return unit_in_bootloader()


def write(unit: VirtualUnit, channel: Channel, data: bytes = b"\x01") -> AttStatus:
    return unit.receive(channel, data, now_s=0)


def test_a_unit_is_what_a_radio_needs(unit: VirtualUnit) -> None:
    radio_unit: RadioUnit = unit
    assert (radio_unit.name, unit.address) == ("bench-unit", ADDRESS)


# Modes.


def test_a_unit_that_is_off_is_silent() -> None:
    off = fabricate(describe())
    assert (off.mode, off.advertisement, off.firmware_revision, off.next_wake_s()) == (
        None,
        None,
        None,
        None,
    )
    assert off.services.channels == frozenset()
    for channel in Channel:
        assert write(off, channel) is AttStatus.WRITE_NOT_PERMITTED
    off.wake(now_s=1000)
    off.indication_confirmed(Channel.BUTTONLESS, now_s=1000)
    assert off.take_outputs() == []


def test_in_the_application_it_offers_the_buttonless_service_and_its_information(
    unit: VirtualUnit,
) -> None:
    assert unit.mode is UnitMode.APPLICATION
    services = unit.services
    assert services.channels == {Channel.BUTTONLESS}
    assert dict(services.device_information)[0x2A26] == unit.firmware_revision
    assert (services.max_mtu, services.fwid) == (247, FWID)


def test_in_the_bootloader_it_offers_the_dfu_service_and_nothing_of_the_application(
    dfu: VirtualUnit,
) -> None:
    assert (dfu.mode, dfu.firmware_revision) == (UnitMode.BOOTLOADER, None)
    services = dfu.services
    assert services.channels == {Channel.CONTROL, Channel.PACKET}
    assert services.device_information == ()
    assert (services.max_mtu, services.fwid) == (247, FWID)


def test_without_a_softdevice_the_radio_has_no_fwid(dfu: VirtualUnit) -> None:
    remove_softdevice(dfu.board)
    assert dfu.services.fwid == 0


# Advertising.


def test_the_application_advertises_its_name_under_its_address(unit: VirtualUnit) -> None:
    advertisement = unit.advertisement
    assert advertisement is not None
    assert advertisement.address == ADDRESS
    assert advertisement.data == b"\x02\x01\x06\x0b\x09bench-unit"


def test_the_bootloader_advertises_as_dfutarg_under_the_next_address(dfu: VirtualUnit) -> None:
    advertisement = dfu.advertisement
    assert advertisement is not None
    assert advertisement.address == BleAddress.parse("C6:05:04:03:02:02")
    assert advertisement.data.hex() == "020106030259fe080944667554617267"
    assert advertisement.interval_ms == 25


def test_the_next_address_has_no_carry() -> None:
    unit = unit_in_bootloader(address=BleAddress.parse("C6:05:04:03:02:FF"))
    advertisement = unit.advertisement
    assert advertisement is not None
    assert advertisement.address == BleAddress.parse("C6:05:04:03:02:00")


def test_a_long_name_is_cut_to_what_advertising_holds() -> None:
    unit = fabricate(describe(name="a name of more than twenty-six letters"))
    unit.power_on(now_s=0)
    advertisement = unit.advertisement
    assert advertisement is not None
    assert len(advertisement.data) == 31
    assert advertisement.data[5:] == b"a name of more than twenty"


# Into the bootloader.


def test_the_application_agrees_by_indication_and_restarts_when_it_is_confirmed(
    unit: VirtualUnit,
) -> None:
    unit.connected(now_s=1)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=1)
    assert write(unit, Channel.BUTTONLESS) is AttStatus.OK
    assert unit.take_outputs() == [Indicate(channel=Channel.BUTTONLESS, data=b"\x20\x01\x01")]
    assert unit.next_wake_s() is None
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=2)
    assert unit.take_outputs() == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is UnitMode.BOOTLOADER
    assert unit.next_wake_s() == 122


def test_a_confirmation_that_nobody_awaits_restarts_nothing(
    unit: VirtualUnit, dfu: VirtualUnit
) -> None:
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=0)
    unit.indication_confirmed(Channel.CONTROL, now_s=0)
    dfu.indication_confirmed(Channel.BUTTONLESS, now_s=0)
    assert unit.take_outputs() == dfu.take_outputs() == []
    assert (unit.mode, dfu.mode) == (UnitMode.APPLICATION, UnitMode.BOOTLOADER)


def test_a_unit_leaves_the_bootloader_by_a_soft_reset(dfu: VirtualUnit) -> None:
    dfu.reset(ResetKind.SOFT, now_s=1)
    assert dfu.mode is UnitMode.APPLICATION


# Writes that a unit does not take.


@pytest.mark.parametrize("channel", [Channel.CONTROL, Channel.PACKET, Channel.SERIAL])
def test_an_application_has_no_dfu_characteristics(unit: VirtualUnit, channel: Channel) -> None:
    unit.connected(now_s=0)
    assert write(unit, channel) is AttStatus.WRITE_NOT_PERMITTED


def test_a_bootloader_has_no_buttonless_service(dfu: VirtualUnit) -> None:
    dfu.connected(now_s=0)
    dfu.subscribed(Channel.BUTTONLESS, True, now_s=0)
    assert write(dfu, Channel.BUTTONLESS) is AttStatus.WRITE_NOT_PERMITTED


def test_a_request_with_notifications_off_is_refused_with_fd_and_ignored(dfu: VirtualUnit) -> None:
    dfu.connected(now_s=0)
    assert write(dfu, Channel.CONTROL, b"\x01\x01\x04\x00\x00\x00") == 0xFD
    dfu.subscribed(Channel.CONTROL, True, now_s=0)
    dfu.subscribed(Channel.CONTROL, False, now_s=0)
    assert write(dfu, Channel.CONTROL, b"\x06\x01") == 0xFD
    assert dfu.take_outputs() == []
    host = Host(dfu)
    assert host.packet(b"1234") == ""
    assert host.ask(GetCrc()) == "600301" + "00" * 8


def test_the_buttonless_service_needs_indications_too(unit: VirtualUnit) -> None:
    unit.connected(now_s=0)
    assert write(unit, Channel.BUTTONLESS) is AttStatus.CCCD_IMPROPERLY_CONFIGURED
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=0)
    assert unit.mode is UnitMode.APPLICATION


def test_a_new_connection_must_subscribe_anew(dfu: VirtualUnit) -> None:
    Host(dfu)
    dfu.disconnected(now_s=0)
    dfu.connected(now_s=0)
    assert write(dfu, Channel.CONTROL, b"\x03") == 0xFD


def test_a_connection_that_nobody_saw_end_must_subscribe_anew_too(dfu: VirtualUnit) -> None:
    Host(dfu)
    dfu.connected(now_s=0)
    assert write(dfu, Channel.CONTROL, b"\x03") == 0xFD


def test_a_subscription_from_before_a_disconnection_says_nothing(dfu: VirtualUnit) -> None:
    Host(dfu)
    dfu.disconnected(now_s=0)
    assert write(dfu, Channel.CONTROL, b"\x03") == 0xFD


# Links and resets.


def test_a_lost_link_keeps_everything(dfu: VirtualUnit) -> None:
    host = Host(dfu)
    host.send_init_packet(PACKET)
    host.ask(CreateObject(object_type=2, size=PAGE))
    host.packet(IMAGE[:100])
    dfu.disconnected(now_s=0)
    host.connect()
    assert host.ask(SelectObject(object_type=2)).startswith("6006010010000064000000")
    host.packets(IMAGE[100:PAGE])
    assert host.ask(b"\x04") == "600401"


@pytest.mark.parametrize("kind", list(ResetKind))
def test_a_reset_loses_everything_that_is_only_in_ram(dfu: VirtualUnit, kind: ResetKind) -> None:
    host = Host(dfu)
    host.ask(CreateObject(object_type=1, size=64))
    host.packet(b"data")
    dfu.reset(kind, now_s=1)
    assert dfu.take_outputs() == [Restarted(kind=kind)]
    again = Host(enter_bootloader(dfu))
    assert again.ask(SelectObject(object_type=1)) == "60060100020000" + "00" * 8


@pytest.mark.parametrize("kind", list(ResetKind))
def test_only_a_soft_reset_keeps_the_registers(unit: VirtualUnit, kind: ResetKind) -> None:
    registers = unit.board.registers
    registers.gpregret, registers.gpregret2 = 0xA0, 0x55
    unit.reset(kind, now_s=0)
    if kind is ResetKind.SOFT:
        assert (registers.gpregret, registers.gpregret2) == (0xA0, 0x55)
        assert unit.mode is UnitMode.BOOTLOADER
    else:
        assert (registers.gpregret, registers.gpregret2) == (0, 0)
        assert unit.mode is UnitMode.APPLICATION


def test_a_reset_ends_the_link_without_a_word(dfu: VirtualUnit) -> None:
    Host(dfu)
    dfu.reset(ResetKind.WATCHDOG, now_s=0)
    outputs = dfu.take_outputs()
    assert not any(isinstance(output, DropLink) for output in outputs)
    assert write(dfu, Channel.BUTTONLESS) is AttStatus.CCCD_IMPROPERLY_CONFIGURED


def test_power_that_comes_again_has_been_away(dfu: VirtualUnit) -> None:
    Host(dfu)
    dfu.power_on(now_s=5)
    assert dfu.take_outputs() == [Restarted(kind=ResetKind.POWER)]
    assert dfu.mode is UnitMode.APPLICATION
    assert write(dfu, Channel.BUTTONLESS) is AttStatus.CCCD_IMPROPERLY_CONFIGURED


def test_the_first_power_on_restarts_nothing() -> None:
    unit = fabricate(describe())
    unit.power_on(now_s=0)
    assert unit.take_outputs() == []


def test_power_clears_the_registers_the_first_time_too() -> None:
    unit = fabricate(describe())
    unit.board.registers.gpregret = unit.board.registers.gpregret2 = 0xB1
    unit.power_on(now_s=0)
    assert (unit.board.registers.gpregret, unit.board.registers.gpregret2) == (0, 0)
    assert unit.mode is UnitMode.APPLICATION


def test_outputs_are_handed_out_once_and_in_order(dfu: VirtualUnit) -> None:
    dfu.connected(now_s=0)
    dfu.subscribed(Channel.CONTROL, True, now_s=0)
    write(dfu, Channel.CONTROL, b"\x03")
    write(dfu, Channel.CONTROL, b"\x06\x09")
    assert dfu.take_outputs() == [
        Notify(channel=Channel.CONTROL, data=bytes.fromhex("6003010000000000000000")),
        Notify(channel=Channel.CONTROL, data=bytes.fromhex("600605")),
    ]
    assert dfu.take_outputs() == []


def test_the_link_is_not_dropped_where_there_is_none(dfu: VirtualUnit) -> None:
    host = Host(dfu)
    host.send_init_packet(PACKET)
    dfu.disconnected(now_s=0)
    dfu.subscribed(Channel.CONTROL, True, now_s=0)
    host.outputs.clear()
    assert host.send_image(IMAGE) == "600401"
    assert not any(isinstance(output, DropLink) for output in host.outputs)
    assert dfu.mode is UnitMode.APPLICATION


def test_resets_and_boots_are_logged_with_their_time(dfu: VirtualUnit) -> None:
    dfu.log.clear()
    dfu.reset(ResetKind.PIN, now_s=7)
    assert [(entry.at_s, entry.what, entry.facts) for entry in dfu.log] == [
        (7, "reset", {"kind": "pin"}),
        (7, "boot", {"into": "app"}),
    ]


def test_a_whole_update_is_logged_as_two_boots_and_an_activation(dfu: VirtualUnit) -> None:
    dfu.log.clear()
    Host(dfu).update(PACKET, IMAGE)
    assert [(entry.what, *entry.facts.values()) for entry in dfu.log] == [
        ("reset", "soft"),
        ("activated", 1),
        ("boot", "reset"),
        ("boot", "app"),
    ]
